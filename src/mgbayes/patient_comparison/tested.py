"""Results of the tests on patient data: one row a test of a comparison, and the families adjusted for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isinf
from typing import Any

from mgbayes.frequentist.result import Estimate, Result
from mgbayes.patients.subset import Subset
from mgbayes.study.schema import TestFamily


class Role(StrEnum):
    """What a test stands for in its comparison."""

    paper = "paper"
    better = "better"
    also = "beside"
    check = "check"


@dataclass(frozen=True)
class PatientTest:
    """One test of one comparison of one endpoint."""

    endpoint: str
    comparison: str
    design: str
    test: str
    label: str
    family: TestFamily | None
    result: Result
    n_used: int
    n_missing: int
    named_by_paper: bool
    role: Role
    holm_p: float | None = None

    @property
    def p(self) -> float | None:
        """None where the patients give none, and the note says why."""
        return self.result.p

    @property
    def note(self) -> str:
        """What a reader has to know of it."""
        return self.result.note

    def to_row(self) -> dict[str, Any]:
        """The columns of the tables and of JSON; an infinite number is the text "inf" or "-inf"."""
        result, estimate = self.result, self.result.estimate
        size = estimate or Estimate("", None)
        names = ("endpoint", "comparison", "design", "test", "label", "role", "named_by_paper")
        return {name: getattr(self, name) for name in names} | {
            "role": str(self.role),
            "p": result.p,
            "holm_p": self.holm_p,
            "estimate_name": size.name or None,
            "estimate": _spelled(size.value),
            "low": _spelled(size.low),
            "high": _spelled(size.high),
            "interval": size.kind if estimate else None,
            "level": size.level if estimate else None,
            "statistic_name": result.statistic_name,
            "statistic": _spelled(result.statistic),
            "n_used": self.n_used,
            "n_missing": self.n_missing,
            "note": result.note,
        }


def _spelled(number: float | None) -> float | str | None:
    """A number for JSON, which has no infinity."""
    return str(number) if number is not None and isinf(number) else number


@dataclass(frozen=True)
class PatientTests:
    """Every test of every comparison.

    ``holm_p`` is adjusted over two families apart, that of the tests which stand for the paper and that of
    the better ones: a comparison of an outcome enters each family once, baseline facts and first visits do
    not.
    """

    rows: tuple[PatientTest, ...]
    subsets: tuple[Subset, ...] = ()
    synthetic: bool = False
    """Whether the patients are synthetic, as the data set says."""

    def of(self, endpoint: str, comparison: str) -> tuple[PatientTest, ...]:
        """The rows of one comparison."""
        return tuple(row for row in self.rows if (row.endpoint, row.comparison) == (endpoint, comparison))

    def row(self, endpoint: str, comparison: str, test: str) -> PatientTest:
        """One test of one comparison. Raises KeyError when there is none."""
        for row in self.of(endpoint, comparison):
            if row.test == test:
                return row
        raise KeyError((endpoint, comparison, test))

    @property
    def families(self) -> dict[str, int]:
        """How many p values were adjusted together."""
        return {
            str(role): sum(row.role is role and row.holm_p is not None for row in self.rows)
            for role in (Role.paper, Role.better)
        }
