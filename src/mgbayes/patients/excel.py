"""Read a sheet of an Excel file (.xlsx)."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from itertools import zip_longest
from zipfile import ZipFile

from mgbayes.limits import UNPACKED_BYTES
from mgbayes.patients.sheet import Cell, Sheet, from_rows, refused

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
        values = _rows(content, name, values=True)
        # A formula without a stored value reads as an empty cell: found by reading the formulas too.
        formulas = _rows(content, name, values=False) if has_formulas else iter(())
        return from_rows(enumerate(_with_formulas(values, formulas), start=1))
    except _NoSuchSheet:
        return refused("the sheets", f"none named {name!r}", "the sheet that the map names")
    except Exception as error:  # a damaged file fails anywhere inside the reader, with any error
        return refused(
            "the content", f"a file that is not Excel ({type(error).__name__})", "an Excel file (.xlsx)"
        )


class _NoSuchSheet(Exception):
    """The map names a sheet that the file does not have."""


def _rows(content: bytes, name: str | None, *, values: bool) -> Iterator[Row]:
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
