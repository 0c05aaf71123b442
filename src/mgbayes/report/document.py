"""A document as a value: headings, paragraphs, tables and figures, which Word, LaTeX and the page each write.

Text is a sequence of strings, of ``Cite`` (a key of the references) and of ``Ref`` (the name of a table or figure);
each writer numbers these in its own way. Nothing is escaped here: a writer escapes what it writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mgbayes.report.picture import Picture


@dataclass(frozen=True)
class Cite:
    """One or more references by their keys."""

    keys: tuple[str, ...]


@dataclass(frozen=True)
class Ref:
    """A table or a figure of the document by its name."""

    name: str


Text = tuple[str | Cite | Ref, ...]


def cite(*keys: str) -> Cite:
    """A citation within a text."""
    return Cite(keys)


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 or 2."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """A paragraph."""

    text: Text


@dataclass(frozen=True)
class Column:
    """A column of a table: its head, its share of the width, and whether it holds numbers."""

    head: str
    width: float = 1.0
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """A table with a caption; the first cell of a row names the row. A cell is text, or has references."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str | Text, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"table {self.name}: {len(row)} cells in {len(self.columns)} columns")


@dataclass(frozen=True)
class FigureBlock:
    """A figure with its caption."""

    picture: Picture

    @property
    def name(self) -> str:
        """The name of the figure."""
        return self.picture.name


Block = Heading | Paragraph | Table | FigureBlock


@dataclass(frozen=True)
class Document:
    """A title and blocks; tables and figures are numbered as they come, with a prefix (``S`` of a supplement)."""

    title: str
    blocks: tuple[Block, ...]
    prefix: str = "S"
    numbers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        numbers: dict[str, str] = {}
        counts = {"Table": 0, "Figure": 0}
        for block in self.blocks:
            if isinstance(block, Table | FigureBlock):
                kind = "Table" if isinstance(block, Table) else "Figure"
                counts[kind] += 1
                numbers[block.name] = f"{kind} {self.prefix}{counts[kind]}"
        object.__setattr__(self, "numbers", numbers)

    def number(self, name: str) -> str:
        """``Table S3``."""
        return self.numbers[name]

    def cited(self) -> tuple[str, ...]:
        """The references in the order in which they are cited."""
        return tuple(
            dict.fromkeys(key for part in self._parts() if isinstance(part, Cite) for key in part.keys)
        )

    def _parts(self) -> Iterator[str | Cite | Ref]:
        for block in self.blocks:
            if isinstance(block, Paragraph):
                yield from block.text
            elif isinstance(block, Table):
                for row in block.rows:
                    for cell in row:
                        yield from as_text(cell)


def as_text(cell: str | Text) -> Text:
    """A cell as text."""
    return (cell,) if isinstance(cell, str) else cell
