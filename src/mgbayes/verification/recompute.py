"""Every test that could stand behind a printed p value, from the printed numbers alone."""

from __future__ import annotations

from collections.abc import Iterator

from mgbayes.frequentist import mcnemar, rank_bounds, t_tests, two_by_two
from mgbayes.study.numbers import support_of
from mgbayes.study.schema import TestFamily
from mgbayes.study.statistics.means import MeanAndSpread
from mgbayes.study.statistics.quantiles import Quantiles
from mgbayes.study.statistics.ratios import Effect
from mgbayes.verification.comparison import Pair, Question
from mgbayes.verification.result import TestResult


def recompute(question: Question, pair: Pair) -> tuple[TestResult, ...]:
    """Every test of one comparison that the printed numbers allow."""
    return tuple(_of_pair(question, pair))


def _of_pair(question: Question, pair: Pair) -> Iterator[TestResult]:
    first, second = pair.first, pair.second
    if first.count is not None and second.count is not None:
        yield from _counts(question, pair)
        if pair.paired and first.count.n == second.count.n:
            yield from _mcnemar(question, pair)
    if first.mean is not None and second.mean is not None:
        if pair.paired and first.mean.n == second.mean.n:
            yield _paired_t(question, pair)
        yield from _means(question, pair)
    if pair.change is not None and pair.change.n > 1:
        yield _t_of_change(question, pair, pair.change)
    if first.quantiles is not None and second.quantiles is not None and not pair.paired:
        yield _rank_bounds(question, pair, first.quantiles, second.quantiles)
    for effect in question.effects:
        yield _wald(question, pair, effect.statistic)


def _result(
    question: Question,
    pair: Pair,
    name: str,
    label: str,
    family: TestFamily | None,
    p: tuple[float, float],
    *,
    bound: bool = False,
    usual: bool = True,
) -> TestResult:
    """``bound``: the range runs over something that is not printed, not over rounding only."""
    return TestResult(
        name,
        label,
        *p,
        named=family in question.named,
        judged=question.judges(family, usual=usual),
        matches=question.agrees(*p),
        exists_only=bound and not question.agrees_throughout(*p),
        family=family,
        visit=pair.visit,
    )


def _counts(question: Question, pair: Pair) -> Iterator[TestResult]:
    one, other = pair.first.count, pair.second.count
    assert one is not None
    assert other is not None
    table = two_by_two.Table(one.x, one.n, other.x, other.n)
    for test in two_by_two.TESTS:
        p = float(test(table))
        yield _result(question, pair, test.name, test.label, test.family, (p, p), usual=_usual(test, pair))


def _mcnemar(question: Question, pair: Pair) -> Iterator[TestResult]:
    before, after = pair.first.count, pair.second.count
    assert before is not None
    assert after is not None
    for name, label, test in mcnemar.TESTS:
        range_of_p = mcnemar.p_range(test, before.x, after.x, before.n)
        yield _result(question, pair, name, label, TestFamily.mcnemar, range_of_p, bound=True)


def _paired_t(question: Question, pair: Pair) -> TestResult:
    before, after = pair.first.mean, pair.second.mean
    assert before is not None
    assert after is not None
    p = t_tests.paired_t_interval(before, after)
    label = "paired t, any within-patient correlation"
    return _result(question, pair, "paired_t", label, TestFamily.t, (p.low, p.high), bound=True)


def _means(question: Question, pair: Pair) -> Iterator[TestResult]:
    one, other = pair.first.mean, pair.second.mean
    assert one is not None
    assert other is not None
    for test in t_tests.TESTS:
        p = test(one, other)
        usual = _usual(test, pair)
        yield _result(question, pair, test.name, test.label, test.family, (p.low, p.high), usual=usual)


def _t_of_change(question: Question, pair: Pair, change: MeanAndSpread) -> TestResult:
    p = t_tests.paired_t_of_change(change)
    label = "paired t, from the mean and SD of the change"
    return _result(question, pair, "paired_t_of_change", label, TestFamily.t, (p.low, p.high))


def _rank_bounds(question: Question, pair: Pair, one: Quantiles, other: Quantiles) -> TestResult:
    p = rank_bounds.mann_whitney_bounds(one, other, support_of(question.study, question.endpoint))
    label = "Mann-Whitney, bounds over all data with these quantiles"
    family = TestFamily.mann_whitney
    return _result(question, pair, "mann_whitney_bounds", label, family, (p.low, p.high), bound=True)


def _wald(question: Question, pair: Pair, effect: Effect) -> TestResult:
    p = effect.wald_p
    label = f"Wald, from the {effect.measure.label} and its confidence interval"
    return _result(question, pair, "wald_from_interval", label, TestFamily.wald, (p.low, p.high))


def _usual(test: two_by_two.ProportionTest | t_tests.MeanTest, pair: Pair) -> bool:
    """Whether the test is what a reader expects for the design: two-sided, on the numbers as printed."""
    return not pair.paired and not test.unusual
