"""The counts that a printed p value allows, where the counts are not printed.

All tables x of m against y of n are gone through (those that agree with a count that is printed
for one side), each under the tests that the paper names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np

from mgbayes.study.schema import Kind, TestFamily
from mgbayes.verification import paired
from mgbayes.verification.comparison import Pair, Question
from mgbayes.verification.result import CountPairs
from mgbayes.verification.two_by_two import null_distribution


def all_pearson(m: int, n: int) -> np.ndarray:
    """Pearson's chi-square p for every table x of m, y of n: shape (m + 1, n + 1)."""
    return _all_chi_square(m, n, correction=0.0)


def all_yates(m: int, n: int) -> np.ndarray:
    """The same with Yates' correction."""
    return _all_chi_square(m, n, correction=0.5)


def _all_chi_square(m: int, n: int, correction: float) -> np.ndarray:
    from scipy.special import chdtrc

    x, y = np.ogrid[: m + 1, : n + 1]
    total, events = m + n, x + y
    distance = np.abs(x * (n - y) - y * (m - x)).astype(float)
    # SciPy never lets the correction overshoot the distance from independence.
    distance = np.maximum(distance - correction * total, 0.0)
    margins = (m * n * events * (total - events)).astype(float)
    statistic = np.divide(total * distance**2, margins, out=np.zeros(margins.shape), where=margins > 0)
    return chdtrc(1, statistic)


@cache
def all_fisher(m: int, n: int) -> np.ndarray:
    """Fisher's exact p (minimum likelihood) for every table: shape (m + 1, n + 1)."""
    p = np.ones((m + 1, n + 1))
    for events in range(m + n + 1):
        low, probability = null_distribution(m, n, events)
        x = low + np.arange(len(probability))
        as_unlikely = probability[None, :] <= probability[:, None] * (1 + 1e-7)
        p[x, events - x] = np.minimum(1.0, (as_unlikely * probability[None, :]).sum(axis=1))
    return p


def all_mcnemar(m: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and largest exact McNemar p for every before and after of the same patients."""
    low, high = np.ones((m + 1, n + 1)), np.ones((m + 1, n + 1))
    for before in range(m + 1):
        for after in range(n + 1):
            ps = [paired.mcnemar_exact(*pair) for pair in paired.discordant_pairs(before, after, m)]
            low[before, after], high[before, after] = min(ps), max(ps)
    return low, high


_UNPAIRED: tuple[tuple[str, str, TestFamily, Callable[[int, int], np.ndarray]], ...] = (
    ("pearson_chi_square", "chi-square without correction", TestFamily.chi_square, all_pearson),
    ("yates_chi_square", "chi-square, Yates", TestFamily.chi_square, all_yates),
    ("fisher_exact", "Fisher's exact", TestFamily.fisher, all_fisher),
)


def counts_that_give_p(question: Question, pair: Pair) -> tuple[CountPairs, ...]:
    """The counts that give the printed p, where the counts of a comparison are not both printed."""
    return tuple(_of_pair(question, pair)) if question.endpoint.kind is Kind.binary else ()


def _of_pair(question: Question, pair: Pair) -> Iterator[CountPairs]:
    m, n = pair.first.size, pair.second.size
    both_printed = pair.first.count is not None and pair.second.count is not None
    if m is None or n is None or both_printed:
        return
    groups = _names(pair)
    for name, label, family, every_p in _UNPAIRED:
        if family in question.judged:
            p = every_p(m, n)
            yield _fitting(question, pair, (name, label, family), groups, p, p)
    if pair.paired and m == n:
        test = ("mcnemar_exact", "McNemar's exact", TestFamily.mcnemar)
        yield _fitting(question, pair, test, groups, *all_mcnemar(m, n))


def _names(pair: Pair) -> tuple[str, str]:
    if pair.over_time:
        return str(pair.first.visit), str(pair.second.visit)
    return pair.first.group, pair.second.group


def _fitting(
    question: Question,
    pair: Pair,
    test: tuple[str, str, TestFamily],
    groups: tuple[str, str],
    low: np.ndarray,
    high: np.ndarray,
) -> CountPairs:
    tables = [
        (x, y)
        for x in range(low.shape[0])
        for y in range(low.shape[1])
        if (pair.first.count is None or pair.first.count.x == x)
        and (pair.second.count is None or pair.second.count.x == y)
    ]
    fitting = tuple(t for t in tables if question.agrees(float(low[t]), float(high[t])))
    sizes = (low.shape[0] - 1, low.shape[1] - 1)
    return CountPairs(*test, groups, sizes, fitting, len(tables))
