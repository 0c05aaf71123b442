"""Reporting checklists, filled in from a document: where each item stands, and what is missing.

The items are data, in our own words. An item names the parts of the document that answer it; one whose parts this run
does not have, or that no program can answer, shows the gap instead.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from mgbayes.errors import InputError, Problem, one_of
from mgbayes.report.document import Column, Ref, Table, Text, cite

CHECKLISTS = ("BARG", "ROBUST", "SAMPL")
SECTIONS: Mapping[str, str] = {"question": "Question and sources", "methods": "Methods"}
"""Parts of the document that are no table or figure, by their headings."""


@dataclass(frozen=True)
class Item:
    """What a checklist asks, the parts that answer it, what they say, and what no program can say."""

    id: str
    asks: str
    where: tuple[str, ...] = ()
    says: str = ""
    gap: str = ""


@dataclass(frozen=True)
class Checklist:
    """A published checklist."""

    name: str
    title: str
    source: str
    items: tuple[Item, ...]

    def filled(self, parts: Mapping[str, str]) -> Table:
        """The table; ``parts`` are the tables and figures that the document has."""
        return Table(
            self.name.lower(),
            f"Checklist: {self.title}.",
            (
                Column("Item", 0.5),
                Column("Asked", 2),
                Column("Where", 1.3),
                Column("What is reported", 2.4),
                Column("Gaps, for the authors", 2),
            ),
            tuple(_row(item, parts, self.source if at == 0 else "") for at, item in enumerate(self.items)),
        )


@cache
def checklist(name: str) -> Checklist:
    """A checklist by its name. Raises InputError with those that there are."""
    if name.upper() not in CHECKLISTS:
        problem = Problem("checklist", repr(name), one_of(list(CHECKLISTS), name, none="nothing"))
        raise InputError("checklists", [problem])
    folder = files("mgbayes.report.manuscript")
    read = tomllib.loads(folder.joinpath(f"{name.lower()}.toml").read_text("utf-8"))
    items = tuple(Item(**row | {"where": tuple(row.get("where", ()))}) for row in read["items"])
    return Checklist(name.upper(), read["title"], read["source"], items)


def _row(item: Item, parts: Mapping[str, str], source: str) -> tuple[str | Text, ...]:
    present = [name for name in item.where if name in parts or name in SECTIONS]
    missing = bool(item.where) and not present
    where: list = []
    for name in present:
        where += [", "] if where else []
        where.append(f"section {SECTIONS[name]}" if name in SECTIONS else Ref(name))
    says = "Not in this analysis." if missing else item.says or "Not reported."
    gap = item.gap or ("To be added by the authors." if missing else "")
    item_text: Text = (item.asks, cite(source)) if source else (item.asks,)
    return item.id, item_text, tuple(where), says, gap
