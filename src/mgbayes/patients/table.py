"""Patients by roles: the readable values of a sheet, and where each one stands in it.

A sheet with a visit column has several rows a patient: they become one, with a role for each visit. Its facts
about the patient may stand on one row or on all of them, but must agree.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mgbayes.errors import Problem
from mgbayes.patients.fields import VISIT, Field
from mgbayes.patients.sheet import Cell, Sheet, text

if TYPE_CHECKING:
    import pandas as pd

Spot = tuple[int, str]
"""A patient (by the first row) and a role."""


@dataclass
class Table:
    """Values by patient and role while they are gathered; a patient goes by the number of the first row."""

    patients: list[int] = field(default_factory=list)
    roles: dict[str, Field] = field(default_factory=dict)
    numbers: dict[Spot, float] = field(default_factory=dict)
    cells: dict[Spot, tuple[int, Cell]] = field(default_factory=dict)
    """The row of the sheet that a value stands in, and the cell as it was found."""
    unreadable: set[Spot] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def frame(self) -> pd.DataFrame:
        """The values as (patient, role), missing ones as nan."""
        import pandas as pd

        columns = {
            role: [self.numbers.get((patient, role), math.nan) for patient in self.patients]
            for role in self.roles
        }
        return pd.DataFrame(columns, index=pd.Index(self.patients, name="patient"), dtype=float)


@dataclass(frozen=True)
class Gathering:
    """How rows become patients: what is missing, which column tells patients apart, which visits there are."""

    missing: frozenset[str]
    identifier: str | None
    visits: tuple[str, ...]
    """The ids of the visits, in the order in which the visit column is read."""
    seen_visits: tuple[str, ...]
    """Those of them that the visit column can name."""
    visit_rows: bool
    """Whether a row is one visit of a patient."""


def gather(sheet: Sheet, mapped: list[Field], how: Gathering) -> Table:
    """The table of a sheet, with every unreadable cell, double patient and contradiction as a problem."""
    table = Table()
    visit = next((one for one in mapped if one.role == VISIT), None)
    for one in mapped:
        if one.role != VISIT:
            names = [f"{one.role}@{name}" for name in how.seen_visits] if one.by_visit else [one.role]
            table.roles |= dict.fromkeys(names, one)
    patients = _patients(table, sheet, how)
    for at, (row, patient) in enumerate(zip(sheet.rows, patients, strict=True)):
        seen = _visit_of(table, sheet, at, visit, how)
        for one in mapped:
            if one.role != VISIT and not (one.by_visit and seen is None):
                role = f"{one.role}@{seen}" if one.by_visit else one.role
                _take(table, (patient, role), row, sheet.columns[one.column][at], how.missing)
    return table


def is_missing(cell: Cell, missing: frozenset[str]) -> bool:
    """Whether a cell is empty or holds a spelling of a missing value."""
    word = text(cell)
    return not word or word.casefold() in missing


def place(row: int, column: str) -> str:
    """Where a cell stands."""
    return f'row {row}, column "{column}"'


def shown(cell: Cell) -> str:
    """A cell for a message, cut where it is long."""
    word = text(cell)
    return repr(word if len(word) <= 40 else word[:40] + "…") if word else "nothing"


def _visit_of(table: Table, sheet: Sheet, at: int, visit: Field | None, how: Gathering) -> str | None:
    if visit is None:
        return None
    cell = sheet.columns[visit.column][at]
    try:
        if is_missing(cell, how.missing):
            raise ValueError(cell)
        return how.visits[int(visit.read(cell))]
    except ValueError:
        where = place(sheet.rows[at], visit.column)
        table.problems.append(Problem(where, shown(cell), visit.read.accepted))
        return None


def _patients(table: Table, sheet: Sheet, how: Gathering) -> list[int]:
    """The first row of the patient whom each row is about. What tells patients apart is never shown."""
    if how.identifier is None or how.identifier not in sheet.columns:
        table.patients += sheet.rows
        return list(sheet.rows)
    first: dict[str, int] = {}
    first_rows = []
    for row, cell in zip(sheet.rows, sheet.columns[how.identifier], strict=True):
        name = text(cell).casefold()
        where = place(row, how.identifier)
        if is_missing(cell, how.missing):
            table.problems.append(Problem(where, "nothing", "something that tells the patient apart"))
            first_rows.append(row)
        elif name in first and not how.visit_rows:
            given = f"the patient of row {first[name]} again"
            table.problems.append(Problem(where, given, "each patient in one row"))
            first_rows.append(row)
        else:
            first_rows.append(first.setdefault(name, row))
    table.patients += dict.fromkeys(first_rows)
    return first_rows


def _take(table: Table, spot: Spot, row: int, cell: Cell, missing: frozenset[str]) -> None:
    one = table.roles[spot[1]]
    table.cells.setdefault(spot, (row, cell))
    if is_missing(cell, missing):
        return
    try:
        value = one.read(cell)
    except ValueError:
        table.problems.append(Problem(place(row, one.column), shown(cell), one.read.accepted))
        table.unreadable.add(spot)
        return
    if spot in table.numbers:
        earlier = table.cells[spot][0]
        if one.by_visit:
            accepted = f"one row for a patient and a visit (see row {earlier})"
            table.problems.append(
                Problem(place(row, one.column), f"{shown(cell)} at the same visit", accepted)
            )
        elif value != table.numbers[spot]:
            accepted = f"what row {earlier} says of the same patient, or nothing"
            table.problems.append(Problem(place(row, one.column), shown(cell), accepted))
        return
    table.numbers[spot] = value
    table.cells[spot] = (row, cell)


def unmet(table: Table, spots: Iterator[Spot], roles: tuple[str, ...], accepted: str) -> Iterator[Problem]:
    """A problem for each patient that does not meet a rule, unless a cell that it looks at is unreadable."""
    for patient, role in spots:
        if any((patient, one) in table.unreadable for one in roles):
            continue
        row, cell = table.cells.get((patient, role), (patient, None))
        known = [one for one in roles[1:] if (patient, one) in table.numbers]
        others = ", ".join(
            f'{shown(table.cells[patient, one][1])} in "{table.roles[one].column}"' for one in known
        )
        given = shown(cell) + (f" (with {others})" if others else "")
        yield Problem(place(row, table.roles[role].column), given, accepted)
