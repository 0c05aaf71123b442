"""Checks of digits on small studies, against printing by hand or in exact decimals."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from mgbayes.study import Study
from mgbayes.verification import Verdict, verify
from mgbayes.verification.digits import check_digits
from mgbayes.verification.result import Check


def _study(claims: list[dict[str, Any]], *, n: tuple[int, int] = (17, 16), **endpoint: Any) -> Study:
    """Two arms, one endpoint, and claims about it."""
    return Study.model_validate(
        {
            "schema_version": 1,
            "id": "small",
            "title": "",
            "citation": "",
            "question": "",
            "sources": [{"id": "A", "what": "the paper"}],
            "arms": [
                {"id": "old", "label": "old", "n": str(n[0]), "reference": True},
                {"id": "new", "label": "new", "n": str(n[1])},
            ],
            "endpoints": [{"id": "e", "label": "it", "kind": "binary"} | endpoint],
            "methods": {
                "tests": [
                    {"test": "t", "kinds": ["continuous"]},
                    {"test": "mann_whitney", "kinds": ["continuous"], "design": "independent"},
                    {"test": "fisher", "kinds": ["binary"]},
                ]
            },
            "claims": [
                {"id": f"c{i}", "what": "", "source": ["A"], "endpoint": "e"} | claim
                for i, claim in enumerate(claims)
            ],
        }
    )


def _checks(study: Study, name: str) -> list[Check]:
    return [check for claim in study.claims for check in check_digits(study, claim) if check.name == name]


def _prints(x: int, n: int, places: int) -> set[str]:
    # 28 digits of 100 x / n: for n up to 60 a tie is exact and nothing else looks like one.
    percent, unit = Decimal(100 * x) / Decimal(n), Decimal(1).scaleb(-places)
    return {str(percent.quantize(unit, rounding=how)) for how in (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)}


@pytest.mark.parametrize("places", [0, 1, 2])
def test_a_percentage_holds_exactly_if_the_count_prints_so(places: int) -> None:
    for n in (7, 16, 33, 50, 60):
        for x in range(0, n + 1, 3):
            printed = sorted(_prints(x, n, places))
            around = {str(Decimal(p) + k * Decimal(1).scaleb(-places)) for p in printed for k in range(-2, 3)}
            for percent in sorted(p for p in around if not p.startswith("-") and Decimal(p) <= 100):
                row = {"group": "old", "count": str(x), "percent": percent}
                (check,) = _checks(_study([{"summaries": [row]}], n=(n, 9)), "percentage")
                assert check.holds == (percent in printed), (x, n, percent)


def test_51_of_100_is_not_50_percent() -> None:
    row = {"group": "old", "count": "51", "percent": "50"}
    (check,) = _checks(_study([{"summaries": [row]}], n=(100, 9)), "percentage")
    assert not check.holds
    assert "50/100 would be 50 %" in check.text


@pytest.mark.parametrize(("percent", "count"), [("58.8", 10), ("37.5", None), ("100", 17), ("0", 0)])
def test_a_percentage_without_a_count_tells_the_only_count_it_can_be(percent: str, count: int | None) -> None:
    # 10/17 = 58.82 %; 37.5 % is 6/16, but of 17 there are 6/17 = 35.29 and 7/17 = 41.18 % only.
    (check,) = _checks(_study([{"summaries": [{"group": "old", "percent": percent}]}]), "percentage")
    assert check.holds == (count is not None)
    if count is not None:
        assert f"can only be {count}/17" in check.text


def test_the_arms_add_up_to_all_across_claims() -> None:
    arms = {"summaries": [{"group": "old", "count": "12"}, {"group": "new", "count": "9"}]}
    right = _checks(_study([arms, {"summaries": [{"group": "all", "count": "21"}]}]), "subgroup_total")
    wrong = _checks(_study([arms, {"summaries": [{"group": "all", "count": "22"}]}]), "subgroup_total")
    assert [check.holds for check in right] == [True]
    assert [check.holds for check in wrong] == [False]


def test_the_levels_of_a_group_add_up_to_its_patients() -> None:
    def levels(male: str) -> dict[str, Any]:
        return {
            "summaries": [
                {"group": "all", "level": "female", "count": "24"},
                {"group": "all", "level": "male", "count": male},
            ]
        }

    assert [check.holds for check in _checks(_study([levels("9")]), "levels_total")] == [True]
    assert [check.holds for check in _checks(_study([levels("8")]), "levels_total")] == [False]


@pytest.mark.parametrize(
    ("mean", "holds"),
    # (17 x 10.0 + 16 x 20.0) / 33 = 14.848; over the rounding of the parts, [14.80, 14.95).
    [("14.8", True), ("14.9", True), ("14.6", False), ("15.1", False)],
)
def test_the_pooled_mean_is_that_of_its_parts_over_rounding(mean: str, holds: bool) -> None:
    parts = [
        {"group": "old", "mean": "10.0", "sd": "3.0"},
        {"group": "new", "mean": "20.0", "sd": "3.0"},
    ]
    whole = [{"group": "all", "mean": mean, "sd": "6.0"}]
    study = _study([{"summaries": parts}, {"summaries": whole}], kind="continuous")
    (check,) = _checks(study, "pooled_mean")
    assert check.holds is holds
    assert "average 14.8 " in check.text


def test_values_of_zero_or_more_have_no_sd_above_the_mean_times_the_root_of_n() -> None:
    # One of 16 has all: 16 m, SD = m sqrt(16). Mean 2.0 (below 2.1): SD below 8.4.
    def claim(sd: str) -> list[dict[str, Any]]:
        return [{"summaries": [{"group": "new", "mean": "2.0", "sd": sd}]}]

    assert _checks(_study(claim("8.4"), kind="continuous"), "room_for_sd") == []
    (check,) = _checks(_study(claim("8.5"), kind="continuous", nonnegative=True), "room_for_sd")
    assert not check.holds
    # Not declared: then some values are below zero, which contradicts nothing.
    (check,) = _checks(_study(claim("8.5"), kind="continuous"), "room_for_sd")
    assert check.holds
    assert not check.proves
    assert "below zero" in check.text
    assert _checks(_study(claim("8.5"), kind="continuous", nonnegative=False), "room_for_sd") == []


@pytest.mark.parametrize("kind", ["continuous", "count"])
def test_a_change_below_zero_contradicts_nothing(kind: str) -> None:
    rows = [{"group": "old", "mean": "-3.0", "sd": "8.0"}, {"group": "new", "mean": "-12.5", "sd": "9.1"}]
    study = _study([{"summaries": rows}], kind=kind, whole=False)
    assert not study.is_nonnegative(study.endpoints[0])
    assert check_digits(study, study.claims[0]) == ()
    declared = _study([{"summaries": rows}], kind=kind, nonnegative=True)
    assert [check.holds for check in _checks(declared, "room_for_sd")] == [False, False]


def test_whether_values_below_zero_occur_is_what_is_declared_or_else_printed() -> None:
    def below_zero(mean: str, sd: str, **endpoint: Any) -> bool:
        study = _study([{"summaries": [{"group": "new", "mean": mean, "sd": sd}]}], **endpoint)
        return not study.is_nonnegative(study.endpoints[0])

    assert below_zero("-0.1", "9.1", kind="continuous")
    assert below_zero("-0.0", "0.1", kind="continuous")
    assert not below_zero("2.0", "8.4", kind="continuous")
    assert below_zero("2.0", "8.5", kind="continuous")
    assert not below_zero("2.0", "8.5", kind="count")
    assert below_zero("2.0", "8.4", kind="continuous", nonnegative=False)
    assert not below_zero("-2.0", "8.4", kind="continuous", nonnegative=True)


def test_whole_numbers_that_cannot_exist_are_said_not_to() -> None:
    # GRIM: 1.50 x 16 = 24 exists, 1.53 x 16 = 24.48 does not (24 / 16 = 1.50, 25 / 16 = 1.5625).
    def name(mean: str, sd: str) -> list[tuple[str, bool]]:
        rows = [{"summaries": [{"group": "new", "mean": mean, "sd": sd}]}]
        study = _study(rows, kind="continuous", whole=True)
        return [(check.name, check.holds) for check in check_digits(study, study.claims[0])]

    assert name("1.53", "0.50") == [("grim", False)]
    # Sum 24 of 16: eight 1 and eight 2 have 0.516, the least there is.
    assert name("1.50", "0.52") == [("grimmer", True)]
    assert name("1.50", "0.40") == [("grimmer", False)]


def test_a_claim_with_an_impossible_mean_is_inconsistent_and_its_search_does_not_break() -> None:
    # 17 whole numbers have no mean 10.55: 179 / 17 = 10.529, 180 / 17 = 10.588.
    rows = [
        {"group": "old", "mean": "10.55", "sd": "3.00"},
        {"group": "new", "mean": "12.50", "sd": "3.00"},
    ]
    claim = {"summaries": rows, "p": "0.05", "comparison": {"between": "arms"}}
    ledger = verify(_study([claim], kind="continuous", whole=True), use_cache=False)
    result = ledger.claim("c0")
    assert result.verdict is Verdict.inconsistent
    assert all(0 <= test.p_low <= test.p_high <= 1 for test in result.tests)


def test_a_claim_that_whole_numbers_cannot_have_gives_no_empty_range_of_p() -> None:
    # Sum 25 of 10 whole numbers: the least SD is that of five 2 and five 3, 0.527.
    rows = [
        {"group": "old", "mean": "2.50", "sd": "0.30"},
        {"group": "new", "mean": "3.00", "sd": "1.00"},
    ]
    claim = {"summaries": rows, "p": "0.05", "comparison": {"between": "arms"}}
    ledger = verify(_study([claim], n=(10, 9), kind="continuous", whole=True), use_cache=False)
    assert ledger.claim("c0").verdict is Verdict.inconsistent
    assert all(test.p_low <= test.p_high for test in ledger.claim("c0").tests)
