"""What a reported effect says of the arms: by its normal approximation, by all counts that give it, or by its t test.

Each likelihood has the parameters that its family asks for, adds itself to the model in context, and knows the effect
and its replicates in draws of dimensions (chain, draw). Shapes: k tables of two counts, the reference arm's first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import special

from mgbayes.models.arms import HALVES
from mgbayes.models.evidence import ReportedEffect
from mgbayes.models.parameters import parameter
from mgbayes.models.priors import Prior
from mgbayes.study.statistics.effect_tables import OF_COUNTS, effect_of_counts, reported_as, tables_with
from mgbayes.study.statistics.ratios import Effect, Measure


class Likelihood(Protocol):
    """One way in which a reported effect is evidence."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters of its family."""

    def allows(self, measure: Measure) -> bool:
        """Whether effects of this measure can be read so."""

    def add(self, data: ReportedEffect, priors: Mapping[str, Prior]) -> None:
        """Add parameters and likelihood to the model in context."""

    def contrast(self, draws: xr.Dataset, data: ReportedEffect) -> xr.DataArray:
        """The effect on the scale on which it is reported, (chain, draw)."""

    def again(self, rng: Generator, draws: xr.Dataset, data: ReportedEffect) -> NDArray[np.float64]:
        """The effect that another study of this size would report, (chain, draw)."""

    def simulate(self, rng: Generator, truth: Mapping[str, float], data: ReportedEffect) -> ReportedEffect:
        """The data of a study with these parameters."""


@dataclass(frozen=True)
class Approximate:
    """The reported effect, the log of a ratio or a difference, is normal with its standard error."""

    effect: str

    @property
    def parameters(self) -> tuple[str, ...]:
        """Its one parameter."""
        return (self.effect,)

    @property
    def _is_ratio(self) -> bool:
        return self.effect == "log_ratio"

    def allows(self, measure: Measure) -> bool:
        """Ratios by their logs, differences as they are."""
        return measure.is_ratio == self._is_ratio

    def add(self, data: ReportedEffect, priors: Mapping[str, Prior]) -> None:
        """``effect ~ Normal(θ, s)``."""
        import pymc as pm

        estimate, error = (pm.Data(name, data[name]) for name in ("estimate", "standard_error"))
        pm.Normal("effect", parameter(self.effect, priors), error, observed=estimate)

    def contrast(self, draws: xr.Dataset, data: ReportedEffect) -> xr.DataArray:
        """θ or its exponential."""
        values: xr.DataArray = draws[self.effect]
        return xr.DataArray(np.exp(values)) if self._is_ratio else values

    def again(self, rng: Generator, draws: xr.Dataset, data: ReportedEffect) -> NDArray[np.float64]:
        """An estimate as precise as this one."""
        values = rng.normal(draws[self.effect].transpose("chain", "draw").to_numpy(), data["standard_error"])
        return np.exp(values) if self._is_ratio else values

    def simulate(self, rng: Generator, truth: Mapping[str, float], data: ReportedEffect) -> ReportedEffect:
        """An estimate as precise as the reported one."""
        return data | {"estimate": rng.normal(truth[self.effect], data["standard_error"])}


@dataclass(frozen=True)
class OfCounts:
    """The counts are binomial, and the likelihood is their sum over all counts that are reported so."""

    effect: str = "log_odds_ratio"
    parameters: tuple[str, ...] = ("log_odds", "log_odds_ratio")

    def allows(self, measure: Measure) -> bool:
        """Odds ratios, risk ratios, differences of risks."""
        return measure in OF_COUNTS

    def add(self, data: ReportedEffect, priors: Mapping[str, Prior]) -> None:
        """``reported ~ Σ over tables Π_a Binomial(x_a; n_a, chance_a)``."""
        import pymc as pm
        import pytensor.tensor as pt

        from mgbayes.models.likelihood import given_density

        table = pm.Data("table", data["table"])
        logit = parameter("log_odds", priors) + parameter("log_odds_ratio", priors) * HALVES.to_numpy()
        each = pm.logp(pm.Binomial.dist(n=data["n"], logit_p=logit), table).sum(axis=1)
        given_density("reported", pt.logsumexp(each), table.sum())

    def contrast(self, draws: xr.Dataset, data: ReportedEffect) -> xr.DataArray:
        """The measure that is reported, of the chances."""
        chance = self._chances(draws)
        return effect_of_counts(_measure(data), chance[1], chance[0], 1.0, 1.0)

    def again(self, rng: Generator, draws: xr.Dataset, data: ReportedEffect) -> NDArray[np.float64]:
        """The effect in new counts; half a patient is added to each cell where one is empty."""
        chance = [one.transpose("chain", "draw").to_numpy() for one in self._chances(draws)]
        (m, n) = (float(size) for size in data["n"])
        x, y = (rng.binomial(int(size), p).astype(float) for size, p in zip((m, n), chance, strict=True))
        some = 0.5 * ((x == 0) | (y == 0) | (x == m) | (y == n))
        measure = _measure(data)
        if measure is Measure.risk_difference:
            some = 0.0 * some
        return np.asarray(effect_of_counts(measure, y + some, x + some, n + 2 * some, m + 2 * some))

    def simulate(self, rng: Generator, truth: Mapping[str, float], data: ReportedEffect) -> ReportedEffect:
        """The counts of a new study, and all that its effect would be reported of; itself where it has none."""
        logit = truth["log_odds"] + truth["log_odds_ratio"] * HALVES.to_numpy()
        counts = rng.binomial(data["n"], special.expit(logit))
        estimate, low, high = data["text"].tolist()
        alike = Effect(_measure(data), estimate, low, high, str(data["level"][0]))
        m, n = data["n"][::-1].tolist()
        reported = reported_as(alike, int(counts[1]), int(counts[0]), m, n)
        tables = counts[None] if reported is None else tables_with(reported, m, n)[:, ::-1]
        return data | {"table": tables.astype(float)}

    def _chances(self, draws: xr.Dataset) -> list[xr.DataArray]:
        logit = draws["log_odds"] + draws["log_odds_ratio"] * HALVES
        return [xr.DataArray(special.expit(logit.isel(arm=a, drop=True))) for a in (0, 1)]


@dataclass(frozen=True)
class OfMeans:
    """The difference of two means is normal about the true one, and its pooled variance is independent of it."""

    effect: str = "difference"
    parameters: tuple[str, ...] = ("difference", "sd")

    def allows(self, measure: Measure) -> bool:
        """Differences of means."""
        return measure is Measure.mean_difference

    def add(self, data: ReportedEffect, priors: Mapping[str, Prior]) -> None:
        """``effect ~ Normal(difference, sd √(1/n_0 + 1/n_1))``, ``variance ~ sd² χ²(ν) / ν``."""
        import pymc as pm

        estimate, variance = (pm.Data(name, data[name]) for name in ("estimate", "variance"))
        sd, nu = parameter("sd", priors), float(data["n"].sum() - 2)
        pm.Normal("effect", parameter("difference", priors), sd * _root(data), observed=estimate)
        pm.Gamma("pooled", nu / 2, nu / (2 * sd**2), observed=variance)

    def contrast(self, draws: xr.Dataset, data: ReportedEffect) -> xr.DataArray:
        """The difference itself."""
        return draws["difference"]

    def again(self, rng: Generator, draws: xr.Dataset, data: ReportedEffect) -> NDArray[np.float64]:
        """The difference of the means of two new arms."""
        at, sd = (draws[name].transpose("chain", "draw").to_numpy() for name in self.parameters)
        return rng.normal(at, sd * _root(data))

    def simulate(self, rng: Generator, truth: Mapping[str, float], data: ReportedEffect) -> ReportedEffect:
        """Difference and pooled variance of a new study."""
        nu = data["n"].sum() - 2
        estimate = rng.normal(truth["difference"], truth["sd"] * _root(data), size=1)
        variance = truth["sd"] ** 2 * rng.chisquare(nu, size=1) / nu
        return data | {"estimate": estimate, "variance": variance}


LIKELIHOODS: Mapping[str, Likelihood] = {
    "counts": OfCounts(),
    "means": OfMeans(),
    "approximate_ratio": Approximate("log_ratio"),
    "approximate_difference": Approximate("difference"),
}
"""By family, the exact ones first."""


def pooled_variance(effect: Effect, n: NDArray[Any]) -> float:
    """The pooled variance behind the t interval of a difference of means of n patients."""
    if effect.low is None or effect.high is None:
        raise ValueError("an effect without an interval has no standard error")
    t = special.stdtrit(n.sum() - 2, (1 + float(effect.level) / 100) / 2)
    half = (float(effect.high) - float(effect.low)) / 2
    return float((half / t) ** 2 / (1 / n).sum())


def _root(data: ReportedEffect) -> float:
    return float(np.sqrt((1 / data["n"]).sum()))


def _measure(data: ReportedEffect) -> Measure:
    return Measure(str(data["measure"][0]))
