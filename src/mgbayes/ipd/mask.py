"""Rows without what small cells would give away."""

from __future__ import annotations

from dataclasses import dataclass

from mgbayes.ipd.beside import MASKED, Row
from mgbayes.ipd.cells import SmallCells, small_cells
from mgbayes.ipd.claims import ClaimCheck
from mgbayes.ipd.comparison import comparisons
from mgbayes.ipd.tested import PatientTest
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.study.schema import ALL

_COUNTS = ("n", "count")
_OF_ONE = ("median", "iqr", "range", "quantiles")
"""What can be the value of a single patient."""
_TOLD = (
    *("p", "holm_p", "estimate_name", "estimate", "low", "high", "interval", "level"),
    *("statistic_name", "statistic"),
)
_NO_P = "no p value from these rows"


@dataclass(frozen=True)
class Mask:
    """Hides, below a count of patients, what could be told or computed back."""

    below: int
    small: SmallCells
    arms: frozenset[str]
    in_parts: frozenset[tuple[str, str]]
    """Comparisons that are of parts of the patients: endpoint and id."""
    endpoints: dict[str, str | None]
    """The endpoint of each claim."""

    @classmethod
    def of(cls, rows: PatientRows, below: int) -> Mask:
        """What has to be hidden of these rows."""
        arms = frozenset(arm.id for arm in rows.study.arms) | {ALL}
        in_parts = frozenset(
            (one.endpoint.id, one.id)
            for one in comparisons(rows)
            if one.within not in arms or (one.design == "independent" and not {one.first, one.other} <= arms)
        )
        endpoints = {claim.id: claim.endpoint for claim in rows.study.claims}
        return cls(below, small_cells(rows, below), arms, in_parts, endpoints)

    def claim(self, row: Row, check: ClaimCheck) -> Row:
        """A printed number; whether it agrees is told only where the value is."""
        endpoint = self.endpoints[check.claim]
        if check.comparison is None:
            in_part = check.group is not None and check.group not in self.arms
        else:
            in_part = (endpoint, check.comparison) in self.in_parts
        if check.number in _OF_ONE:
            return row | {"from_patients": MASKED, "match": MASKED, "note": ""}
        if not self._hides(endpoint, in_part=in_part):
            return row | {"note": row["note"] if check.from_rows is None else ""}
        counted = check.number in _COUNTS and check.from_rows is not None
        value = self.count(check.from_rows or 0) if counted else MASKED
        return row | {"from_patients": value, "match": MASKED, "note": ""}

    def test(self, row: Row, result: PatientTest) -> Row:
        """A test: of a hidden endpoint only its name is shown. Notes, which count patients, never are."""
        in_part = (result.endpoint, result.comparison) in self.in_parts
        if not self._hides(result.endpoint, in_part=in_part):
            return row | {"note": "" if result.p is not None else _NO_P}
        hidden: Row = dict.fromkeys(_TOLD) | {"role": MASKED, "note": MASKED}
        return row | hidden | {"n_used": self.count(result.n_used), "n_missing": MASKED}

    def count(self, patients: float) -> str:
        """A count that is not told: as below the threshold, or as one that would give another away."""
        return f"<{self.below}" if patients < self.below else MASKED

    def _hides(self, endpoint: str | None, *, in_part: bool) -> bool:
        return endpoint in (self.small.parts if in_part else self.small.whole)


def without_holm(rows: list[Row]) -> list[Row]:
    """Adjusted p values step over each other: beside hidden ones they would give these away."""
    return [row | {"holm_p": None} for row in rows]
