"""One verdict for each claim, and what comes before what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mgbayes.study.schema import TestFamily
from mgbayes.verification.result import (
    MEANING,
    Check,
    ClaimResult,
    CountPairs,
    NotComputed,
    TestResult,
    Verdict,
)
from mgbayes.verification.verdict import Compared, verdict_of

NAMED = TestResult("welch_t", "Welch's t", 0.21, 0.23, named=True, judged=True, matches=True)
OTHER = replace(NAMED, name="welch_t_one_sided", named=False, judged=False)
MISSED = replace(NAMED, matches=False)
FOUND = replace(NAMED, name="mann_whitney", exists_only=True, searched=4000, share=0.1)
PAIRS = CountPairs("fisher_exact", "Fisher's exact", TestFamily.fisher, ("a", "b"), (17, 16), ((10, 7),), 306)
NO_PAIRS = replace(PAIRS, pairs=())
HOLDS = Check("percentage", True, "10/17 is 58.8 %")
FITS = Check("grimmer", True, "exists", proves=False)
FAILS = Check("percentage", False, "27/33 is 81.8 %")
NEEDED = NotComputed(TestFamily.log_rank, "log-rank", "each patient's time")


def _verdict(
    p: str | None,
    tests: Sequence[TestResult],
    checks: Sequence[Check],
    counts: Sequence[CountPairs],
    missing: Sequence[NotComputed] = (),
) -> Verdict:
    """The verdict of one comparison."""
    return verdict_of(p, [Compared(tuple(tests), tuple(counts), tuple(missing))], checks)


@pytest.mark.parametrize(
    ("expected", "p", "tests", "checks", "counts"),
    [
        (Verdict.reproduced, "0.22", [MISSED, NAMED], [], []),
        (Verdict.reproduced_otherwise, "0.22", [MISSED, OTHER], [], []),
        (Verdict.possible, "0.22", [MISSED, FOUND], [], []),
        (Verdict.not_reproduced, "0.22", [MISSED], [], []),
        (Verdict.inconsistent, "0.22", [NAMED], [FAILS], []),
        (Verdict.not_checkable, "0.22", [], [], []),
    ],
)
def test_each_verdict_has_its_case(
    expected: Verdict,
    p: str | None,
    tests: Sequence[TestResult],
    checks: Sequence[Check],
    counts: Sequence[CountPairs],
) -> None:
    assert _verdict(p, tests, checks, counts) is expected


def test_a_named_test_comes_before_any_other_that_gives_the_print() -> None:
    assert _verdict("0.22", [OTHER, FOUND, NAMED], [], []) is Verdict.reproduced
    assert _verdict("0.22", [FOUND, OTHER], [], []) is Verdict.possible


def test_what_is_merely_possible_is_never_called_reproduced() -> None:
    assert _verdict("0.22", [FOUND], [HOLDS], []) is Verdict.possible
    assert _verdict("0.22", [], [HOLDS], [PAIRS]) is Verdict.possible


def test_counts_that_no_pair_of_fits_are_not_reproduced() -> None:
    assert _verdict("0.22", [], [], [NO_PAIRS]) is Verdict.not_reproduced
    assert _verdict("0.22", [], [], [NO_PAIRS, PAIRS]) is Verdict.possible


def test_without_a_p_the_digits_decide() -> None:
    assert _verdict(None, [], [HOLDS], []) is Verdict.reproduced
    assert _verdict(None, [], [FITS], []) is Verdict.possible
    assert _verdict(None, [], [HOLDS, FITS], []) is Verdict.reproduced
    assert _verdict(None, [], [HOLDS, FAILS], []) is Verdict.inconsistent
    assert _verdict(None, [], [], []) is Verdict.not_checkable


def test_digits_that_contradict_each_other_come_before_a_p_that_fits() -> None:
    assert _verdict("0.22", [NAMED], [HOLDS, FAILS], [PAIRS]) is Verdict.inconsistent


def test_digits_that_agree_do_not_reproduce_a_p() -> None:
    assert _verdict("0.22", [MISSED], [HOLDS], []) is Verdict.not_reproduced
    assert _verdict("0.22", [], [HOLDS], []) is Verdict.not_checkable


def test_a_claim_about_two_visits_gets_the_worse_of_the_two() -> None:
    def verdict(*last: TestResult, missing: tuple[NotComputed, ...] = ()) -> Verdict:
        return verdict_of("<0.01", [Compared((NAMED,)), Compared(last, (), missing)], [])

    assert verdict(NAMED) is Verdict.reproduced
    assert verdict(FOUND) is Verdict.possible
    assert verdict(MISSED) is Verdict.not_reproduced
    assert verdict(missing=(NEEDED,)) is Verdict.not_checkable
    assert verdict() is Verdict.not_checkable


def test_a_visit_that_cannot_be_checked_does_not_hide_one_that_is_wrong() -> None:
    compared = [Compared((MISSED,)), Compared(not_computed=(NEEDED,))]
    assert verdict_of("0.22", compared, []) is Verdict.not_reproduced


def test_while_a_test_that_decides_is_missing_no_other_test_says_that_the_p_is_wrong() -> None:
    assert _verdict("0.22", [MISSED], [], [], [NEEDED]) is Verdict.not_checkable
    assert _verdict("0.22", [OTHER], [], [], [NEEDED]) is Verdict.not_checkable
    assert _verdict("0.22", [FOUND, OTHER], [], [], [NEEDED]) is Verdict.possible
    assert _verdict("0.22", [NAMED], [], [], [NEEDED]) is Verdict.reproduced
    assert _verdict("0.22", [], [], [NO_PAIRS], [NEEDED]) is Verdict.not_checkable


def test_every_verdict_has_its_meaning_in_words() -> None:
    assert set(MEANING) == set(Verdict)
    assert [str(verdict) for verdict in Verdict] == [
        "reproduced",
        "reproduced_otherwise",
        "possible",
        "not_reproduced",
        "inconsistent",
        "not_checkable",
    ]


def test_the_matches_of_a_claim_are_its_tests_counts_and_proving_checks_once_each() -> None:
    claim = ClaimResult(
        "a",
        "",
        "",
        "0.22",
        Verdict.reproduced,
        tests=(NAMED, replace(NAMED, visit="last"), MISSED),
        checks=(HOLDS, FITS, FAILS),
        counts=(PAIRS, NO_PAIRS),
    )
    assert claim.matches == ("welch_t", "fisher_exact", "percentage")
