"""The tests that a claim is judged on and that what is printed does not allow, with what each needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mgbayes.study.schema import Kind, TestFamily
from mgbayes.verification.comparison import Pair, Question, Side
from mgbayes.verification.result import CountPairs, NotComputed, TestResult

LABELS = {
    TestFamily.t: "t",
    TestFamily.mann_whitney: "Mann-Whitney",
    TestFamily.signed_rank: "Wilcoxon's signed rank",
    TestFamily.chi_square: "chi-square",
    TestFamily.fisher: "Fisher's exact",
    TestFamily.mcnemar: "McNemar's",
    TestFamily.log_rank: "log-rank",
    TestFamily.wald: "Wald",
}
_OF_PATIENTS = {
    TestFamily.mann_whitney: "each patient's value",
    TestFamily.signed_rank: "each patient's change",
    TestFamily.log_rank: "each patient's time, and whether it ended in the event",
}
_COUNTED = (TestFamily.chi_square, TestFamily.fisher, TestFamily.mcnemar)


def not_computed(
    question: Question, pair: Pair | None, tests: Sequence[TestResult], counts: Sequence[CountPairs]
) -> tuple[NotComputed, ...]:
    """Each test that decides the verdict of a comparison and could not be re-computed, in the order of the format.

    ``pair`` is None where the two sides of the comparison are not printed at all.
    """
    visit = None if pair is None else pair.visit
    return tuple(
        NotComputed(family, LABELS[family], _needs(question, pair, family, tests), visit)
        for family in TestFamily
        if family in question.judged and not _computed(family, tests, counts)
    )


def _computed(family: TestFamily, tests: Sequence[TestResult], counts: Sequence[CountPairs]) -> bool:
    """Whether a test was had. A search of censored times assumes how long patients were followed: where it
    does not reach the print, that is no evidence against the print."""
    own = [test for test in tests if test.family is family]
    if family is TestFamily.log_rank:
        return any(test.matches for test in own)
    return bool(own) or any(row.family is family for row in counts)


def _needs(question: Question, pair: Pair | None, family: TestFamily, tests: Sequence[TestResult]) -> str:
    if family in _OF_PATIENTS:
        ranges = [
            f"; p ran from {t.p_low:.2g} to {t.p_high:.2g} over the data sets searched"
            for t in tests
            if t.family is family
        ]
        return _OF_PATIENTS[family] + "".join(ranges)
    if family is TestFamily.wald:
        return "the estimate with its confidence interval"
    if pair is None:
        return "the numbers of each arm within the group"
    if family in _COUNTED and question.endpoint.kind is not Kind.binary:
        return "the count in each category, few enough to go through every table"
    if family is TestFamily.mcnemar and not pair.paired:
        return "who is paired with whom"
    lacking = [_name(question, pair, side) for side in _lacking(pair, family)]
    what = (
        "the count, and the number of patients,"
        if family in _COUNTED
        else "the mean, the SD and the number of patients"
    )
    return (
        f"{what} of {' and '.join(lacking)}"
        if lacking
        else "the same patients on both sides (their numbers differ)"
    )


def _lacking(pair: Pair, family: TestFamily) -> Iterator[Side]:
    for side in (pair.first, pair.second):
        if (side.count if family in _COUNTED else side.mean) is None:
            yield side


def _name(question: Question, pair: Pair, side: Side) -> str:
    if not pair.over_time:
        return question.study.label(side.group)
    return next((visit.label for visit in question.study.visits if visit.id == side.visit), str(side.visit))
