"""Results of the tests on patient data: one row a test of a comparison, the curves, the families adjusted for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from mgbayes.frequentist.kaplan_meier import Curve
from mgbayes.frequentist.result import Estimate, spelled
from mgbayes.patients.subset import Subset
from mgbayes.study.schema import TestFamily

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1


class Role(StrEnum):
    """What a test stands for in its comparison."""

    paper = "paper"
    better = "better"
    beside = "beside"
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
    statistic: float | None
    statistic_name: str
    p: float | None
    holm_p: float | None
    estimate: Estimate | None
    n_used: int
    n_missing: int
    named_by_paper: bool
    role: Role
    note: str

    def to_json(self) -> dict[str, Any]:
        """The form for machines: what cannot be had is null, and the note says why."""
        row = {name: getattr(self, name) for name in self.__dataclass_fields__}
        estimate = None if self.estimate is None else self.estimate.to_json()
        return row | {
            "estimate": estimate,
            "role": str(self.role),
            "family": None if self.family is None else str(self.family),
            "statistic": spelled(self.statistic),
        }


@dataclass(frozen=True)
class GroupCurve:
    """Kaplan and Meier's curve of one group of one comparison."""

    endpoint: str
    comparison: str
    group: str
    curve: Curve


@dataclass(frozen=True)
class PatientTests:
    """Every test of every comparison.

    ``holm_p`` is adjusted over two families apart, that of the tests which stand for the paper and that of
    the better ones: a comparison of an outcome enters each family once, baseline facts and first visits do
    not.
    """

    study: str
    rows: tuple[PatientTest, ...]
    curves: tuple[GroupCurve, ...]
    subsets: tuple[Subset, ...] = ()
    synthetic: bool = False
    """Whether the patients are made up, as the rows say of themselves."""

    def of(self, endpoint: str, comparison: str) -> tuple[PatientTest, ...]:
        """The rows of one comparison."""
        return tuple(row for row in self.rows if (row.endpoint, row.comparison) == (endpoint, comparison))

    def row(self, endpoint: str, comparison: str, test: str) -> PatientTest:
        """One test of one comparison. Raises KeyError when there is none."""
        for row in self.of(endpoint, comparison):
            if row.test == test:
                return row
        raise KeyError((endpoint, comparison, test))

    def family_size(self, role: Role) -> int:
        """How many p values were adjusted together."""
        return sum(row.role is role and row.holm_p is not None for row in self.rows)

    def to_frame(self) -> pd.DataFrame:
        """A table of all rows; the estimate and its interval have columns of their own."""
        import pandas as pd

        return pd.DataFrame([_flat(row) for row in self.rows])

    def to_json(self) -> dict[str, Any]:
        """The form for machines."""
        return {
            "schema_version": SCHEMA_VERSION,
            "study": self.study,
            "synthetic": self.synthetic,
            "subsets": [str(subset) for subset in self.subsets],
            "families": {str(role): self.family_size(role) for role in (Role.paper, Role.better)},
            "rows": [row.to_json() for row in self.rows],
            "curves": [
                {"endpoint": c.endpoint, "comparison": c.comparison, "group": c.group} | c.curve.to_json()
                for c in self.curves
            ],
        }


def _flat(row: PatientTest) -> dict[str, Any]:
    estimate = row.estimate
    columns = {name: getattr(row, name) for name in row.__dataclass_fields__ if name != "estimate"}
    return columns | {
        "estimate": None if estimate is None else estimate.value,
        "estimate_name": "" if estimate is None else estimate.name,
        "low": None if estimate is None else estimate.low,
        "high": None if estimate is None else estimate.high,
        "interval": "" if estimate is None else estimate.kind,
        "level": None if estimate is None else estimate.level,
    }
