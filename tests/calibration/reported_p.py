"""Calibration of fits that are given a reported p value beside the summaries.

Of every simulated cohort the p value of its patients is computed by SciPy, and reported as the interval that it lies
in. Ranks are uniform whatever the width of these intervals; narrow ones would only leave fewer draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy import stats

from mgbayes.calibrate.sbc import TUNE, Data, Fit, Refit, nutpie_refit
from mgbayes.estimands.estimand import Estimand
from mgbayes.inference.printed_p import select
from mgbayes.inference.sample import compile_model, draw, smaller_steps, swap
from mgbayes.models import cohort
from mgbayes.models.evidence import PublishedTimes
from mgbayes.models.paired import correlation_bounds
from mgbayes.models.plan import Sampling
from mgbayes.models.priors import Prior

WIDTH = 0.0997
"""No p value of a rank test lies on an end of such an interval."""

BOUNDS = ("reported_low", "reported_high")
MORE = 3
"""Draws, over those of a fit without a p value: of them about a tenth remains."""


Test = Callable[[list[tuple[np.ndarray, np.ndarray]]], float]
"""Of times, and whether the event was seen, by arm: the p value, nan where there is none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TimesAndP(PublishedTimes):
    """Published times, and the interval of a p value."""

    reported_low: np.ndarray | None = None
    reported_high: np.ndarray | None = None


@dataclass(frozen=True)
class _Wrapped:
    """A model whose data hold a reported p value besides."""

    model: Any

    @property
    def __name__(self) -> str:
        return f"{type(self.model).__name__} given a reported p"

    def declared(self, data: Data) -> tuple[Estimand, ...]:
        declared: tuple[Estimand, ...] = self.model.declared(data)
        return declared

    def build(self, data: Data, family: str, priors: dict[str, Prior]) -> Any:
        return self.model.build(data, family, priors)

    def estimands(self, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
        contrasts: xr.Dataset = self.model.estimands(draws, data, family)
        return contrasts


@dataclass(frozen=True)
class TimesWithP(_Wrapped):
    """A model of a time to an event, given the p value of a test on each latent data set, by conditioning.

    ``max_depth``: of the trees of a fit whose draws are to be conditioned.
    """

    max_depth: int
    statistic: str
    test: Test

    def simulate(
        self, rng: np.random.Generator, data: Data, family: str, priors: dict[str, Prior]
    ) -> tuple[dict[str, Any], Data]:
        """Parameters and a cohort for which the test is defined; whether it is depends on the data alone."""
        while True:
            truth, patients = self.model.simulate_patients(rng, data, family, priors)
            arms = [(patients["time"][a][:n], patients["event"][a][:n] == 1) for a, n in enumerate(data["n"])]
            p = self.test(arms)
            if np.isfinite(p):
                summaries = cohort.as_published(cohort.summarized(arms, data), data)
                return truth, TimesAndP(**summaries, **_reported(p))

    def refit(self, family: str, built: Any, draws: int, chains: int, target_accept: float) -> Refit:
        """Fits without the p value whose draws are then conditioned on it."""
        compiled = compile_model(built)

        def refit(data: Data, seed: int, *, careful: bool = False) -> Fit:
            sampling = Sampling(
                draws=MORE * draws,
                tune=TUNE,
                chains=chains,
                target_accept=target_accept,
                max_depth=self.max_depth,
                seed=seed,
            )
            if careful:
                sampling = smaller_steps(sampling).model_copy(update={"draws": MORE**2 * draws})
            drawn, statistics = draw(swap(compiled, data), sampling, cores=1)
            p = self.model.printed_p(np.random.default_rng(seed), drawn, data, family)
            low, high = (float(data[name]) for name in BOUNDS)
            agree = ((p >= low) & (p <= high))[self.statistic].to_numpy() & self.model.admissible(drawn, data)
            return Fit(select(drawn, agree), int((statistics["diverging"].to_numpy() & agree).sum()))

        return refit


@dataclass(frozen=True)
class PairedP(_Wrapped):
    """A model of means at several visits, given the p values of paired t tests against the first one."""

    def simulate(
        self, rng: np.random.Generator, data: Data, family: str, priors: dict[str, Prior]
    ) -> tuple[dict[str, Any], Data]:
        """Parameters and a cohort's means, SDs, and bounds that the p values put on correlations."""
        truth, patients = self.model.simulate_patients(rng, data, family, priors)
        arms = [patients["value"][a, :n] for a, n in enumerate(data["n"])]
        mean, sd = (np.stack([f(arm) for arm in arms]) for f in (_mean, _sd))
        p = np.stack([stats.ttest_rel(arm[:, 1:], arm[:, :1]).pvalue for arm in arms])
        low, high = _reported(p).values()
        bounds = correlation_bounds(mean, sd, data["n"], low, high)
        return truth, self.model._within(data | {"printed_mean": mean, "printed_sd": sd}, bounds)

    def refit(self, family: str, built: Any, draws: int, chains: int, target_accept: float) -> Refit:
        """Fits as they are: the p values are bounds in the density."""
        return nutpie_refit(built, draws, chains, target_accept)


def log_rank(arms: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """P of SciPy's log-rank test; nan without events."""
    if not any(event.any() for _, event in arms):
        return np.nan
    x, y = (stats.CensoredData(time[event], right=time[~event]) for time, event in arms)
    return float(stats.logrank(x, y).pvalue)


def mann_whitney(arms: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """P of SciPy's Mann-Whitney test on the times of those with the event; nan where an arm has none."""
    x, y = (time[event] for time, event in arms)
    return float(stats.mannwhitneyu(x, y).pvalue) if x.size and y.size else np.nan


def _reported(p: Any) -> Mapping[str, np.ndarray]:
    low = np.floor(np.asarray(p) / WIDTH) * WIDTH
    return dict(zip(BOUNDS, (low, np.minimum(low + WIDTH, 1.0)), strict=True))


def _mean(values: np.ndarray) -> np.ndarray:
    return values.mean(axis=0)


def _sd(values: np.ndarray) -> np.ndarray:
    return values.std(axis=0, ddof=1)
