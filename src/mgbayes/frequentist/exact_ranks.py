"""Exact distributions of rank statistics, ties and all.

Given the values, every choice of m patients for one group is equally likely under the null, and every sign
of a change. The number of ways to each sum of ranks is built up one patient at a time (the shift algorithm:
Streitberg and Röhmel 1986). Ranks are doubled, so that mid-ranks are whole numbers. The two-sided p is the
probability of a sum at least as far from its expectation as the one seen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mgbayes.frequentist.samples import Floats

Whole = NDArray[np.int64]
EXACT_PATIENTS = 100
"""Above this number of patients the normal approximation is as good, and exact counting slow."""


def doubled_ranks(values: Floats) -> Whole:
    """Twice the mid-rank of each value."""
    from scipy.stats import rankdata

    return np.rint(2 * rankdata(values)).astype(np.int64)


def rank_sum_distribution(ranks: Whole, m: int) -> Floats:
    """P(sum = s) for s = 0, 1, ... of the doubled ranks of m patients drawn without replacement."""
    ways = np.zeros((m + 1, int(np.sort(ranks)[-m:].sum()) + 1))
    ways[0, 0] = 1.0
    for rank in ranks:
        ways[1:, rank:] += ways[:-1, : ways.shape[1] - rank].copy()
    return ways[m] / ways[m].sum()


def signed_rank_distribution(ranks: Whole) -> Floats:
    """P(sum = s) of the doubled ranks of the patients who rose, each rising with probability ½."""
    chance = np.zeros(int(ranks.sum()) + 1)
    chance[0] = 1.0
    for rank in ranks:
        risen = np.zeros_like(chance)
        risen[rank:] = chance[: len(chance) - rank]
        chance = (chance + risen) / 2
    return chance


def two_sided(distribution: Floats, seen: int, twice_expected: int) -> float:
    """P(|S - E| >= |s - E|); in whole numbers, so that nothing is lost to rounding."""
    sums = np.arange(len(distribution))
    far = np.abs(2 * sums - twice_expected) >= abs(2 * seen - twice_expected)
    return float(distribution[far].sum())
