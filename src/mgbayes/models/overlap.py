"""Yes/no outcomes in which the same patient can count twice, and plans that would pool them.

Two outcomes of a plan overlap where the study file says so (``overlaps``), or where they are one endpoint at two
visits. A hierarchy would take them as separate evidence: the same patients, counted twice, would confirm each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from mgbayes.errors import InputError, Problem
from mgbayes.study.numbers import find_count

if TYPE_CHECKING:
    from mgbayes.models.plan import EndpointAt, Plan
    from mgbayes.study.schema import Study

POOLED = "hierarchical"


def check_pooling(study: Study, plan: Plan) -> None:
    """Raises InputError for a plan that pools outcomes that overlap, or one alone."""
    problems = [problem for place, given in _pooled(plan) for problem in _problems(study, plan, place, given)]
    if problems:
        raise InputError(f"{study.id} with plan {plan.id}", problems)


def _pooled(plan: Plan) -> Iterator[tuple[str, str]]:
    if plan.family == POOLED:
        yield "family", repr(POOLED)
    if POOLED in plan.alternative_families:
        yield "alternative_families", repr(POOLED)


def _problems(study: Study, plan: Plan, place: str, given: str) -> Iterator[Problem]:
    if len(plan.endpoints) < 2:
        yield Problem(place, f"{given} with one endpoint", "'independent': one endpoint has nothing to share")
        return
    pairs = overlapping(study, plan)
    if pairs and not plan.pool_overlapping:
        named = "; ".join(" with ".join(map(_name, pair)) for pair in pairs)
        yield Problem(
            place,
            f"{given} with outcomes in which the same patient can count twice ({named})",
            "'independent', or pool_overlapping = true in the plan",
        )


def overlapping(study: Study, plan: Plan) -> tuple[tuple[EndpointAt, EndpointAt], ...]:
    """The pairs of a plan's outcomes that overlap: as the study file says, or one endpoint at two visits."""
    return tuple(
        (one, other) for one, other in combinations(plan.endpoints, 2) if _overlap(study, one, other)
    )


def perhaps_nested(study: Study, plan: Plan) -> tuple[tuple[EndpointAt, EndpointAt], ...]:
    """Pairs of which one may be part of the other by their counts, where the study file does not say.

    In both arms the one was counted in as many patients as the other and occurred in no more of them, and both are
    good for the patient or both bad. That proves nothing, so that it is a reason to ask and no more.
    """
    return tuple(
        (one, other)
        for one, other in combinations(plan.endpoints, 2)
        if not _overlap(study, one, other) and _may_be_nested(study, one, other)
    )


def _overlap(study: Study, one: EndpointAt, other: EndpointAt) -> bool:
    if one.endpoint == other.endpoint:
        return True
    return (
        other.endpoint in study.endpoint(one.endpoint).overlaps
        or one.endpoint in study.endpoint(other.endpoint).overlaps
    )


def _may_be_nested(study: Study, one: EndpointAt, other: EndpointAt) -> bool:
    if study.endpoint(one.endpoint).benefit != study.endpoint(other.endpoint).benefit:
        return False
    counts = [
        [find_count(study, part.endpoint, arm.id, part.visit) for arm in (study.reference, study.contrast)]
        for part in (one, other)
    ]
    pairs = [(a, b) for a, b in zip(*counts, strict=True) if a is not None and b is not None]
    if len(pairs) < 2 or any(a.n != b.n for a, b in pairs):
        return False
    return all(a.x <= b.x for a, b in pairs) or all(a.x >= b.x for a, b in pairs)


def _name(part: EndpointAt) -> str:
    return part.endpoint if part.visit is None else f"{part.endpoint} at {part.visit}"


def outcome_name(study: Study, part: EndpointAt) -> str:
    """An outcome of a plan for a reader, with its visit."""
    label = study.endpoint(part.endpoint).label
    visit = next((visit.label for visit in study.visits if visit.id == part.visit), None)
    return label if visit is None else f"{label}, {visit}"
