"""The two tables as CSV files."""

from __future__ import annotations

from pathlib import Path

from mgbayes.cache import write_text
from mgbayes.files import csv_text, writing
from mgbayes.patient_comparison.result import PatientComparison, Row


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
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in tables.items():
            marked = [row | about for row in rows]
            heading = list(marked[0]) if marked else []
            write_text(folder / name, csv_text([heading, *(list(row.values()) for row in marked)]))
    return [folder / name for name in tables]
