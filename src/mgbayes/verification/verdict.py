"""One verdict for each claim, from its tests, its digit checks and the counts that are possible.

A p value is judged on the tests that the paper names. While one of them could not be re-computed, no other test
can say that the p is wrong: the verdict is then ``possible`` or ``not_checkable``, never ``not_reproduced``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mgbayes.verification.result import Check, CountPairs, NotComputed, TestResult, Verdict


@dataclass(frozen=True)
class Compared:
    """What one comparison is judged on: its tests, the counts that give the p, and what could not be had."""

    tests: tuple[TestResult, ...] = ()
    counts: tuple[CountPairs, ...] = ()
    not_computed: tuple[NotComputed, ...] = ()


_FROM_BEST = (
    Verdict.reproduced,
    Verdict.reproduced_otherwise,
    Verdict.possible,
    Verdict.not_checkable,
    Verdict.not_reproduced,
    Verdict.inconsistent,
)


def verdict_of(p_printed: str | None, compared: Sequence[Compared], checks: Sequence[Check]) -> Verdict:
    """The verdict: digits that contradict each other come first, then the worst of the comparisons."""
    if not all(check.holds for check in checks):
        return Verdict.inconsistent
    if p_printed is None:
        return _of_digits(checks)
    verdicts = [_of_comparison(part) for part in compared]
    return max(verdicts, key=_FROM_BEST.index, default=Verdict.not_checkable)


def best(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict of a claim that the paper leaves open: that of the reading which suits it best."""
    return min(verdicts, key=_FROM_BEST.index)


def _of_digits(checks: Sequence[Check]) -> Verdict:
    if any(check.proves for check in checks):
        return Verdict.reproduced
    return Verdict.possible if checks else Verdict.not_checkable


def _of_comparison(part: Compared) -> Verdict:
    matching = [test for test in part.tests if test.matches]
    judged = [test for test in matching if test.judged]
    if any(not test.exists_only for test in judged):
        return Verdict.reproduced
    if judged or any(row.pairs for row in part.counts):
        return Verdict.possible
    if part.not_computed or not (part.tests or part.counts):
        return Verdict.not_checkable
    if any(not test.exists_only for test in matching):
        return Verdict.reproduced_otherwise
    return Verdict.possible if matching else Verdict.not_reproduced
