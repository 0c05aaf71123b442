"""Every test that could stand behind a published p value, from the published numbers alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mgbayes.frequentist import categories, mcnemar, rank_bounds, t_tests, two_by_two
from mgbayes.frequentist.published import PublishedTest
from mgbayes.frequentist.two_by_two import Table
from mgbayes.study.numbers import support_of
from mgbayes.study.schema import TestFamily
from mgbayes.study.statistics.counts import Categories
from mgbayes.study.statistics.ratios import Effect
from mgbayes.verification.comparison import Pair, Question
from mgbayes.verification.result import TestResult


def recompute(question: Question, pair: Pair) -> tuple[TestResult, ...]:
    """Every test of one comparison that the published numbers allow."""
    patients = sum(side.size or 0 for side in (pair.first, pair.second))
    return tuple(
        _result(question, pair, test, summaries)
        for test, summaries in _possible_tests(question, pair)
        if patients <= test.up_to
    )


def _possible_tests(question: Question, pair: Pair) -> Iterator[tuple[PublishedTest, tuple[Any, ...]]]:
    """Each test with the summaries that it takes."""
    first, second = pair.first, pair.second
    if first.count is not None and second.count is not None:
        one, other = first.count, second.count
        yield from ((test, (Table(one.x, one.n, other.x, other.n),)) for test in two_by_two.TESTS)
        if pair.paired and one.n == other.n:
            yield from ((test, (one.x, other.x, one.n)) for test in mcnemar.TESTS)
    if first.mean is not None and second.mean is not None:
        if pair.paired and first.mean.n == second.mean.n:
            yield t_tests.PAIRED_T, (first.mean, second.mean)
        yield from ((test, (first.mean, second.mean)) for test in t_tests.TESTS)
    if pair.change is not None and pair.change.n > 1:
        yield t_tests.T_OF_CHANGE, (pair.change,)
    if first.quantiles is not None and second.quantiles is not None and not pair.paired:
        support = support_of(question.study, question.endpoint)
        yield rank_bounds.MANN_WHITNEY, (first.quantiles, second.quantiles, support)
    if pair.is_counted:
        yield from _of_categories(question.endpoint.levels, first.categories, second.categories)
    yield from ((_wald(effect.statistic), ()) for effect in question.effects)


def _of_categories(
    levels: Sequence[str], first: Categories | None, second: Categories | None
) -> Iterator[tuple[PublishedTest, tuple[Any, ...]]]:
    """Of ordered categories, whose order the file gives, ranks too."""
    assert first is not None
    assert second is not None
    named = dict.fromkeys((*first.names, *second.names))
    ordered = set(named) <= set(levels)
    order = levels if ordered else tuple(named)
    counts = tuple(np.array(one.in_order(order), dtype=np.int64) for one in (first, second))
    exact = categories.is_enumerable(*counts)
    for test in categories.OF_CATEGORIES:
        if exact or test.family is not TestFamily.fisher:
            yield test, counts
    yield from ((test, counts) for test in (categories.OF_ORDERED_CATEGORIES if ordered else ()))


def _wald(effect: Effect) -> PublishedTest:
    label = f"Wald, from the {effect.measure.label} and its confidence interval"
    return PublishedTest(
        "wald_from_interval", label, TestFamily.wald, lambda: effect.wald_p, independent=False
    )


def _result(question: Question, pair: Pair, test: PublishedTest, summaries: tuple[Any, ...]) -> TestResult:
    """The usual test for a design is two-sided, on the numbers as published."""
    p = test.interval(*summaries)
    return TestResult(
        test.name,
        test.label,
        p.low,
        p.high,
        named=test.family in question.named,
        judged=question.judges(test.family, usual=not (test.unusual or (pair.paired and test.independent))),
        matches=question.agrees(p.low, p.high),
        exists_only=test.bound and not question.agrees_throughout(p.low, p.high),
        family=test.family,
        visit=pair.visit,
    )
