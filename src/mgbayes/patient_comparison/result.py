"""The results that are shown: two tables and their provenance, and never a patient.

Terminal, JSON and CSV are all made of these rows, so that nothing masked here can appear in one of them. The
Kaplan-Meier curves are not among them: their steps are the times of single patients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mgbayes.patient_comparison.claims import ClaimCheck, Match

SCHEMA_VERSION = 1
MASKED = "masked"

Row = dict[str, Any]


@dataclass(frozen=True)
class Masking:
    """The threshold below which counts are masked, and the endpoints hidden by it."""

    below: int
    whole: tuple[str, ...]
    """Endpoints of which nothing is shown."""
    parts: tuple[str, ...]
    """Endpoints of which nothing is shown for subsets of the patients."""

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        return {"below": self.below, "endpoints": list(self.whole), "endpoints_in_parts": list(self.parts)}


@dataclass(frozen=True)
class PatientComparison:
    """Published claims compared with patient data, and the frequentist tests.

    ``claims`` has a row for each published number, ``tests`` one for each test of each comparison; the keys of
    the rows are the columns of the CSV files.
    """

    study: str
    synthetic: bool
    sizes: dict[str, int | str]
    subsets: tuple[str, ...]
    families: dict[str, int]
    claims: tuple[Row, ...]
    tests: tuple[Row, ...]
    masking: Masking | None = None
    file_sha256: str | None = None
    """Left out when cells are masked: it would confirm a guess at the file."""

    def tally(self) -> dict[str, int]:
        """How many published numbers agree, differ, ..."""
        matches = [*map(str, Match), *([MASKED] if self.masking else [])]
        return {match: sum(row["match"] == match for row in self.claims) for match in matches}

    def to_json(self) -> dict[str, Any]:
        """The JSON form, under ``patients`` of ``verify --patients --json``."""
        return {
            "schema_version": SCHEMA_VERSION,
            "synthetic": self.synthetic,
            "file_sha256": self.file_sha256,
            "patients_by_arm": self.sizes,
            "subsets": list(self.subsets),
            "masking": None if self.masking is None else self.masking.to_json(),
            "tally": self.tally(),
            "claims": [dict(row) for row in self.claims],
            "families": self.families,
            "tests": [dict(row) for row in self.tests],
        }


def claim_row(check: ClaimCheck) -> Row:
    """A published number and what the patients give."""
    return {
        "claim": check.claim,
        "alternative": check.alternative,
        "quantity": check.quantity,
        "printed": check.printed,
        "printed_low": check.low,
        "printed_high": check.high,
        "from_patients": check.from_rows,
        "match": str(check.match),
        "note": check.note,
    }
