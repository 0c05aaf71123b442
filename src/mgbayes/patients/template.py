"""An empty spreadsheet with the columns of a map."""

from __future__ import annotations

import io

from mgbayes.files import csv_text
from mgbayes.patients.dictionary import Entry

_ROWS = 1000  # rows below the heading that offer choices
_LONGEST_LIST = 255  # what Excel takes as a list of choices


def csv_template(entries: list[Entry]) -> bytes:
    """The headings as a CSV file that spreadsheet programs open as UTF-8."""
    return csv_text([[entry.column for entry in entries]]).encode("utf-8-sig")


def excel_template(entries: list[Entry]) -> bytes:
    """The headings as an Excel file, with a note on each and a list of choices where there are only some."""
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "patients"
    sheet.freeze_panes = "A2"
    for at, entry in enumerate(entries, start=1):
        head = sheet.cell(1, at, entry.column)
        head.font = Font(bold=True)
        head.comment = Comment(f"{entry.meaning}\n{entry.unit}\n{entry.accepted}", "mgbayes", 200, 300)
        sheet.column_dimensions[get_column_letter(at)].width = len(entry.column) + 3
        choices = ",".join(entry.choices)
        if entry.choices and len(choices) <= _LONGEST_LIST and not any("," in one for one in entry.choices):
            sheet.add_data_validation(_list(choices, get_column_letter(at)))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _list(choices: str, column: str) -> object:
    """Choices that are offered, while other spellings may still be typed."""
    from openpyxl.worksheet.datavalidation import DataValidation

    return DataValidation(
        type="list",
        formula1=f'"{choices}"',
        showErrorMessage=False,
        allow_blank=True,
        sqref=f"{column}2:{column}{_ROWS + 1}",
    )
