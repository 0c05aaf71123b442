"""How a cell is read: as yes or no, a number, a date, or one of some names.

Every reader turns a cell that is not missing into a number (a name into its place in the list), or raises
ValueError. ``accepted`` says in words what it takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from mgbayes.limits import LARGEST_VALUE
from mgbayes.patients.sheet import Cell, text

_NUMBER = {
    ".": re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"),
    ",": re.compile(r"[+-]?([0-9]+,?[0-9]*|,[0-9]+)([eE][+-]?[0-9]+)?"),
}
EARLIEST = date(1900, 1, 1)


class Reader(Protocol):
    """A way to read a cell."""

    @property
    def accepted(self) -> str:
        """What it takes, in words."""

    @property
    def choices(self) -> tuple[str, ...]:
        """The usual spelling of each value, where there are only some."""

    def __call__(self, cell: Cell) -> float:
        """The cell as a number. Raises ValueError."""


@dataclass(frozen=True)
class YesNo:
    """Yes is 1, no is 0."""

    yes: tuple[str, ...]
    no: tuple[str, ...]

    @property
    def accepted(self) -> str:
        """Every spelling."""
        return f"yes ({', '.join(self.yes)}) or no ({', '.join(self.no)}), no time or amount"

    @property
    def choices(self) -> tuple[str, ...]:
        """The first spelling of each."""
        return self.yes[0], self.no[0]

    def __call__(self, cell: Cell) -> float:
        """1.0 or 0.0."""
        word = text(cell).casefold()
        if word in {w.strip().casefold() for w in self.yes}:
            return 1.0
        if word in {w.strip().casefold() for w in self.no}:
            return 0.0
        raise ValueError(word)


@dataclass(frozen=True)
class Number:
    """A number of reasonable size, with the decimal sign that the map declares where it is written as text."""

    decimal: str = "."

    @property
    def accepted(self) -> str:
        """An example says more than a rule."""
        return f"a number such as 7 or 7{self.decimal}5, at most {LARGEST_VALUE:g} in size, without a unit"

    @property
    def choices(self) -> tuple[str, ...]:
        """None: any such value."""
        return ()

    def __call__(self, cell: Cell) -> float:
        """The number. Raises ValueError for dates, true and false, units, numbers too large."""
        if isinstance(cell, bool | date) or not (isinstance(cell, str) or hasattr(cell, "__float__")):
            raise ValueError(cell)
        value = self._written(text(cell)) if isinstance(cell, str) else cell
        if not abs(value) <= LARGEST_VALUE:
            raise ValueError(cell)
        return float(value)

    def _written(self, word: str) -> float:
        word = word.replace("\u2212", "-")
        if _NUMBER[self.decimal].fullmatch(word) is None:
            raise ValueError(word)
        return float(word.replace(",", "."))


@dataclass(frozen=True)
class Date:
    """A day, as its number in the calendar; text is read in the ways that the map declares."""

    formats: tuple[str, ...]
    today: date

    @property
    def accepted(self) -> str:
        """A day written in each way."""
        days = " or ".join(dict.fromkeys(date(2019, 3, 31).strftime(way) for way in self.formats))
        return f"a date such as {days}, from {EARLIEST} to {self.today}"

    @property
    def choices(self) -> tuple[str, ...]:
        """None: any such value."""
        return ()

    def __call__(self, cell: Cell) -> float:
        """The day. Raises ValueError for what is no date, or for two different dates by two ways."""
        days = {_day(cell)} if isinstance(cell, date) else self._ways(text(cell))
        if len(days) != 1 or not EARLIEST <= min(days) <= self.today:
            raise ValueError(cell)
        return float(min(days).toordinal())

    def _ways(self, word: str) -> set[date]:
        dates = set()
        for way in self.formats:
            try:
                dates.add(datetime.strptime(word, way).date())
            except ValueError:
                continue
        return dates


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


@dataclass(frozen=True)
class OneOf:
    """One of some names, each with its spellings; read as its place in the list."""

    spellings: tuple[tuple[str, ...], ...]

    @property
    def accepted(self) -> str:
        """Every spelling."""
        return "one of " + ", ".join(word for words in self.spellings for word in words)

    @property
    def choices(self) -> tuple[str, ...]:
        """The first spelling of each name."""
        return tuple(words[0] for words in self.spellings if words)

    def __call__(self, cell: Cell) -> float:
        """The place. Raises ValueError."""
        word = text(cell).casefold()
        for place, words in enumerate(self.spellings):
            if word in {w.strip().casefold() for w in words}:
                return float(place)
        raise ValueError(word)
