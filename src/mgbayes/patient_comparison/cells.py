"""Endpoints with cells so small that a reader could identify their patients.

A cell is how many patients of a class have one value of a yes/no or class, one change of it between two
visits, had the event or not, or lack a value. A count below the threshold in any of them hides the whole
endpoint: with the size of the arm known, a percentage, a p value, an odds ratio, another row of the table or a Holm
adjustment would reveal the count.

The classes are the arms; and, for results in parts of the patients, the arms cut by every part at once, so
that no part can be had as the difference of two others. Endpoints that count the same event are hidden together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mgbayes.patient_comparison.claims import PATIENTS
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.study.schema import Endpoint, Kind, Study

Labels = NDArray[np.float64]
_CLASSES = (Kind.binary, Kind.ordinal)


@dataclass(frozen=True)
class Question:
    """A value of each patient, nan where missing; ``always`` are the values of which none is a small cell too."""

    values: Labels
    always: tuple[float, ...] = ()

    def has_small(self, group: NDArray[np.bool_], below: int) -> bool:
        """Whether a cell of these patients is small; an empty count of missing values discloses nothing."""
        values, counts = np.unique(self.values[group], return_counts=True)
        seen = dict(zip(values.tolist(), counts.tolist(), strict=True))
        return bool((counts < below).any()) or any(seen.get(value, 0) < below for value in self.always)


@dataclass(frozen=True)
class SmallCells:
    """The endpoints to hide: wholly, and in parts of the patients."""

    whole: frozenset[str]
    parts: frozenset[str]


def small_cells(rows: PatientRows, below: int) -> SmallCells:
    """The endpoints with a cell below the threshold."""
    parts = [inside for part in rows.parts if (inside := rows.members(part)) is not None]
    arms = list(_classes(rows.arms))
    fine = list(_classes(rows.arms, *parts))
    whole = _linked(
        rows.study, {one for one, questions in _of_endpoints(rows) if _small(questions, arms, below)}
    )
    within = _linked(
        rows.study, {one for one, questions in _of_endpoints(rows) if _small(questions, fine, below)}
    )
    return SmallCells(frozenset(whole), frozenset(whole | within))


def _small(questions: list[Question], classes: list[NDArray[np.bool_]], below: int) -> bool:
    return any(question.has_small(group, below) for question in questions for group in classes)


def _classes(arms: NDArray[np.str_], *parts: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
    """The patients of each arm, alike in their membership of every part."""
    keys = np.array(["/".join(map(str, key)) for key in zip(arms, *parts, strict=True)])
    for key in np.unique(keys):
        yield keys == key


def _of_endpoints(rows: PatientRows) -> Iterator[tuple[str, list[Question]]]:
    everyone = Question(np.zeros(len(rows.arms)))
    yield PATIENTS, [everyone]
    for endpoint in rows.study.endpoints:
        if rows.has(endpoint):
            yield endpoint.id, [everyone, *_questions(rows, endpoint)]


def _questions(rows: PatientRows, endpoint: Endpoint) -> Iterator[Question]:
    if endpoint.kind is Kind.time_to_event:
        yield Question(rows.follow_up(endpoint).event, (0.0, 1.0))
        return
    visits = rows.visits(endpoint)
    if not visits:
        return
    values = [rows.numbers(endpoint, visit) for visit in visits]
    periods = [rows.exposure(endpoint, visit) for visit in visits]
    yield Question(_presence([*values, *(period for period in periods if period is not None)]))
    if endpoint.kind in _CLASSES:
        levels = (0.0, 1.0) if endpoint.kind is Kind.binary else _levels(values)
        yield from (Question(value, levels) for value in values)
        yield from (Question(np.sign(later - values[0]), (-1.0, 0.0, 1.0)) for later in values[1:])


def _levels(values: list[Labels]) -> tuple[float, ...]:
    levels = np.unique(np.concatenate(values))
    return tuple(levels[np.isfinite(levels)].tolist())


def _presence(values: list[Labels]) -> Labels:
    """Which of a patient's values are known, as one number."""
    return np.asarray(sum(np.isfinite(value) * 2.0**k for k, value in enumerate(values)))


def _linked(study: Study, small: set[str]) -> set[str]:
    """With each endpoint, those that count the same event."""
    pairs = [
        {one.id, other}
        for one in study.endpoints
        if one.event is not None and (other := study.claim(one.event).endpoint) is not None
    ]
    for pair in pairs * len(pairs):
        if pair & small:
            small = small | pair
    return small
