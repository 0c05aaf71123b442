"""What a clinic's file has: faults of the whole file, told in one pass; and habits that are no fault."""

from __future__ import annotations

import csv
import datetime
import io
from pathlib import Path

import numpy as np
import pytest
from openpyxl import Workbook

from mgbayes.errors import InputError
from mgbayes.patients import read_patients
from mgbayes.patients.dictionary import entries
from mgbayes.study import Study, load_study
from mgbayes.study.load import parse_study
from tests.oracles.patients.forms import form
from tests.surface.test_bad_input import GOOD

HEADS = ["Pat. No.", "Antibody", "Age", "Sex", "Thymoma", "Response", "Relapse", "Relapse day", "Seen until"]
HEADS += ["Dose 0", "Dose 12", "Dose last", "Class 0", "Class last", "Stays", "Seen for"]
ROWS = [
    ["p1", "AChR", "40", "F", "no", "yes", "yes", "300", "900", "40", "10.5", "0", "II", "0", "1", "900"],
    ["p2", "MuSK", "52", "M", "no", "no", "no", "", "800", "20", "", "NA", "I", "0", "0", "800"],
]


def _text(rows: list[list[str]], separator: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _refused(path: Path, study: Study | None = None) -> InputError:
    with pytest.raises(InputError) as caught:
        read_patients(path, study or form("days"))
    assert caught.value.exit_code == 2
    return caught.value


SHEET = _text([HEADS, *ROWS])
HABITS = {
    "plain": SHEET.encode(),
    "a byte order mark": SHEET.encode("utf-8-sig"),
    "UTF-16": SHEET.encode("utf-16"),
    "semicolons": _text([HEADS, *ROWS], ";").encode(),
    "tabs": _text([HEADS, *ROWS], "\t").encode(),
    "a line that tells the separator": b"sep=;\r\n" + _text([HEADS, *ROWS], ";").encode(),
    "trailing blank rows": SHEET.encode() + b"\n,,,,,,\n  ,  \n",
    "Windows line ends": SHEET.replace("\n", "\r\n").encode(),
    "blanks around headings": SHEET.replace("Antibody,", " Antibody\u00a0,").encode(),
    "a column that is not mapped": SHEET.replace("Pat. No.", "Größe,Pat. No.")
    .replace("p1,", "1,p1,")
    .replace("p2,", "2,p2,")
    .encode("cp1252"),
}


@pytest.mark.parametrize("habit", HABITS)
def test_a_habit_is_no_fault(habit: str, tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(HABITS[habit])
    data = read_patients(path, form("days"))
    assert data["patient"].to_numpy().tolist() == [2, 3]
    assert data["arm"].to_numpy().tolist() == ["a", "b"]
    assert data["relapse.time"].to_numpy().tolist() == [300, 800]
    assert data["dose"].sel(visit="12m").to_numpy()[0] == 10.5
    assert data.attrs["synthetic"] is False
    assert len(data.attrs["file_sha256"]) == 64


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    """Blank rows count, and a cell with a line break does not add a row."""
    rows = [HEADS, [], ROWS[0], ["", "", ""], [*ROWS[1][:1], "Lambert", *ROWS[1][2:]]]
    path = tmp_path / "sheet.csv"
    path.write_text(_text(rows).replace("p1", '"p1\nagain"'), "utf-8")
    places = [problem.place for problem in _refused(path).problems]
    assert places == ['row 5, column "Antibody"']


WHOLE_FILES = {
    "empty": (".csv", b"", ["the content", "given nothing"]),
    "blank": (".csv", b"\n , \n", ["the content", "given nothing"]),
    "only a heading": (".csv", _text([HEADS]).encode(), ["no row below the heading"]),
    "a missing column": (
        ".csv",
        SHEET.replace("Antibody", "Antibodies").encode(),
        ["'Antibody'", "'Antibodies'?"],
    ),
    "a doubled column": (".csv", SHEET.replace("Class last", "Sex").encode(), ["'Sex' more than once"]),
    "an open quote": (".csv", SHEET.replace("p1", '"p1').encode(), ["not CSV"]),
    "bytes": (".csv", b"\x00\x01\x02\x00", ["not text"]),
    "CSV named as Excel": (".xlsx", SHEET.encode(), ["not Excel"]),
    "CSV named as Parquet": (".parquet", SHEET.encode(), ["not Parquet"]),
    "an old Excel file": (
        ".xlsx",
        b"\xd0\xcf\x11\xe0" + b"\0" * 600,
        ["old Excel file", "without a password"],
    ),
    "a type that is not read": (".ods", b"", ["file type .ods", ".csv, .xlsx or .parquet"]),
    "no type": ("", b"", ["without a file type"]),
    "a row too long": (".csv", SHEET.replace("10.5", "10,5").encode(), ["row 2", "17 cells", "at most 16"]),
    "one arm only": (
        ".csv",
        SHEET.replace("MuSK", "AChR").encode(),
        ['column "Antibody"', "no patient of the arm B"],
    ),
}


@pytest.mark.parametrize("fault", WHOLE_FILES)
def test_a_fault_of_the_whole_file_is_told(fault: str, tmp_path: Path) -> None:
    suffix, content, said = WHOLE_FILES[fault]
    path = tmp_path / f"sheet{suffix}"
    path.write_bytes(content)
    message = str(_refused(path))
    assert message.startswith(f"{path}: ")
    for part in said:
        assert part in message


@pytest.mark.parametrize(
    ("patient", "column", "cell"), [(0, "Relapse day", "1e-300"), (1, "Seen until", "5.5e-17")]
)
def test_a_time_that_nobody_measures_is_refused(patient: int, column: str, cell: str, tmp_path: Path) -> None:
    study = form("days")
    endpoints = tuple(row.model_copy(update={"whole": False}) for row in study.endpoints)
    rows = [list(row) for row in ROWS]
    rows[patient][HEADS.index(column)] = cell
    path = tmp_path / "sheet.csv"
    path.write_text(_text([HEADS, *rows]), "utf-8")
    error = _refused(path, study.model_copy(update={"endpoints": endpoints}))
    assert len(error.problems) == 1
    assert f'row {patient + 2}, column "{column}": given {cell!r}' in str(error)
    assert "0, or at least 0.000001" in str(error)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert "no such file" in str(_refused(tmp_path / "none.csv"))
    (tmp_path / "folder.csv").mkdir()
    assert "a directory" in str(_refused(tmp_path / "folder.csv"))


def test_a_missing_column_does_not_hide_other_faults(tmp_path: Path) -> None:
    rows = [HEADS, ROWS[0], [*ROWS[1][:2], "300", *ROWS[1][3:]]]
    path = tmp_path / "sheet.csv"
    path.write_text(_text(rows).replace("Relapse day", "Day"), "utf-8")
    message = str(_refused(path))
    assert "no column 'Relapse day'" in message
    assert "row 3, column \"Age\": given '300'; accepted: 120 or less" in message


def test_a_study_without_a_map_is_refused(tmp_path: Path) -> None:
    assert "[patients]" in str(_refused(tmp_path / "sheet.csv", parse_study(GOOD, "good")))


def _excel(path: Path, rows: list[list[object]], title: str = "Sheet") -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.save(path)


def test_a_formula_without_a_value_is_not_taken_for_an_empty_cell(tmp_path: Path) -> None:
    rows: list[list[object]] = [list(HEADS), list(ROWS[0]), list(ROWS[1])]
    rows[2][HEADS.index("Dose 12")] = "=J3/2"
    _excel(tmp_path / "sheet.xlsx", rows)
    (problem,) = _refused(tmp_path / "sheet.xlsx").problems
    assert (problem.place, problem.given) == ('row 3, column "Dose 12"', "'=J3/2'")


def test_dates_of_excel_become_days(tmp_path: Path) -> None:
    heads = [head for head in HEADS if head != "Relapse day"] + ["Treated", "Relapse date"]
    rows: list[list[object]] = [list(heads)]
    for row in ROWS:
        cells: dict[str, object] = dict(zip(HEADS, row, strict=True))
        cells["Seen until"] = datetime.datetime(2014, 3, 31, 8, 30)
        cells["Treated"] = datetime.date(2012, 2, 28)
        cells["Relapse date"] = "01.03.2012" if cells["Relapse"] == "yes" else None
        cells["Dose 12"] = 10.5
        rows.append([cells[head] for head in heads])
    _excel(tmp_path / "sheet.xlsx", rows)
    data = read_patients(tmp_path / "sheet.xlsx", form("german"))
    assert data["relapse.time"].to_numpy().tolist() == [2, 762]  # 2012 is a leap year


def test_a_named_sheet_is_read(tmp_path: Path) -> None:
    study = form("days")
    assert study.patients is not None
    named = study.model_copy(update={"patients": study.patients.model_copy(update={"sheet": "cohort"})})
    _excel(tmp_path / "sheet.xlsx", [list(HEADS), *map(list, ROWS)], "cohort")
    assert read_patients(tmp_path / "sheet.xlsx", named).sizes["patient"] == 2
    _excel(tmp_path / "other.xlsx", [list(HEADS), *map(list, ROWS)], "else")
    assert "none named 'cohort'" in str(_refused(tmp_path / "other.xlsx", named))


def test_the_embedded_map_takes_a_remission_seen_exactly_or_at_a_visit(tmp_path: Path) -> None:
    study = load_study()
    heads = [entry.column for entry in entries(study, datetime.date(2026, 1, 1))]
    cells = [
        {"antibody": "AChR+", "remission": "yes", "remission_days": "150", "hospitalizations": "2"},
        {"antibody": "MuSK+", "remission": "ja", "remission_after_days": "90", "remission_by_days": "180"},
        {"antibody": "musk", "remission": "no", "mgfa_12m": "IIIb", "sex": "w"},
        {"antibody": "achr"},
    ]
    always = {"followup_days": "900", "relapse": "no"}
    rows = [
        [(row | always | {"patient": str(at)}).get(head, "") for head in heads]
        for at, row in enumerate(cells)
    ]
    path = tmp_path / "sheet.csv"
    path.write_text(_text([heads, *rows]), "utf-8")
    data = read_patients(path, study)
    expected = {
        "event": [1, 1, 0, np.nan],
        "time": [150, 180, 900, np.nan],
        "lower": [150, 90, 900, np.nan],
        "upper": [150, 180, np.inf, np.nan],
    }
    for part, values in expected.items():
        np.testing.assert_array_equal(data[f"time_to_remission.{part}"], values)
    assert data["mgfa"].sel(visit="12m").to_numpy()[2] == 3
    assert data["hospital"].to_numpy()[0] == 2
    assert data["hospital.exposure"].to_numpy()[0] == 900
    assert data["arm"].to_numpy().tolist() == ["achr", "musk", "musk", "achr"]


def test_the_embedded_study_maps_its_main_outcomes() -> None:
    said = load_study().patients
    assert said is not None
    mapped = {row.endpoint for row in said.endpoints}
    assert {"time_to_remission", "time_to_relapse", "prednisone", "mgfa", "remission", "relapse"} <= mapped
    assert {"pis_mm", "pis_improved", "hospital", "rescue_events", "maintenance_user"} <= mapped
    assert {row.name for row in said.covariates} == {"age", "sex", "cycles", "thymectomy", "thymoma"}
