"""Read a spreadsheet of patients as the study's column map says."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from mgbayes.errors import InputError, Problem
from mgbayes.patients.fields import ARM, Field, fields, mapped_columns
from mgbayes.patients.file import read_content, read_sheet
from mgbayes.patients.origin import not_observed
from mgbayes.patients.rule import unmet_rules
from mgbayes.patients.rules import rules
from mgbayes.patients.sheet import Sheet
from mgbayes.patients.table import Gathering, Table, gather
from mgbayes.study.patient_map import PatientMap
from mgbayes.study.schema import Study

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_ADVICE = "Columns are mapped under [patients] in the study file; `mgbayes init FOLDER` writes a template."


def read_patients(path: str | Path, study: Study) -> xr.Dataset:
    """Read the patients of a spreadsheet (.csv, .xlsx or .parquet); ``mgbayes.patients`` describes the dataset.

    Raises InputError with every problem of the file in one pass, each with its row and column as the
    spreadsheet shows them, what was given and what is accepted. A patient is a row, in the dataset as in messages:
    identifiers are not stored.

    Example:
        >>> import mgbayes as mb, pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp()) / "mine"
        >>> _ = mb.init(folder)
        >>> study = mb.load_study(folder / "study.toml")
        >>> made_up = mb.simulate(study)[0].columns
        >>> with (folder / "patients.csv").open("w") as sheet:
        ...     for row in (made_up, *zip(*made_up.values())):
        ...         _ = sheet.write(",".join("" if cell is None else str(cell) for cell in row) + "\\n")
        >>> mb.read_patients(folder / "patients.csv", study).sizes["patient"]
        38
    """
    from mgbayes.patients.dataset import dataset

    path = Path(path)
    mapping = study.patients
    if mapping is None:
        problem = Problem("patients", "nothing", "a [patients] table that maps the columns")
        raise InputError(f"the study {study.id}", [problem], _ADVICE)
    mapped = fields(study, mapping, date.today())
    content = read_content(path)
    wanted = mapped_columns(mapping, mapped)
    sheet = read_sheet(content, path.suffix, wanted, mapping)
    problems = [*sheet.problems, *_columns(sheet, wanted)]
    present = [field for field in mapped if field.column in sheet.columns]
    table = gather(sheet, present, _gathering(study, mapping))
    frame = table.frame()
    problems += table.problems
    if table.patients:
        problems += unmet_rules(table, frame, rules(study, mapping, mapped, list(table.roles)))
        problems += _arms_without_patients(study, table, frame, present)
    if problems:
        raise InputError(str(path), sorted(dict.fromkeys(problems), key=_row), _ADVICE)
    synthetic = mapping.synthetic or not_observed(sheet)
    return dataset(study, mapping, frame, hashlib.sha256(content).hexdigest(), synthetic=synthetic)


def _row(problem: Problem) -> int:
    """The row that a problem is in; those of the whole file come first."""
    at = re.match(r"row (\d+)", problem.place)
    return int(at[1]) if at is not None else 0


def _gathering(study: Study, mapping: PatientMap) -> Gathering:
    missing = frozenset(word.strip().casefold() for word in mapping.missing)
    visits = tuple(visit.id for visit in study.visits)
    named = mapping.visit.values if mapping.visit is not None else {}  # noqa: PD011 (a field of the map)
    seen = tuple(visit for visit in visits if visit in named or not named)
    return Gathering(missing, mapping.id, visits, seen, visit_rows=mapping.visit is not None)


def _columns(sheet: Sheet, wanted: dict[str, None]) -> Iterator[Problem]:
    """Mapped columns that the sheet does not have, or has twice.

    Other headings are not listed: in a file without headings they would be a patient's data.
    """
    if not sheet.columns:
        return
    for column in wanted:
        if column not in sheet.columns:
            near = difflib.get_close_matches(column, sheet.columns, n=1, cutoff=0.7)
            hint = f" (is it {near[0]!r}?)" if near else ""
            yield Problem("the heading", f"no column {column!r}", f"every column that the map names{hint}")
        elif column in sheet.doubled:
            yield Problem("the heading", f"the column {column!r} more than once", "each column once")


def _arms_without_patients(
    study: Study, table: Table, frame: pd.DataFrame, mapped: list[Field]
) -> Iterator[Problem]:
    """Both arms have patients. Not said where an unreadable arm could be the one that is wanting."""
    column = next((field.column for field in mapped if field.role == ARM), None)
    if column is None or any(role == ARM for _, role in table.unreadable):
        return
    counts = Counter(frame[ARM].dropna())
    for at, arm in enumerate(study.arms):
        if not counts[float(at)]:
            yield Problem(f'column "{column}"', f"no patient of the arm {arm.label}", "patients of both arms")
