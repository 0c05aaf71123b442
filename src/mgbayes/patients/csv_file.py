"""Read a CSV file as clinics write it: comma, semicolon or tab; with or without a byte order mark."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection

from mgbayes.errors import Problem
from mgbayes.patients.sheet import Sheet, from_rows, text

SEPARATORS = (",", ";", "\t")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SEPARATOR_LINE = (
    "sep="  # a first line by which a file tells spreadsheet programs its separator; they do not show it
)


def read_csv(content: bytes, wanted: Collection[str], separator: str | None) -> Sheet:
    """The rows of a CSV file, numbered as a spreadsheet program numbers them."""
    try:
        lines = _decoded(content)
    except UnicodeDecodeError:
        return _refused("bytes that are not text", "a text file in UTF-8 (or as Windows programs save it)")
    if "\0" in lines:
        return _refused("bytes that are not text", "a text file with a row a line")
    if lines.startswith(_SEPARATOR_LINE):
        first, _, lines = lines.partition("\n")
        separator = separator or first.removeprefix(_SEPARATOR_LINE)[:1]
    if separator not in SEPARATORS:
        separator = _separator(lines, wanted)
    try:
        rows = list(csv.reader(io.StringIO(lines, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        return _refused(f"text that is not CSV ({error})", "a row a line, with cells in quotes closed")
    return from_rows(enumerate(rows, start=1))


def _refused(given: str, accepted: str) -> Sheet:
    return Sheet((), {}, problems=(Problem("the content", given, accepted),))


def _decoded(content: bytes) -> str:
    """UTF-8, or what a byte order mark says, or the Western code page that Windows programs save in."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def _separator(lines: str, wanted: Collection[str]) -> str:
    """The separator that cuts the most of the wanted headings out of the first line that is not blank."""
    head = next((line for line in lines.splitlines() if line.strip(" ,;\t")), "")

    def headings(separator: str) -> int:
        return len({text(name) for name in next(csv.reader([head], delimiter=separator), [])} & set(wanted))

    return max(SEPARATORS, key=headings)
