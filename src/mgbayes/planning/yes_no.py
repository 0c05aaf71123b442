"""A plan for yes/no outcomes from their counts in both arms, each analyzed by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mgbayes.models.plan import Decision, EndpointAt, Plan, endpoint_keys
from mgbayes.planning.conventions import PROBABILITY, SAMPLING, expected_ratio, important_ratio, normal
from mgbayes.planning.missing import Missing
from mgbayes.study.numbers import find_count
from mgbayes.study.schema import Direction, Endpoint, Study

_EXAMPLE = {"higher": "67 in place of 50 of 100 patients", "lower": "33 in place of 50 of 100 patients"}


@dataclass(frozen=True)
class _Counted:
    """A yes/no outcome at one visit, with counts in both arms."""

    part: EndpointAt
    benefit: Direction


def yes_no_plan(study: Study, endpoints: Sequence[Endpoint]) -> tuple[tuple[Plan, ...], tuple[Missing, ...]]:
    """One plan for all of these that can be counted, none without one; and what the others lack."""
    counted: list[_Counted] = []
    missing: list[Missing] = []
    for endpoint in endpoints:
        at_visits = list(_counted(study, endpoint))
        counted += at_visits
        if not at_visits:
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
    """The endpoint at each visit at which both arms have a count; without a visit where none is published."""
    if endpoint.benefit is None:
        return
    arms = (study.reference.id, study.contrast.id)
    for visit in (None, *(visit.id for visit in study.visits)):
        if all(find_count(study, endpoint.id, arm, visit) is not None for arm in arms):
            yield _Counted(EndpointAt(endpoint=endpoint.id, visit=visit), endpoint.benefit)


def _plan(study: Study, counted: Sequence[_Counted]) -> Plan:
    keys = endpoint_keys([(row.part.endpoint, row.part.visit) for row in counted])
    estimands = tuple(f"odds_ratio_{key}" for key in keys)
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
            "level": normal(0, 1.5, "Midway between the arms, the chance of each lies between 5 % and 95 %."),
            "log_odds_ratio": normal(0, 1.5, "Neither arm is favoured; odds ratios between 1/19 and 19."),
        },
        "important": tuple(
            important_ratio(name, row.benefit) for name, row in zip(estimands, counted, strict=True)
        ),
        "sensitivity": tuple(
            expected_ratio(f"log_{name}", name, row.benefit, of="odds", example=_EXAMPLE[row.benefit])
            for name, row in zip(estimands, counted, strict=True)
        ),
        "decision": Decision(estimand=estimands[0], probability=PROBABILITY),
        "sampling": SAMPLING,
    }
    return Plan.model_validate(raw)
