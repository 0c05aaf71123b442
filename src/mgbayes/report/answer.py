"""The answers in words, made from the numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mgbayes.estimands.summary import EstimandSummary
from mgbayes.grade.findings import first_answers, followup_is_assumed
from mgbayes.grade.robustness import chances_by_fit
from mgbayes.inference.diagnostics import DIAGNOSTICS
from mgbayes.inference.fit import Fit
from mgbayes.report import words
from mgbayes.report.confounding_words import confounding_cautions, plan_confounding
from mgbayes.report.foreseen import foreseen
from mgbayes.report.overall_words import overall_short
from mgbayes.report.premises import assumed_followup, overlapping, quantile_definitions, waiting_times
from mgbayes.report.results import Reanalysis

_APART = 0.2


def short_answer(reanalysis: Reanalysis) -> list[str]:
    """What to keep in mind beside the summary of findings."""
    cautions = dict.fromkeys(confounding_cautions(reanalysis))
    together = overall_short(reanalysis)
    assumed = (text for fits in reanalysis.by_plan() for text in assumed_followup(reanalysis.study, fits))
    return [*together, *assumed, *_interpretations(reanalysis), *cautions]


def _interpretations(reanalysis: Reanalysis) -> Iterator[str]:
    for fits in reanalysis.by_plan():
        yield from _disagreeing(fits, _first_answers(fits))


def _disagreeing(fits: list[Fit], rows: list[EstimandSummary]) -> Iterator[str]:
    """Why the estimands that a plan puts first point different ways, if they do."""
    chances = [row.p_benefit for row in rows if row.p_benefit is not None]
    if fits[0].plan.readings and chances and min(chances) < 0.5 < max(chances):
        names = " and ".join(words.first_lower(row.estimand.label) for row in rows)
        yield f"Two legitimate estimands disagree ({names}). {fits[0].plan.readings}"


def _plan_sentences(reanalysis: Reanalysis, fits: list[Fit]) -> Iterator[str]:
    """One sentence for each estimand that the plan puts first."""
    for row in _first_answers(fits):
        if row.p_benefit is not None:
            yield _one_outcome(reanalysis, fits, row)
    if fits[0].plan.caution:
        yield fits[0].plan.caution


def _first_answers(fits: list[Fit]) -> list[EstimandSummary]:
    return [row for _, row in first_answers(fits)]


def _one_outcome(reanalysis: Reanalysis, fits: list[Fit], row: EstimandSummary) -> str:
    """The estimand, its estimate with the interval, the probability of benefit and what it means."""
    assert row.p_benefit is not None
    study = reanalysis.study
    first = next(fit for fit in fits if row.estimand.id in {known.id for known in fit.estimands})
    assumed = " (follow-up assumed)" if followup_is_assumed(first) else ""
    text = (
        f"{words.first_upper(row.estimand.label)}: {words.interval(row)}{assumed}; the probability that "
        f"{study.contrast.label} patients do better is {words.percent(row.p_benefit)}, {words.rule(row)} "
        f"({words.how_sure(row.p_benefit)})."
    )
    return text + _depends_on(fits, row)


def _depends_on(fits: list[Fit], row: EstimandSummary) -> str:
    """How the answer differs between the analyses of the plan."""
    names = {fit.name: words.model_of(fit) for fit in fits}
    answers = {names[name]: chance.value for name, chance in chances_by_fit(fits, row).items()}
    if len(answers) < 2:
        return ""
    low, high = next(iter(answers)), next(reversed(answers))
    if words.percent(answers[low]) == words.percent(answers[high]):
        return f" All {len(answers)} analyses agree on it."
    span = (
        f"{words.percent(answers[low])} ({low}) to {words.percent(answers[high])} ({high}) "
        f"over {len(answers)} analyses"
    )
    if answers[high] - answers[low] > _APART:
        return f" This depends on the analysis: from {span}."
    return f" It depends little on the analysis: from {span}."


def plan_answer(reanalysis: Reanalysis, fits: list[Fit]) -> list[str]:
    """What the report says about one plan before its tables."""
    if fits[0].plan.role == "balance":
        return [_balance_sentence(reanalysis, fits[0])] if fits[0].estimands else []
    sentences = list(_plan_sentences(reanalysis, fits))
    sentences += waiting_times(reanalysis.study, fits[0].plan)
    sentences += assumed_followup(reanalysis.study, fits)
    sentences += quantile_definitions(fits)
    sentences += overlapping(reanalysis.study, fits)
    sentences += [_agreement(fit) for fit in fits if fit.agreement and fit.agreement.share > 0]
    sentences += plan_confounding(reanalysis, fits)
    return [*sentences, *_of_patients(reanalysis, fits), *_of_imputations(fits), *_doubts(reanalysis, fits)]


def _of_patients(reanalysis: Reanalysis, fits: list[Fit]) -> Iterator[str]:
    """Whose values the fits on patients use, what they are adjusted for, and how well each foresees patients."""
    on_patients = [fit for fit in fits if fit.used is not None]
    if not on_patients or reanalysis.patients is None:
        return
    total, count = reanalysis.patients.total, on_patients[0].used
    yield f"{count} of {total} patients have the values that this needs" + (
        "." if count == total else "; the others are left out, as if their values were missing by chance."
    )
    yield from _adjusted(on_patients)
    yield from foreseen(on_patients)


def _of_imputations(fits: list[Fit]) -> Iterator[str]:
    """What fits on reconstructed patients stand on, and how much the curves leave open."""
    for fit in fits:
        if fit.pooled is None or not fit.estimands:
            continue
        shares = {row.id: row.share_between for row in fit.pooled.spread}
        listed = "; ".join(
            f"{row.label} {words.percent(shares[row.id])}" for row in fit.estimands if row.id in shares
        )
        name = words.model_of(fit)
        yield (
            f"{name[:1].upper()}{name[1:]}: fitted to each of {fit.pooled.members} data sets of "
            f"{fit.pooled.patients} reconstructed patients ({fit.pooled.available} in the file), and pooled. "
            f"Share of the variance that is between the data sets: {listed}."
        )


def _adjusted(fits: list[Fit]) -> Iterator[str]:
    """The covariates of a fit, those left out and why, and what a frailty is."""
    with_these = next((fit for fit in fits if "covariates" in fit.adjusted), None)
    if with_these is not None:
        labels = "; ".join(map(str, np.asarray(with_these.data["covariate_label"])))
        fewer = (
            ""
            if with_these.used == fits[0].used
            else f" {with_these.used} patients have all of them; the others are left out of these fits."
        )
        yield (
            f"Fits with covariates let patients differ by these, too (what a coefficient is of): {labels}. Ratios "
            "are then between patients who are equal in them; differences are of the whole cohort, had all been in "
            f"the one arm or in the other.{fewer}"
        )
        left_out = [str(word) for word in np.asarray(with_these.data["covariate_left_out"])]
        if left_out:
            yield f"Asked for in the plan but left out: {'; '.join(left_out)}."
    if any("frailty" in fit.adjusted for fit in fits):
        yield (
            "Fits with frailty let each patient's hazard be a multiple of what the arm and the covariates say. With "
            "one event a patient the data say little about how far these multiples vary, and the prior much."
        )


def _doubts(reanalysis: Reanalysis, fits: list[Fit]) -> Iterator[str]:
    """Which reported number may be a misprint, and that the answers were made both ways."""
    for other in reanalysis.study.alternatives:
        if any(fit.alternative == other.name for fit in fits):
            changed = ", ".join(
                f"{field} {value}" for change in other.changes for field, value in change.numbers.items()
            )
            yield (
                f"A suspected misprint ({other.claim}): {other.why} The analyses marked "
                f"{other.name.replace('_', ' ')} take {changed} in its place."
            )


def _agreement(fit: Fit) -> str:
    """What the printed p added, and how well the model agrees with it."""
    agreement = fit.agreement
    assert agreement is not None
    claims = " and ".join(dict.fromkeys(use.claim for use in agreement.printed_p))
    head = f"The reported p of {claims}, taken as a {fit.test} test"
    if agreement.share == 0:
        led = ", nor do chains of tables that were led towards it" if agreement.by_tables else ""
        return (
            f"{head}: none of {agreement.drawn} data sets that the model holds credible given the published "
            f"summaries gives it{led}. Such data sets may exist, but they would be odd; no estimate is made "
            "from them."
        )
    of = " (by chains of tables that were led to it)" if agreement.by_tables else ""
    share = f"{words.chance(agreement.share)} of" + (" all" if of else f" {agreement.drawn}")
    text = f"{head}: {share} data sets with the published summaries give it{of}"
    if agreement.status == "warn":
        return f"{text}. That is so few that the estimates given this p deserve little trust."
    return f"{text}; the estimates given this p are of those."


def predictive_answer(fit: Fit) -> str:
    """Whether the model expects what was printed."""
    outside = [row for row in fit.checks if not row.inside]
    if not fit.checks:
        return ""
    name = f"{fit.plan.title.partition(':')[0]}, {words.model_of(fit)}"
    if not outside:
        return (
            f"{name}: {len(fit.checks)} of {len(fit.checks)} {_checked(fit)} lie within the central 95 % that "
            "the fit expects."
        )
    listed = "; ".join(
        f"{row.quantity} ({row.arm} arm) {words.number(row.printed)}, expected "
        f"{words.number(row.posterior[0])} to {words.number(row.posterior[2])}"
        for row in outside
    )
    return f"{name}: {len(outside)} of {len(fit.checks)} {_checked(fit)} lie outside: {listed}."


def _checked(fit: Fit) -> str:
    return "reported numbers" if fit.used is None else "summaries of the patients"


def _balance_sentence(reanalysis: Reanalysis, fit: Fit) -> str:
    parts = [
        f"{words.first_upper(row.estimand.label)}: {words.interval(row)}"
        for row in reanalysis.summaries(fit)
        if row.estimand.null == 0
    ]
    return f"{words.contrast_of(reanalysis.study)}. {'; '.join(parts)}."


def failure(fit: Fit) -> str:
    """Why a fit gives no estimate, and what to do."""
    if fit.agreement is not None and fit.agreement.share == 0:
        return _agreement(fit)
    faults = [
        f"{row.label} is {fit.diagnostics.shown(row)}, asked {row.asked}: {row.next_step}"
        for row in DIAGNOSTICS
        if row in fit.diagnostics.failures()
    ]
    return f"{fit.plan.title}, {words.model_of(fit)}: {'; '.join(faults)}."
