"""Tests for two proportions, x of m against y of n.

Each row of ``TESTS`` is one test: its name, the family a methods section would call it by, and
the function that gives its two-sided p value (unless the name says one-sided). A table without
information (nobody or everybody had the event) gives p = 1.

Sources: Pearson (1900); Yates (1934); Campbell (2007), Stat Med 26:3661 for N - 1; Fisher (1935);
Barnard (1945); Boschloo (1970). The central definition doubles the smaller tail; the minimum
likelihood one adds up every table that is no likelier than the one seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import comb

import numpy as np

from mgbayes.study.schema import TestFamily


@dataclass(frozen=True)
class Table:
    """x of m patients in one group, y of n in the other, had the event."""

    x: int
    m: int
    y: int
    n: int

    @property
    def rows(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Event and no event, by group."""
        return (self.x, self.m - self.x), (self.y, self.n - self.y)

    @property
    def columns(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Groups as columns, as SciPy's unconditional tests want them: it is the columns they hold fixed."""
        return (self.x, self.y), (self.m - self.x, self.n - self.y)

    @property
    def is_flat(self) -> bool:
        """Whether one margin is empty, so that no test can see a difference."""
        return self.x + self.y in (0, self.m + self.n) or 0 in (self.m, self.n)


def _chi_square(table: Table, *, correction: bool) -> tuple[float, float]:
    """Statistic and p value (SciPy)."""
    from scipy.stats import chi2_contingency

    result = chi2_contingency(table.rows, correction=correction)
    return float(result.statistic), float(result.pvalue)


def pearson_chi_square(table: Table) -> float:
    """Pearson's chi-square with 1 degree of freedom, without correction (SciPy)."""
    return _chi_square(table, correction=False)[1]


def yates_chi_square(table: Table) -> float:
    """Pearson's chi-square with Yates' continuity correction (SciPy)."""
    return _chi_square(table, correction=True)[1]


def n1_chi_square(table: Table) -> float:
    """Pearson's chi-square times (N - 1) / N."""
    from scipy.special import chdtrc

    total = table.m + table.n
    return float(chdtrc(1, _chi_square(table, correction=False)[0] * (total - 1) / total))


def pearson_one_sided(table: Table) -> float:
    """Half of the two-sided p: the z test in the direction that was seen."""
    return pearson_chi_square(table) / 2


@cache
def null_distribution(m: int, n: int, events: int) -> tuple[int, np.ndarray]:
    """The smallest x, and the probability of each x given the margins (hypergeometric)."""
    low, high = max(0, events - n), min(m, events)
    ways = [comb(m, x) * comb(n, events - x) for x in range(low, high + 1)]
    return low, np.array([way / sum(ways) for way in ways])


def fisher_exact(table: Table) -> float:
    """Fisher's exact test, minimum likelihood (SciPy; R's fisher.test)."""
    from scipy.stats import fisher_exact

    return float(fisher_exact(table.rows).pvalue)


def _tails(table: Table, weight: float) -> tuple[float, float]:
    """Both tails of x given the margins; the table seen counts ``weight``."""
    low, probability = null_distribution(table.m, table.n, table.x + table.y)
    at = table.x - low
    seen = probability[at] * weight
    return float(probability[:at].sum() + seen), float(probability[at + 1 :].sum() + seen)


def fisher_central(table: Table) -> float:
    """Fisher's exact test, central: twice the smaller tail."""
    return min(1.0, 2 * min(_tails(table, 1.0)))


def fisher_one_sided(table: Table) -> float:
    """Fisher's exact test in the direction that was seen."""
    return min(1.0, *_tails(table, 1.0))


def fisher_mid_p(table: Table) -> float:
    """Central Fisher with half of the probability of the table seen."""
    return min(1.0, 2 * min(_tails(table, 0.5)))


def barnard(table: Table) -> float:
    """Barnard's unconditional exact test with the pooled Wald statistic.

    Every table is gone through, for each of 2001 values of the chance that both groups share under the
    null. (SciPy's leaves no room for rounding and drops tables that tie with the one seen: for 4/17
    v 11/16 it gives 0.0126 instead of 0.0136.)
    """
    x, y = np.ogrid[: table.m + 1, : table.n + 1]
    events, patients = x + y, table.m + table.n
    spread = (events * (patients - events)).astype(float)
    distance = ((x * table.n - y * table.m) ** 2).astype(float)
    statistic = np.divide(distance, spread, out=np.zeros(spread.shape), where=spread > 0)
    extreme = statistic >= statistic[table.x, table.y] * (1 - 1e-9)
    chance = np.linspace(0, 1, 2001)[:, None]
    first, second = _binomial(table.m, chance), _binomial(table.n, chance)
    return min(1.0, float(((first @ extreme) * second).sum(axis=1).max()))


def _binomial(n: int, chance: np.ndarray) -> np.ndarray:
    """The probability of each count of n, a row for each chance."""
    from scipy.special import gammaln, xlog1py, xlogy

    count = np.arange(n + 1)
    ways = gammaln(n + 1) - gammaln(count + 1) - gammaln(n - count + 1)
    return np.exp(ways + xlogy(count, chance) + xlog1py(n - count, -chance))


def boschloo(table: Table) -> float:
    """Boschloo's unconditional exact test (SciPy)."""
    from scipy.stats import boschloo_exact

    return float(boschloo_exact(table.columns, n=64).pvalue)


@dataclass(frozen=True)
class ProportionTest:
    """A test for two proportions."""

    name: str
    label: str
    family: TestFamily | None
    p: Callable[[Table], float]
    sides: int = 2

    @property
    def unusual(self) -> bool:
        """Whether it is one-sided, which a paper would have to say."""
        return self.sides == 1

    def __call__(self, table: Table) -> float:
        """The p value; 1 where the table holds no information."""
        return 1.0 if table.is_flat else self.p(table)


TESTS = (
    ProportionTest(
        "pearson_chi_square",
        "chi-square without correction",
        TestFamily.chi_square,
        pearson_chi_square,
    ),
    ProportionTest("yates_chi_square", "chi-square, Yates", TestFamily.chi_square, yates_chi_square),
    ProportionTest("fisher_exact", "Fisher's exact", TestFamily.fisher, fisher_exact),
    ProportionTest("fisher_central", "Fisher's exact, central", TestFamily.fisher, fisher_central),
    ProportionTest("n1_chi_square", "chi-square, N - 1", None, n1_chi_square),
    ProportionTest("fisher_mid_p", "Fisher's mid-p", None, fisher_mid_p),
    ProportionTest("barnard", "Barnard", None, barnard),
    ProportionTest("boschloo", "Boschloo", None, boschloo),
    ProportionTest("pearson_one_sided", "chi-square, one-sided", None, pearson_one_sided, sides=1),
    ProportionTest("fisher_one_sided", "Fisher's exact, one-sided", None, fisher_one_sided, sides=1),
)
