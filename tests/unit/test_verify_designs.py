"""Comparisons that a study file may hold and that no test can re-compute: said, not crashed on."""

from __future__ import annotations

from typing import Any

import pytest

from mgbayes.study.load import parse_study
from mgbayes.verification import Verdict, verify
from mgbayes.verification.result import ClaimResult
from tests.surface.test_bad_input import GOOD


def _cure(summaries: str, comparison: str, search: bool = False) -> ClaimResult:
    """The first claim of the small study with other numbers and another comparison."""
    text = GOOD.replace("visits = [", 'visits = [{ id = "start", label = "the start" }, ').replace(
        "endpoints = [", 'subgroups = [{ id = "old", label = "older patients" }]\nendpoints = ['
    )
    text = text.replace('[{ group = "a", count = "4" }, { group = "b", count = "9" }]', f"[{summaries}]")
    text = text.replace('{ between = "arms" }', "{ " + comparison + " }")
    return verify(parse_study(text, "small.toml"), search=search, use_cache=False).claim("cure")


BOTH = 'group = "a", visit = "{}", n = "{}", count = "{}"'
VISITS = 'between = "visits", groups = ["a"], visits = ["start", "end"]'


@pytest.mark.parametrize("search", [True, False])
def test_the_same_patients_in_different_numbers_have_no_paired_test(search: bool) -> None:
    summaries = "{ " + BOTH.format("start", 10, 2) + " }, { " + BOTH.format("end", 8, 6) + " }"
    result = _cure(summaries, VISITS + ', test = "mcnemar"', search)
    assert result.verdict is Verdict.not_checkable
    (missing,) = result.not_computed
    assert (str(missing.test), missing.needs) == (
        "mcnemar",
        "the same patients on both sides (their numbers differ)",
    )


def test_the_arms_within_a_part_of_the_patients_need_numbers_that_a_file_cannot_hold() -> None:
    result = _cure('{ group = "old", count = "3" }', 'between = "arms", groups = ["old"]')
    assert result.verdict is Verdict.not_checkable
    assert {test.needs for test in result.not_computed} == {"the numbers of each arm within the group"}


@pytest.mark.parametrize(
    ("comparison", "needs"),
    [
        ('between = "arms", test = "mcnemar"', "who is paired with whom"),
        ('between = "arms", test = "log_rank"', "each patient's time, and whether it ended in the event"),
        ('between = "arms", test = "t"', "the mean, the SD and the number of patients of A and B"),
    ],
)
def test_a_named_test_that_the_print_does_not_allow_is_not_replaced_by_another(
    comparison: str, needs: str
) -> None:
    # 4 of 10 v 9 of 12 by chi-square or Fisher is far from no test: yet neither is the test that is named.
    result = _cure('{ group = "a", count = "4" }, { group = "b", count = "9" }', comparison)
    assert result.verdict is Verdict.not_checkable
    assert [test.needs for test in result.not_computed] == [needs]
    assert any(needs in note for note in result.notes)


def test_matched_pairs_between_the_arms_get_paired_tests() -> None:
    counts = '{ group = "a", count = "4" }, { group = "b", n = "10", count = "9" }'
    result = _cure(counts, 'between = "arms", paired = true')
    exact: Any = next(test for test in result.tests if test.name == "mcnemar_exact")
    # 5 more of the same 10: from 0 lost and 5 gained (2/32) to 1 lost and 6 gained (16/128).
    assert (exact.p_low, exact.p_high) == pytest.approx((2 / 32, 16 / 128))
    # 0.1 stands for 0.05 to 0.2: whoever changed, the exact test prints so.
    assert result.verdict is Verdict.reproduced
    assert not any(test.judged for test in result.tests if "mcnemar" not in test.name)
    assert any("in matched pairs" in note for note in result.notes)
