"""Write synthetic patients, marked as such everywhere, and check each file against the published numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mgbayes.cache import write_text
from mgbayes.files import csv_text, writing
from mgbayes.patients.origin import SYNTHETIC
from mgbayes.simulation.run import FROM_TRUTH, SyntheticCohort
from mgbayes.simulation.table import Cell, Columns, map_of
from mgbayes.study.patient_map import PatientMap
from mgbayes.study.schema import Study

NOTICE = (
    "Synthetic patients, not observed. They agree with the published numbers, or follow chosen parameters, and "
    "stand for nobody; what a file shows beyond that is synthetic too."
)


@dataclass(frozen=True)
class Written:
    """One file: its place, how many published numbers it reproduces, those that it does not, and those not in it."""

    path: Path
    agree: int
    differ: tuple[str, ...]
    not_in_file: tuple[str, ...]
    from_published: bool

    def in_words(self) -> list[str]:
        """The file, and whether it reproduces the published numbers where these are its source."""
        if not self.from_published:
            return [str(self.path)]
        differ = [f"  not met: {text}" for text in self.differ]
        absent = [f"  not in the file: {text}" for text in self.not_in_file]
        return [f"{self.path}: {self.agree} published numbers reproduced", *differ, *absent]

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        if not self.from_published:
            return {"file": str(self.path)}
        return {
            "file": str(self.path),
            "agree": self.agree,
            "differ": list(self.differ),
            "not_in_the_file": list(self.not_in_file),
        }


def write_cohorts(
    study: Study, cohorts: Sequence[SyntheticCohort], folder: str | Path, *, seed: int, excel: bool = False
) -> list[Written]:
    """Write each cohort as CSV (with ``excel`` as .xlsx too), and its provenance as JSON in the same folder.

    The file's name and a column in every row say that it is synthetic. Each CSV file is read back and compared with
    every published number. Raises InputError when a file cannot be written.
    """
    folder, mapping = Path(folder), map_of(study)
    written = []
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for cohort in cohorts:
            path = folder / f"{study.id}-{cohort.number:03d}.{SYNTHETIC}.csv"
            write_text(path, _csv(cohort.columns, mapping))
            if excel:
                _excel(cohort.columns, path.with_suffix(".xlsx"), mapping.sheet)
            written.append(_checked(study, path, from_published=cohort.drawn_from != FROM_TRUTH))
            about = _about(study, cohort, written[-1], seed)
            text = json.dumps(about, indent=1, ensure_ascii=False) + "\n"
            write_text(path.with_suffix(".json"), text)
    return written


def _checked(study: Study, path: Path, *, from_published: bool) -> Written:
    from mgbayes.patient_comparison.claims import compare_with_claims
    from mgbayes.patient_comparison.run import run_tests
    from mgbayes.patients import read_patients

    patients = read_patients(path, study)
    checks = [
        check
        for check in compare_with_claims(study, patients, run_tests(study, patients))
        if check.number != "p" and check.alternative is None
    ]
    nobody = {(check.claim, check.group) for check in checks if check.number == "n" and check.from_rows == 0}
    absent = [c for c in checks if c.match == "not_available" or (c.claim, c.group) in nobody]
    differ = [c for c in checks if c.match == "differ" and c not in absent]
    agree = len(checks) - len(absent) - len(differ)
    wrong = tuple(f"{c.claim}, {c.quantity}: published {c.printed}, here {c.from_rows:.4g}" for c in differ)
    return Written(
        path, agree, wrong, tuple(f"{c.claim}, {c.quantity} {c.printed}" for c in absent), from_published
    )


def _about(study: Study, cohort: SyntheticCohort, written: Written, seed: int) -> dict[str, Any]:
    from mgbayes import __version__

    about: dict[str, Any] = {
        "schema_version": 1,
        "origin": SYNTHETIC,
        "notice": NOTICE,
        "study": study.id,
        "member": cohort.number,
        "seed": seed,
        "drawn_from": cohort.drawn_from,
        "parameters": cohort.parameters,
        "software": f"mgbayes {__version__}",
    }
    if cohort.drawn_from != FROM_TRUTH:
        about |= {
            "printed_numbers": {
                "agree": written.agree,
                "differ": list(written.differ),
                "not_in_the_file": list(written.not_in_file),
            },
        }
    return about


def _csv(columns: Columns, mapping: PatientMap) -> str:
    rows = ([_text(cell, mapping) for cell in row] for row in zip(*columns.values(), strict=True))
    return csv_text([list(columns), *rows], mapping.separator or (";" if mapping.decimal == "," else ","))


def _text(cell: Cell, mapping: PatientMap) -> str:
    if cell is None:
        return ""
    return repr(cell).replace(".", mapping.decimal) if isinstance(cell, float) else str(cell)


def _excel(columns: Columns, path: Path, sheet_name: str | None) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = sheet_name or SYNTHETIC
    sheet.append(list(columns))
    for row in zip(*columns.values(), strict=True):
        sheet.append(row)
    book.properties.title = NOTICE
    book.save(path)
