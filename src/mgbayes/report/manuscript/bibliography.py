"""The methods' references: read from ``references.toml``, written as BibTeX and as a list for Word."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from mgbayes.study.schema import Study

PAPER = "reanalysed"
"""The key of the paper that is re-analysed."""


@dataclass(frozen=True)
class Reference:
    """One reference; ``text`` stands for all the rest where a citation is known only as written."""

    key: str
    kind: str
    author: str = ""
    title: str = ""
    journal: str = ""
    year: int = 0
    volume: str = ""
    pages: str = ""
    doi: str = ""
    note: str = ""

    def bibtex(self) -> str:
        """The entry, with braces that keep a title's capitals."""
        values = {
            "author": self.author,
            "title": f"{{{self.title}}}" if self.title else "",
            "journal": self.journal,
            "year": str(self.year or ""),
            "volume": self.volume,
            "pages": self.pages.replace("-", "--"),
            "doi": self.doi,
            "note": self.note,
        }
        from mgbayes.report.manuscript.latex_text import escaped

        lines = [
            f"  {name} = {{{value if name in ('title', 'doi') else escaped(value)}}},"
            for name, value in values.items()
            if value
        ]
        return "\n".join([f"@{self.kind}{{{self.key},", *lines, "}"])

    def written(self) -> str:
        """``Sung L, Hayden J. Title. Journal 2005;58:261-268. doi:...``, or the citation as it was written."""
        if not self.title:
            return self.note
        where = (
            f"{self.journal} {self.year};{self.volume}:{self.pages}."
            if self.journal
            else f"{self.note}, {self.year}."
        )
        doi = f" doi:{self.doi}" if self.doi else ""
        return f"{_authors(self.author)}. {self.title}. {where}{doi}"


def references(study: Study, keys: Iterable[str]) -> list[Reference]:
    """The references of these keys, in their order."""
    known = _known()
    paper = Reference(PAPER, "misc", note=study.citation)
    return [paper if key == PAPER else known[key] for key in keys]


@cache
def _known() -> dict[str, Reference]:
    text = files("mgbayes.report.manuscript").joinpath("references.toml").read_text("utf-8")
    return {key: Reference(key, **row) for key, row in tomllib.loads(text).items()}


def _authors(names: str) -> str:
    """``Kruschke JK``, the first six of more."""
    people = []
    for name in names.split(" and "):
        family, _, given = name.partition(", ")
        people.append(f"{family} {''.join(part[0] for part in given.split())}")
    return ", ".join(people[:6]) + (", et al" if len(people) > 6 else "")
