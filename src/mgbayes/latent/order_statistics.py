r"""The density of published quantiles, without a latent patient: only the gaps between neighbouring order statistics.

A quantile of n values is q = (1 - g) x_(j) + g x_(j+1), with j and g by the software's definition. Where g = 0 it is
an order statistic. Else the neighbours are q - g d and q + (1 - g) d with a latent gap d > 0, and the map from (q, d)
to them has the Jacobian 1.

With order statistics v_1 < ... < v_k at ranks r_1 < ... < r_k of n independent values with density f and distribution
function F, their joint density is

    n! Π f(v_i) Π_i (F(v_{i+1}) - F(v_i))^(m_i) / m_i!,   m_i = r_{i+1} - r_i - 1,

with F(v_0) = 0, F(v_{k+1}) = 1, r_0 = 0, r_{k+1} = n + 1. It falls to zero where two order statistics with values
between them meet, and is zero where they change places.

The same functions serve NumPy and PyTensor. Shapes: m quantiles, k order statistics, each with any axes after it: of
several definitions of a quantile at once, of many values. Source: David and Nagaraja (2003), Order Statistics, 2.2;
checked in tests/oracles against rejection, against its integral, and against the patients where every order statistic
is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Position = tuple[int, Fraction]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class OrderStatistics:
    """The order statistics that published quantiles of n values are made of, two neighbours each or one value.

    ``rank`` (m, ...) is the lower neighbour's, from 1; ``weight`` (m, ...) the share of the upper one, 0 where the
    quantile is a value. A second axis holds alternatives, such as several definitions of a quantile.

    >>> of_sixteen = OrderStatistics.at(16, [(8, Fraction(1, 2))])
    >>> of_sixteen.ranks, of_sixteen.values(np.array([5.0]), np.array([2.0]))
    (array([8, 9]), array([4., 6.]))
    """

    n: int
    rank: Integers
    weight: Floats

    @classmethod
    def at(cls, n: int, positions: Sequence[Position]) -> OrderStatistics:
        """From the rank j (from 1) and weight g of each quantile, in their order."""
        return cls(n, np.array([j for j, _ in positions]), np.array([float(g) for _, g in positions]))

    @classmethod
    def alternatives(cls, n: int, rows: Sequence[Sequence[Position]]) -> OrderStatistics:
        """The same quantiles under several definitions, which are the second axis."""
        each = [cls.at(n, row) for row in rows]
        return cls(n, np.stack([one.rank for one in each], -1), np.stack([one.weight for one in each], -1))

    @property
    def has_gap(self) -> NDArray[np.bool_]:
        """Whether a quantile lies between two order statistics, (m, ...)."""
        return self.weight > 0

    @property
    def ranks(self) -> Integers:
        """The ranks (2 m, ...), the lower and upper neighbour of each quantile; one value has the same rank twice."""
        pairs = np.stack([self.rank, self.rank + self.has_gap], axis=1)
        return pairs.reshape(-1, *self.rank.shape[1:])

    @property
    def apart(self) -> bool:
        """Whether no two quantiles share an order statistic, so that gaps can be kept in order."""
        return bool((self.rank[1:] > (self.rank + self.has_gap)[:-1]).all())

    @property
    def gaps(self) -> int:
        """How many latent gaps there are."""
        return int(self.has_gap.sum())

    def with_gaps(self, t: Any, *, xp: Any = np) -> Any:
        """Coordinates t (gaps, ...) of one definition as rows (m, ...), zero where a quantile is a value."""
        places = iter(range(self.gaps))
        if not self.gaps:
            return np.zeros((len(self.rank), *t.shape[1:]))
        return xp.stack([t[next(places)] if gap else 0.0 * t[0] for gap in self.has_gap])

    def values(self, quantiles: Any, gaps: Any, *, xp: Any = np) -> Any:
        """The order statistics (2 m, ...) at ``ranks`` of quantiles and gaps (m, ...), numbers or symbols."""
        g = _spread(self.weight, gaps)
        lower, upper = quantiles - g * gaps, quantiles + (1 - g) * gaps
        return xp.stack([row[i] for i in range(len(g)) for row in (lower, upper)])


@dataclass(frozen=True)
class Gaps:
    """Latent gaps d (m, ...), 0 where there is none, and the log Jacobian (...) of the coordinates behind them."""

    d: Any
    log_jacobian: Any


def gaps_in_order(
    order: OrderStatistics, quantiles: Any, t: Any, low: float = -inf, high: float = inf, *, xp: Any = np
) -> Gaps:
    """Gaps from any real numbers t (m, ...), so that no order statistic changes places or leaves the support.

    Quantiles (m, ...) stand in their order. Raises ValueError where two of them share an order statistic.
    """
    if not order.apart:
        raise ValueError("two quantiles share an order statistic: take latent values of all patients instead")
    return gaps_between(list(order.weight), quantiles, t, low, high, xp=xp)


def gaps_between(
    weight: Sequence[Any], quantiles: Any, t: Any, low: float = -inf, high: float = inf, *, xp: Any = np
) -> Gaps:
    """The same of m weights (...) that may be symbols, of quantiles that share no order statistic.

    One after the other, each gap is the share 1 / (1 + exp(-t)) of what its neighbours leave: the lower value stays
    above the order statistic before, the upper one below the next quantile. A sampler that moves in t meets no edge.
    Where a quantile is a value, its t has no effect.
    """
    last = len(weight) - 1
    found: list[Any] = []
    jacobian: Any = 0.0
    before: Any = low
    for i in range(last + 1):
        q, here, has = quantiles[i], t[i], weight[i] > 0
        g = xp.where(has, weight[i], 0.5)
        after = quantiles[i + 1] if i < last else high
        rooms = [(q - before) / g] if i or isfinite(low) else []
        rooms += [(after - q) / (1 - g)] if i < last or isfinite(high) else []
        if rooms:
            room = rooms[0] if len(rooms) == 1 else xp.minimum(*rooms)
            d = room / (1 + xp.exp(-here))
            slope = xp.log(room) - xp.log1p(xp.exp(-here)) - xp.log1p(xp.exp(here))
        else:
            d, slope = xp.exp(here), here
        found.append(xp.where(has, d, 0.0))
        jacobian = jacobian + xp.where(has, slope, 0.0)
        before = q + xp.where(has, 1 - g, 0.0) * found[-1]
    return Gaps(xp.stack(found), jacobian)


@dataclass(frozen=True)
class Distribution:
    """Logarithms of density, distribution function and survival function, each of an array of values.

    >>> from scipy import stats
    >>> standard = Distribution(stats.norm.logpdf, stats.norm.logcdf, stats.norm.logsf)
    """

    log_pdf: Callable[[Any], Any]
    log_cdf: Callable[[Any], Any]
    log_sf: Callable[[Any], Any]


def log_density(v: Any, ranks: Integers, n: int, distribution: Distribution, *, xp: Any = np) -> Any:
    """The joint log density of order statistics v (k, ...) at ranks (k, ...) of n values; -inf if out of order.

    A rank that repeats the one before stands for the same value again and counts once. ``xp`` is numpy or
    pytensor.tensor; the distribution takes and gives arrays of that kind.
    """
    at = _spread(ranks, v)
    steps = np.diff(at, axis=0)
    once = np.concatenate([np.ones_like(at[:1]), steps]) > 0
    below, between, above = at[0] - 1, np.maximum(steps - 1, 0), n - at[-1]
    ways = gammaln(n + 1) - gammaln(below + 1) - gammaln(above + 1) - gammaln(between + 1).sum(axis=0)
    cdf, sf, in_order = distribution.log_cdf(v), distribution.log_sf(v), v[1:] > v[:-1]
    inner = xp.where(between > 0, between * _log_between(cdf, sf, in_order, xp), 0.0)
    return (
        ways
        + xp.where(once, distribution.log_pdf(v), 0.0).sum(axis=0)
        + below * xp.where(below > 0, cdf[0], 0.0)
        + above * xp.where(above > 0, sf[-1], 0.0)
        + xp.where(in_order | (steps == 0), inner, -inf).sum(axis=0)
    )


def _log_between(log_cdf: Any, log_sf: Any, in_order: Any, xp: Any) -> Any:
    """log(F(v_{i+1}) - F(v_i)), from the tail in which nothing cancels; any number where out of order."""
    lower = log_cdf[1:] < log_sf[:-1]
    large = xp.where(lower, log_cdf[1:], log_sf[:-1])
    small = xp.where(lower, log_cdf[:-1], log_sf[1:])
    below = xp.where(in_order & (small < large), small - large, -1.0)
    return large + xp.log(-xp.expm1(below))


def _spread(constant: Any, like: Any) -> Any:
    """A constant with as many axes as an array, for those that come after its own."""
    return constant.reshape(*constant.shape, *(1,) * (like.ndim - constant.ndim))
