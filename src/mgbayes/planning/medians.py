"""A plan for a measured outcome of which a paper reports medians and quartiles in both arms."""

from __future__ import annotations

from itertools import chain
from math import log

from mgbayes.models.plan import Decision, EndpointAt, Plan, PriorChoice
from mgbayes.models.quantile_evidence import MOST_PATIENTS
from mgbayes.planning.conventions import (
    PROBABILITY,
    SAMPLING,
    expected_ratio,
    important_ratio,
    lognormal,
    normal,
    with_unit,
)
from mgbayes.planning.missing import Missing
from mgbayes.study.numbers import find_quantiles
from mgbayes.study.schema import Endpoint, Study, Visit
from mgbayes.study.statistics import Quantiles


def median_plan(study: Study, endpoint: Endpoint) -> Plan | Missing:
    """A model of the quantiles at the last visit at which both arms have any, by the ratio of the medians."""
    visits: list[Visit | None] = [None, *study.visits]
    published = [(visit, cells) for visit in visits if (cells := _cells(study, endpoint, visit))]
    wanted = Missing(
        endpoint.id, "mean and SD, or median and quartiles that differ, of each arm after the start"
    )
    if not published or endpoint.benefit is None or not study.is_nonnegative(endpoint):
        return wanted
    visit, cells = published[-1]
    values = [float(one.text) for one in chain.from_iterable(cell.quantiles for cell in cells)]
    if max(values) <= 0 or (min(values) <= 0 and not endpoint.whole):
        return wanted
    arms = f"{study.contrast.label} than with {study.reference.label}"
    raw: dict[str, object] = {
        "schema_version": 1,
        "id": endpoint.id,
        "study": study.id,
        "title": endpoint.label[:1].upper() + endpoint.label[1:],
        "question": f"Is the {endpoint.label} {endpoint.benefit} with {arms}?",
        "model": "quantiles",
        "family": "lognormal",
        "alternative_families": ("weibull",),
        "endpoints": (EndpointAt(endpoint=endpoint.id, visit=None if visit is None else visit.id),),
        "headline": ("median_ratio",),
        "caution": "Medians and quartiles say little about the tails.",
        "priors": _priors(sum(values) / len(values), endpoint.unit),
        "important": (important_ratio("median_ratio", endpoint.benefit),),
        "sensitivity": (expected_ratio("log_ratio", "median_ratio", endpoint.benefit, of="median"),),
        "decision": Decision(estimand="median_ratio", probability=PROBABILITY),
        "sampling": SAMPLING,
    }
    return Plan.model_validate(raw)


def _cells(study: Study, endpoint: Endpoint, visit: Visit | None) -> list[Quantiles]:
    """The published quantiles of both arms at a visit; empty unless both have any that differ or are whole."""
    cells = []
    for arm in (study.reference, study.contrast):
        cell = find_quantiles(study, endpoint, arm.id, None if visit is None else visit.id)
        values = [] if cell is None else [float(one.text) for one in cell.quantiles]
        few = cell is not None and endpoint.whole and cell.n <= MOST_PATIENTS
        if cell is None or (len(set(values)) < len(values) and not few):
            return []
        cells.append(cell)
    return cells


def _priors(middle: float, unit: str) -> dict[str, PriorChoice]:
    return {
        "log_level": normal(
            log(middle),
            1,
            f"The log of {with_unit(middle, unit)}, the mean of the published quantiles of both arms: a seventh to "
            "seven times as much.",
        ),
        "log_ratio": normal(0, 0.7, "Neither arm is favoured; medians within a factor of 4 of each other."),
        "log_sd": lognormal(
            -0.5, 0.7, "Two thirds of the patients lie within a factor of 1.2 to 11 of the median."
        ),
    }
