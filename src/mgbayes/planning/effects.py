"""A plan for an outcome of which a paper reports the effect with its confidence interval."""

from __future__ import annotations

from math import sqrt

from mgbayes.models.plan import Decision, EndpointAt, Important, Plan, Sensitivity
from mgbayes.planning.conventions import (
    PROBABILITY,
    SAMPLING,
    expected_ratio,
    important_ratio,
    normal,
    with_unit,
)
from mgbayes.study.numbers import EffectOf, find_effect
from mgbayes.study.schema import Direction, Endpoint, Kind, Study

_APPROXIMATION = (
    "The reported {effect} and its interval are taken as a normal likelihood{scale}: an approximation, since the "
    "patients behind them are not published."
)


def effect_plan(study: Study, endpoint: Endpoint) -> Plan | None:
    """A model of the effect at the last visit at which it is reported; None where none has an interval."""
    visits = [None, *(visit.id for visit in study.visits)]
    reported_at = [(visit, one) for visit in visits if (one := find_effect(study, endpoint.id, visit))]
    if not reported_at or endpoint.benefit is None:
        return None
    visit, reported = reported_at[-1]
    measure = reported.effect.measure
    compared = f"{study.contrast.label} than with {study.reference.label}"
    raw: dict[str, object] = {
        "schema_version": 1,
        "id": endpoint.id,
        "study": study.id,
        "title": endpoint.label[:1].upper() + endpoint.label[1:],
        "question": f"Is the {endpoint.label} {_wished(endpoint)} with {compared}?",
        "model": "reported_effect",
        "family": "approximate_ratio" if measure.is_ratio else "approximate_difference",
        "endpoints": (EndpointAt(endpoint=endpoint.id, visit=visit),),
        "headline": (measure.name,),
        "caution": _APPROXIMATION.format(
            effect=measure.label, scale=" of its log" if measure.is_ratio else ""
        ),
        "decision": Decision(estimand=measure.name, probability=PROBABILITY),
        "sampling": SAMPLING,
    }
    return Plan.model_validate(raw | _scale(study, endpoint, reported))


def _wished(endpoint: Endpoint) -> str:
    if endpoint.kind is Kind.time_to_event:
        return "longer" if endpoint.benefit == "higher" else "shorter"
    return str(endpoint.benefit)


def _scale(study: Study, endpoint: Endpoint, reported: EffectOf) -> dict[str, object]:
    """Priors, importance and what an enthusiast expects; of a difference, on the scale of its interval's length."""
    name, benefit = reported.effect.measure.name, _benefit(endpoint)
    if reported.effect.measure.is_ratio:
        return {
            "priors": {"log_ratio": normal(0, 1, "Neither arm is favoured; ratios between 1/7 and 7.")},
            "important": (important_ratio(name, benefit),),
            "sensitivity": (expected_ratio("log_ratio", name, benefit, of=reported.effect.measure.label),),
        }
    sd = reported.effect.normal[1] / sqrt(1 / int(study.reference.n) + 1 / int(study.contrast.n))
    unit = endpoint.unit if endpoint.kind is not Kind.binary else "%"
    size = float(f"{sd / 2:.2g}") * (1 if benefit == "higher" else -1)
    half = f"half an SD within arms ({with_unit(sd, unit)}, from the length of the interval)"
    return {
        "priors": {
            "difference": normal(
                0,
                sd,
                f"Neither arm is favoured; differences of up to two SDs within arms, {with_unit(2 * sd, unit)}.",
            )
        },
        "important": (Important(estimand=name, threshold=size, why=f"By convention, {half}."),),
        "sensitivity": (
            Sensitivity(
                effect="difference",
                estimand=name,
                expected_difference=size,
                outcome_sd=float(f"{sd:.3g}"),
                why=f"By convention, {half}; the study file states no expected effect.",
            ),
        ),
    }


def _benefit(endpoint: Endpoint) -> Direction:
    """Which side of no effect is better: a higher hazard of a time is a shorter time."""
    assert endpoint.benefit is not None
    if endpoint.kind is not Kind.time_to_event:
        return endpoint.benefit
    return "lower" if endpoint.benefit == "higher" else "higher"
