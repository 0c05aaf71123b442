"""Patients in ordered classes as evidence of mgbayes.models.ordinal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mgbayes.models.arms import arms_of, padded, places
from mgbayes.models.evidence import PatientClasses
from mgbayes.models.plan import NotPrinted
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.study.schema import Endpoint, Kind

_LEAST_CLASSES = 3


def patients(level: Any, levels: int) -> PatientClasses:
    """Patients in classes.

    Args:
        level: (arm, patient, visit) class, 0 to levels - 1; nan where missing and in padding.
        levels: how many classes there are.

    Returns:
        ``answer`` (arm, patient, visit · class), one for the class at each visit. Patients of an arm with the same
        classes contribute the same, so that each pattern is worked out once: ``patterns`` (arm, P, visit · class)
        are the answers of each, and ``pattern`` (arm, patient) says which is a patient's. P follows from the shape
        alone: of K classes at V visits there are (K + 1)^V at most.
    """
    level = np.asarray(level, dtype=float)
    answer = (level[..., None] == np.arange(levels)).astype(float).reshape(*level.shape[:2], -1)
    most = min(level.shape[1], (levels + 1) ** level.shape[2])
    patterns, pattern = (
        np.zeros((len(level), most, answer.shape[-1])),
        np.zeros(level.shape[:2], dtype=np.int64),
    )
    for arm, of_arm in enumerate(answer):
        rows, inverse = np.unique(of_arm, axis=0, return_inverse=True)
        patterns[arm, : len(rows)], pattern[arm] = rows, inverse.reshape(-1)
    return PatientClasses(answer=answer, patterns=patterns, pattern=pattern)


def from_rows(endpoint: Endpoint, visits: Sequence[str | None], rows: PatientRows) -> PatientClasses:
    """The classes of a spreadsheet's patients with any of the visits. Raises NotPrinted."""
    column = rows.column(endpoint.id)
    levels = [] if column is None else [str(level) for level in rows.data[column].attrs.get("levels", ())]
    there = endpoint.kind is Kind.ordinal and (visits == [None] or set(visits) <= set(rows.visits(endpoint)))
    if not there or len(levels) < _LEAST_CLASSES:
        raise NotPrinted(endpoint.id, "a class, of three or more, of patients at every visit")
    level = np.stack([rows.numbers(endpoint, visit) for visit in visits], axis=-1)
    arms = [arm & np.isfinite(level).any(axis=-1) for arm in arms_of(rows)]
    if not all(np.isfinite(level[arm]).any(axis=0).all() for arm in arms):
        raise NotPrinted(endpoint.id, "a class of patients in both arms at every visit")
    made = patients(padded([level[arm] for arm in arms], np.nan), len(levels))
    return made | {"level": np.array(levels), "row": places(rows, arms)}
