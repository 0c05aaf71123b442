"""Draws as posteriordb keeps them: named columns of numbers, and what is asked of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import arviz_stats as azs
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
Columns = dict[str, Array]
"""Each column (chain, draw)."""
CHAINS, DRAWS = 10, 1000
LARGEST = 3.0
"""Monte Carlo errors of both sides that may lie between the two samplers of a reference posterior."""
CHANCE = 0.01
"""That a refit of the same posteriors is told apart from what is kept."""
_DIGITS = 5
_BATCHES = 40


def columns_of(posterior: xr.Dataset, estimands: xr.Dataset, parameters: Mapping[str, Any]) -> Columns:
    """Parameters that have a prior, entry by entry (``sd[1,2]``), and estimands; latent values are left out.

    A parameter may have the prior of several, whose name begins its own. An estimand that is a parameter, or a
    constant, is left out.
    """
    beginnings = tuple(f"{name}_" for name in parameters)
    named = [name for name in map(str, posterior) if f"{name}_".startswith(beginnings)]
    found: Columns = {}
    for dataset, names in ((posterior, named), (estimands, list(map(str, estimands)))):
        for name in names:
            values = dataset[name].transpose("chain", "draw", ...).to_numpy()
            for at in np.ndindex(values.shape[2:]):
                index = ",".join(str(k + 1) for k in at)
                column = values[(slice(None), slice(None), *at)]
                known = any(np.array_equal(column, other) for other in found.values())
                if np.ptp(column) > 0 and not known:
                    found[f"{name}[{index}]" if at else name] = column
    return found


def rounded(columns: Columns) -> Columns:
    """With the digits that are kept."""
    return {
        name: np.vectorize(lambda x: float(f"{x:.{_DIGITS}g}"))(values) for name, values in columns.items()
    }


@dataclass(frozen=True)
class Sampled:
    """R-hat and effective sample sizes of each column, by name."""

    r_hat: dict[str, float]
    bulk: dict[str, float]
    tail: dict[str, float]


def sampled(columns: Columns) -> Sampled:
    """Rank-normalized R-hat, bulk and tail effective sample size (5 % and 95 %): Vehtari et al. 2021."""

    def each(function: Any, **options: Any) -> dict[str, float]:
        return {name: float(function(values, **options)) for name, values in columns.items()}

    return Sampled(
        r_hat=each(azs.rhat),
        bulk=each(azs.ess, method="bulk"),
        tail=each(azs.ess, method="tail", prob=(0.05, 0.95)),
    )


def checks(columns: Columns, found: Sampled, divergent: int, e_fmi: float) -> dict[str, bool]:
    """What posteriordb asks of reference draws.

    Effective sample sizes lie within 4 SDs, √(7 draws), of the number of draws, as its R package has it.
    """
    shapes = {values.shape for values in columns.values()}
    draws = CHAINS * DRAWS
    worth = [*found.bulk.values(), *found.tail.values()]
    return {
        "ndraws_is_10k": shapes == {(CHAINS, DRAWS)},
        "nchains_is_gte_4": all(shape[0] >= 4 for shape in shapes),
        "ess_within_bounds": all(abs(value - draws) < 4 * sqrt(7 * draws) for value in worth),
        "r_hat_below_1_01": max(found.r_hat.values()) < 1.01,
        "efmi_above_0_2": e_fmi > 0.2,
        "no_divergent_transitions": divergent == 0,
    }


@dataclass(frozen=True)
class Estimate:
    """A mean or an SD with its Monte Carlo error."""

    value: float
    error: float


Estimates = dict[tuple[str, str], Estimate]
"""By column and ``mean`` or ``sd``."""


def estimates(columns: Columns) -> Estimates:
    """Of draws of chains."""
    return {
        (name, statistic): Estimate(float(of(values)), float(azs.mcse(values, method=statistic)))
        for name, values in columns.items()
        for statistic, of in (("mean", np.mean), ("sd", _sd))
    }


def weighted_estimates(columns: Columns, weight: Array) -> Estimates:
    """Of independent draws with weights; the error is that of the mean of batches."""
    found = {}
    for name, values in columns.items():
        x, w = (np.stack(np.split(part.ravel(), _BATCHES)) for part in (values, weight))
        for statistic, of in (("mean", np.average), ("sd", _weighted_sd)):
            batches = [of(a, weights=b) for a, b in zip(x, w, strict=True)]
            whole = float(of(x.ravel(), weights=w.ravel()))
            found[name, statistic] = Estimate(whole, float(np.std(batches, ddof=1)) / sqrt(_BATCHES))
    return found


def within(distance: Mapping[tuple[str, str], float], compared: int) -> bool:
    """Whether distances are those of one posterior: of so many compared, none is larger in all but 1 % of runs.

    By Bonferroni's inequality, distances being normal.
    """
    return max(distance.values()) <= float(stats.norm.isf(CHANCE / (2 * compared)))


def apart(ours: Estimates, theirs: Estimates) -> dict[tuple[str, str], float]:
    """Monte Carlo errors of both sides between two estimates of the same."""
    return {
        key: abs(one.value - theirs[key].value) / float(np.hypot(one.error, theirs[key].error))
        for key, one in ours.items()
    }


def _sd(x: Array) -> float:
    return float(np.std(x, ddof=1))


def _weighted_sd(x: Array, weights: Array) -> float:
    return sqrt(np.average(np.square(x - np.average(x, weights=weights)), weights=weights))
