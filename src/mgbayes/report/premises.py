"""What an answer rests on besides numbers, in one sentence each: waiting times, follow-up, quantiles, overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mgbayes.grade.findings import followup_is_assumed
from mgbayes.inference.by_definition import OfDefinition, by_definition
from mgbayes.inference.fit import Fit
from mgbayes.models import overlap
from mgbayes.models.outcome import outcome_of, outcomes_of
from mgbayes.models.overlap import POOLED
from mgbayes.models.plan import EndpointAt, Plan
from mgbayes.report import words
from mgbayes.study.schema import Study


def waiting_times(study: Study, plan: Plan) -> Iterator[str]:
    """What it means that an event counts only after a further time of follow-up."""
    for outcome in outcomes_of(study, plan):
        if outcome.confirmed_after > 0:
            wait = outcome.at(outcome.confirmed_after)
            yield (
                f"{words.first_upper(outcome.event)} counts only in a patient who was followed for {wait} beyond it, "
                f"so that follow-up must exceed the time to {outcome.event} by {wait}: patients counted as having it "
                "were by definition followed that long (immortal time), and a patient followed for less time could "
                "not be counted."
            )


def assumed_followup(study: Study, fits: Sequence[Fit]) -> Iterator[str]:
    """The follow-up that a plan assumes, where fits rest on it."""
    assumed = fits[0].plan.followup
    if assumed is None or not any(map(followup_is_assumed, fits)):
        return
    unit = outcome_of(study, fits[0].plan).unit
    sd = f" ± {assumed.sd:g}" if assumed.sd else ""
    yield (
        f"{fits[0].plan.title}: follow-up is assumed, not reported, {assumed.mean:g}{sd} {unit} "
        f"({assumed.why.rstrip('.')}). Every number of it that is marked “follow-up assumed” rests on that."
    )


def quantile_definitions(fits: Sequence[Fit]) -> Iterator[str]:
    """What the answer is by each definition of a quantile, where the paper does not name its software."""
    fit = fits[0]
    headline = [row for row in fit.estimands if row.id in fit.plan.headline]
    every = [(row, known) for row in headline if (known := by_definition(fit, row))]
    if not every:
        return
    row, answers = max(every, key=lambda one: _range(one[1]))
    shown = {one.definition.used_by: words.chance(one.p_benefit) for one in answers}
    excluded = [name for name, chance in shown.items() if not chance]
    if not excluded and _range(answers) == 0:
        return
    each = ", ".join(f"{chance} by {name}" for name, chance in shown.items() if chance)
    yield (
        "The study file does not name the software, and programs compute quartiles in different ways: the likelihood "
        f"is the average over them. {words.first_upper(row.label)}, probability of benefit: {each}"
        + (f"; {' and '.join(excluded)} cannot have given the reported numbers." if excluded else ".")
    )


def _range(answers: Sequence[OfDefinition]) -> float:
    chances = [one.p_benefit for one in answers if one.p_benefit is not None]
    return max(chances) - min(chances)


def overlapping(study: Study, fits: Sequence[Fit]) -> Iterator[str]:
    """That outcomes which share patients by definition are pooled as separate evidence, or may be."""
    if not any(fit.family == POOLED for fit in fits):
        return
    plan = fits[0].plan
    pairs = _named(study, overlap.overlapping(study, plan))
    if pairs:
        yield (
            f"The outcomes were counted on the same patients and overlap by definition ({pairs}), but the "
            "model with shared information takes them as separate evidence. Its intervals are therefore somewhat too "
            "narrow, and its estimates too similar."
        )
    pairs = _named(study, overlap.perhaps_nested(study, plan))
    if pairs:
        yield (
            f"By their counts one of these outcomes may be part of the other ({pairs}), which the study file does "
            "not say (overlaps). If it is, the model with shared information counts the same patients twice."
        )


def _named(study: Study, pairs: Sequence[tuple[EndpointAt, EndpointAt]]) -> str:
    return "; ".join(" with ".join(overlap.outcome_name(study, part) for part in pair) for pair in pairs)
