r"""A measured outcome of two arms at one visit, of which a paper reports medians, quartiles or other quantiles.

In arm a (0 reference, 1 contrast) the outcome y of a patient, or its log where the arms differ by a ratio, lies about
the arm's median:

    g(y) = median_a + sd_a z,   median_a = level + (a - 1/2) effect,   g(y) = log y or y

    log_level  ~ prior     families lognormal and weibull: log median, midway between the arms
    log_ratio  ~ prior     their effect, log of the ratio of the medians
    log_sd     ~ prior     their dispersion by arm: SD of log y, or 1 / shape of the Weibull distribution
    level      ~ prior     family normal: median (and mean), midway between the arms
    difference ~ prior     its effect, in the outcome's unit
    sd         ~ prior     SD by arm

| family    | g   | z                                                             |
|-----------|-----|---------------------------------------------------------------|
| lognormal | log | standard normal                                               |
| weibull   | log | P(z > t) = exp(-log 2 exp(t)): the log of a Weibull, median 0 |
| normal    |     | standard normal                                               |

Each arm lies half a difference from the level: naming the other arm as the reference changes nothing. The published
quantiles of n_a values are order statistics, or lie between two neighbours of which the gap is latent; their density
is that of mgbayes.latent.order_statistics, without a latent patient. Where the paper does not name its software, each
definition of a quantile has the same prior probability, and the likelihood is the average over them:

    gap        ~ Logistic(0, 1)   place of each gap in what its neighbours leave; its density is taken back
    quantiles  ~ average over definitions of the density of an arm's quantiles and gaps

The definitions share the places of the gaps, so that a sampler need not find them anew for each. Values are taken as
measured finely, but for an outcome in whole numbers of which few order statistics are possible: these have the
probability of their cells (mgbayes.latent.whole_quantiles), an integral over

    place      ~ Uniform(0, 1)    place of each order statistic in its cell

Evidence: patients and quantiles of each arm. Units: those of the endpoint.
Source: David and Nagaraja (2003), Order Statistics, 3rd ed., section 2.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray

from mgbayes.distributions.arithmetic import exp, expm1, log, log_ndtr
from mgbayes.estimands.estimand import Estimand
from mgbayes.latent.order_statistics import Distribution, gaps_in_order, log_density
from mgbayes.latent.whole_quantiles import TooManyWays, log_probability
from mgbayes.models.arms import ARM, HALVES, contrast
from mgbayes.models.evidence import QuantilesByArm, WholeQuantiles
from mgbayes.models.likelihood import given_density
from mgbayes.models.model import OutcomeModel, PrintedQuantity, Priors
from mgbayes.models.parameters import draw_parameter, parameter
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.models.quantile_evidence import (
    MOST_PATIENTS,
    SHARE,
    are_apart,
    by_definition,
    definitions_of,
    fraction,
    in_whole_numbers,
    orders_of,
    published,
)
from mgbayes.study.numbers import find_quantiles
from mgbayes.study.schema import Study

Data = Mapping[str, NDArray[Any]]
_LOG_TWO = float(np.log(2))
_MOST_COHORTS = 1000
"""Drawn for one simulated study of whole numbers."""


@dataclass(frozen=True)
class Family:
    """A family by its standardized distribution, of z with median 0, and by the names of its parameters.

    ``by_ratio``: the outcome enters by its log, so that the arms differ by a ratio. ``draw(rng, size)`` is of z.
    """

    by_ratio: bool
    names: tuple[str, str, str]
    log_pdf: Callable[[Any], Any]
    log_cdf: Callable[[Any], Any]
    log_sf: Callable[[Any], Any]
    draw: Callable[[Generator, Any], Any]

    def of(self, median: Any, dispersion: Any) -> Distribution:
        """The distribution of an outcome, of the median and the dispersion of g(y)."""

        def g(y: Any) -> Any:
            return log(y) if self.by_ratio else y

        def z(y: Any) -> Any:
            return (g(y) - median) / dispersion

        def log_pdf(y: Any) -> Any:
            return self.log_pdf(z(y)) - log(dispersion) - (g(y) if self.by_ratio else 0.0)

        return Distribution(log_pdf, lambda y: self.log_cdf(z(y)), lambda y: self.log_sf(z(y)))

    @property
    def least(self) -> float:
        """The lower end of the outcome."""
        return 0.0 if self.by_ratio else -inf

    def outcome(self, median: Any, dispersion: Any, z: Any) -> Any:
        """The outcome y at z, in numbers."""
        g = median + dispersion * z
        with np.errstate(over="ignore"):  # under wide priors an outcome may be beyond all numbers
            return np.exp(g) if self.by_ratio else g


def _normal(by_ratio: bool, names: tuple[str, str, str]) -> Family:
    return Family(
        by_ratio,
        names,
        lambda z: -0.5 * z**2 - 0.5 * np.log(2 * np.pi),
        log_ndtr,
        lambda z: log_ndtr(-z),
        lambda rng, size: rng.standard_normal(size),
    )


_BY_RATIO = ("log_level", "log_ratio", "log_sd")
FAMILIES: Mapping[str, Family] = {
    "lognormal": _normal(True, _BY_RATIO),
    "weibull": Family(
        True,
        _BY_RATIO,
        lambda z: z + np.log(_LOG_TWO) - _LOG_TWO * exp(z),
        lambda z: log(-expm1(-_LOG_TWO * exp(z))),
        lambda z: -_LOG_TWO * exp(z),
        lambda rng, size: np.log(rng.exponential(size=size) / _LOG_TWO),
    ),
    "normal": _normal(False, ("level", "difference", "sd")),
}


class PublishedQuantiles(OutcomeModel):
    """The model of one outcome."""

    def declared(self, data: Data) -> tuple[Estimand, ...]:
        """A difference of medians; of an outcome that is never negative their ratio too."""
        o = self.outcome
        rows = [Estimand("median_difference", f"Difference in median {o.label}", o.unit, 0.0, o.benefit)]
        if o.nonnegative:
            rows.insert(0, Estimand("median_ratio", f"Ratio of median {o.label}", "", 1.0, o.benefit))
        return tuple(rows)

    def from_study(self, study: Study, plan: Plan) -> QuantilesByArm:
        """The data from what a study reports. Raises NotPrinted."""
        part = plan.endpoints[0]
        if len(plan.endpoints) > 1:
            raise NotPrinted(part.endpoint, "one endpoint at one visit")
        found = [
            find_quantiles(study, study.endpoint(part.endpoint), arm.id, part.visit)
            for arm in (study.reference, study.contrast)
        ]
        arms = [row for row in found if row is not None]
        if len(arms) < 2:
            raise NotPrinted(part.endpoint, "a median or other quantiles in both arms")
        data = published(*arms)
        if study.endpoint(part.endpoint).whole:
            whole = in_whole_numbers(data, 0.0 if self.outcome.nonnegative else -inf)
            if whole is not None and (whole["possible"].max(axis=(1, 2)) == 0).any():
                raise NotPrinted(part.endpoint, "quantiles that so many whole numbers can have")
            if whole is not None:
                return whole
        for a in (0, 1):
            shown = data["quantile"][a][data["reported"][a] == 1]
            if (np.diff(shown) <= 0).any():
                raise NotPrinted(
                    part.endpoint,
                    f"quantiles that differ, or few whole numbers (whole = true) of at most {MOST_PATIENTS} patients",
                )
        if not are_apart(data):
            raise NotPrinted(part.endpoint, "fewer quantiles, or more patients, in each arm")
        if (
            any(FAMILIES[family].by_ratio for family in plan.printed_families)
            and (data["quantile"] <= 0).any()
        ):
            raise NotPrinted(part.endpoint, "quantiles above zero, or family normal")
        return data

    def build(self, data: Data, family: str, priors: Priors) -> pm.Model:
        """Build the model on published quantiles (see ``published``)."""
        chosen = FAMILIES[family]
        level_name, effect_name, sd_name = chosen.names
        with pm.Model(coords={"arm": ARM.arm.values}) as model:
            quantile = pm.Data("quantile", data["quantile"])
            level, effect = parameter(level_name, priors), parameter(effect_name, priors)
            dispersion = parameter(sd_name, priors, dims="arm")
            median = level + effect * HALVES.to_numpy()
            laws = [chosen.of(median[a], dispersion[a]) for a in (0, 1)]
            add = _whole_log_probability if isinstance(data, WholeQuantiles) else _log_density
            each = add(data, quantile, laws, chosen.least)
            densities = pt.stack([pt.logsumexp(row) for row in each])
            given_density("quantiles", densities, quantile.sum(axis=1), dims="arm")
            if len(data["definition"]) > 1:
                model.add_coord("definition", data["definition"])
                shares = by_definition(data, [pt.special.softmax(pt.logsumexp(row, axis=1)) for row in each])
                pm.Deterministic(
                    SHARE, pt.stack([pt.stack(row) for row in shares]), dims=("arm", "definition")
                )
        return model

    def estimands(self, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
        """The contrasts that are declared, one value for each draw."""
        level, effect, _ = FAMILIES[family].names
        median: Any = draws[level] + draws[effect] * HALVES
        median = np.exp(median) if FAMILIES[family].by_ratio else median
        ratio = median.sel(arm="contrast", drop=True) / median.sel(arm="reference", drop=True)
        found = {"median_ratio": ratio, "median_difference": contrast(median)}
        return xr.Dataset({row.id: found[row.id] for row in self.declared(data)})

    def prior_draws(self, rng: Generator, data: Data, family: str, priors: Priors, draws: int) -> xr.Dataset:
        """Parameters drawn from the priors, (chain, draw, ...) with one chain."""
        level, effect, sd = FAMILIES[family].names
        values = {
            name: (("chain", "draw"), draw_parameter(rng, name, priors, size=(1, draws)))
            for name in (level, effect)
        }
        by_arm = {sd: (("chain", "draw", "arm"), draw_parameter(rng, sd, priors, size=(1, draws, 2)))}
        coords = {"chain": [0], "draw": np.arange(draws), "arm": ARM.arm.values}
        return xr.Dataset({**values, **by_arm}, coords=coords)

    def predict(self, rng: Generator, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
        """The quantiles of one new cohort for each draw, (chain, draw, arm, probability)."""
        dims = ("chain", "draw", "arm", "probability")
        arms = [self._quantiles(rng, draws.isel(arm=a), data, FAMILIES[family], a) for a in range(len(ARM))]
        return xr.Dataset({"quantile": (dims, np.stack(arms, axis=2))}, coords={"arm": ARM["arm"]})

    def simulate(
        self, rng: Generator, data: QuantilesByArm, family: str, priors: Priors
    ) -> tuple[dict[str, Any], QuantilesByArm]:
        """Draw parameters from the priors, a cohort of the same size, and only its quantiles.

        Of whole numbers, until these are few enough for the model: a choice by what is published, given which the
        posterior is the same. Raises TooManyWays where none of many cohorts is.
        """
        for _ in range(_MOST_COHORTS):
            drawn = self.prior_draws(rng, data, family, priors, 1)
            truth = {str(name): values.to_numpy()[0, 0] for name, values in drawn.items()}
            quantile = self.predict(rng, drawn, data, family)["quantile"].to_numpy()[0, 0]
            simulated = data | {"quantile": quantile}
            if not isinstance(data, WholeQuantiles):
                return truth, simulated
            exact = simulated | {"rounding": np.repeat(quantile[..., None], 2, axis=-1)}
            least = 0.0 if self.outcome.nonnegative else -inf
            whole = in_whole_numbers(exact, least) if np.isfinite(quantile).all() else None
            if whole is not None:
                return truth, whole
        raise TooManyWays

    def printed_quantities(self, data: Data) -> tuple[PrintedQuantity, ...]:
        """The quantiles that are published."""
        o = self.outcome
        return tuple(
            PrintedQuantity(
                "quantile",
                (a, i),
                float(data["quantile"][a, i]),
                f"{o.label}, {100 * p:g} % quantile",
                arm,
                o.unit,
            )
            for i, p in enumerate(data["probability"])
            for a, arm in enumerate(("reference", "contrast"))
            if data["reported"][a, i]
        )

    def _quantiles(self, rng: Generator, draws: Any, data: Data, family: Family, a: int) -> Any:
        """Quantiles (chain, draw, probability) of a new arm, by the first of the definitions."""
        level, effect, sd = family.names
        n = int(data["n"][a])
        median = (draws[level] + (a - 0.5) * draws[effect]).transpose("chain", "draw").to_numpy()[..., None]
        dispersion = draws[sd].transpose("chain", "draw").to_numpy()[..., None]
        y = np.sort(family.outcome(median, dispersion, family.draw(rng, (*median.shape[:2], n))), axis=-1)
        y = np.floor(y + 0.5) if isinstance(data, WholeQuantiles) else y
        at = [definitions_of(data)[0].position(fraction(p), n) for p in data["probability"]]
        return np.stack([_between(y[..., j - 1], y[..., min(j, n - 1)], float(g)) for j, g in at], axis=-1)


def _between(lower: Any, upper: Any, g: float) -> Any:
    """A quantile between two values; infinite values have one too."""
    return lower if g == 0 else (1 - g) * lower + g * upper


def _log_density(data: Data, quantile: Any, laws: list[Distribution], least: float) -> list[Any]:
    """By arm, the density (position, 1) of its quantiles and gaps at each of the definitions' positions.

    Definitions share the gaps' places.
    """
    orders = orders_of(data)
    sizes = [len(order.rank) if order.has_gap.any() else 0 for order, _ in orders]
    place = pm.Logistic("gap", 0.0, 1.0, shape=sum(sizes)) if any(sizes) else None
    densities = []
    for a, (order, share) in enumerate(orders):
        q = quantile[a][np.flatnonzero(data["reported"][a])][:, None]
        own = pt.zeros(len(order.rank)) if place is None or not sizes[a] else _part(place, sizes, a)
        t = own[:, None] + np.zeros(len(share))
        latent = gaps_in_order(order, q, t, least, xp=pt)
        # The density of the gaps' places as drawn is taken back.
        drawn = pt.where(order.has_gap, pm.logp(pm.Logistic.dist(0.0, 1.0), t), 0.0).sum(axis=0)
        exact = log_density(order.values(q, latent.d, xp=pt), order.ranks, order.n, laws[a], xp=pt)
        densities.append((exact + latent.log_jacobian - drawn + np.log(share))[:, None])
    return densities


def _whole_log_probability(data: Data, quantile: Any, laws: list[Distribution], least: float) -> list[Any]:
    """By arm, the density (position, way) of the places of its order statistics."""
    values, possible = (pm.Data(name, data[name]) for name in ("whole", "possible"))
    shares = [share for _, share in orders_of(data)]
    sizes = [data["rank"].shape[1]] * len(shares)
    place = pm.Uniform("place", 0.0, 1.0, shape=sum(sizes))
    densities = []
    for a, share in enumerate(shares):
        whole, ranks = values[a, :, : len(share)], data["rank"][a, :, : len(share)]
        own = _part(place, sizes, a)[:, None] + np.zeros(len(share))
        ways = log_probability(whole, ranks, int(data["n"][a]), own, laws[a], least, xp=pt)
        is_way = possible[a, : len(share)] > 0
        densities.append(pt.where(is_way, ways, -inf) + np.log(share)[:, None])
    return densities


def _part(values: Any, sizes: Sequence[int], a: int) -> Any:
    """The values of one arm among those of both, which stand one after the other."""
    return values[sum(sizes[:a]) : sum(sizes[: a + 1])]
