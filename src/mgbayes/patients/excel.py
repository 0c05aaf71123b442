"""Read a sheet of an Excel file (.xlsx)."""

from __future__ import annotations

import io
import warnings
from itertools import zip_longest

from mgbayes.errors import Problem
from mgbayes.patients.sheet import Cell, Sheet, from_rows

Row = tuple[Cell, ...]

_OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"


def read_excel(content: bytes, name: str | None) -> Sheet:
    """The rows of a sheet, the first one if no name is given, with the values that formulas last had."""
    if content.startswith(_OLD_OR_LOCKED):
        return _refused(
            "an old Excel file, or one with a password", "a file saved as .xlsx without a password"
        )
    try:
        values = _rows(content, name, values=True)
        # A formula without a stored value reads as an empty cell: found by reading the formulas too.
        formulas = _rows(content, name, values=False) if values is not None and b"<f" in _xml(content) else []
    except Exception as error:  # a damaged file fails anywhere inside the reader, with any error
        return _refused(f"a file that is not Excel ({type(error).__name__})", "an Excel file (.xlsx)")
    if values is None:
        return Sheet(
            (), {}, problems=(Problem("the sheets", f"none named {name!r}", "the sheet that the map names"),)
        )
    return from_rows(enumerate(_with_formulas(values, formulas or []), start=1))


def _refused(given: str, accepted: str) -> Sheet:
    return Sheet((), {}, problems=(Problem("the content", given, accepted),))


def _rows(content: bytes, name: str | None, *, values: bool) -> list[Row] | None:
    from openpyxl import load_workbook

    with warnings.catch_warnings():  # of parts that are not read: styles, extensions
        warnings.simplefilter("ignore")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=values)
    if name is not None and name not in book.sheetnames:
        return None
    sheet = book[name] if name is not None else book.worksheets[0]
    sheet.reset_dimensions()  # some programs store a wrong size
    return list(sheet.iter_rows(values_only=True))


def _xml(content: bytes) -> bytes:
    """The text of all sheets."""
    from zipfile import ZipFile

    with ZipFile(io.BytesIO(content)) as file:
        return b"".join(file.read(part) for part in file.namelist() if part.startswith("xl/worksheets/"))


def _with_formulas(values: list[Row], formulas: list[Row]) -> list[Row]:
    """The rows, with a formula itself where no value of it is stored: then it can be refused by its cell."""
    pairs = zip_longest(values, formulas, fillvalue=())
    return [
        tuple(
            value if value is not None or formula is None else str(getattr(formula, "text", formula))
            for value, formula in zip_longest(seen, written)
        )
        for seen, written in pairs
    ]
