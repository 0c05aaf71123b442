"""A plan for an outcome of which a paper reports the effect with its confidence interval."""

from __future__ import annotations

from math import log, sqrt

from mgbayes.models.plan import Decision, EndpointAt, Important, Plan, Sensitivity
from mgbayes.planning.conventions import (
    PROBABILITY,
    SAMPLING,
    expected_ratio,
    important_ratio,
    lognormal,
    normal,
    with_unit,
)
from mgbayes.study.numbers import EffectOf, find_effect
from mgbayes.study.schema import Direction, Endpoint, Kind, Study
from mgbayes.study.statistics import Measure

_APPROXIMATION = (
    "The reported {effect} and its interval are taken as a normal likelihood{scale}: an approximation, since the "
    "patients behind them are not published."
)
_CAUTION = {
    "approximate_ratio": _APPROXIMATION,
    "approximate_difference": _APPROXIMATION,
    "counts": "The counts are not published: all are taken together of which the {effect} and its interval are "
    "reported so.",
    "means": "Means and SDs are not published: the {effect} and the length of its interval, by Student's t, stand "
    "for both, with one SD in both arms.",
}


def effect_plan(study: Study, endpoint: Endpoint) -> Plan | None:
    """A model of the effect at the last visit at which it is reported; None where none has an interval."""
    from mgbayes.models.reported_effect import reading_of  # with the sampler, which a page does not need

    visits = [None, *(visit.id for visit in study.visits)]
    reported_at = [(visit, one) for visit in visits if (one := find_effect(study, endpoint.id, visit))]
    if not reported_at or endpoint.benefit is None:
        return None
    visit, reported = reported_at[-1]
    measure = reported.effect.measure
    if not reported.effect.normal[1] > 0:  # both limits are rounded to one number
        return None
    family = reading_of(study, reported)
    compared = f"{study.contrast.label} than with {study.reference.label}"
    raw: dict[str, object] = {
        "schema_version": 1,
        "id": endpoint.id,
        "study": study.id,
        "title": endpoint.label[:1].upper() + endpoint.label[1:],
        "question": f"Is the {endpoint.label} {_wished(endpoint)} with {compared}?",
        "model": "reported_effect",
        "family": family,
        "endpoints": (EndpointAt(endpoint=endpoint.id, visit=visit),),
        "headline": (measure.name,),
        "caution": _CAUTION[family].format(
            effect=measure.label, scale=" of its log" if measure.is_ratio else ""
        ),
        "decision": Decision(estimand=measure.name, probability=PROBABILITY),
        "sampling": SAMPLING,
    }
    scale = _of_counts(endpoint, measure) if family == "counts" else _scale(study, endpoint, reported, family)
    return Plan.model_validate(raw | scale)


def _wished(endpoint: Endpoint) -> str:
    if endpoint.kind is Kind.time_to_event:
        return "longer" if endpoint.benefit == "higher" else "shorter"
    return str(endpoint.benefit)


def _of_counts(endpoint: Endpoint, measure: Measure) -> dict[str, object]:
    """Priors of the chances by their log odds, and what matters on the scale of the measure."""
    name, benefit = measure.name, _benefit(endpoint)
    points = 10.0 if benefit == "higher" else -10.0
    ten = Important(estimand=name, threshold=points, why="By convention, ten patients in a hundred.")
    varied = expected_ratio("log_odds_ratio", name, benefit, of="odds")
    return {
        "priors": {
            "log_odds": normal(
                0, 1.5, "Midway between the arms, the chance of each lies between 5 % and 95 %."
            ),
            "log_odds_ratio": normal(0, 1.5, "Neither arm is favoured; odds ratios between 1/19 and 19."),
        },
        "important": (important_ratio(name, benefit) if measure.is_ratio else ten,),
        "sensitivity": (varied.model_copy(update={"induced": measure is not Measure.odds_ratio}),),
    }


def _scale(study: Study, endpoint: Endpoint, reported: EffectOf, family: str) -> dict[str, object]:
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
    up_to = with_unit(2 * sd, unit)
    difference = normal(0, sd, f"Neither arm is favoured; differences of up to two SDs within arms, {up_to}.")
    within = lognormal(log(sd), 0.5, f"Within a factor of 2.7 of {with_unit(sd, unit)}.")
    return {
        "priors": {"difference": difference} | ({"sd": within} if family == "means" else {}),
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
