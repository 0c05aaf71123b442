"""Spreadsheets of any size: refused with the limit named, within a gigabyte of memory and in seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from openpyxl import Workbook
from pyarrow import parquet

from mgbayes.errors import InputError, Problem
from mgbayes.limits import COLUMNS, PROBLEMS_SHOWN, ROWS
from mgbayes.reconstruction.read import read_curves
from tests.surface.test_patient_files import HEADS, _text
from tests.surface.test_patient_files import ROWS as GOOD_ROWS

GIGABYTE = 10**6  # in kilobytes
MESSAGES = """
import json, re, sys
from mgbayes.errors import InputError
from mgbayes.patients import read_patients
from tests.oracles.patients.forms import form
messages = {}
for path in sys.argv[1:]:
    try:
        read_patients(path, form("days"))
    except InputError as error:
        messages[path] = str(error)
# The peak of this program alone: that of getrusage begins with the memory of whoever started it.
with open("/proc/self/status", encoding="ascii") as status:
    peak = int(re.search(r"VmHWM:\\s+(\\d+)", status.read())[1])
print(json.dumps([messages, peak]))
"""


def _workbook(path: Path, sheet: Iterator[str], size: int = 1) -> None:
    """A workbook whose first sheet holds this XML, ``size`` times what it says."""
    Workbook().save(path)
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            if name != "xl/worksheets/sheet1.xml":
                file.writestr(name, content)
        with file.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(
                b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
            )
            for row in sheet:
                part.write(row.encode() * size)
            part.write(b"</sheetData></worksheet>")


def _inline(place: str, word: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{word}</t></is></c>'


def _files(folder: Path) -> dict[Path, str]:
    """Each file with what its message says."""
    said = {}

    def path(name: str, words: str) -> Path:
        said[folder / name] = words
        return folder / name

    with path("huge.csv", "at most 20 MB").open("wb") as file:
        file.truncate(3_000_000_000)
    os.mkfifo(path("pipe.csv", "a pipe or a device"))
    blank = ('<row r="2"><c r="A2"/></row>' for _ in range(1000))
    _workbook(path("bomb.xlsx", "MB unpacked; accepted: at most 50 MB unpacked"), blank, size=30_000)
    rows = (f'<row r="{n}">{_inline(f"A{n}", "x")}</row>' for n in range(1, ROWS + 3))
    _workbook(path("long.xlsx", f"more than {ROWS} rows"), rows)
    corner = (f'<row r="{n}">{_inline(f"XFD{n}", "x")}</row>' for n in range(1, 2001))
    _workbook(path("wide.xlsx", f"16384 columns; accepted: at most {COLUMNS} columns"), corner)
    heading = "".join(_inline(f"{chr(65 + at)}1", head) for at, head in enumerate(HEADS))
    far = iter([f'<row r="1">{heading}</row>', f'<row r="1048576">{_inline("XFD1048576", "x")}</row>'])
    _workbook(path("corner.xlsx", "row 1048576: given 16384 cells; accepted: at most 16"), far)
    faulty = [[f"p{n}", *["?!"] * (len(HEADS) - 1)] for n in range(ROWS)]
    path("faulty.csv", f"and {ROWS * (len(HEADS) - 1) - PROBLEMS_SHOWN} more").write_text(
        _text([HEADS, *faulty])
    )
    path("rows.csv", f"more than {ROWS} rows").write_text(_text([HEADS, *faulty * 5]))
    path("blank.csv", "the content: given nothing").write_bytes(b"\n" * 5_000_000)
    far_off = pa.table({"Age": pa.array([10**17], pa.timestamp("ms")), "Antibody": ["AChR"]})
    parquet.write_table(far_off, path("far.parquet", "a time that is no date"))
    long_text = pa.table({"Sex": pa.DictionaryArray.from_arrays([0] * 1000, ["x" * 1_000_000])})
    parquet.write_table(long_text, path("texts.parquet", "at most 50 MB unpacked"))
    largest = [dict(zip(HEADS, GOOD_ROWS[0], strict=True)) | {"Seen until": "1e300"}]
    path(
        "days.csv", "\"Seen until\": given '1e300'; accepted: a number such as 7 or 7.5, at most 1e+12"
    ).write_text(_text([HEADS, *(list(row.values()) for row in largest)]))
    return said


@pytest.mark.long
def test_each_is_refused_with_the_limit_within_a_gigabyte(tmp_path: Path) -> None:
    said = _files(tmp_path)
    run = subprocess.run(
        [sys.executable, "-c", MESSAGES, *map(str, said)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    messages, memory = json.loads(run.stdout)
    for path, words in said.items():
        assert words in messages[str(path)]
        assert len(messages[str(path)].splitlines()) <= PROBLEMS_SHOWN + 3
    assert memory < GIGABYTE


@pytest.mark.parametrize(
    ("count", "lines", "last"), [(50, 51, "p50"), (51, 52, "and 1 more"), (900, 52, "and 850 more")]
)
def test_fifty_problems_are_shown_and_the_rest_counted(count: int, lines: int, last: str) -> None:
    problems = [Problem(f"p{at}", "a", "b") for at in range(1, count + 1)]
    message = str(InputError("mine.csv", problems)).splitlines()
    assert message[0] == f"mine.csv: {count} problems"
    assert len(message) == lines
    assert message[-1].strip().startswith(last)


def test_a_curve_of_too_many_points_or_of_numbers_too_large_is_refused(tmp_path: Path) -> None:
    for text, words in (
        ("0,1\n" * (ROWS + 1), f"at most {ROWS} rows"),
        ("0,1\n1e300,0.5\n", "a number of at most 1e+12 in size"),
    ):
        (tmp_path / "curve.csv").write_text(text)
        with pytest.raises(InputError, match=words.replace("+", r"\+")):
            read_curves(tmp_path / "curve.csv", n=10)
