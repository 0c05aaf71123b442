"""The two tables as CSV files."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from mgbayes.cache import write_text
from mgbayes.errors import InputError, Problem
from mgbayes.ipd.beside import Beside, Row


def check_place(folder: str | Path) -> None:
    """Raise InputError when a file stands where the folder should be; before any work is done."""
    folder = Path(folder)
    for path in (folder, *folder.parents):
        if path.is_file():
            raise InputError(str(folder), [Problem("the output folder", f"a file ({path})", "a folder")])


def write_tables(beside: Beside, folder: str | Path) -> list[Path]:
    """Write ``claims_beside_patients.csv`` and ``tests_on_patients.csv``, and return their paths.

    Every row says whether the patients are made up and below which count cells were masked. Raises InputError
    when the folder cannot be written to.
    """
    folder = Path(folder)
    about: Row = {
        "synthetic": str(beside.synthetic).lower(),
        "masked_below": None if beside.masking is None else beside.masking.below,
    }
    tables = {"claims_beside_patients.csv": beside.claims, "tests_on_patients.csv": beside.tests}
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
