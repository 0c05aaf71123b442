"""Read a sheet of an Excel file (.xlsx)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import zip_longest

from mgbayes.errors import Problem
from mgbayes.patients.sheet import Cell, Sheet, from_rows

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
    return from_rows(enumerate(values, start=1), _without_value(values, formulas or []))


def _refused(given: str, accepted: str) -> Sheet:
    return Sheet((), {}, problems=(Problem("the content", given, accepted),))


def _rows(content: bytes, name: str | None, *, values: bool) -> list[tuple[Cell, ...]] | None:
    from openpyxl import load_workbook

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


def _without_value(values: Sequence[Sequence[Cell]], formulas: Sequence[Sequence[Cell]]) -> list[Problem]:
    from openpyxl.utils import get_column_letter

    return [
        Problem(
            f"row {row}, column {get_column_letter(at)}",
            "a formula without a stored value",
            "a file that a spreadsheet program has calculated and saved, or plain values",
        )
        for row, (seen, written) in enumerate(zip(values, formulas, strict=False), start=1)
        for at, (value, formula) in enumerate(zip_longest(seen, written), start=1)
        if value is None and formula is not None
    ]
