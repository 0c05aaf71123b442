"""Rows, and patients, without what would disclose small cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mgbayes.patient_comparison.cells import SmallCells, small_cells
from mgbayes.patient_comparison.claims import ClaimCheck
from mgbayes.patient_comparison.comparison import comparisons
from mgbayes.patient_comparison.result import MASKED, Row
from mgbayes.patient_comparison.tested import PatientTest
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.study.schema import ALL, Study

if TYPE_CHECKING:
    import xarray as xr

_COUNTS = ("n", "count")
_OF_ONE = ("median", "iqr", "range", "quantiles")
"""What can be the value of a single patient."""
_SHOWN = (
    *("p", "holm_p", "estimate_name", "estimate", "low", "high", "interval", "level"),
    *("statistic_name", "statistic"),
)
_NO_P = "no p value from these rows"


@dataclass(frozen=True)
class Mask:
    """Hides what would disclose a count of patients below the threshold."""

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
        """A published number; whether it agrees is shown only where the value is."""
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
        hidden: Row = dict.fromkeys(_SHOWN) | {"role": MASKED, "note": MASKED}
        return row | hidden | {"n_used": self.count(result.n_used), "n_missing": MASKED}

    def count(self, patients: float) -> str:
        """A hidden count: below the threshold, or masked since it would disclose another."""
        return f"<{self.below}" if patients < self.below else MASKED

    def _hides(self, endpoint: str | None, *, in_part: bool) -> bool:
        return endpoint in (self.small.parts if in_part else self.small.whole)


def without_holm(rows: list[Row]) -> list[Row]:
    """Rows without Holm's adjusted p values: each depends on the others, so that they would disclose hidden ones."""
    return [row | {"holm_p": None} for row in rows]


def without_small_cells(study: Study, patients: xr.Dataset, below: int) -> xr.Dataset:
    """The dataset without every endpoint that has a cell below the threshold (see ``cells``).

    Covariates are removed too, since an adjusted fit depends on cells within cells, and so is the file's hash, which
    would confirm a guess at the file. What remains is the same whatever the hidden cells hold.
    """
    from mgbayes.patients.patient_rows import PatientRows

    hidden = small_cells(PatientRows(study, patients), below).whole
    dropped = [
        name
        for name in map(str, patients.data_vars)
        if name.partition(".")[0] in hidden or name.startswith("covariate.")
    ]
    about = {"masked_below": below, "hidden": sorted(hidden), "file_sha256": ""}
    return patients.drop_vars(dropped).assign_attrs(about)
