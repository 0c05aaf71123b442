"""Permutation tests of a mean, by SciPy.

Two groups: the labels are dealt anew. Two visits: the signs of the changes are. Two-sided by the absolute
difference. All rearrangements are gone through when they are few, else a fixed number of random ones with a
fixed seed; the note then gives the Monte Carlo standard error.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import comb, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mgbayes.frequentist.result import Estimate, Result
from mgbayes.frequentist.samples import Floats, Pairs, TwoGroups

RESAMPLES = 9999
"""Of one study."""
PERMUTATIONS = 999
"""Of each of many studies."""
SEED = 20200411


def permutation_means(groups: TwoGroups) -> Result:
    """Fisher and Pitman's test of the difference of two means, of one study."""
    m, n = groups.sizes
    difference = float(np.mean(groups.contrast) - np.mean(groups.reference))

    def distance(x: np.ndarray, y: np.ndarray, axis: int = -1) -> Any:
        return np.abs(np.mean(x, axis=axis) - np.mean(y, axis=axis))

    p, note = rearranged((groups.contrast, groups.reference), distance, "independent", comb(m + n, m))
    return Result(p, difference, "difference", Estimate("difference of means", difference), note)


def means_rearranged(groups: TwoGroups) -> Result:
    """The same of many studies over the same random rearrangements of the arms."""
    m, n = groups.sizes
    weight = np.where(rearranged_arms(m, n), 1 / n, -1 / m)
    seen = groups.contrast.mean(axis=-1) - groups.reference.mean(axis=-1)
    p = share_as_extreme(groups.pooled @ weight.T, seen)
    return Result(p, seen, "difference", Estimate("difference of means", seen), side=np.sign(seen))


def permutation_changes(pairs: Pairs) -> Result:
    """Fisher's test of a mean change, by turning its signs."""
    change = pairs.change

    def distance(values: np.ndarray, axis: int = -1) -> Any:
        return np.abs(np.mean(values, axis=axis))

    p, note = rearranged((change,), distance, "samples", 2 ** len(change))
    mean = float(np.mean(change))
    name = "mean change" if pairs.exposure_later is None else "mean change of the rate"
    return Result(p, mean, name, Estimate(name, mean), note)


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


@cache
def rearranged_arms(m: int, n: int) -> NDArray[np.bool_]:
    """Who is of the contrast arm in each of 999 rearrangements of m and n patients, (rearrangement, patient)."""
    rng = np.random.default_rng(m * 1000 + n)
    return rng.permuted(np.tile(np.arange(m + n), (PERMUTATIONS, 1)), axis=1) < n


def share_as_extreme(statistic: Floats, seen: Floats) -> Floats:
    """p of two sides from each study's statistic over the rearrangements; the seen one counts among them."""
    extreme = (np.abs(statistic) >= np.abs(seen)[..., None] - 1e-9).sum(axis=-1)
    return (1 + extreme) / (1 + PERMUTATIONS)
