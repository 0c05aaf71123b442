"""Whether n values exist that have published quantiles, a mean and an SD, all at once.

Quantiles and mean are settled exactly. Quantiles are linear in a few order statistics, and so are the least and the
largest sum that values between these can have; every sum between is had by moving single values, by whole units where
only these occur. That is a mixed-integer linear program with at most ten variables. Edges of intervals are scaled to
whole numbers where values are whole, so that no tolerance decides.

For the SD there are bounds: the least one by convex optimization in one variable, the largest one from above.
Where they exclude an SD, no values exist; where they do not, values need not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

from mgbayes.study.rounding import ExactInterval, Interval
from mgbayes.study.statistics.quantile_definition import QuantileDefinition
from mgbayes.study.statistics.quantiles import Quantiles
from mgbayes.study.statistics.statistic import Support

Floats = NDArray[np.float64]


def definitions_that_allow(
    quantiles: Quantiles, support: Support, mean: ExactInterval | None = None
) -> tuple[QuantileDefinition, ...]:
    """The definitions under which n values with this support have the quantiles, and a mean in an interval.

    >>> quartiles = Quantiles.of_texts(16, median="3", iqr=("1.25", "4"))
    >>> [str(one) for one in definitions_that_allow(quartiles, Support(whole=True))]
    ['6', '7']
    """
    return tuple(one for one in quantiles.definitions if _exists(quantiles, one, support, mean))


@dataclass
class _Program:
    """Rows of a linear program, low <= a . v <= high; v are the order statistics needed, then the sum."""

    size: int
    rows: list[Floats]
    low: list[float]
    high: list[float]

    def add(self, weights: dict[int, float], low: float, high: float) -> None:
        row = np.zeros(self.size)
        for at, weight in weights.items():
            row[at] += weight
        self.rows.append(row)
        self.low.append(low)
        self.high.append(high)


def _exists(
    quantiles: Quantiles, definition: QuantileDefinition, support: Support, mean: ExactInterval | None
) -> bool:
    from scipy.optimize import Bounds, LinearConstraint, milp

    n = quantiles.n
    positions = [definition.position(one.p, n) for one in quantiles.quantiles]
    ranks = sorted({rank for j, g in positions for rank in ((j, j + 1) if g else (j,))})
    at = {rank: k for k, rank in enumerate(ranks)}
    program = _Program(len(ranks) + 1, [], [], [])
    for one, (j, g) in zip(quantiles.quantiles, positions, strict=True):
        scale = g.denominator if support.whole else 1
        weights = {at[j]: float(scale * (1 - g))} | ({at[j + 1]: float(scale * g)} if g else {})
        program.add(weights, *_edges(one.interval, scale, support))
    for lower, upper in zip(range(len(ranks)), range(1, len(ranks)), strict=False):
        program.add({upper: 1.0, lower: -1.0}, 0.0, inf)
    total = len(ranks)
    if mean is not None:
        program.add({total: 1.0}, *_edges(mean, n, support))
        gaps = np.diff([0, *ranks, n + 1]) - 1
        _bound_sum(program, gaps, support)
    solved = milp(
        np.zeros(program.size),
        constraints=LinearConstraint(np.array(program.rows), program.low, program.high),
        integrality=np.full(program.size, int(support.whole)),
        bounds=Bounds(
            np.append(np.full(total, support.low), -inf), np.append(np.full(total, support.high), inf)
        ),
    )
    return bool(solved.success)


def _edges(around: ExactInterval, scale: int, support: Support) -> tuple[float, float]:
    """The edges of what is reported, times a scale; whole where the scaled values are."""
    if not support.whole:
        return float(around.low) * scale, float(around.high) * scale
    wholes = around.wholes(scale)
    return float(wholes.start), float(wholes.stop - 1)


def _bound_sum(program: _Program, gaps: NDArray[np.int_], support: Support) -> None:
    """Values in a gap lie between the order statistics on both sides, or the ends of the support."""
    known = len(gaps) - 1
    total = known
    least = {k: 1.0 + gaps[k + 1] for k in range(known)}
    most = {k: 1.0 + gaps[k] for k in range(known)}
    if isfinite(support.low) or gaps[0] == 0:
        outside = gaps[0] * support.low if gaps[0] else 0.0
        program.add({total: 1.0} | {k: -w for k, w in least.items()}, outside, inf)
    if isfinite(support.high) or gaps[-1] == 0:
        outside = gaps[-1] * support.high if gaps[-1] else 0.0
        program.add({total: 1.0} | {k: -w for k, w in most.items()}, -inf, outside)


# ---------------------------------------------------------------- bounds of each value, and of the SD


@dataclass(frozen=True)
class OrderBounds:
    """The least and the largest that each of n sorted values can be."""

    low: Floats
    high: Floats

    @classmethod
    def of(
        cls, n: int, support: Support, quantiles: Quantiles, definition: QuantileDefinition
    ) -> OrderBounds:
        """The bounds that quantiles by one definition leave, within the support."""
        low, high = np.full(n, support.low), np.full(n, support.high)
        for one in quantiles.quantiles:
            j, g = definition.position(one.p, n)
            above = j - 1 if g == 0 else j
            least, most = _edges(one.interval, 1, support)
            low[above], high[j - 1] = max(low[above], least), min(high[j - 1], most)
        return cls(np.maximum.accumulate(low), np.minimum.accumulate(high[::-1])[::-1])

    def within_sum(self, least: float, most: float) -> OrderBounds:
        """The same where the sum is known to lie between two values: none of them takes more than the rest leave."""
        with np.errstate(invalid="ignore"):
            high = (
                np.minimum(self.high, most - (self.low.sum() - self.low))
                if isfinite(self.low.sum())
                else self.high
            )
            low = (
                np.maximum(self.low, least - (self.high.sum() - self.high))
                if isfinite(self.high.sum())
                else self.low
            )
        return OrderBounds(low, high)


def sd_bounds(bounds: OrderBounds, mean: Interval) -> Interval | None:
    """The range outside which no SD (n - 1 in the denominator) lies; None where the mean cannot be had.

    Squares about the mean are least where every value is as near to one level as its bounds allow. They are largest
    where values stand at their bounds; the upper end lets squares grow linearly between the bounds of a value.
    """
    n = len(bounds.low)
    if n < 2:
        return Interval(0.0, 0.0)
    least, most = max(n * mean.low, bounds.low.sum()), min(n * mean.high, bounds.high.sum())
    if least > most + 1e-9 * max(1.0, abs(most)):
        return None
    most = max(least, most)
    inside = bounds.within_sum(least, most)
    low = _least_squares(inside, least, most)
    return Interval(
        sqrt(max(low, 0.0) / (n - 1)), sqrt(max(_most_squares(inside, least, most), 0.0) / (n - 1))
    )


def _least_squares(bounds: OrderBounds, least: float, most: float) -> float:
    """The least sum of squares about the mean of values within bounds whose sum lies between two values."""
    low, high, n = bounds.low, bounds.high, len(bounds.low)
    ends = np.r_[low[np.isfinite(low)], high[np.isfinite(high)], least / n, most / n]
    span = n * (float(np.ptp(ends)) + 1.0)
    reach = (float(ends.min()) - span, float(ends.max()) + span)

    def level(wanted: float) -> float:
        return _bisected(lambda c: float(np.clip(c, low, high).sum()) - wanted, *reach)

    centre = _bisected(lambda c: c - float(np.clip(c, low, high).mean()), *reach)
    x = np.clip(min(max(centre, level(least)), level(most)), low, high)
    return float(((x - x.mean()) ** 2).sum()) * (1 - 1e-9)


def _bisected(rising: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(100):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _most_squares(bounds: OrderBounds, least: float, most: float) -> float:
    """An upper bound of the sum of squares about the mean: values at their bounds, at most one of them partly."""
    if not (np.isfinite(bounds.low).all() and np.isfinite(bounds.high).all()):
        return inf
    order = np.argsort(-(bounds.low + bounds.high))
    low, high, n = bounds.low[order], bounds.high[order], len(order)
    sums = bounds.low.sum() + np.r_[0.0, np.cumsum(high - low)]
    squares = (bounds.low**2).sum() + np.r_[0.0, np.cumsum(high**2 - low**2)]
    stationary = n * (low + high) / 2
    inner = np.clip(stationary, sums[:-1], sums[1:])
    at = np.clip(np.r_[sums, inner, least, most], least, most)
    return float((np.interp(at, sums, squares) - at**2 / n).max()) * (1 + 1e-9)


def mean_bounds(quantiles: Quantiles, support: Support) -> Interval:
    """The range of the means that quantiles leave, over every definition."""
    found = [OrderBounds.of(quantiles.n, support, quantiles, one) for one in quantiles.definitions]
    return Interval(min(one.low.mean() for one in found), max(one.high.mean() for one in found))


def sd_outside(sd: Interval, mean: Interval, support: Support, quantiles: Quantiles) -> Interval | None:
    """The range of the SDs that a mean and quantiles leave, where it excludes an SD; else None."""
    bounds = (OrderBounds.of(quantiles.n, support, quantiles, one) for one in quantiles.definitions)
    known = [one for one in (sd_bounds(bound, mean) for bound in bounds) if one is not None]
    if not known or any(one.meets(sd) for one in known):
        return None
    return Interval(min(one.low for one in known), max(one.high for one in known))
