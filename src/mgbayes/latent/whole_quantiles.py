r"""Published quantiles of values in whole numbers: the order statistics behind them, and their probability.

A value k stands for all of its cell, k - 1/2 to k + 1/2. A quantile (1 - g) x_(j) + g x_(j+1) is reported within its
rounding by some pairs of whole numbers; each choice of a pair for every quantile is one way. Of one way the order
statistics lie anywhere in their cells, in their order:

    P(way) = ∫ density of order statistics v_1 < ... < v_k,   v_i in the cell of x_i,
    v_i = l_i + t_i (h_i - l_i),   l_i the lower end of the cell or v_(i-1), h_i its upper end,   t_i in (0, 1)

with the density of mgbayes.latent.order_statistics: equal quantiles are no difficulty. The integral is over the
places t ~ Uniform(0, 1), which all ways share; what is published has the sum over the ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, floor, inf, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mgbayes.latent.order_statistics import Distribution, Position, log_density

MOST_WAYS = 300
_ROUNDING = 1e-9


class TooManyWays(ValueError):
    """So many whole numbers are possible that they are as good as measured finely."""


def ranks_of(positions: Sequence[Position]) -> tuple[int, ...]:
    """The ranks whose values quantiles are made of."""
    return tuple(sorted({rank for j, g in positions for rank in ((j, j + 1) if g else (j,))}))


def ways(
    positions: Sequence[Position], bounds: Sequence[tuple[float, float]], low: float = -inf
) -> NDArray[np.float64]:
    """Whole numbers (way, rank) from ``low`` on whose quantiles, at positions in their order, lie within bounds.

    >>> ways([(1, Fraction(1, 2))], [(2.0, 2.0)], low=0)
    array([[0., 4.],
           [1., 3.],
           [2., 2.]])

    Raises TooManyWays.
    """
    found: list[dict[int, int]] = [{}]
    for i, (j, g) in enumerate(positions):
        most = bounds[i + 1][1] if i + 1 < len(bounds) else inf
        grown = []
        for known in found:
            least = max([low, *(value for rank, value in known.items() if rank < j)])
            for pair in _pairs(float(g), bounds[i], least, most, known.get(j), known.get(j + 1)):
                grown.append(known | ({j: pair[0], j + 1: pair[1]} if g else {j: pair[0]}))
                if len(grown) > MOST_WAYS:
                    raise TooManyWays
        found = grown
    ranks = ranks_of(positions)
    return np.array([[way[rank] for rank in ranks] for way in found], dtype=float).reshape(-1, len(ranks))


def _pairs(
    g: float,
    bounds: tuple[float, float],
    least: float,
    most: float,
    lower: int | None,
    upper: int | None,
) -> Iterator[tuple[int, int]]:
    """Neighbours (a, b) whose quantile lies within bounds; a or b may be known."""
    begin, end = bounds[0] - _ROUNDING, bounds[1] + _ROUNDING
    if g == 0:
        values = range(ceil(begin), floor(end) + 1) if lower is None else (lower,)
        yield from ((a, a) for a in values if least <= a and begin <= a <= end)
        return
    first = max(least, (begin - g * most) / (1 - g))
    if not isfinite(first):
        raise TooManyWays
    for a in range(ceil(first), floor(end) + 1) if lower is None else (lower,):
        last = min(most, (end - (1 - g) * a) / g)
        for b in range(max(a, ceil((begin - (1 - g) * a) / g)), floor(last + _ROUNDING) + 1):
            if upper in (None, b):
                yield a, b


def log_probability(
    values: Any,
    ranks: NDArray[np.int64],
    n: int,
    place: Any,
    distribution: Distribution,
    least: float,
    *,
    xp: Any = np,
) -> Any:
    """The log density (definition, way) of places (rank, definition) and of whole numbers (rank, definition, way).

    The integral of their sum over places is the probability of what is published; the outcome begins at ``least``.
    A rank (rank, definition) that repeats the one before stands for the same value again.
    """
    again = np.diff(ranks, axis=0, prepend=0) == 0
    before: Any = least
    v, jacobian = [], 0.0
    for i, repeated in enumerate(again[..., None]):
        low = xp.maximum(xp.maximum(values[i] - 0.5, least), before)
        width = values[i] + 0.5 - low
        before = xp.where(repeated, before, low + place[i][:, None] * width)
        v.append(before)
        jacobian = jacobian + xp.where(repeated, 0.0, xp.log(xp.where(repeated, 1.0, width)))
    return log_density(xp.stack(v), ranks, n, distribution, xp=xp) + jacobian
