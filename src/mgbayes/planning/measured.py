"""A plan for a score, dose or other measured outcome, from its means and SDs in both arms at one or more visits."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

from mgbayes.models.plan import Decision, EndpointAt, Important, Plan, PriorChoice, Sensitivity
from mgbayes.planning.conventions import PROBABILITY, SAMPLING, lognormal, normal, number, with_unit
from mgbayes.planning.missing import Missing
from mgbayes.study.numbers import find_mean_and_spread
from mgbayes.study.schema import Endpoint, Study, Visit
from mgbayes.study.statistics.means import MeanAndSpread

_NEAR_ZERO = 0.5
"""An SD above so many means: values that are never negative are then skewed, and arms differ by ratios."""
_HALF_AN_SD = 0.5


@dataclass(frozen=True)
class _Scale:
    """The scale of measurement: mean and SD within arms over both arms and all visits. Nothing of how arms differ."""

    mean: float
    sd: float
    unit: str

    @classmethod
    def of(cls, cells: list[MeanAndSpread], unit: str) -> _Scale:
        """Means weighted by patients, and variances within cells by their degrees of freedom."""
        total = sum(cell.n for cell in cells)
        mean = sum(cell.n * cell.mean_value for cell in cells) / total
        variance = sum((cell.n - 1) * cell.sd_value**2 for cell in cells) / (total - len(cells))
        return cls(mean, sqrt(variance), unit)


def measured_plan(study: Study, endpoint: Endpoint) -> Plan | Missing:
    """A model of means at every visit at which both arms have a mean and SD."""
    by_visit = {visit: cells for visit in _visits(study) if (cells := _cells(study, endpoint, visit))}
    visits = [visit for visit in by_visit if visit is not None]
    chosen: list[Visit | None] = [*visits] if visits else list(by_visit)
    baseline = next((visit for visit in visits if visit.days is not None and float(visit.days) == 0), None)
    later = [visit for visit in visits if visit is not baseline]
    if not chosen or (visits and not later):
        return _change_plan(study, endpoint)
    cells = [cell for visit in chosen for cell in by_visit[visit]]
    scale = _Scale.of(cells, endpoint.unit)
    skewed = study.is_nonnegative(endpoint) and any(
        cell.sd_value > _NEAR_ZERO * cell.mean_value for cell in cells
    )
    by_ratio = skewed and all(cell.mean_value > 0 for cell in cells)
    headline = _headline(baseline is not None, later[-1] if later else None)
    raw: dict[str, object] = {
        "schema_version": 1,
        "id": endpoint.id,
        "study": study.id,
        "title": endpoint.label[:1].upper() + endpoint.label[1:],
        "question": _question(study, endpoint),
        "model": "continuous",
        "family": "normal_ratio" if by_ratio else "normal",
        "alternative_families": ("normal", "softplus_normal", "hurdle_lognormal") if by_ratio else (),
        "endpoints": tuple(
            EndpointAt(endpoint=endpoint.id, visit=None if visit is None else visit.id) for visit in chosen
        ),
        "baseline": None if baseline is None else baseline.id,
        "headline": (headline,),
        "caution": _caution(baseline),
        "priors": _normal_priors(scale, len(chosen))
        | (_ratio_priors(scale, len(chosen)) if by_ratio else {}),
        "important": (_important(headline, endpoint, scale),),
        "sensitivity": () if by_ratio or len(chosen) > 1 else (_expected(headline, endpoint, scale),),
        "decision": Decision(estimand=headline, probability=PROBABILITY),
        "sampling": SAMPLING,
    }
    return Plan.model_validate(raw)


def _change_plan(study: Study, endpoint: Endpoint) -> Plan | Missing:
    """A model of the change up to the last visit at which both arms have the mean and SD of their changes."""
    published = [
        (first.id, last, cells)
        for last in study.visits
        for first in study.visits
        if (cells := _cells(study, endpoint, last, first.id))
    ]
    if not published:
        return Missing(endpoint.id, "mean and SD of each arm at a visit after the start, or of their changes")
    first_id, last, cells = published[-1]
    scale = _Scale.of(cells, endpoint.unit)
    headline = _headline(False, last)
    raw: dict[str, object] = {
        "schema_version": 1,
        "id": endpoint.id,
        "study": study.id,
        "title": f"Change in {endpoint.label}",
        "question": _question(study, endpoint).replace("Is the ", "Is the change in ", 1),
        "model": "continuous",
        "family": "normal",
        "endpoints": (EndpointAt(endpoint=endpoint.id, visit=last.id, change_from=first_id),),
        "headline": (headline,),
        "caution": "Changes are compared as published, without regard to where the arms began.",
        "priors": _normal_priors(scale, 1),
        "important": (_important(headline, endpoint, scale),),
        "sensitivity": (_expected(headline, endpoint, scale),),
        "decision": Decision(estimand=headline, probability=PROBABILITY),
        "sampling": SAMPLING,
    }
    return Plan.model_validate(raw)


def _visits(study: Study) -> list[Visit | None]:
    return [None, *study.visits]


def _cells(
    study: Study, endpoint: Endpoint, visit: Visit | None, change_from: str | None = None
) -> list[MeanAndSpread]:
    """The published means and SDs of both arms at a visit, or of changes up to it; empty unless both have them."""
    cells = []
    for arm in (study.reference, study.contrast):
        at = None if visit is None else visit.id
        cell = find_mean_and_spread(study, endpoint.id, arm.id, at, change_from)
        if cell is None or not cell.sd_value > 0 or cell.n < 2:
            return []
        cells.append(cell)
    return cells


def _headline(from_baseline: bool, last: Visit | None) -> str:
    kind = "adjusted_difference" if from_baseline else "mean_difference"
    return kind if last is None else f"{kind}_{last.id}"


def _question(study: Study, endpoint: Endpoint) -> str:
    arms = f"{study.contrast.label} than with {study.reference.label}"
    return f"Is the {endpoint.label} {endpoint.benefit} with {arms}?"


def _caution(baseline: Visit | None) -> str:
    if baseline is None:
        return "No value from before treatment is published: the arms may have differed from the start."
    return (
        "The difference at equal baseline depends on the correlation of a patient's values at two visits, which the "
        "paper does not report."
    )


def _important(estimand: str, endpoint: Endpoint, scale: _Scale) -> Important:
    size = float(f"{_HALF_AN_SD * scale.sd:.2g}")
    why = (
        f"Half an SD within arms ({with_unit(scale.sd, scale.unit)}), the convention where no least important "
        "difference is established (Norman et al. 2003, Med Care 41:582); put in that of your field."
    )
    return Important(estimand=estimand, threshold=size if endpoint.benefit == "higher" else -size, why=why)


def _expected(estimand: str, endpoint: Endpoint, scale: _Scale) -> Sensitivity:
    size = float(f"{_HALF_AN_SD * scale.sd:.2g}")
    return Sensitivity(
        effect="difference",
        estimand=estimand,
        expected_difference=size if endpoint.benefit == "higher" else -size,
        outcome_sd=float(f"{scale.sd:.3g}"),
        why=f"By convention, half an SD within arms ({with_unit(scale.sd, scale.unit)}); the study file states no "
        "expected effect.",
    )


def _normal_priors(scale: _Scale, visits: int) -> dict[str, PriorChoice]:
    sd, unit = scale.sd, scale.unit
    priors = {
        "level": normal(
            scale.mean,
            5 * sd,
            f"The scale of measurement as published: the mean of both arms over all visits, "
            f"{with_unit(scale.mean, unit)}, give or take ten SDs within arms.",
        ),
        "difference": normal(
            0,
            sd,
            f"Neither arm is favoured; the arms differ by at most two SDs within arms, {with_unit(2 * sd, unit)}.",
        ),
        "sd": lognormal(
            log(sd),
            0.5,
            f"The SD of patients is between {number(sd * 0.375)} and {with_unit(sd * 2.66, unit)}, about the SD "
            "within arms as published.",
        ),
    }
    if visits > 1:
        priors["difference_sd"] = lognormal(
            log(0.4 * sd),
            0.5,
            f"The difference at a visit lies typically within {with_unit(0.4 * sd, unit)} of the common one.",
        )
        priors["correlation"] = _correlation()
    return priors


def _ratio_priors(scale: _Scale, visits: int) -> dict[str, PriorChoice]:
    cv = scale.sd / scale.mean
    priors = {
        "log_level": normal(
            log(scale.mean),
            1,
            f"The log of {with_unit(scale.mean, scale.unit)}, the mean of both arms over all visits: a seventh to "
            "seven times as much.",
        ),
        "log_ratio": normal(0, 0.7, "Neither arm is favoured; means within a factor of 4 of each other."),
        "cv": lognormal(
            log(cv),
            0.5,
            f"The SD is {number(cv * 0.375)} to {number(cv * 2.66)} times the mean, about as published.",
        ),
        "standardized_mean": normal(0, 1, "Any share of patients near zero is equally credible."),
        "zero_share": PriorChoice(
            form="beta",
            values=(1.0, 1.0),
            why="Of patients: any share of them at zero, by arm and visit, is equally credible.",
        ),
        "between": lognormal(
            log(0.5), 0.5, "Of patients: one's usual value differs from another's by a factor of 1.2 to 3.8."
        ),
        "within": lognormal(
            log(0.5), 0.5, "A patient's value at one visit differs as much from the usual one."
        ),
    }
    if visits > 1:
        priors["log_ratio_sd"] = lognormal(
            -0.9, 0.5, "The ratio at a visit lies typically within a factor of 1.5 of the common one."
        )
        priors["correlation"] = _correlation()
    return priors


def _correlation() -> PriorChoice:
    why = "A patient's values at two visits correlate between -0.7 and 0.7; no correlation is reported."
    return PriorChoice(form="lkj", values=(3.0,), why=why)
