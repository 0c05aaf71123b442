"""A plan for an outcome in ordered classes, from their counts or their median in both arms."""

from __future__ import annotations

from math import log

from mgbayes.models.plan import Decision, EndpointAt, Plan, PriorChoice
from mgbayes.planning.conventions import (
    PROBABILITY,
    SAMPLING,
    important_ratio,
    lognormal,
    normal,
    number,
)
from mgbayes.planning.missing import Missing
from mgbayes.study.numbers import find_categories, find_quantiles
from mgbayes.study.schema import Direction, Endpoint, Study
from mgbayes.study.statistics.quantiles import MEDIAN


def ordinal_plan(study: Study, endpoint: Endpoint) -> Plan | Missing:
    """A cumulative logit at the last visit at which both arms have a median class, or the counts of all classes."""
    visits = [None, *(visit.id for visit in study.visits)]
    arms = (study.reference.id, study.contrast.id)
    published = [visit for visit in visits if all(_is_published(study, endpoint, arm, visit) for arm in arms)]
    if not published or len(endpoint.levels) < 2:
        needed = "levels in the study file, and the median class or the counts of all classes in each arm"
        return Missing(endpoint.id, needed)
    assert endpoint.benefit is not None
    compared = f"{study.contrast.label} than with {study.reference.label}"
    visit = published[-1]
    name = f"odds_ratio_{visit or 'only'}"
    towards_lower: Direction = "higher" if endpoint.benefit == "lower" else "lower"
    raw: dict[str, object] = {
        "schema_version": 1,
        "id": endpoint.id,
        "study": study.id,
        "title": endpoint.label[:1].upper() + endpoint.label[1:],
        "question": f"Is the {endpoint.label} {endpoint.benefit} with {compared}?",
        "model": "ordinal",
        "family": "cumulative_logit",
        "endpoints": (EndpointAt(endpoint=endpoint.id, visit=visit),),
        "headline": (name,),
        "caution": "The odds ratio is taken as the same at every cut between classes.",
        "priors": _priors(len(endpoint.levels)),
        "important": (important_ratio(name, towards_lower),),
        "decision": Decision(estimand=name, probability=PROBABILITY),
        "sampling": SAMPLING,
    }
    return Plan.model_validate(raw)


def _is_published(study: Study, endpoint: Endpoint, arm: str, visit: str | None) -> bool:
    quantiles = find_quantiles(study, endpoint, arm, visit)
    has_median = quantiles is not None and any(one.p == MEDIAN for one in quantiles.quantiles)
    return has_median or find_categories(study, endpoint.id, arm, visit) is not None


def _priors(levels: int) -> dict[str, PriorChoice]:
    """As wide as for classes that are all as frequent."""
    first = -log(levels - 1)
    step = -2 * first / max(levels - 2, 1)
    return {
        "first_cut": normal(
            first, 2, f"One of {levels} classes, give or take a factor of 50 in the odds of the lowest."
        ),
        "gap": lognormal(
            log(step) if levels > 2 else 0.0,
            0.7,
            f"From one class to the next the log odds change by {number(step * 0.25)} to {number(step * 3.9)}.",
        ),
        "log_odds_ratio": normal(0, 1.5, "Neither arm is favoured; odds ratios between 1/19 and 19."),
    }
