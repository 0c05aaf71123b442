"""Nothing that is printed or written holds an identifier or a value of one patient.

The one exception is said in the manual: the median time to an event, which can be the time of one patient.
"""

from __future__ import annotations

import re

import pandas as pd
import pytest

from tests.conftest import run_cli
from tests.oracles.patient_comparison.twin import PRIVATE, made_up_study, twin, write

_MEDIANS = re.compile(r"median time: reference [^,]*, contrast (not\s+reached|[\d.]+)")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Standard output in both forms, standard error, and every file that is written."""
    folder = tmp_path_factory.mktemp("private")
    study = made_up_study(folder)
    file = write(twin(), folder / "Jane Doe.xlsx")
    options = ("--ipd", file, "--subset", "three_cycles = cycles >= 3", "--no-search")
    told = {}
    for form in ([], ["--json"]):
        run = run_cli("verify", study, *options, *form, "--out", folder / "out", env={"COLUMNS": "2000"})
        assert run.code == 0, run.err
        told |= {f"stdout {form}": run.out, f"stderr {form}": run.err}
    return told | {path.name: path.read_text("utf-8") for path in (folder / "out").iterdir()}


def _spellings(value: object) -> set[str]:
    """How a cell could be printed: in full, and with the digits that the terminal shows."""
    if isinstance(value, float):
        return {repr(value), f"{value:.6f}", f"{value:.5g}"}
    return {str(value)}


def _has(text: str, word: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.]*\d)", text) is not None


def _told_values(text: str, table: pd.DataFrame) -> list[str]:
    cells = [cell for column in PRIVATE for cell in table[column].dropna().tolist()]
    return [word for cell in cells for word in _spellings(cell) if _has(text, word)]


def test_the_search_finds_what_is_there() -> None:
    table = twin()
    assert len(set(_told_values(table.to_csv(), table))) >= sum(table[c].notna().sum() for c in PRIVATE) - 2


def test_no_output_holds_an_identifier_or_the_name_of_the_file(outputs: dict[str, str]) -> None:
    assert len(outputs) == 6
    for text in outputs.values():
        assert "Jane Doe" not in text
        for name in twin()["patient"]:
            assert name not in text


def test_no_output_holds_a_value_of_a_patient_but_for_median_times(outputs: dict[str, str]) -> None:
    for name, text in outputs.items():
        flat = re.sub(r"\s+", " ", text)
        assert _told_values(_MEDIANS.sub("", flat), twin()) == [], name


def test_the_curves_are_not_told(outputs: dict[str, str]) -> None:
    """Each step of a curve is the time of a patient."""
    for text in outputs.values():
        assert "at_risk" not in text
        assert "curves" not in text
