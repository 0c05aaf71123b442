"""A synthetic cohort as the columns that a study's map names, in a random order of patients."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator

from mgbayes.errors import InputError, Problem
from mgbayes.patients.origin import COLUMN, SYNTHETIC
from mgbayes.simulation.cohort import Cohort, Floats
from mgbayes.study.patient_map import Covariate, EndpointColumns, PatientMap, Words
from mgbayes.study.schema import Kind, Study

Cell = str | float | int | None
Columns = dict[str, list[Cell]]


def map_of(study: Study) -> PatientMap:
    """The study's map of columns. Raises InputError when synthetic patients cannot be written by it."""
    mapping = study.patients
    if mapping is None:
        problem = Problem("patients", "nothing", "a [patients] table that names the columns to be written")
        raise InputError(f"the study {study.id}", [problem], "`mgbayes init FOLDER` writes an example.")
    problems = []
    if mapping.visit is not None:
        problems.append(Problem("patients → visit", repr(mapping.visit.column), "a map with a row a patient"))
    problems += [
        Problem(f"patients → endpoints → {row.endpoint} → start", repr(row.start), "a map with times in days")
        for row in mapping.endpoints
        if row.start is not None
    ]
    if problems:
        raise InputError(
            f"the study {study.id}", problems, "Synthetic patients are written a row each, in days."
        )
    return mapping


def columns_of(rng: Generator, study: Study, mapping: PatientMap, cohort: Cohort, name: str) -> Columns:
    """Every mapped column, empty where the cohort knows nothing, and one that says that all is synthetic."""
    columns: Columns = (
        {} if mapping.id is None else {mapping.id: [f"{name}-{i:03d}" for i in range(1, cohort.n + 1)]}
    )
    spellings = {arm.id: mapping.arm.values.get(arm.id, (arm.label,))[0] for arm in study.arms}
    columns[mapping.arm.column] = [spellings[arm] for arm in cohort.arms(study)]
    for row in mapping.endpoints:
        for column, cells in _endpoint(study, mapping, row, cohort):
            _put(columns, column, cells)
    for covariate in mapping.covariates:
        _put(columns, covariate.column, _covariate(study, mapping, covariate, cohort))
    for row in mapping.endpoints:
        if row.event is not None and row.endpoint not in cohort.times:
            columns[row.event] = [None] * cohort.n  # an event without its time could not be read back
    columns[COLUMN] = [SYNTHETIC] * cohort.n
    order = rng.permutation(cohort.n)
    ids = mapping.id and columns[mapping.id]
    shuffled = {column: [cells[i] for i in order] for column, cells in columns.items()}
    return shuffled | ({mapping.id: ids} if mapping.id and ids else {})


def _put(columns: Columns, column: str, cells: list[Cell]) -> None:
    """A column that has two roles (an event, and the same as a yes/no) keeps the cells that are known."""
    if column not in columns or all(cell is None for cell in columns[column]):
        columns[column] = cells


def _endpoint(
    study: Study, mapping: PatientMap, row: EndpointColumns, cohort: Cohort
) -> Iterator[tuple[str, list[Cell]]]:
    endpoint = study.endpoint(row.endpoint)
    if endpoint.kind is Kind.time_to_event:
        yield from _times(mapping, row, cohort)
        return
    places = {None: row.column} if row.column is not None else dict(row.visits)
    for visit, column in places.items():
        values = cohort.values.get((row.endpoint, visit))
        if values is None and visit is None:  # one column for what is published at a single visit
            single = [v for (name, _), v in cohort.values.items() if name == row.endpoint]
            values = single[0] if len(single) == 1 else None
        words = (mapping.no, mapping.yes) if endpoint.kind is Kind.binary else row.level_spellings
        yield str(column), _cells(values, cohort.n, words)
    if row.exposure is not None:
        yield row.exposure, _cells(cohort.followup, cohort.n)


def _times(mapping: PatientMap, row: EndpointColumns, cohort: Cohort) -> Iterator[tuple[str, list[Cell]]]:
    times = cohort.times.get(row.endpoint)
    day = None if times is None else times.day
    if row.event is not None:
        yield row.event, _cells(None if times is None else times.event, cohort.n, (mapping.no, mapping.yes))
    if row.time is not None:
        if row.followup is None and times is not None and cohort.followup is not None:
            day = np.where(times.event == 1, times.day, cohort.followup)
        yield row.time, _cells(day, cohort.n)
    if row.followup is not None:
        yield row.followup, _cells(cohort.followup, cohort.n)
    for bound in (row.lower, row.upper):
        if bound is not None:
            between = day if row.time is None else None
            yield bound, _cells(between, cohort.n)


def _covariate(study: Study, mapping: PatientMap, row: Covariate, cohort: Cohort) -> list[Cell]:
    values = next((v for (name, _), v in cohort.values.items() if name == row.name), None)
    if row.kind == "number":
        return _cells(values, cohort.n)
    if row.kind == "yes_no":
        return _cells(values, cohort.n, (mapping.no, mapping.yes))
    named = [
        s.level for c in study.claims if c.endpoint == row.name for s in c.summaries if s.level is not None
    ]
    known = all(level in row.values for level in named)
    words = tuple(row.values[level] for level in dict.fromkeys(named)) if known else ()
    return _cells(values if words else None, cohort.n, words)


def _cells(values: Floats | None, n: int, words: tuple[Words, ...] = ()) -> list[Cell]:
    """Numbers as they are, or the first spelling of the level that a number stands for."""
    if values is None:
        return [None] * n
    if words:
        return [None if np.isnan(value) else words[int(value)][0] for value in values]
    return [_number(float(value)) for value in values]


def _number(value: float) -> Cell:
    if np.isnan(value):
        return None
    return int(value) if value.is_integer() else value
