"""Bounds of the Mann-Whitney p over every data set that has the published quantiles.

With the values of each group sorted, quantiles bound each of them. U, the pairs in which the first group lies higher,
is largest with the first group at its upper and the other at its lower bounds, and least the other way about. p falls
with the distance of U from mn / 2. Ties make p smaller: with at most t values alike the variance shrinks by no more
than (t² - 1) / (N² - 1).
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np

from mgbayes.frequentist.exact_ranks import rank_sum_distribution
from mgbayes.frequentist.published import PublishedTest
from mgbayes.study.rounding import Interval
from mgbayes.study.schema import TestFamily
from mgbayes.study.statistics.possible import OrderBounds
from mgbayes.study.statistics.quantiles import Quantiles
from mgbayes.study.statistics.statistic import Support

_EXACT_UP_TO = 100
"""Patients: software takes the normal approximation for more."""


def mann_whitney_bounds(first: Quantiles, second: Quantiles, support: Support) -> Interval:
    """The least and the largest two-sided p, exact or normal, with and without correction for continuity."""
    m, n = first.n, second.n
    found = [
        _of_bounds(OrderBounds.of(m, support, first, one), OrderBounds.of(n, support, second, other))
        for one, other in product(first.definitions, second.definitions)
        if one is other
    ]
    return Interval(min(p.low for p in found), max(p.high for p in found))


def _of_bounds(one: OrderBounds, other: OrderBounds) -> Interval:
    m, n = len(one.low), len(other.low)
    least, most = _pairs_above(one.low, other.high), _pairs_above(one.high, other.low)
    centre = m * n / 2
    nearest = 0.0 if least <= centre <= most else min(abs(least - centre), abs(most - centre))
    furthest = max(abs(least - centre), abs(most - centre))
    alike = _most_alike(one, other)
    return Interval(_p(furthest, m, n, alike)[0], _p(nearest, m, n, 1)[1])


def _pairs_above(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.sum(one[:, None] > other) + 0.5 * np.sum(one[:, None] == other))


def _most_alike(one: OrderBounds, other: OrderBounds) -> int:
    """How many values can be alike: the deepest overlap of their ranges."""
    low, high = np.r_[one.low, other.low], np.r_[one.high, other.high]
    return max(int(np.sum((low <= at) & (at <= high))) for at in low)


def _p(distance: float, m: int, n: int, alike: int) -> tuple[float, float]:
    """The smallest and the largest p of a U so far from mn / 2."""
    from scipy.special import ndtr

    total = m + n
    variance = m * n * (total + 1) / 12
    tied = variance * max(1 - (alike**2 - 1) / (total**2 - 1), 1e-12)
    found = [
        2 * float(ndtr(-distance / np.sqrt(tied))),
        2 * float(ndtr(-max(distance - 0.5, 0) / np.sqrt(variance))),
    ]
    if total <= _EXACT_UP_TO:
        chance = _null_distribution(m, n)
        far = np.abs(np.arange(len(chance)) - m * n / 2)
        edges = (np.floor(2 * distance) / 2, np.ceil(distance))
        found += [float(chance[far >= edge - 1e-9].sum()) for edge in edges]
    return min(found), min(max(found), 1.0)


@cache
def _null_distribution(m: int, n: int) -> np.ndarray:
    """P(U = u) for u = 0, 1, ... where no values are alike."""
    return rank_sum_distribution(np.arange(1, m + n + 1), m)[m * (m + 1) // 2 :]


MANN_WHITNEY = PublishedTest(
    "mann_whitney_bounds",
    "Mann-Whitney, bounds over all data with these quantiles",
    TestFamily.mann_whitney,
    mann_whitney_bounds,
    bound=True,
    up_to=4000,
)
