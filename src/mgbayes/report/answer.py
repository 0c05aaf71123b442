"""The answers in words, made from the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mgbayes.estimands.summary import EstimandSummary
from mgbayes.inference.diagnostics import DIAGNOSTICS
from mgbayes.inference.fit import Fit
from mgbayes.models.plan import Plan
from mgbayes.report import words
from mgbayes.report.confounding_words import confounding_cautions, plan_confounding
from mgbayes.report.foreseen import foreseen
from mgbayes.report.fragility import Chance, fragility
from mgbayes.report.overall_words import overall_short
from mgbayes.report.results import Reanalysis
from mgbayes.verify.result import Verdict

_APART = 0.2


@dataclass(frozen=True)
class Headline:
    """One line of the short answer: how probable it is that the contrast arm does better.

    ``printed`` is what the paper said of it, empty where it said nothing; ``range`` and ``fragile`` are over the
    analyses of the report and other priors.
    """

    outcome: str
    printed: str
    contrast: str
    chance: str
    important: str
    range: str
    fragile: str
    sure: str


def headlines(reanalysis: Reanalysis) -> list[Headline]:
    """One line for each estimand that a plan puts first."""
    return [
        _headline(reanalysis, fits, row)
        for fits in reanalysis.by_plan()
        if fits[0].plan.role == "outcome"
        for row in _first_answers(reanalysis, fits)
        if row.p_benefit is not None
    ]


def _headline(reanalysis: Reanalysis, fits: list[Fit], row: EstimandSummary) -> Headline:
    assert row.p_benefit is not None
    found = fragility(fits, row, list(_chances(reanalysis, fits, row).values()))
    return Headline(
        outcome=_outcome_name(row),
        printed=_printed(reanalysis, fits[0].plan, row),
        contrast=words.interval(row),
        chance=words.percent(row.p_benefit),
        important="" if row.p_important is None else words.percent(row.p_important),
        range=found.range,
        fragile=found.verdict,
        sure=words.how_sure(row.p_benefit),
    )


def _printed(reanalysis: Reanalysis, plan: Plan, row: EstimandSummary) -> str:
    """What the paper printed of the same."""
    about = {important.estimand: important.claim for important in plan.important}
    claim = next((one for one in reanalysis.ledger.claims if one.id == about.get(row.estimand.id)), None)
    if claim is None:
        return ""
    return f"{claim.printed}; p {claim.p_printed}" if claim.p_printed else str(claim.printed)


def short_answer(reanalysis: Reanalysis) -> list[str]:
    """What to keep in mind beside the headlines."""
    cautions = dict.fromkeys(confounding_cautions(reanalysis))
    together = overall_short(reanalysis)
    return [_claims_sentence(reanalysis), *together, *_readings(reanalysis), *cautions]


def _readings(reanalysis: Reanalysis) -> Iterator[str]:
    for fits in reanalysis.by_plan():
        yield from _two_readings(fits, _first_answers(reanalysis, fits))


def _two_readings(fits: list[Fit], rows: list[EstimandSummary]) -> Iterator[str]:
    """Why the estimands that a plan puts first point different ways, if they do."""
    chances = [row.p_benefit for row in rows if row.p_benefit is not None]
    if fits[0].plan.readings and chances and min(chances) < 0.5 < max(chances):
        names = " and ".join(row.estimand.label for row in rows)
        yield f"Two honest readings point different ways ({names}). {fits[0].plan.readings}"


def _claims_sentence(reanalysis: Reanalysis) -> str:
    tally = reanalysis.ledger.tally()
    total = sum(tally.values())
    good = tally[Verdict.reproduced] + tally[Verdict.reproduced_otherwise]
    return (
        f"Of the paper's {total} printed claims: reproduced from its own numbers, {good}; possible, but not to be "
        f"confirmed without the patients, {tally[Verdict.possible]}; not reproduced, "
        f"{tally[Verdict.not_reproduced]}; in contradiction with another printed number, "
        f"{tally[Verdict.inconsistent]}; not to be checked from what is printed, {tally[Verdict.not_checkable]}."
    )


def _plan_sentences(reanalysis: Reanalysis, fits: list[Fit]) -> Iterator[str]:
    """One sentence for each estimand that the plan puts first, and why they differ if they do."""
    rows = _first_answers(reanalysis, fits)
    for row in rows:
        if row.p_benefit is not None:
            yield _one_outcome(reanalysis, fits, row)
    yield from _two_readings(fits, rows)
    if fits[0].plan.caution:
        yield fits[0].plan.caution


def _first_answers(reanalysis: Reanalysis, fits: list[Fit]) -> list[EstimandSummary]:
    """The headline estimands, each from the first fit that passed its diagnostics."""
    first: dict[str, EstimandSummary] = {}
    for fit in fits:
        for row in reanalysis.summaries(fit):
            first.setdefault(row.estimand.id, row)
    plan = fits[0].plan
    wanted = plan.headline or tuple(row.estimand for row in plan.important)
    return [first[name] for name in wanted if name in first]


def _one_outcome(reanalysis: Reanalysis, fits: list[Fit], row: EstimandSummary) -> str:
    assert row.p_benefit is not None
    study = reanalysis.study
    text = (
        f"{_outcome_name(row)}: the probability that {study.contrast.label} patients do better is "
        f"{words.percent(row.p_benefit)} ({words.how_sure(row.p_benefit)}), {words.rule(row)}."
    )
    return text + _hangs_on(reanalysis, fits, row)


def _outcome_name(row: EstimandSummary) -> str:
    name = row.estimand.label.removeprefix("odds ratio, ").removeprefix("rate ratio, ")
    return name[:1].upper() + name[1:]


def _chances(reanalysis: Reanalysis, fits: list[Fit], row: EstimandSummary) -> dict[str, Chance]:
    """The probability of benefit in each analysis of the plan, from the lowest to the highest."""
    answers = {
        words.model_of(fit): Chance(other.p_benefit, other.mcse_p_benefit or 0.0)
        for fit in fits
        for other in reanalysis.summaries(fit)
        if other.estimand.id == row.estimand.id and other.p_benefit is not None
    }
    return dict(sorted(answers.items(), key=lambda item: item[1].value))


def _hangs_on(reanalysis: Reanalysis, fits: list[Fit], row: EstimandSummary) -> str:
    """How the answer differs between the analyses of the plan."""
    answers = {name: chance.value for name, chance in _chances(reanalysis, fits, row).items()}
    if len(answers) < 2:
        return ""
    low, high = next(iter(answers)), next(reversed(answers))
    if words.percent(answers[low]) == words.percent(answers[high]):
        return f" All {len(answers)} analyses agree on it."
    spread = (
        f"{words.percent(answers[low])} ({low}) to {words.percent(answers[high])} ({high}) "
        f"over {len(answers)} analyses"
    )
    if answers[high] - answers[low] > _APART:
        return f" This hangs on the model: from {spread}."
    return f" It hardly hangs on the model: from {spread}."


def plan_answer(reanalysis: Reanalysis, fits: list[Fit]) -> list[str]:
    """What the report says about one plan before its tables."""
    if fits[0].plan.role == "balance":
        return [_balance_sentence(reanalysis, fits[0])] if fits[0].estimands else []
    sentences = list(_plan_sentences(reanalysis, fits))
    if any(fit.family == "hierarchical" for fit in fits):
        sentences.append(
            "The outcomes were counted on the same patients and overlap (a patient in remission also counts as "
            "improved), but the model takes them as separate evidence. Where they share information, the "
            "answers are therefore somewhat too sure of themselves and too much alike."
        )
    sentences += [_agreement(fit) for fit in fits if fit.agreement]
    sentences += plan_confounding(reanalysis, fits)
    return [*sentences, *_of_patients(reanalysis, fits), *_of_members(fits), *_doubts(reanalysis, fits)]


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


def _of_members(fits: list[Fit]) -> Iterator[str]:
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
            f"{fit.pooled.patients} reconstructed patients ({fit.pooled.available} in the file), and put together. "
            f"Of the variance, the share that lies between the data sets, which the curves leave open: {listed}."
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
            "one event a patient the data say little of how far these multiples spread, and the prior much."
        )


def _doubts(reanalysis: Reanalysis, fits: list[Fit]) -> Iterator[str]:
    """Which printed number is doubted, and that the answers were made both ways."""
    for other in reanalysis.study.alternatives:
        if any(fit.alternative == other.name for fit in fits):
            changed = ", ".join(
                f"{field} {value}" for change in other.changes for field, value in change.numbers.items()
            )
            yield (
                f"A doubtful number ({other.claim}): {other.why} The analysis marked "
                f"{other.name.replace('_', ' ')} reads {changed} in its place."
            )


def _agreement(fit: Fit) -> str:
    """What the printed p added, and how well the model agrees with it."""
    agreement = fit.agreement
    assert agreement is not None
    claims = " and ".join(dict.fromkeys(use.claim for use in agreement.printed_p))
    head = f"The printed p of {claims}, taken as a {fit.test} test"
    if agreement.share == 0:
        return (
            f"{head}: none of {agreement.drawn} data sets that the model holds credible given the printed "
            "summaries gives it. Such data sets may exist, but they would be odd; no estimate is made from them."
        )
    text = f"{head}: {100 * agreement.share:.2g} % of {agreement.drawn} data sets with the printed summaries give it"
    if agreement.status == "warn":
        return f"{text}. That is so few that the estimates given this p deserve little trust."
    return f"{text}; the estimates given this p are of those."


def predictive_answer(fit: Fit) -> str:
    """Whether the model expects what was printed."""
    outside = [row for row in fit.checks if not row.inside]
    if not fit.checks:
        return ""
    if not outside:
        return (
            f"{words.model_of(fit)}: all {len(fit.checks)} {_checked(fit)} lie where the fitted model expects "
            "them (central 95 %)."
        )
    listed = "; ".join(
        f"{row.quantity} ({row.arm} arm) {words.number(row.printed)}, expected "
        f"{words.number(row.posterior[0])} to {words.number(row.posterior[2])}"
        for row in outside
    )
    return (
        f"{words.model_of(fit)}: {len(outside)} of {len(fit.checks)} {_checked(fit)} lie outside: {listed}."
    )


def _checked(fit: Fit) -> str:
    return "printed numbers" if fit.used is None else "summaries of the patients"


def _balance_sentence(reanalysis: Reanalysis, fit: Fit) -> str:
    study = reanalysis.study
    parts = [
        f"{row.estimand.label.removeprefix('difference in chance, ')}: {study.contrast.label} less "
        f"{study.reference.label} {words.number(100 * row.median)} percentage points "
        f"({words.number(100 * row.low)} to {words.number(100 * row.high)})"
        for row in reanalysis.summaries(fit)
        if row.estimand.null == 0
    ]
    return "; ".join(parts) + "."


def failure(fit: Fit) -> str:
    """Why a fit gives no estimate, and what to do."""
    if fit.agreement is not None and fit.agreement.share == 0:
        return _agreement(fit)
    faults = [
        f"{row.label} is {getattr(fit.diagnostics, row.id):.4g}, asked {row.asked}: {row.next_step}"
        for row in DIAGNOSTICS
        if row in fit.diagnostics.failures()
    ]
    return f"{fit.plan.title}, {words.model_of(fit)}: {'; '.join(faults)}."
