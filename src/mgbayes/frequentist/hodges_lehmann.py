"""Hodges and Lehmann's estimates, with the interval that goes with the rank test.

Two groups: the median of all differences between a patient of one group and a patient of the other. Two
visits: the median of all averages of two changes (Walsh). The limits are order statistics of the same
numbers, placed by the distribution that the rank statistic has without ties (Moses; Hollander and Wolfe
1999); with ties the interval is the wider one.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from mgbayes.frequentist.exact_ranks import EXACT_PATIENTS, rank_sum_distribution, signed_rank_distribution
from mgbayes.frequentist.result import LEVEL, Estimate
from mgbayes.frequentist.samples import Floats


def shift(contrast: Floats, reference: Floats) -> Estimate:
    """Median of the m n differences, contrast less reference."""
    m, n = len(contrast), len(reference)
    differences = np.sort(np.subtract.outer(contrast, reference).ravel())
    if m + n > EXACT_PATIENTS:
        cut = _normal_cut(m * n / 2, m * n * (m + n + 1) / 12)
    else:
        ranks = 2 * np.arange(1, m + n + 1)
        cut = _cut(rank_sum_distribution(ranks, m)[m * (m + 1) :: 2])
    return _estimate("median difference", differences, cut)


def pseudo_median(changes: Floats) -> Estimate:
    """Median of the n (n + 1) / 2 averages of two changes."""
    n = len(changes)
    i, j = np.triu_indices(n)
    averages = np.sort((changes[i] + changes[j]) / 2)
    if n > EXACT_PATIENTS:
        cut = _normal_cut(n * (n + 1) / 4, n * (n + 1) * (2 * n + 1) / 24)
    else:
        cut = _cut(signed_rank_distribution(2 * np.arange(1, n + 1))[::2])
    return _estimate("median change", averages, cut)


def _cut(distribution: Floats) -> int:
    """The quantile of the rank statistic at half of what lies outside the interval."""
    return int(np.searchsorted(np.cumsum(distribution), (1 - LEVEL) / 2 - 1e-12))


def _normal_cut(mean: float, variance: float) -> int:
    from scipy.special import ndtri

    return max(0, round(mean + ndtri((1 - LEVEL) / 2) * sqrt(variance)))


def _estimate(name: str, numbers: Floats, cut: int) -> Estimate:
    """``cut`` of zero: too few patients for any limit at this level."""
    centre = float(np.median(numbers))
    if cut == 0:
        return Estimate(name, centre, -np.inf, np.inf, "order statistics (Hodges-Lehmann)")
    low, high = float(numbers[cut - 1]), float(numbers[len(numbers) - cut])
    return Estimate(name, centre, low, high, "order statistics (Hodges-Lehmann)")
