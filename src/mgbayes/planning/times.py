"""A plan for a time to an event, from its events by arm and how long patients were followed."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

from mgbayes.models.outcome import Outcome, outcome_of
from mgbayes.models.plan import Decision, EndpointAt, NotPrinted, Plan, PriorChoice
from mgbayes.models.time_evidence import TimeEvidence, time_evidence
from mgbayes.planning.conventions import (
    PROBABILITY,
    SAMPLING,
    expected_ratio,
    important_ratio,
    lognormal,
    normal,
    number,
    rounded_down,
    with_unit,
)
from mgbayes.planning.missing import Missing
from mgbayes.study.schema import Endpoint, Study

_WIDE = 1.96


@dataclass(frozen=True)
class _Followed:
    """How long the event could be seen, in the unit of the endpoint: for all alike, or on average."""

    time: float
    alike: bool
    unit: str

    @property
    def half(self) -> float:
        """Half of it, a number that is easy to say."""
        return rounded_down(self.time / 2)

    @property
    def whose(self) -> str:
        """What it is, in words."""
        return "the follow-up of every patient" if self.alike else "the mean follow-up"


def time_plan(study: Study, endpoint: Endpoint) -> Plan | Missing:
    """A mixture cure model where sooner is better, else proportional hazards."""
    bare = _bare(study, endpoint)
    try:
        evidence = time_evidence(study, bare)
    except NotPrinted as missing:
        return Missing(endpoint.id, missing.needed)
    left = evidence.followup
    followed = _Followed(rounded_down(left.mean), left.sd == 0, endpoint.unit)
    outcome = outcome_of(study, bare)
    changes = _cure(outcome, evidence, followed) if outcome.event_is_good else _hazards(outcome, followed)
    common = {
        "horizons": (followed.half, followed.time),
        "restricted_to": followed.time,
        "sampling": SAMPLING,
    }
    return Plan.model_validate(bare.model_dump() | common | changes)


def counted_by(study: Study, plan: Plan) -> str | None:
    """The yes/no endpoint that counts the event of a plan of a time; None for other plans."""
    event = study.endpoint(plan.endpoints[0].endpoint).event
    return None if event is None else study.claim(event).endpoint


def _bare(study: Study, endpoint: Endpoint) -> Plan:
    """The plan without what depends on the numbers."""
    good = endpoint.benefit == "lower"
    raw: dict[str, object] = {
        "schema_version": 1,
        "id": endpoint.id,
        "study": study.id,
        "title": endpoint.label[:1].upper() + endpoint.label[1:],
        "question": _question(study, endpoint),
        "model": "cure" if good else "proportional_hazards",
        "family": "lognormal" if good else "weibull",
        "endpoints": (EndpointAt(endpoint=endpoint.id),),
    }
    return Plan.model_validate(raw)


def _question(study: Study, endpoint: Endpoint) -> str:
    arms = f"{study.contrast.label} than with {study.reference.label}"
    length = "shorter" if endpoint.benefit == "lower" else "longer"
    return f"Is the {endpoint.label} {length} with {arms}?"


def _cure(outcome: Outcome, evidence: TimeEvidence, followed: _Followed) -> dict[str, object]:
    assert outcome.benefit is not None
    assert outcome.opposite is not None
    timed = any(row is not None for row in evidence.times)
    at_end = f"risk_difference_{followed.time:g}"
    varied = [
        expected_ratio(
            "log_odds_ratio",
            "odds_ratio_ever",
            outcome.opposite,
            of=f"odds of {outcome.event}",
            example="67 in place of 50 of 100 patients",
        )
    ]
    if timed:
        varied.append(
            expected_ratio("log_time_ratio", "time_ratio", outcome.benefit, of=f"time to {outcome.event}")
        )
    important = [important_ratio("odds_ratio_ever", outcome.opposite)]
    return {
        "alternative_families": ("gamma", "weibull"),
        "headline": ("odds_ratio_ever", "time_ratio") if timed else (at_end,),
        "readings": f"Whether {outcome.event} ever comes, and how soon, are two estimands: an arm may do "
        "better in one and worse in the other."
        if timed
        else "",
        "caution": ""
        if timed
        else f"No times of {outcome.event} are published: the estimates follow from counts, "
        "follow-up and priors.",
        "priors": _cure_priors(outcome, followed),
        "important": (*important, *([important_ratio("time_ratio", outcome.benefit)] if timed else ())),
        "decision": Decision(estimand="odds_ratio_ever" if timed else at_end, probability=PROBABILITY),
        "sensitivity": tuple(varied),
    }


def _cure_priors(outcome: Outcome, followed: _Followed) -> dict[str, PriorChoice]:
    event, half = outcome.event, followed.half
    return {
        "logit_ever": normal(0, 1.5, f"Midway between the arms, 5 % to 95 % of patients ever have {event}."),
        "log_odds_ratio": normal(0, 1.5, "Neither arm is favoured; odds ratios between 1/19 and 19."),
        "log_mean_time": normal(
            log(half),
            1,
            f"The log of {with_unit(half, followed.unit)}, half of {followed.whose}: the mean time to {event} "
            f"is between {number(half * exp(-_WIDE))} and {with_unit(half * exp(_WIDE), followed.unit)}.",
        ),
        "log_time_ratio": normal(
            0, 1, "Neither arm is favoured; from seven times sooner to seven times later."
        ),
        "shape": lognormal(0, 0.5, "Times from steeply falling to clearly peaked."),
    }


def _hazards(outcome: Outcome, followed: _Followed) -> dict[str, object]:
    estimand = "hazard_ratio"
    assert outcome.opposite is not None
    event, time = outcome.event, followed.time
    cuts = tuple(sorted({rounded_down(time / 3), rounded_down(2 * time / 3)}))
    return {
        "alternative_families": ("piecewise_exponential",),
        "cuts": cuts,
        "headline": (estimand,),
        "priors": {
            "log_hazard_ratio": normal(0, 1, "Neither arm is favoured; hazard ratios between 1/7 and 7."),
            "log_scale": normal(
                log(time),
                1.5,
                f"The log of {with_unit(time, followed.unit)}, {followed.whose}: two thirds of patients have {event} "
                f"within {number(time * exp(-1.5 * _WIDE))} to {with_unit(time * exp(1.5 * _WIDE), followed.unit)}.",
            ),
            "shape": lognormal(0, 0.5, "The hazard may fall or rise with time; constant lies between."),
            **{
                f"log_step_{i}": normal(
                    0,
                    0.7,
                    f"After {with_unit(cut, followed.unit)} the hazard is a quarter to four times what it was.",
                )
                for i, cut in enumerate(cuts, start=1)
            },
        },
        "important": (important_ratio(estimand, outcome.opposite),),
        "decision": Decision(estimand=estimand, probability=PROBABILITY),
        "sensitivity": (
            expected_ratio("log_hazard_ratio", estimand, outcome.opposite, of=f"hazard of {event}"),
        ),
    }
