r"""Estimates of the log odds ratio ψ of one table or of many, with 95 % intervals.

Three families, each found by bisection in ψ for all tables at once:

- profile likelihood: where twice the fall of the log likelihood from its top, the level profiled out, reaches the
  chi-square quantile; with ½ added to each cell it is Firth's;
- score: where the chi-square statistic of the table against its expectation under ψ reaches the quantile, once more
  the level profiled out (times (N - 1) / N for the test with N - 1);
- conditional: where a tail of the noncentral hypergeometric distribution of y given x + y is 2.5 %, the table seen
  counted in full (exact, central) or by half (mid-p).

Under ψ the profiled risks keep the total, m p₀ + n p₁ = x + y, a quadratic equation in p₀. Estimates: the
sample's log odds ratio, infinite with an empty cell; that with ½ added to each cell (Firth); the conditional maximum
likelihood estimate; the median-unbiased one (mid-p).

Sources: Miettinen and Nurminen (1985), Stat Med 4:213; Agresti and Min (2001), Biometrics 57:963.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mgbayes.frequentist.result import LEVEL
from mgbayes.frequentist.samples import Floats
from mgbayes.frequentist.two_by_two import Table

_FARTHEST = 40.0
_HALVINGS = 60


@dataclass(frozen=True)
class Interval:
    """Estimate and limits of the log odds ratio, (table,); infinite where a table bounds them on one side only."""

    estimate: Floats
    low: Floats
    high: Floats


def wald(table: Table) -> Interval:
    """By the standard error √(Σ 1 / o); NaN where a cell is empty."""
    from scipy.special import ndtri

    plain = log_odds_ratio(table)
    with np.errstate(divide="ignore", invalid="ignore"):
        cells = (table.x, table.m - table.x, table.y, table.n - table.y)
        error = np.sqrt(sum(1 / np.asarray(cell, float) for cell in cells))
    error = np.where(np.isfinite(error), error, np.nan)
    away = float(ndtri((1 + LEVEL) / 2)) * error
    return Interval(np.where(np.isnan(error), np.nan, plain), plain - away, plain + away)


def log_odds_ratio(table: Table, added: float = 0.0) -> Floats:
    """Of the table with so much added to each cell; NaN where a margin is empty."""
    x, y = np.add(table.x, added), np.add(table.y, added)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(y) + np.log(table.m + added - table.x) - (np.log(x) + np.log(table.n + added - table.y))


def profiled(m: float, n: float, total: Floats, psi: Floats) -> tuple[Floats, Floats]:
    """p₀ and p₁ with log odds ratio psi and m p₀ + n p₁ = total.

    With θ = exp ψ: m (θ - 1) p₀² + (m + n θ - (θ - 1) total) p₀ - total = 0, and its root in (0, 1).
    """
    theta = np.exp(psi)
    a, b, c = m * (theta - 1), m + n * theta - (theta - 1) * total, -total
    # b may be of either sign: the form that does not cancel.
    root = np.sqrt(np.maximum(b * b - 4 * a * c, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        p0 = np.where(b >= 0, -2 * c / (b + root), (root - b) / (2 * a))
    p0 = np.clip(p0, 0.0, 1.0)
    p1 = np.clip((total - m * p0) / n, 0.0, 1.0)
    return p0, p1


def _bisect(excess: Callable[[Floats], Floats], start: Floats, end: Floats) -> Floats:
    """Where excess, negative at the start, becomes positive on the way to the end; infinite where it does not."""
    far = end.copy()
    for _ in range(_HALVINGS):
        middle = (start + end) / 2
        below = excess(middle) < 0
        start, end = np.where(below, middle, start), np.where(below, end, middle)
    return np.where(np.abs(end - far) < 1e-6, np.sign(far) * np.inf, (start + end) / 2)


def _ends(excess: Callable[[Floats], Floats], estimate: Floats) -> tuple[Floats, Floats]:
    centre = np.clip(np.nan_to_num(estimate, nan=0.0), -_FARTHEST, _FARTHEST)
    low, high = (_bisect(excess, centre, np.full_like(centre, sign * _FARTHEST)) for sign in (-1, 1))
    return np.where(estimate == -np.inf, -np.inf, low), np.where(estimate == np.inf, np.inf, high)


def profile(table: Table, added: float = 0.0) -> Interval:
    """By profile likelihood; with ½ added to each cell Firth's."""
    from scipy.special import xlog1py, xlogy

    x, y = np.add(table.x, added), np.add(table.y, added)
    m, n = float(table.m + 2 * added), float(table.n + 2 * added)

    def log_likelihood(p0: Any, p1: Any) -> Any:
        return xlogy(x, p0) + xlog1py(m - x, -p0) + xlogy(y, p1) + xlog1py(n - y, -p1)

    top = log_likelihood(x / m, y / n)

    def excess(psi: Floats) -> Floats:
        return 2 * (top - log_likelihood(*profiled(m, n, x + y, psi))) - _quantile()

    estimate = log_odds_ratio(table, added)
    return Interval(estimate, *_ends(excess, estimate))


def score(table: Table, factor: float = 1.0) -> Interval:
    """By the chi-square statistic, which the factor divides."""
    x, y = np.asarray(table.x, float), np.asarray(table.y, float)
    m, n = float(table.m), float(table.n)

    def excess(psi: Floats) -> Floats:
        p0, p1 = profiled(m, n, x + y, psi)
        precision = 1 / np.maximum(m * p0 * (1 - p0), 1e-300) + 1 / np.maximum(n * p1 * (1 - p1), 1e-300)
        return (x - m * p0) ** 2 * precision - _quantile() * factor

    estimate = log_odds_ratio(table)
    return Interval(estimate, *_ends(excess, estimate))


def _quantile() -> float:
    from scipy.special import chdtri

    return float(chdtri(1, 1 - LEVEL))


def conditional(table: Table, weight: float = 1.0) -> Interval:
    """Limits by tails of y given x + y, the table seen counting ``weight``; the estimate to go with them.

    In full: exact limits and the conditional maximum likelihood estimate. By half: mid-p and the median-unbiased one.
    """
    from scipy.special import gammaln

    m, n, seen = table.m, table.n, np.asarray(table.y)
    total = table.x + seen
    count = np.arange(n + 1)
    other = total[..., None] - count
    held = np.clip(other, 0, m)
    log_ways = -(gammaln(count + 1) + gammaln(n - count + 1)) - gammaln(held + 1) - gammaln(m - held + 1)
    log_ways = np.where(other == held, log_ways, -np.inf)

    def law(psi: Floats) -> Floats:
        log_p = log_ways + psi[..., None] * count
        p = np.exp(log_p - log_p.max(axis=-1, keepdims=True))
        return p / p.sum(axis=-1, keepdims=True)

    def tail(psi: Floats, side: int) -> Floats:
        away = side * (count - seen[..., None])
        return (law(psi) * ((away > 0) + weight * (away == 0))).sum(axis=-1)

    outside = (1 - LEVEL) / 2
    far = np.full(total.shape, _FARTHEST)
    low = _bisect(lambda psi: outside - tail(psi, 1), far, -far)
    high = _bisect(lambda psi: outside - tail(psi, -1), -far, far)
    if weight < 1:
        return Interval(_bisect(lambda psi: tail(psi, 1) - 0.5, -far, far), low, high)
    middle = _bisect(lambda psi: (law(psi) * count).sum(axis=-1) - seen, -far, far)
    lowest, highest = np.maximum(0, total - m), np.minimum(total, n)
    middle = np.where(seen == highest, np.inf, np.where(seen == lowest, -np.inf, middle))
    return Interval(np.where(lowest == highest, np.nan, middle), low, high)
