"""A spreadsheet as it was found: named columns of cells, and the row each cell stands in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from mgbayes.errors import Problem
from mgbayes.limits import COLUMNS, ROWS

Cell = Any
"""What a cell can hold: text, a number, true or false, a date, or nothing."""


@dataclass(frozen=True)
class Sheet:
    """Columns by heading, and the number of each row as a spreadsheet program shows it."""

    rows: tuple[int, ...]
    columns: dict[str, tuple[Cell, ...]]
    doubled: frozenset[str] = frozenset()
    """Headings that stand over more than one column."""
    problems: tuple[Problem, ...] = ()


def text(cell: Cell) -> str:
    """A cell as text, without blanks around it: 1.0 is 1, true is true, nothing is empty."""
    if cell is None or (isinstance(cell, float) and cell != cell):
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell).replace("\u00a0", " ").strip()


def from_rows(numbered: Iterable[tuple[int, Sequence[Cell]]]) -> Sheet:
    """A sheet from its rows; the first that is not blank is the heading, and blank rows are skipped.

    A row with content beyond the last heading is a problem: a decimal comma, say, has split a cell. No more rows are
    taken than a sheet may have.
    """
    trimmed = ((number, _trimmed(cells)) for number, cells in numbered)
    filled = list(islice(((number, cells) for number, cells in trimmed if cells), ROWS + 2))
    if not filled:
        return refused("the content", "nothing", "a heading and a row a patient")
    (_, heads), *body = filled
    if len(body) > ROWS:
        return refused("the content", f"more than {ROWS} rows", f"at most {ROWS} rows below the heading")
    if len(heads) > COLUMNS:
        return refused("the heading", f"{len(heads)} columns", f"at most {COLUMNS} columns")
    names = [text(head) for head in heads]
    columns = {
        name: tuple(row[at] if at < len(row) else None for _, row in body)
        for at, name in reversed(list(enumerate(names)))
        if name
    }
    doubled = frozenset(name for name, times in Counter(names).items() if times > 1 and name)
    accepted = f"at most {len(names)}, as in the heading (a cell that holds the separator stands in quotes)"
    problems = [
        Problem(f"row {number}", f"{len(row)} cells", accepted)
        for number, row in body
        if len(row) > len(names)
    ]
    if not body:
        problems.append(Problem("the content", "no row below the heading", "a row a patient"))
    return Sheet(tuple(number for number, _ in body), columns, doubled, tuple(problems))


def refused(place: str, given: str, accepted: str) -> Sheet:
    """A sheet of which nothing is read, with the reason."""
    return Sheet((), {}, problems=(Problem(place, given, accepted),))


def _trimmed(cells: Sequence[Cell]) -> Sequence[Cell]:
    """A row without the blank cells at its end."""
    end = next((at for at in range(len(cells), 0, -1) if text(cells[at - 1])), 0)
    return cells[:end]
