"""Each printed number beside the rows: counted by hand."""

from __future__ import annotations

import pytest

from mgbayes.errors import InputError
from mgbayes.frequentist.result import Result, refused
from mgbayes.patient_comparison import catalogue
from mgbayes.patient_comparison.claims import ClaimCheck, Match, compare_with_claims
from mgbayes.patient_comparison.run import _stands_for_the_paper, run_tests
from mgbayes.patients.subset import Subset
from mgbayes.study import Study
from mgbayes.study.schema import TestFamily
from tests.unit.patient_rows import ENDPOINTS, METHODS, rows_of, study_of

ARMS = ["old"] * 4 + ["new"] * 4
ROWS = rows_of(
    ARMS,
    well=[0, 0, 0, 1, 1, 1, 1, 0],
    dose=[[40, 10], [30, 20], [20, 20], [10, 0], [40, 5], [35, 5], [15, 0], [10, 2.5]],
    relapse__time=[100, 200, 300, 400, 150, 250, 350, 450],
    relapse__event=[1, 1, 0, 1, 0, 1, 0, 0],
)


def claim(name: str, **more: object) -> dict[str, object]:
    return {"id": name, "what": name, "source": ["A"]} | more


CLAIMS = [
    claim("well", endpoint="well", p="0.49", comparison={"between": "arms"}, summaries=[
        {"group": "old", "count": "1", "n": "4", "percent": "25"}, {"group": "new", "count": "4", "n": "4"}]),
    claim("dose", endpoint="dose", summaries=[
        {"group": "new", "visit": "baseline", "mean": "25", "sd": "14.7"},
        {"group": "old", "visit": "12m", "mean": "12.4", "sd": "9.6"}]),
    claim("fall", endpoint="dose", p="0.0156", comparison={
        "between": "visits", "groups": ["all"], "visits": ["baseline", "12m"]}),
    claim("relapse", endpoint="relapse", p="0.25", comparison={"between": "arms", "test": "log_rank"}, summaries=[
        {"group": "old", "n": "3", "mean": "233.3", "sd": "152.8"}]),
    claim("grade", endpoint="grade", p="0.3", comparison={"between": "arms"}),
]  # fmt: skip
OTHER = [
    {"name": "slip", "claim": "dose", "kind": "doubt", "why": "a slip",
     "changes": [{"group": "old", "visit": "12m", "mean": "12.5"}]},
]  # fmt: skip
STUDY: Study = study_of(ENDPOINTS, methods=METHODS, claims=CLAIMS, alternatives=OTHER)
CHECKS = compare_with_claims(STUDY, ROWS, run_tests(STUDY, ROWS))


def check(claim_id: str, quantity: str, alternative: str | None = None) -> ClaimCheck:
    (found,) = [
        row
        for row in CHECKS
        if (row.claim, row.quantity, row.alternative) == (claim_id, quantity, alternative)
    ]
    return found


@pytest.mark.parametrize(
    ("claim_id", "quantity", "value", "match"),
    [
        ("well", "old count", 1, Match.agree),
        ("well", "old percent", 25, Match.agree),
        ("well", "new n", 4, Match.agree),
        ("well", "new count", 3, Match.differ),  # 4 is printed; rounding does not make 3 of it
        ("dose", "new baseline mean", 25, Match.agree),
        ("dose", "new baseline sd", 14.7196, Match.agree),
        ("dose", "old 12m mean", 12.5, Match.differ),  # 12.4 stands for values below 12.5, cut off or rounded
        ("dose", "old 12m sd", 9.5743, Match.agree),
        ("relapse", "old n", 3, Match.agree),
        ("relapse", "old mean", 700 / 3, Match.agree),
        ("relapse", "old sd", 152.7525, Match.agree),
    ],
)
def test_a_number_is_counted_from_the_rows(claim_id: str, quantity: str, value: float, match: Match) -> None:
    found = check(claim_id, quantity)
    assert found.from_rows == pytest.approx(value, abs=1e-4)
    assert found.match is match


def test_the_other_reading_of_a_number_is_checked_too() -> None:
    found = check("dose", "old 12m mean", "slip")
    assert (found.from_rows, found.match) == (12.5, Match.agree)


def test_a_p_agrees_when_a_test_that_the_paper_names_gives_it() -> None:
    # 1 of 4 v 3 of 4: Fisher's p is 34/70 = 0.486, chi-square without correction 0.157
    found = check("well", "p, new v old")
    assert found.from_rows == pytest.approx(34 / 70)
    assert found.match is Match.agree
    assert "gives the reported p: Fisher's exact" in found.note


def test_a_p_differs_when_only_another_test_gives_it() -> None:
    # 8 patients of whom 7 fell and none rose: 2 of 128 choices of signs, which the exact test alone counts
    found = check("fall", "p, 12m v baseline")
    assert found.match is Match.differ
    assert "Wilcoxon signed rank, exact with ties (not named by the paper)" in found.note


def test_a_claim_that_names_its_test_is_held_to_it() -> None:
    found = check("relapse", "p, new v old")
    row = run_tests(STUDY, ROWS).row("relapse", "new v old", "log_rank")
    assert found.from_rows == row.p
    assert found.note.startswith("from the patients: log-rank")


def test_where_the_paper_names_no_test_a_p_agrees_with_any_that_gives_it() -> None:
    study = study_of(ENDPOINTS, claims=CLAIMS[:1])
    (found,) = [row for row in compare_with_claims(study, ROWS, run_tests(study, ROWS)) if row.number == "p"]
    assert (found.from_rows, found.match) == (pytest.approx(34 / 70), Match.agree)
    assert "the paper names no test" in found.note
    assert "not named by the paper" not in found.note


def test_a_p_whose_named_test_the_rows_do_not_allow_is_not_held_to_other_tests() -> None:
    asked = CLAIMS[0] | {"comparison": {"between": "arms", "test": "log_rank"}}
    study = study_of(ENDPOINTS, methods=METHODS, claims=[asked])
    (found,) = [row for row in compare_with_claims(study, ROWS, run_tests(study, ROWS)) if row.number == "p"]
    assert (found.from_rows, found.match) == (None, Match.not_available)
    assert found.note.startswith("these rows allow no log-rank test")
    assert "Fisher's exact (not named by the paper)" in found.note


def test_what_the_rows_do_not_hold_is_not_available() -> None:
    found = check("grade", "p")
    assert (found.from_rows, found.match) == (None, Match.not_available)
    assert found.note == "the rows do not hold what this p compares"


def test_every_fault_of_the_rows_is_said_at_once() -> None:
    strange = rows_of(["old", "gold"], dose=[1, 2])
    with pytest.raises(InputError) as stop:
        run_tests(STUDY, strange, (Subset.parse("many = cycles >= 3 in silver"),))
    assert len(stop.value.problems) == 3
    for word in ("'gold'", "'cycles'", "'silver'"):
        assert word in str(stop.value)


def test_a_rule_that_is_none_is_refused_with_its_form() -> None:
    with pytest.raises(InputError, match="NAME = COLUMN >= NUMBER"):
        Subset.parse("three cycles")


@pytest.mark.parametrize(
    "text", ["many = cycles >= 3", "no_thymoma = thymoma == 0 in achr", "low = dose < 2.5"]
)
def test_a_rule_is_written_as_it_is_read(text: str) -> None:
    assert str(Subset.parse(text)) == text


def test_of_the_named_tests_the_first_that_has_a_p_stands_for_the_paper() -> None:
    tests = (catalogue.FISHER, catalogue.PEARSON, catalogue.YATES)
    named = frozenset({TestFamily.fisher, TestFamily.chi_square})
    without, some = refused("too few"), Result(0.2)
    assert _stands_for_the_paper(tests, [without, some, some], named) is catalogue.PEARSON
    assert _stands_for_the_paper(tests, [some, some, some], named) is catalogue.FISHER
    assert _stands_for_the_paper(tests, [without, without, without], named) is catalogue.FISHER
    assert _stands_for_the_paper(tests, [some, without, some], frozenset({TestFamily.chi_square})) is (
        catalogue.YATES
    )
