"""The two tables as CSV files."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from mgbayes.cache import write_text
from mgbayes.errors import InputError, Problem
from mgbayes.patient_comparison.result import PatientComparison, Row


def check_place(folder: str | Path) -> None:
    """Raise InputError where the folder would be a file, before any work is done."""
    folder = Path(folder)
    for path in (folder, *folder.parents):
        if path.is_file():
            raise InputError(str(folder), [Problem("the output folder", f"a file ({path})", "a folder")])


def write_tables(comparison: PatientComparison, folder: str | Path) -> list[Path]:
    """Write ``claims_beside_patients.csv`` and ``tests_on_patients.csv``, and return their paths.

    Every row says whether the patients are synthetic and below which count cells were masked. Raises InputError
    when the folder cannot be written to.
    """
    folder = Path(folder)
    about: Row = {
        "synthetic": str(comparison.synthetic).lower(),
        "masked_below": None if comparison.masking is None else comparison.masking.below,
    }
    tables = {"claims_beside_patients.csv": comparison.claims, "tests_on_patients.csv": comparison.tests}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in tables.items():
            write_text(folder / name, _csv([row | about for row in rows]))
    except OSError as error:
        problem = Problem(
            "the output folder", error.strerror or str(error), "a folder that can be written to"
        )
        raise InputError(str(folder), [problem]) from None
    return [folder / name for name in tables]


def _csv(rows: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
