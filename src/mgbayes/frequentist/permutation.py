"""Permutation tests of a mean, by SciPy.

Two groups: the labels are dealt anew. Two visits: the signs of the changes are. Two-sided by the absolute
difference. All rearrangements are gone through when they are few, else a fixed number of random ones with a
fixed seed; the note then gives the Monte Carlo standard error.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb, sqrt
from typing import Any

import numpy as np

from mgbayes.frequentist.result import Estimate, Outcome
from mgbayes.frequentist.samples import Pairs, TwoGroups

RESAMPLES = 9999
SEED = 20200411


def permutation_means(groups: TwoGroups) -> Outcome:
    """Fisher and Pitman's test of the difference of two means."""
    m, n = groups.sizes
    difference = float(np.mean(groups.contrast) - np.mean(groups.reference))

    def distance(x: np.ndarray, y: np.ndarray, axis: int = -1) -> Any:
        return np.abs(np.mean(x, axis=axis) - np.mean(y, axis=axis))

    p, note = rearranged((groups.contrast, groups.reference), distance, "independent", comb(m + n, m))
    return Outcome(p, difference, "difference", Estimate("difference of means", difference), note)


def permutation_changes(pairs: Pairs) -> Outcome:
    """Fisher's test of a mean change, by turning its signs."""
    change = pairs.change

    def distance(values: np.ndarray, axis: int = -1) -> Any:
        return np.abs(np.mean(values, axis=axis))

    p, note = rearranged((change,), distance, "samples", 2 ** len(change))
    mean = float(np.mean(change))
    name = "mean change" if pairs.exposure_later is None else "mean change of the rate"
    return Outcome(p, mean, name, Estimate(name, mean), note)


def rearranged(
    data: tuple[np.ndarray, ...], statistic: Callable[..., Any], how: str, arrangements: int
) -> tuple[float, str]:
    """p of a statistic that is large when the null is far, and how it was had."""
    from scipy.stats import permutation_test

    result = permutation_test(
        data,
        statistic,
        permutation_type=how,
        vectorized=True,
        n_resamples=RESAMPLES,
        alternative="greater",
        rng=np.random.default_rng(SEED),
    )
    p = float(result.pvalue)
    if arrangements <= RESAMPLES:
        return p, f"all {arrangements} rearrangements"
    error = sqrt(p * (1 - p) / RESAMPLES)
    return p, f"{RESAMPLES} random rearrangements, Monte Carlo error {error:.4f}"
