"""Masked counts cannot be had back: spreadsheets that differ in them alone give the same output, to the letter."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from mgbayes.patient_comparison import PatientComparison, check_patients
from mgbayes.patient_comparison.result import MASKED
from mgbayes.patient_comparison.terminal import show_comparison
from mgbayes.patient_comparison.write import write_tables
from mgbayes.patients.subset import Subset
from mgbayes.study import load_study
from tests.oracles.patient_comparison.twin import twin, write

SUBSETS = (Subset.parse("three_cycles = cycles >= 3"),)
BELOW = 5


Both = tuple[PatientComparison, PatientComparison]


def _check(table: pd.DataFrame, folder: Path, below: int | None) -> PatientComparison:
    return check_patients(load_study(), write(table, folder / "twin.csv"), SUBSETS, below)


def _told(beside: PatientComparison, folder: Path) -> list[str]:
    terminal = Console(file=io.StringIO(), width=200)
    show_comparison(beside, terminal)
    shown = terminal.file.getvalue()  # type: ignore[attr-defined]
    tables = [path.read_text("utf-8") for path in write_tables(beside, folder / "out")]
    return [json.dumps(beside.to_json(), allow_nan=False), shown, *tables]


def _without(column: str, rows: int) -> Callable[[], pd.DataFrame]:
    """The first patients of an arm lack a value."""

    def table() -> pd.DataFrame:
        made = twin()
        some = made.index[made["antibody"] == "AChR+"][:rows]
        made[column] = made[column].astype("object")
        made.loc[some, column] = None
        return made

    return table


SECRETS: dict[str, tuple[int, list[Callable[[], pd.DataFrame]]]] = {
    "2, 1 or 0 without thymectomy": (5, [lambda n=n: twin(thymectomy=(n, 5)) for n in (15, 16, 17)]),
    "3 or 2 with rescue": (5, [lambda n=n: twin(rescue_after=(5, n)) for n in (3, 2)]),
    "7 or 6 with thymoma": (8, [lambda n=n: twin(thymoma=(n, 0)) for n in (7, 6)]),
    "1 or 2 without a dose": (5, [_without("prednisone_mg_12m", n) for n in (1, 2)]),
}


@pytest.mark.parametrize(
    "secret", [pytest.param(name, marks=pytest.mark.long if i else ()) for i, name in enumerate(SECRETS)]
)
def test_small_counts_make_no_difference_to_anything_told(secret: str, tmp_path: Path) -> None:
    below, tables = SECRETS[secret]
    first, *others = (_told(_check(table(), tmp_path, below), tmp_path) for table in tables)
    assert all(other == first for other in others)


@pytest.fixture(scope="module", name="both")
def _both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder = tmp_path_factory.mktemp("masked")
    return _check(twin(), folder, None), _check(twin(), folder, BELOW)


def test_what_has_no_small_cell_is_told_as_without_masking(
    both: Both,
) -> None:
    """12/17 v 9/16 in remission and 10/17 v 6/16 with a relapse leave no cell below 5."""
    plain, masked = both
    seen = set()
    for row, hidden in zip(plain.claims, masked.claims, strict=True):
        if hidden["match"] != MASKED:
            assert hidden | {"note": ""} == row | {"note": ""}
            seen.add(row["claim"])
    assert {"remission.ever", "relapse.ever", "relapse.time", "prednisone.last", "pis.mm_12m"} <= seen
    for row, hidden in zip(plain.tests, masked.tests, strict=True):
        if hidden["note"] != MASKED:
            assert hidden | {"note": "", "holm_p": None} == row | {"note": "", "holm_p": None}


def test_a_small_count_is_told_as_below_and_its_complement_not_at_all(
    both: Both,
) -> None:
    _, masked = both
    counts = {
        row["quantity"]: row["from_patients"]
        for row in masked.claims
        if row["claim"].startswith("baseline.thymectomy") or row["claim"] == "baseline.maintenance"
    }
    assert counts["achr before count"] == "<5"  # 4 of 17
    assert counts["musk before count"] == counts["achr count"] == counts["musk count"] == MASKED
    assert counts["all count"] == counts["all percent"] == counts["p, musk v achr"] == MASKED


def test_no_masked_number_is_said_to_agree(both: Both) -> None:
    """That 15 of 17 agrees with the print would tell it."""
    _, masked = both
    for row in masked.claims:
        assert (row["match"] == MASKED) == (
            row["from_patients"] is not None and isinstance(row["from_patients"], str)
        )


def test_no_adjusted_p_stands_beside_a_hidden_one(both: Both) -> None:
    plain, masked = both
    assert any(row["holm_p"] is not None for row in plain.tests)
    assert all(row["holm_p"] is None for row in masked.tests)


def test_the_threshold_is_recorded_in_every_output(both: Both, tmp_path: Path) -> None:
    for text in _told(both[1], tmp_path)[1:]:
        assert "5" in text.splitlines()[1] or "below 5 are masked" in text
    told = both[1].to_json()["masking"]
    assert told["below"] == BELOW
    assert {"thymectomy", "thymoma", "maintenance_user", "mgfa"} <= set(told["endpoints"])
    assert not {"remission", "relapse", "time_to_relapse", "prednisone"} & set(told["endpoints"])
    assert both[1].file_sha256 is None


def test_the_difference_of_two_subsets_is_not_told(tmp_path: Path) -> None:
    """Follow-up of cycles >= 3 and of cycles >= 4 would together tell that of the few with 3 cycles."""
    nested = tuple(Subset.parse(f"at_least_{n} = cycles >= {n}") for n in (3, 4))
    beside = check_patients(load_study(), write(twin(), tmp_path / "twin.csv"), nested, BELOW)
    parts = [row for row in beside.tests if "at_least" in row["comparison"]]
    assert parts
    assert all(row["p"] is None and row["note"] == MASKED for row in parts)
