"""What an answer rests on besides numbers, in one sentence each: waiting times, assumed follow-up, overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mgbayes.inference.fit import Fit
from mgbayes.models.outcome import outcome_of, outcomes_of
from mgbayes.models.plan import Plan
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
    if assumed is None or not any(map(words.followup_is_assumed, fits)):
        return
    unit = outcome_of(study, fits[0].plan).unit
    spread = f" ± {assumed.sd:g}" if assumed.sd else ""
    yield (
        f"{fits[0].plan.title}: follow-up is assumed, not reported, {assumed.mean:g}{spread} {unit} "
        f"({assumed.why.rstrip('.')}). Every number of it that is marked “follow-up assumed” rests on that."
    )


def overlapping(study: Study, fits: Sequence[Fit]) -> Iterator[str]:
    """That outcomes which share patients by definition are pooled as separate evidence."""
    if not any(fit.family == "hierarchical" for fit in fits):
        return
    labels = {part.endpoint: study.endpoint(part.endpoint).label for part in fits[0].plan.endpoints}
    pairs = [
        f"{labels[other]} with {label}"
        for name, label in labels.items()
        for other in study.endpoint(name).overlaps
        if other in labels
    ]
    if pairs:
        yield (
            f"The outcomes were counted on the same patients and overlap by definition ({'; '.join(pairs)}), but the "
            "model with shared information takes them as separate evidence. Its intervals are therefore somewhat too "
            "narrow, and its estimates too similar."
        )
