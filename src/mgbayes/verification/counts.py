"""The counts that a printed p value allows, where the counts are not printed.

All tables x of m against y of n are gone through (those that agree with a count that is printed
for one side), each under the tests that the paper names.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mgbayes.frequentist import mcnemar
from mgbayes.frequentist.two_by_two import TESTS, Table
from mgbayes.study.schema import Kind, TestFamily
from mgbayes.verification.comparison import Pair, Question
from mgbayes.verification.result import CountPairs

_MOST_TABLES = 250_000
_UNPAIRED = ("pearson_chi_square", "yates_chi_square", "fisher_exact")


def counts_that_give_p(question: Question, pair: Pair) -> tuple[CountPairs, ...]:
    """The counts that give the printed p, where the counts of a comparison are not both printed."""
    return tuple(_of_pair(question, pair)) if question.endpoint.kind is Kind.binary else ()


def _of_pair(question: Question, pair: Pair) -> Iterator[CountPairs]:
    m, n = pair.first.size, pair.second.size
    both_printed = pair.first.count is not None and pair.second.count is not None
    if m is None or n is None or both_printed or m * n > _MOST_TABLES:
        return
    groups = _names(pair)
    for test in TESTS:
        if test.name in _UNPAIRED and test.family in question.judged:
            p = test(Table.every(m, n))
            yield _fitting(question, pair, (test.name, test.label, test.family), groups, p, p)
    if pair.paired and m == n:
        names = ("mcnemar_exact", "McNemar's exact", TestFamily.mcnemar)
        yield _fitting(question, pair, names, groups, *mcnemar.every_range(m))


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
