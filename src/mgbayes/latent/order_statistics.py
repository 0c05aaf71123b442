r"""The density of published quantiles, without a latent patient: only the gaps between neighbouring order statistics.

A quantile of n values is q = (1 - g) x_(j) + g x_(j+1), with j and g by the software's definition. Where g = 0 it is
an order statistic. Else the neighbours are q - g d and q + (1 - g) d with a latent gap d > 0, and the map from (q, d)
to them has the Jacobian 1. Where one of them is known from another quantile, the other follows from q, with the
Jacobian 1 / g or 1 / (1 - g).

With order statistics v_1 < ... < v_k at ranks r_1 < ... < r_k of n independent values with density f and distribution
function F, their joint density is

    n! Π f(v_i) Π_i (F(v_{i+1}) - F(v_i))^(m_i) / m_i!,   m_i = r_{i+1} - r_i - 1,

with F(v_0) = 0, F(v_{k+1}) = 1, r_0 = 0, r_{k+1} = n + 1. It falls to zero where two order statistics with values
between them meet, and is zero where they change places.

The same function serves NumPy and PyTensor. Shapes: m quantiles, l gaps, k order statistics, each with any axes after
it. Source: David and Nagaraja (2003), Order Statistics, 2.2; checked in tests/oracles against rejection, against its
integral, and against the patients where every order statistic is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, isfinite, lgamma, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

Position = tuple[int, Fraction]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class OrderStatistics:
    """How published quantiles of n values and latent gaps make order statistics: v = of_quantiles q + of_gaps d.

    >>> of_sixteen = OrderStatistics.at(16, [(8, Fraction(1, 2))])
    >>> of_sixteen.ranks, of_sixteen.values(np.array([5.0]), np.array([2.0]))
    ((8, 9), array([4., 6.]))
    """

    n: int
    positions: tuple[Position, ...]
    ranks: tuple[int, ...]
    of_quantiles: Floats
    of_gaps: Floats
    log_jacobian: float

    @classmethod
    def at(cls, n: int, positions: Sequence[Position]) -> OrderStatistics:
        """From the rank j (from 1) and weight g of each quantile, in their order.

        Raises ValueError where a quantile follows from the others.
        """
        return _Elimination(n, positions).solved()

    @property
    def apart(self) -> bool:
        """Whether no two quantiles share an order statistic, so that gaps can be kept in order."""
        return not self.log_jacobian and len(self.ranks) == len(self.positions) + self.gaps

    @property
    def gaps(self) -> int:
        """How many latent gaps there are."""
        return self.of_gaps.shape[1]

    def values(self, quantiles: Any, gaps: Any) -> Any:
        """The order statistics (k, ...) of quantiles (m, ...) and gaps (l, ...), numbers or symbols."""
        exact = self.of_quantiles @ quantiles
        return exact + self.of_gaps @ gaps if self.gaps else exact


@dataclass(frozen=True)
class Gaps:
    """Latent gaps d (l, ...), and the log Jacobian (...) of the coordinates that they were made from."""

    d: Any
    log_jacobian: Any


def gaps_in_order(
    order: OrderStatistics, quantiles: Any, t: Any, low: float = -inf, high: float = inf, *, xp: Any = np
) -> Gaps:
    """Gaps from any real numbers t (l, ...), so that no order statistic changes places or leaves the support.

    One after the other, each gap is the share 1 / (1 + exp(-t)) of what its neighbours leave: the lower value stays
    above the order statistic before, the upper one below the next quantile. A sampler that moves in t meets no edge.
    Quantiles stand in their order. Raises ValueError where two of them share an order statistic.
    """
    if not order.apart:
        raise ValueError("two quantiles share an order statistic: take latent values of all patients instead")
    found: list[Any] = []
    jacobians: list[Any] = []
    before: Any = low
    for i, (_, weight) in enumerate(order.positions):
        q, g = quantiles[i], float(weight)
        if g == 0:
            before = q
            continue
        after = quantiles[i + 1] if i + 1 < len(order.positions) else high
        rooms = [(q - before) / g] if i or isfinite(low) else []
        rooms += [(after - q) / (1 - g)] if i + 1 < len(order.positions) or isfinite(high) else []
        here = t[len(found)]
        if rooms:
            room = rooms[0] if len(rooms) == 1 else xp.minimum(*rooms)
            found.append(room / (1 + xp.exp(-here)))
            jacobians.append(xp.log(room) - xp.log1p(xp.exp(-here)) - xp.log1p(xp.exp(here)))
        else:
            found.append(xp.exp(here))
            jacobians.append(here)
        before = q + (1 - g) * found[-1]
    return Gaps(xp.stack(found), sum(jacobians)) if found else Gaps(np.zeros(0), 0.0)


class _Elimination:
    """Order statistics one after the other: those that are quantiles, those that follow, those with a gap."""

    def __init__(self, n: int, positions: Sequence[Position]) -> None:
        self.n, self.m, self.positions = n, len(positions), tuple(positions)
        self.known: dict[int, Floats] = {}
        self.log_jacobian, self.gaps = 0.0, 0
        pairs = []
        for i, (j, g) in enumerate(positions):
            if g == 0:
                self._set(j, self._quantile(i))
            else:
                pairs.append((i, j, float(g)))
        while pairs:
            pair = next((one for one in pairs if self._neighbours(one)), pairs[0])
            pairs.remove(pair)
            self._place(*pair)

    def _quantile(self, i: int) -> Floats:
        row = np.zeros(2 * self.m)
        row[i] = 1.0
        return row

    def _set(self, rank: int, row: Floats) -> None:
        if rank in self.known or not 1 <= rank <= self.n:
            raise ValueError(
                f"the value of rank {rank} of {self.n} is known from another quantile, or there is none"
            )
        self.known[rank] = row

    def _neighbours(self, pair: tuple[int, int, float]) -> int:
        return (pair[1] in self.known) + (pair[1] + 1 in self.known)

    def _place(self, i: int, j: int, g: float) -> None:
        quantile = self._quantile(i)
        if j + 1 in self.known:
            self._set(j, (quantile - g * self.known[j + 1]) / (1 - g))
            self.log_jacobian -= log(1 - g)
        elif j in self.known:
            self._set(j + 1, (quantile - (1 - g) * self.known[j]) / g)
            self.log_jacobian -= log(g)
        else:
            gap = np.zeros(2 * self.m)
            gap[self.m + self.gaps] = 1.0
            self.gaps += 1
            self._set(j, quantile - g * gap)
            self._set(j + 1, quantile + (1 - g) * gap)

    def solved(self) -> OrderStatistics:
        """The order statistics in order."""
        ranks = tuple(sorted(self.known))
        rows = np.array([self.known[rank] for rank in ranks]).reshape(len(ranks), -1)
        by_gaps = rows[:, self.m : self.m + self.gaps]
        return OrderStatistics(self.n, self.positions, ranks, rows[:, : self.m], by_gaps, self.log_jacobian)


@dataclass(frozen=True)
class Distribution:
    """Logarithms of density, distribution function and survival function, each of an array of values.

    >>> from scipy import stats
    >>> standard = Distribution(stats.norm.logpdf, stats.norm.logcdf, stats.norm.logsf)
    """

    log_pdf: Callable[[Any], Any]
    log_cdf: Callable[[Any], Any]
    log_sf: Callable[[Any], Any]


def log_density(
    order: OrderStatistics, quantiles: Any, gaps: Any, distribution: Distribution, *, xp: Any = np
) -> Any:
    """The joint log density of quantiles (m, ...) and gaps (l, ...) > 0; -inf where values are out of order.

    ``xp`` is numpy or pytensor.tensor; the distribution takes and gives arrays of that kind.
    """
    v = order.values(quantiles, gaps)
    between = np.diff([0, *order.ranks, order.n + 1]) - 1
    total = lgamma(order.n + 1) - sum(lgamma(m + 1) for m in between) + order.log_jacobian
    result = total + distribution.log_pdf(v).sum(axis=0)
    cdf, sf = distribution.log_cdf(v), distribution.log_sf(v)
    if between[0]:
        result = result + int(between[0]) * cdf[0]
    if between[-1]:
        result = result + int(between[-1]) * sf[-1]
    if len(order.ranks) > 1:
        in_order = v[1:] > v[:-1]
        result = result + xp.where(in_order, 0.0, -np.inf).sum(axis=0)
        some = np.flatnonzero(between[1:-1])
        inner = between[1:-1][some].reshape(-1, *(1,) * (v.ndim - 1))
        result = result + (inner * _log_between(cdf, sf, in_order, xp)[some]).sum(axis=0)
    return result


def _log_between(log_cdf: Any, log_sf: Any, in_order: Any, xp: Any) -> Any:
    """log(F(v_{i+1}) - F(v_i)), from the tail in which nothing cancels; any number where out of order."""
    lower = log_cdf[1:] < log_sf[:-1]
    large = xp.where(lower, log_cdf[1:], log_sf[:-1])
    small = xp.where(lower, log_cdf[:-1], log_sf[1:])
    below = xp.where(in_order & (small < large), small - large, -1.0)
    return large + xp.log(-xp.expm1(below))
