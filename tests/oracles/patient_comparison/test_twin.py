"""The spreadsheet's way to the end: file, reader, tests, claims and command line, on made-up patients.

The oracle is the ledger, which has the p values from the printed counts, means and SDs alone: patients with just
these must give the same.
"""

from __future__ import annotations

import csv
import json
from math import comb, erfc, sqrt
from typing import Any

import pytest

from tests.conftest import run_cli
from tests.oracles.patient_comparison.twin import made_up_study, twin, write

pytestmark = pytest.mark.long

SUBSET = "three_cycles = cycles >= 3"
SUFFIXES = (".csv", ".xlsx", ".parquet")
COUNTED = ("remission.ever", "relapse.ever", "baseline.thymectomy", "baseline.thymectomy_all", "pis.mm_12m")
COUNTED += ("pis.improved", "baseline.maintenance", "baseline.sex", "baseline.n")
DOSED = ("prednisone.baseline", "prednisone.12m", "prednisone.last")
_CLOSE = 1e-9


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the command prints for each type of file, and without one."""
    folder = tmp_path_factory.mktemp("twin")
    study, table = made_up_study(folder), twin()
    printed = {}
    for suffix in SUFFIXES:
        file = write(table, folder / f"twin{suffix}")
        options = ("--subset", SUBSET, "--out", folder / f"out{suffix}", "--json", "--no-search")
        run = run_cli("verify", study, "--ipd", file, *options)
        assert run.code == 0, run.err
        assert "Warning" not in run.err
        printed[suffix] = json.loads(run.out)
    alone = run_cli("verify", study, "--json", "--no-search")
    return printed | {"alone": json.loads(alone.out), "folder": folder}


@pytest.fixture(scope="module", name="beside")
def _beside(outputs: dict[str, Any]) -> dict[str, Any]:
    patients: dict[str, Any] = outputs[".csv"]["patients"]
    return patients


def _claims(beside: dict[str, Any], claim: str) -> list[dict[str, Any]]:
    rows = [row for row in beside["claims"] if row["claim"] == claim and row["alternative"] is None]
    assert rows
    return rows


def _test(beside: dict[str, Any], endpoint: str, comparison: str, test: str) -> dict[str, Any]:
    (row,) = [
        row
        for row in beside["tests"]
        if (row["endpoint"], row["comparison"], row["test"]) == (endpoint, comparison, test)
    ]
    return row


def test_the_keys_that_were_there_stay_as_they_are(outputs: dict[str, Any]) -> None:
    with_patients = dict(outputs[".csv"])
    del with_patients["patients"]
    assert with_patients == outputs["alone"]


def test_the_type_of_the_file_makes_no_difference(outputs: dict[str, Any]) -> None:
    first, *others = (dict(outputs[suffix]["patients"]) for suffix in SUFFIXES)
    hashes = {one.pop("file_sha256") for one in (first, *others)}
    assert len(hashes) == len(SUFFIXES)
    assert all(other == first for other in others)


def test_the_patients_are_said_to_be_made_up(beside: dict[str, Any]) -> None:
    assert beside["synthetic"] is True
    assert beside["patients_by_arm"] == {"achr": 17, "musk": 16}


@pytest.mark.parametrize("claim", COUNTED)
def test_a_printed_count_agrees(beside: dict[str, Any], claim: str) -> None:
    assert {row["match"] for row in _claims(beside, claim)} == {"agree"}


@pytest.mark.parametrize("claim", DOSED)
def test_a_printed_mean_and_its_sd_agree(beside: dict[str, Any], claim: str) -> None:
    numbers = [row for row in _claims(beside, claim) if not row["quantity"].startswith("p")]
    assert len(numbers) == 4
    for row in numbers:
        assert row["match"] == "agree"
        assert row["from_patients"] == pytest.approx(float(row["printed"]), rel=_CLOSE)


def test_what_is_not_made_to_agree_does_not(beside: dict[str, Any]) -> None:
    """27 is printed beside 87.9 %; the made-up follow-up is longer; the doubted mean is not the one put in."""
    assert {row["match"] for row in _claims(beside, "baseline.prednisone_users")} == {"not_available"}
    assert {row["match"] for row in _claims(beside, "baseline.followup")} == {"differ"}
    (slip,) = [row for row in beside["claims"] if row["alternative"] == "digit_slip"]
    assert slip["match"] == "differ"


@pytest.mark.parametrize(
    ("endpoint", "comparison", "claim"),
    [
        ("relapse", "musk v achr", "relapse.ever"),
        ("pis_mm", "musk v achr at 12m", "pis.mm_12m"),
        ("thymectomy", "musk v achr", "baseline.thymectomy"),
        ("maintenance_user", "musk v achr at before", "baseline.maintenance"),
    ],
)
@pytest.mark.parametrize("test", ["fisher_exact", "pearson_chi_square", "yates_chi_square", "boschloo"])
def test_p_is_that_of_the_printed_counts(
    outputs: dict[str, Any], beside: dict[str, Any], endpoint: str, comparison: str, claim: str, test: str
) -> None:
    (printed,) = [row for row in outputs["alone"]["claims"] if row["id"] == claim]
    (expected,) = [row for row in printed["tests"] if row["name"] == test]
    assert expected["p_low"] == expected["p_high"]
    assert _test(beside, endpoint, comparison, test)["p"] == pytest.approx(expected["p_low"], rel=1e-6)


def test_two_p_values_by_hand(beside: dict[str, Any]) -> None:
    """Pearson's chi-square of 10/17 v 6/16; Fisher's sum over all tables as rare as 10/17 v 11/16."""
    chi_square = 33 * (10 * 10 - 7 * 6) ** 2 / (17 * 16 * 16 * 17)
    pearson = erfc(sqrt(chi_square / 2))
    chances = [comb(17, x) * comb(16, 21 - x) / comb(33, 21) for x in range(5, 18)]
    fisher = sum(chance for chance in chances if chance <= chances[10 - 5] * (1 + 1e-9))
    assert (round(pearson, 4), round(fisher, 4)) == (0.2206, 0.7207)
    assert _test(beside, "relapse", "musk v achr", "pearson_chi_square")["p"] == pytest.approx(pearson)
    assert _test(beside, "pis_mm", "musk v achr at 12m", "fisher_exact")["p"] == pytest.approx(fisher)


@pytest.mark.parametrize("visit", ["baseline", "12m", "last"])
@pytest.mark.parametrize("test", ["student_t", "welch_t"])
def test_the_p_of_the_doses_lies_where_the_printed_moments_put_it(
    outputs: dict[str, Any], beside: dict[str, Any], visit: str, test: str
) -> None:
    (printed,) = [row for row in outputs["alone"]["claims"] if row["id"] == f"prednisone.{visit}"]
    (expected,) = [row for row in printed["tests"] if row["name"] == test]
    p = _test(beside, "prednisone", f"musk v achr at {visit}", test)["p"]
    assert expected["p_low"] <= p <= expected["p_high"]


def test_a_subset_is_compared_on_its_own_patients(beside: dict[str, Any]) -> None:
    part = twin().query("cycles >= 3")
    row = _test(beside, "time_to_relapse", "musk v achr in three_cycles", "log_rank")
    assert (row["n_used"], row["n_missing"]) == (len(part), 0)
    assert beside["subsets"] == [SUBSET]
    (claim,) = _claims(beside, "relapse.time_3cycles")
    assert claim["from_patients"] == row["p"]


def test_every_comparison_has_one_test_for_the_paper_and_a_better_one(beside: dict[str, Any]) -> None:
    compared = {(row["endpoint"], row["comparison"]) for row in beside["tests"]}
    for role in ("paper", "better"):
        found = [(row["endpoint"], row["comparison"]) for row in beside["tests"] if row["role"] == role]
        assert sorted(found) == sorted(compared)


def test_the_tables_hold_what_the_json_holds(outputs: dict[str, Any], beside: dict[str, Any]) -> None:
    for name, key in (("claims_beside_patients", "claims"), ("tests_on_patients", "tests")):
        with (outputs["folder"] / "out.csv" / f"{name}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == len(beside[key])
        for row, expected in zip(rows, beside[key], strict=True):
            assert (row.pop("synthetic"), row.pop("masked_below")) == ("true", "")
            assert row == {k: "" if v is None else str(v) for k, v in expected.items()}
