"""A file of patients as a sheet: CSV, Excel (.xlsx) or Parquet, by the ending of its name."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Callable, Collection, Iterator
from itertools import chain, zip_longest
from pathlib import Path
from sys import getsizeof
from typing import TYPE_CHECKING
from zipfile import ZipFile

from mgbayes.errors import InputError, Problem
from mgbayes.files import csv_rows, read_bytes
from mgbayes.limits import COLUMNS, UNPACKED_BYTES
from mgbayes.patients.sheet import Cell, Sheet, from_rows, refused
from mgbayes.study.patient_map import PatientMap

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile


def read_csv(content: bytes, wanted: Collection[str], separator: str | None) -> Sheet:
    """The rows of a CSV file as clinics write it, numbered as a spreadsheet program numbers them."""
    try:
        return from_rows(enumerate(csv_rows(content, separator, wanted), start=1))
    except ValueError as error:
        given, accepted = "bytes that are not text", str(error)
    except csv.Error as error:
        given, accepted = f"text that is not CSV ({error})", "a row a line, with cells in quotes closed"
    return refused("the content", given, accepted)


_READERS: dict[str, Callable[[bytes, Collection[str], PatientMap], Sheet]] = {
    ".csv": lambda content, wanted, mapping: read_csv(content, wanted, mapping.separator),
    ".xlsx": lambda content, wanted, mapping: read_excel(content, mapping.sheet),
    ".parquet": lambda content, wanted, mapping: read_parquet(content),
}
_ACCEPTED = "a spreadsheet as .csv, .xlsx or .parquet"


def read_content(path: Path) -> bytes:
    """The bytes of a file of patients. Raises InputError when there are none that can be read."""
    if not path.is_dir() and path.suffix.lower() not in _READERS:
        given = f"the file type {path.suffix}" if path.suffix else "a name without a file type"
        raise InputError(str(path), [Problem("the path", given, _ACCEPTED)])
    return read_bytes(path, _ACCEPTED)


def read_sheet(content: bytes, suffix: str, wanted: Collection[str], mapping: PatientMap) -> Sheet:
    """The sheet in a file of one of the known types."""
    return _READERS[suffix.lower()](content, wanted, mapping)


Row = tuple[Cell, ...]

_OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"


def read_excel(content: bytes, name: str | None) -> Sheet:
    """The rows of a sheet, the first one if no name is given, with the values that formulas last had."""
    if content.startswith(_OLD_OR_LOCKED):
        given = "an old Excel file, or one with a password"
        return refused("the content", given, "a file saved as .xlsx without a password")
    try:
        with ZipFile(io.BytesIO(content)) as file:
            size = sum(part.file_size for part in file.infolist())
            if size > UNPACKED_BYTES:
                accepted = f"at most {UNPACKED_BYTES / 1e6:g} MB unpacked"
                return refused("the content", f"{size / 1e6:.0f} MB unpacked", accepted)
            parts = (part for part in file.namelist() if part.startswith("xl/worksheets/"))
            has_formulas = any(b"<f" in file.read(part) for part in parts)
        values = _excel_rows(content, name, values=True)
        # A formula without a stored value reads as an empty cell: found by reading the formulas too.
        formulas = _excel_rows(content, name, values=False) if has_formulas else iter(())
        return from_rows(enumerate(_with_formulas(values, formulas), start=1))
    except _NoSuchSheet:
        return refused("the sheets", f"none named {name!r}", "the sheet that the map names")
    except Exception as error:  # a damaged file fails anywhere inside the reader, with any error
        return refused(
            "the content", f"a file that is not Excel ({type(error).__name__})", "an Excel file (.xlsx)"
        )


class _NoSuchSheet(Exception):
    """The map names a sheet that the file does not have."""


def _excel_rows(content: bytes, name: str | None, *, values: bool) -> Iterator[Row]:
    from openpyxl import load_workbook

    with warnings.catch_warnings():  # of parts that are not read: styles, extensions
        warnings.simplefilter("ignore")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=values)
    if name is not None and name not in book.sheetnames:
        raise _NoSuchSheet
    sheet = book[name] if name is not None else book.worksheets[0]
    sheet.reset_dimensions()  # some programs store a wrong size
    yield from sheet.iter_rows(values_only=True)


def _with_formulas(values: Iterator[Row], formulas: Iterator[Row]) -> Iterator[Row]:
    """The rows, with a formula itself where no value of it is stored: then it can be refused by its cell."""
    for seen, written in zip_longest(values, formulas, fillvalue=()):
        yield tuple(
            value if value is not None or formula is None else str(getattr(formula, "text", formula))
            for value, formula in zip_longest(seen, written)
        )


_BATCH = 16
"""Rows unpacked at once: a few rows of a small file can hold gigabytes."""


def read_parquet(content: bytes) -> Sheet:
    """The rows of a Parquet file, numbered from 2, as they would be below a heading."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        names = file.schema_arrow.names
        if len(names) > COLUMNS:
            return refused("the heading", f"{len(names)} columns", f"at most {COLUMNS} columns")
        return from_rows(enumerate(_parquet_rows(file), start=1))
    except _TooLarge:
        accepted = f"at most {UNPACKED_BYTES / 1e6:g} MB unpacked"
        return refused("the content", f"more than {UNPACKED_BYTES / 1e6:g} MB unpacked", accepted)
    except OverflowError as error:
        return refused("the content", f"a time that is no date ({error})", "dates of the calendar")
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        return refused(
            "the content", f"a file that is not Parquet ({type(error).__name__})", "a Parquet file"
        )


class _TooLarge(Exception):
    """More is unpacked than a file may hold."""


def _parquet_rows(file: ParquetFile) -> Iterator[list[Cell]]:
    yield file.schema_arrow.names
    size = 0
    for batch in file.iter_batches(_BATCH):
        columns = [column.to_pylist() for column in batch.columns]
        # A text that many rows share is stored once and unpacked for each.
        size += batch.nbytes + sum(map(getsizeof, chain(*columns)))
        if size > UNPACKED_BYTES:
            raise _TooLarge
        yield from zip(*columns, strict=True)
