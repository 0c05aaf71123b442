"""Read a CSV file as clinics write it: comma, semicolon or tab; with or without a byte order mark."""

from __future__ import annotations

import csv
from collections.abc import Collection

from mgbayes.files import csv_rows
from mgbayes.patients.sheet import Sheet, from_rows, refused


def read_csv(content: bytes, wanted: Collection[str], separator: str | None) -> Sheet:
    """The rows of a CSV file, numbered as a spreadsheet program numbers them."""
    try:
        return from_rows(enumerate(csv_rows(content, separator, wanted), start=1))
    except ValueError as error:
        given, accepted = "bytes that are not text", str(error)
    except csv.Error as error:
        given, accepted = f"text that is not CSV ({error})", "a row a line, with cells in quotes closed"
    return refused("the content", given, accepted)
