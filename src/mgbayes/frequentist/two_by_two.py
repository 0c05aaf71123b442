r"""Tests for two proportions, x of m against y of n, on one table or on many at once.

Two-sided p unless the name says one-sided. With N = m + n and e = x + y events:

- chi-square: N (|x(n - y) - y(m - x)| - c N)² / (m n e (N - e)), c = 0, or ½ by Yates; times (N - 1) / N;
- Fisher, given the margins: minimum likelihood adds up every table that is no likelier than the one seen; central
  doubles the smaller tail; mid-p counts the table seen by half;
- unconditional: tables are ranked by a statistic, and p = max over π of the chance, where both risks are π, of a
  table at least as extreme. Barnard ranks by the pooled Wald statistic; Boschloo by Fisher's p, either the one-sided
  ones, the smaller of whose p is doubled, or that by minimum likelihood;
- likelihood ratio: G² = 2 Σ o log(o / e), with ½ more in each cell Firth's;
- Wald: log odds ratio over √(Σ 1 / o); none where a cell is empty.

Sources: Pearson (1900); Yates (1934); Campbell (2007), Stat Med 26:3661 for N - 1; Fisher (1935); Barnard (1945);
Boschloo (1970); Heinze and Schemper (2002), Stat Med 21:2409.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from math import comb
from typing import Any

import numpy as np

from mgbayes.frequentist.published import PublishedTest
from mgbayes.frequentist.samples import Floats
from mgbayes.study.schema import TestFamily

NUISANCE = np.linspace(0.0, 1.0, 2001)
"""The values of the shared risk over which an unconditional p is largest."""
_ROUNDING = 1e-9
_GIVEN_MARGINS, _UNCONDITIONAL = 5000, 1000
"""Patients of both sides up to which the exact tests are computed."""
_AS_LIKELY = 1 + 1e-7


@dataclass(frozen=True)
class Table:
    """x of m patients of the reference group and y of n of the other had the event.

    x and y are whole numbers or arrays of them that broadcast, a table each; p values have their shape.
    """

    x: Any
    m: int
    y: Any
    n: int

    @classmethod
    def every(cls, m: int, n: int) -> Table:
        """All tables of m and n patients: (m + 1, n + 1)."""
        x, y = np.ogrid[: m + 1, : n + 1]
        return cls(x, m, y, n)

    @property
    def is_flat(self) -> Any:
        """Whether one margin is empty, so that no test can see a difference."""
        events = self.x + self.y
        return (events == 0) | (events == self.m + self.n) | (0 in (self.m, self.n))


def chi_square(table: Table, correction: float = 0.0) -> Floats:
    """The statistic; the correction never overshoots the distance from independence."""
    x, m, y, n = table.x, table.m, table.y, table.n
    events, total = x + y, m + n
    distance = np.maximum(np.abs(x * (n - y) - y * (m - x)) - correction * total, 0.0)
    margins = np.asarray(m * n * events * (total - events), float)
    return np.divide(total * distance**2, margins, out=np.zeros(margins.shape), where=margins > 0)


def _upper_tail(statistic: Any) -> Floats:
    """Of chi-square with 1 degree of freedom."""
    from scipy.special import chdtrc

    return chdtrc(1, statistic)


def pearson_chi_square(table: Table) -> Floats:
    """Pearson's chi-square without correction."""
    return _upper_tail(chi_square(table))


def yates_chi_square(table: Table) -> Floats:
    """Pearson's chi-square with Yates' continuity correction."""
    return _upper_tail(chi_square(table, 0.5))


def n1_chi_square(table: Table) -> Floats:
    """Pearson's chi-square times (N - 1) / N."""
    return _upper_tail(chi_square(table) * (1 - 1 / (table.m + table.n)))


def pearson_one_sided(table: Table) -> Floats:
    """Half of the two-sided p: the z test in the direction that was seen; 1 without information."""
    return np.where(table.is_flat, 1.0, pearson_chi_square(table) / 2)


@cache
def null_distribution(m: int, n: int, events: int) -> tuple[int, Floats]:
    """The smallest x, and the probability of each x given the margins (hypergeometric, from whole numbers)."""
    low, high = max(0, events - n), min(m, events)
    ways = [comb(m, x) * comb(n, events - x) for x in range(low, high + 1)]
    total = sum(ways)
    return low, np.array([way / total for way in ways])


def _given_margins(table: Table, p: Callable[[Floats, Any], Floats]) -> Floats:
    """p from the null distribution and the place in it of each table, for one total of events after the other."""
    x, y = np.broadcast_arrays(table.x, table.y)
    found = np.empty(x.shape)
    for events in np.unique(x + y):
        here = x + y == events
        low, null = null_distribution(table.m, table.n, int(events))
        found[here] = np.minimum(1.0, p(null, x[here] - low))
    return found


def _tails(null: Floats, at: Any, weight: float) -> tuple[Floats, Floats]:
    """P(X <= x) and P(X >= x), the table seen counting ``weight``."""
    below, seen = np.cumsum(null)[at] - null[at], null[at] * weight
    above = np.cumsum(null[::-1])[::-1][at] - null[at]
    return below + seen, above + seen


def _one_tail(null: Floats, at: Any, *, side: int) -> Floats:
    return _tails(null, at, 1.0)[side]


def fisher_exact(table: Table) -> Floats:
    """Fisher's exact test, minimum likelihood (R's fisher.test)."""
    return _given_margins(table, _minimum_likelihood)


def _minimum_likelihood(null: Floats, at: Any) -> Floats:
    extreme = null <= null[at, None] * _AS_LIKELY
    return np.where(extreme.all(axis=-1), 1.0, (extreme * null).sum(axis=-1))


def fisher_central(table: Table) -> Floats:
    """Fisher's exact test, central: twice the smaller tail."""
    return _given_margins(table, lambda null, at: 2 * np.minimum(*_tails(null, at, 1.0)))


def fisher_one_sided(table: Table) -> Floats:
    """Fisher's exact test in the direction that was seen."""
    return _given_margins(table, lambda null, at: np.minimum(*_tails(null, at, 1.0)))


def fisher_mid_p(table: Table) -> Floats:
    """Central Fisher with half of the probability of the table seen."""
    return _given_margins(table, lambda null, at: 2 * np.minimum(*_tails(null, at, 0.5)))


def fisher_mid_p_minimum_likelihood(table: Table) -> Floats:
    """Fisher's by minimum likelihood, less half of the probability of the table seen."""
    half = _given_margins(table, lambda null, at: null[at] / 2)
    return fisher_exact(table) - np.where(table.is_flat, 0.0, half)


def binomial(n: int, chance: Any) -> Floats:
    """The probability of 0, ..., n events of n, (..., n + 1), at chances (...,)."""
    from scipy.special import gammaln, xlog1py, xlogy

    count = np.arange(n + 1)
    ways = gammaln(n + 1) - gammaln(count + 1) - gammaln(n - count + 1)
    p = np.asarray(chance, float)[..., None]
    return np.exp(ways + xlogy(count, p) + xlog1py(n - count, -p))


def unconditional(table: Table, rank: Floats) -> Floats:
    """The largest chance of a table at least as extreme; ``rank`` is of every table, small where extreme.

    Ties count in full: rounding must not part tables of the same statistic.
    """
    first, second = binomial(table.m, NUISANCE), binomial(table.n, NUISANCE)
    if np.ndim(table.x) == 0:
        seen = rank[table.x, table.y]
        extreme = rank <= seen + _ROUNDING * max(1e-300, abs(seen))
        return np.minimum(1.0, ((first @ extreme) * second).sum(axis=1).max())
    order = np.argsort(rank, axis=None, kind="stable")
    ranked = rank.ravel()[order]
    last = np.searchsorted(ranked, ranked + _ROUNDING * np.maximum(1e-300, np.abs(ranked)), side="right") - 1
    largest = np.zeros(rank.size)
    for rows in np.array_split(np.arange(len(NUISANCE)), 20):
        chance = (first[rows, :, None] * second[rows, None, :]).reshape(len(rows), -1)
        largest = np.maximum(largest, np.cumsum(chance[:, order], axis=1).max(axis=0))
    p = np.empty(rank.size)
    p[order] = np.minimum(1.0, largest[last])
    return p.reshape(rank.shape)[table.x, table.y]


def barnard(table: Table) -> Floats:
    """Barnard's unconditional exact test with the pooled Wald statistic.

    SciPy's leaves no room for rounding and drops tables that tie with the one seen: for 4/17 v 11/16 it gives
    0.0126 instead of 0.0136.
    """
    p = unconditional(table, -chi_square(Table.every(table.m, table.n)))
    return np.where(table.is_flat, 1.0, p)


def boschloo(table: Table) -> Floats:
    """Boschloo's unconditional exact test by the one-sided p of Fisher's: twice the smaller one."""
    every = Table.every(table.m, table.n)
    below, above = (_given_margins(every, partial(_one_tail, side=side)) for side in (0, 1))
    return np.minimum(1.0, 2 * np.minimum(unconditional(table, below), unconditional(table, above)))


def boschloo_minimum_likelihood(table: Table) -> Floats:
    """Boschloo's test by the two-sided p of Fisher's."""
    return unconditional(table, fisher_exact(Table.every(table.m, table.n)))


def likelihood_ratio_statistic(table: Table, added: float = 0.0) -> Floats:
    """G² of the table with so much more in each cell."""
    from scipy.special import xlogy

    first = np.stack([table.x, table.m - table.x]) + added
    second = np.stack([table.y, table.n - table.y]) + added
    both, m, n = first + second, table.m + 2 * added, table.n + 2 * added
    gain = xlogy(first, first / m) + xlogy(second, second / n) - xlogy(both, both / (m + n))
    return np.maximum(0.0, 2 * gain.sum(axis=0))


def likelihood_ratio(table: Table) -> Floats:
    """Likelihood ratio test."""
    return _upper_tail(likelihood_ratio_statistic(table))


def firth(table: Table) -> Floats:
    """Firth's penalized likelihood ratio test: Jeffreys' prior adds ½ to each cell."""
    return _upper_tail(likelihood_ratio_statistic(table, 0.5))


def wald(table: Table) -> Floats:
    """Wald's test of the log odds ratio; NaN where a cell is empty."""
    x, y = np.broadcast_arrays(table.x, table.y)
    cells = np.stack([x, table.m - x, y, table.n - y]).astype(float)
    cells[:, (cells == 0).any(axis=0)] = np.nan
    return _upper_tail(np.log(cells[2] * cells[1] / (cells[3] * cells[0])) ** 2 / (1 / cells).sum(axis=0))


TESTS = (
    PublishedTest(
        "pearson_chi_square", "chi-square without correction", TestFamily.chi_square, pearson_chi_square
    ),
    PublishedTest("yates_chi_square", "chi-square, Yates", TestFamily.chi_square, yates_chi_square),
    PublishedTest("fisher_exact", "Fisher's exact", TestFamily.fisher, fisher_exact, up_to=_GIVEN_MARGINS),
    PublishedTest(
        "fisher_central", "Fisher's exact, central", TestFamily.fisher, fisher_central, up_to=_GIVEN_MARGINS
    ),
    PublishedTest("n1_chi_square", "chi-square, N - 1", None, n1_chi_square),
    PublishedTest("fisher_mid_p", "Fisher's mid-p", None, fisher_mid_p, up_to=_GIVEN_MARGINS),
    PublishedTest("barnard", "Barnard", None, barnard, up_to=_UNCONDITIONAL),
    PublishedTest("boschloo", "Boschloo", None, boschloo, up_to=_UNCONDITIONAL),
    PublishedTest("pearson_one_sided", "chi-square, one-sided", None, pearson_one_sided, unusual=True),
    PublishedTest(
        "fisher_one_sided",
        "Fisher's exact, one-sided",
        None,
        fisher_one_sided,
        unusual=True,
        up_to=_GIVEN_MARGINS,
    ),
)
