"""Files of results: their folder checked before any work, CSV read and written in one form."""

from __future__ import annotations

import csv
import io
import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgbayes.errors import InputError, Problem
from mgbayes.limits import TABLE_BYTES

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = (",", ";", "\t")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBERS = re.compile(r"[-+]?[\d.]+(e[-+]?\d+)?( (to|±) [-+]?[\d.]+| ?%)*")
_DECLARED = "sep="
"""How a first line starts by which a file names its separator to spreadsheet programs; they do not show it."""


def check_folder(folder: str | Path) -> None:
    """Raises InputError when a folder cannot be made or written to; nothing is made yet."""
    folder = Path(folder)
    path = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not path.is_dir():
        raise InputError(str(folder), [Problem("the output folder", f"a file ({path})", "a folder")])
    if not os.access(path, os.W_OK):
        problem = Problem("the output folder", f"{path}, not writable", "a folder to write in")
        raise InputError(str(folder), [problem])


@contextmanager
def writing(
    place: Path, what: str = "the output folder", accepted: str = "a folder that can be written to"
) -> Iterator[None]:
    """Raises InputError in place of an OSError while files are written."""
    try:
        yield
    except OSError as error:
        raise InputError(str(place), [Problem(what, error.strerror or str(error), accepted)]) from None


def read_bytes(path: Path, accepted: str, *, most: int = TABLE_BYTES, missing: str = "") -> bytes:
    """The content of a file. Raises InputError for none that can be read, a pipe or a device, or one too large.

    ``accepted`` says what file is wanted, and ``missing`` what, where there is none of that name.
    """
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode) and status.st_size <= most:
            return path.read_bytes()
        given = "a directory" if stat.S_ISDIR(status.st_mode) else "a pipe or a device"
        if stat.S_ISREG(status.st_mode):
            given, accepted = f"{status.st_size / 1e6:.1f} MB", f"at most {most / 1e6:g} MB"
    except FileNotFoundError:
        given, accepted = "no such file", missing or accepted
    except (OSError, ValueError) as error:
        given, accepted = getattr(error, "strerror", None) or str(error), "a file that can be read"
    raise InputError(str(path), [Problem("the path", given, accepted)])


def csv_text(rows: Iterable[Sequence[object]], separator: str = ",") -> str:
    """Rows as CSV, the heading first; None is an empty cell."""
    text = io.StringIO()
    inert = ([_inert(cell) for cell in row] for row in rows)
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(inert)
    return text.getvalue()


def _inert(cell: Any) -> Any:
    """A text that a spreadsheet program would take for a formula, after an apostrophe; numbers as they are."""
    risky = isinstance(cell, str) and cell[:1] in _FORMULA and not _NUMBERS.fullmatch(cell)
    return f"'{cell}" if risky else cell


def frame_text(frame: pd.DataFrame, digits: str) -> str:
    """A data frame as CSV, numbers in this format."""
    texts = frame.select_dtypes(include=["object", "string"]).map(_inert)
    inert = frame.assign(**{name: texts[name] for name in texts}).rename(columns=_inert)
    return inert.to_csv(index=False, float_format=digits, lineterminator="\n")


def write_frames(frames: Mapping[str, pd.DataFrame], folder: Path, digits: str) -> None:
    """Write data frames as CSV files by their names, numbers in this format."""
    for name, frame in frames.items():
        (folder / f"{name}.csv").write_text(frame_text(frame, digits), "utf-8", newline="\n")


def csv_rows(
    content: bytes, separator: str | None = None, wanted: Collection[str] = ()
) -> Iterator[list[str]]:
    """The rows of a CSV file as people and programs write it: comma, semicolon or tab, with or without a mark.

    The separator is the given one, or the one that the file names, or else the one that cuts the most of the
    ``wanted`` headings, and then the most cells, out of the first line. Raises ValueError with what is accepted for
    bytes that are not text, and csv.Error for text that is not CSV.
    """
    lines = _decoded(content)
    if lines.startswith(_DECLARED):
        first, _, lines = lines.partition("\n")
        separator = separator or first.removeprefix(_DECLARED)[:1]
    if separator not in SEPARATORS:
        separator = _separator(lines, wanted)
    yield from csv.reader(io.StringIO(lines, newline=""), delimiter=separator, strict=True)


def _decoded(content: bytes) -> str:
    """UTF-8, or what a byte order mark names, or the Western code page that Windows programs save in."""
    encodings = [encoding for mark, encoding in _MARKS if content.startswith(mark)] or ["utf-8", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            raise ValueError("a text file with a row a line")
        return text
    raise ValueError("a text file in UTF-8 (or as Windows programs save it)")


def _separator(lines: str, wanted: Collection[str]) -> str:
    head = next((line for line in lines.splitlines() if line.strip(" ,;\t")), "")

    def score(separator: str) -> tuple[int, int]:
        cells = next(csv.reader([head], delimiter=separator), [])
        names = {cell.replace("\u00a0", " ").strip() for cell in cells}
        return len(names & set(wanted)), len(cells)

    return max(SEPARATORS, key=score)
