"""Write a sheet as a file, the way that clinics' programs do, and say in which row each patient ended up."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from tests.oracles.patients.cohort import Grid


def write(rng: np.random.Generator, sheet: Grid, path: Path, overhang: int | None = None) -> list[int]:
    """Write a CSV, Excel or Parquet file with blank rows here and there; return the number of each row.

    ``overhang`` is a row that gets a cell beyond the last heading.
    """
    heads = list(rng.permutation(list(sheet.rows[0])))
    body: list[list[Any]] = []
    numbers = []
    for at, row in enumerate(sheet.rows):
        if rng.random() < 0.05:
            body.append([None] * len(heads))
        body.append([row[head] for head in heads] + (["", "extra"] if at == overhang else []))
        numbers.append(len(body) + 1)
    body += [[None] * len(heads)] * int(rng.integers(3))
    _WRITERS[path.suffix](rng, sheet.form, heads, body, path)
    return numbers


def _as_text(form: str, cell: Any) -> str:
    german = form == "german"
    if isinstance(cell, date):
        return cell.strftime("%d.%m.%Y" if german else "%Y-%m-%d")
    if isinstance(cell, float):
        return str(cell).replace(".", "," if german else ".")
    return "" if cell is None else str(cell)


def _csv(rng: np.random.Generator, form: str, heads: list[str], body: list[list[Any]], path: Path) -> None:
    separator = ";" if form == "german" else str(rng.choice([",", ";", "\t"]))
    text = io.StringIO()
    ends = str(rng.choice(["\n", "\r\n"]))
    writer = csv.writer(text, delimiter=separator, lineterminator=ends)
    writer.writerows([[_as_text(form, cell) for cell in row] for row in [heads, *body]])
    path.write_bytes(
        text.getvalue().encode(str(rng.choice(["utf-8", "utf-8-sig", "utf-16"], p=[0.5, 0.4, 0.1])))
    )


def _excel(rng: np.random.Generator, form: str, heads: list[str], body: list[list[Any]], path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for row in [heads, *body]:
        book.worksheets[0].append(row)
    book.save(path)


def _parquet(
    rng: np.random.Generator, form: str, heads: list[str], body: list[list[Any]], path: Path
) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    columns = list(zip(*body, strict=True))
    arrays = []
    for column in columns:
        types = {type(cell) for cell in column if cell is not None}
        if len(types) == 1 or types == {int, float}:
            arrays.append(pa.array(column))
        else:  # not all of one type: such a column is text
            arrays.append(pa.array([None if cell is None else _as_text(form, cell) for cell in column]))
    parquet.write_table(pa.table(arrays, names=heads), path)


_WRITERS = {".csv": _csv, ".xlsx": _excel, ".parquet": _parquet}
