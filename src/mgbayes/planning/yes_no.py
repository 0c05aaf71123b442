"""A plan for yes/no outcomes from their counts in both arms, each analyzed by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mgbayes.models.plan import Decision, EndpointAt, Plan, PriorChoice
from mgbayes.planning.conventions import PROBABILITY, SAMPLING, important_ratio
from mgbayes.planning.missing import Missing
from mgbayes.study.numbers import find_count
from mgbayes.study.schema import Direction, Endpoint, Study


@dataclass(frozen=True)
class _Counted:
    """A yes/no outcome at one visit, with counts in both arms."""

    part: EndpointAt
    estimand: str
    benefit: Direction


def yes_no_plan(study: Study, endpoints: Sequence[Endpoint]) -> tuple[tuple[Plan, ...], tuple[Missing, ...]]:
    """One plan for all of these that can be counted, none without one; and what the others lack."""
    counted: list[_Counted] = []
    missing: list[Missing] = []
    for endpoint in endpoints:
        found = list(_counted(study, endpoint))
        counted += found
        if not found:
            missing.append(_missing(endpoint))
    return ((_plan(study, counted),) if counted else (), tuple(missing))


def _missing(endpoint: Endpoint) -> Missing:
    if endpoint.benefit is None:
        return Missing(
            endpoint.id, 'benefit = "higher" or "lower" in the study file: which direction is better'
        )
    return Missing(
        endpoint.id,
        "how many of how many patients had it, in each arm (count, or a percent that only one count has)",
    )


def _counted(study: Study, endpoint: Endpoint) -> Iterator[_Counted]:
    """The endpoint at each visit at which both arms have a count; without a visit where that is how it is printed."""
    if endpoint.benefit is None:
        return
    arms = (study.reference.id, study.contrast.id)
    for visit in (None, *(visit.id for visit in study.visits)):
        if all(find_count(study, endpoint.id, arm, visit) is not None for arm in arms):
            at = ""
            part = EndpointAt(endpoint=endpoint.id, visit=visit)
            yield _Counted(part, f"odds_ratio_{endpoint.id}{at}", endpoint.benefit)


def _plan(study: Study, counted: Sequence[_Counted]) -> Plan:
    estimands = tuple(row.estimand for row in counted)
    arms = f"{study.contrast.label} than with {study.reference.label}"
    raw: dict[str, object] = {
        "schema_version": 1,
        "id": "yes_no",
        "study": study.id,
        "title": "Yes/no outcomes",
        "question": f"Do more patients have a good outcome with {arms}?",
        "model": "binary",
        "family": "independent",
        "endpoints": tuple(row.part for row in counted),
        "headline": estimands,
        "priors": {
            "p": PriorChoice(
                form="beta", values=(1.0, 1.0), why="Every chance is equally credible in each arm."
            ),
        },
        "important": tuple(important_ratio(row.estimand, row.benefit) for row in counted),
        "decision": Decision(estimand=estimands[0], probability=PROBABILITY),
        "sampling": SAMPLING,
    }
    return Plan.model_validate(raw)
