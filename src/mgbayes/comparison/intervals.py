r"""Estimates of the log odds ratio ψ of every table, with 95 % intervals.

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

from mgbayes.comparison.tables import LEVEL, Floats, Tables

_FARTHEST = 40.0
_HALVINGS = 60


@dataclass(frozen=True)
class Interval:
    """Estimate and limits of the log odds ratio, (table,); infinite where a table bounds them on one side only."""

    estimate: Floats
    low: Floats
    high: Floats


def intervals(tables: Tables) -> dict[str, Interval]:
    """By test; those that have no interval of their own are left out."""
    from scipy.special import chdtri, ndtri

    quantile = float(chdtri(1, 1 - LEVEL))
    total = tables.m + tables.n
    plain, halved = log_odds_ratio(tables, 0.0), log_odds_ratio(tables, 0.5)
    profile = _likelihood_interval(tables, 0.0, plain, quantile)
    conditional, mid = _conditional(tables, 1.0), _conditional(tables, 0.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        cells = np.stack([tables.x, tables.m - tables.x, tables.y, tables.n - tables.y]).astype(float)
        error = np.sqrt((1 / cells).sum(axis=0))
        away = float(ndtri((1 + LEVEL) / 2)) * error
        known = np.isfinite(error)
        wald = Interval(*(np.where(known, plain + sign * away, np.nan) for sign in (0, -1, 1)))
    return {
        "pearson": _score_interval(tables, plain, quantile),
        "n_minus_1": _score_interval(tables, plain, quantile * total / (total - 1)),
        "fisher_central": conditional,
        "mid_p_central": mid,
        "likelihood_ratio": profile,
        "wald": wald,
        "firth": _likelihood_interval(tables, 0.5, halved, quantile),
    }


def log_odds_ratio(tables: Tables, added: float) -> Floats:
    """Of the table with so much added to each cell; NaN where a margin is empty."""
    x, y = tables.x + added, tables.y + added
    with np.errstate(divide="ignore", invalid="ignore"):
        return (np.log(y) + np.log(tables.m + added - tables.x)) - (
            np.log(x) + np.log(tables.n + added - tables.y)
        )


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


def _likelihood_interval(tables: Tables, added: float, estimate: Floats, quantile: float) -> Interval:
    from scipy.special import xlog1py, xlogy

    x, y = tables.x + added, tables.y + added
    m, n = float(tables.m + 2 * added), float(tables.n + 2 * added)

    def log_likelihood(p0: Any, p1: Any) -> Any:
        return xlogy(x, p0) + xlog1py(m - x, -p0) + xlogy(y, p1) + xlog1py(n - y, -p1)

    top = log_likelihood(x / m, y / n)

    def excess(psi: Floats) -> Floats:
        return 2 * (top - log_likelihood(*profiled(m, n, x + y, psi))) - quantile

    low, high = _ends(excess, estimate)
    return Interval(estimate, low, high)


def _score_interval(tables: Tables, estimate: Floats, quantile: float) -> Interval:
    x, y = tables.x.astype(float), tables.y.astype(float)
    m, n = float(tables.m), float(tables.n)

    def excess(psi: Floats) -> Floats:
        p0, p1 = profiled(m, n, x + y, psi)
        precision = 1 / np.maximum(m * p0 * (1 - p0), 1e-300) + 1 / np.maximum(n * p1 * (1 - p1), 1e-300)
        return (x - m * p0) ** 2 * precision - quantile

    low, high = _ends(excess, estimate)
    return Interval(estimate, low, high)


def _conditional(tables: Tables, weight: float) -> Interval:
    """Limits by tails of y given x + y, the table seen counting ``weight``; the estimate to go with them."""
    from scipy.special import gammaln

    total = tables.x + tables.y
    count = np.arange(tables.n + 1)[None, :]
    other = total[:, None] - count
    possible = (other >= 0) & (other <= tables.m)
    held = np.where(possible, other, 0)
    log_ways = -(gammaln(count + 1) + gammaln(tables.n - count + 1))
    log_ways = log_ways - gammaln(held + 1) - gammaln(tables.m - held + 1)
    log_ways = np.where(possible, log_ways, -np.inf)
    seen = tables.y[:, None]

    def law(psi: Floats) -> Floats:
        log_p = log_ways + psi[:, None] * count
        p = np.exp(log_p - log_p.max(axis=1, keepdims=True))
        return p / p.sum(axis=1, keepdims=True)

    def upper(psi: Floats) -> Floats:
        p = law(psi)
        return (p * (count > seen)).sum(axis=1) + weight * (p * (count == seen)).sum(axis=1)

    def lower(psi: Floats) -> Floats:
        p = law(psi)
        return (p * (count < seen)).sum(axis=1) + weight * (p * (count == seen)).sum(axis=1)

    tail = (1 - LEVEL) / 2
    far = np.full(len(total), _FARTHEST)
    low = _bisect(lambda psi: tail - upper(psi), far, -far)
    high = _bisect(lambda psi: tail - lower(psi), -far, far)
    if weight < 1:
        middle = _bisect(lambda psi: upper(psi) - 0.5, -far, far)
    else:
        middle = _bisect(lambda psi: (law(psi) * count).sum(axis=1) - tables.y, -far, far)
        lowest, highest = np.maximum(0, total - tables.m), np.minimum(total, tables.n)
        middle = np.where(tables.y == highest, np.inf, np.where(tables.y == lowest, -np.inf, middle))
        middle = np.where(lowest == highest, np.nan, middle)
    return Interval(middle, low, high)
