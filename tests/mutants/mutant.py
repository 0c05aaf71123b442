"""Deliberate faults as data: a text of the source that occurs once, what stands there instead, and who notices."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "src/mgbayes"


@dataclass(frozen=True)
class Mutant:
    """One edit of a file below ``SOURCE``, the fault that it is, and the tests of which one must fail.

    ``survives``: why no test is asked to notice it.
    """

    file: str
    fault: str
    old: str
    new: str
    tests: tuple[str, ...]
    survives: str = ""

    @property
    def package(self) -> str:
        """The folder of the file, or the file itself."""
        return self.file.partition("/")[0]

    def place(self, root: Path = ROOT) -> Path:
        """The file in a tree of the project."""
        return root / SOURCE / self.file

    def edited(self) -> str:
        """The source of the file with the fault. Raises ValueError unless the text stands there exactly once."""
        text = self.place().read_text("utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file}: {self.old!r} occurs {text.count(self.old)} times")
        return text.replace(self.old, self.new)


def mutants() -> tuple[Mutant, ...]:
    """All of mutants.toml."""
    rows = tomllib.loads(Path(__file__).with_name("mutants.toml").read_text("utf-8"))["mutant"]
    return tuple(Mutant(**row | {"tests": tuple(row["tests"])}) for row in rows)
