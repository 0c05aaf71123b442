"""The findings of a re-analysis by outcome: relative and absolute effect, robustness and certainty.

Of each plan of outcomes the rows are the estimands that it puts first, each from the first fit that passed its
diagnostics. The first of a plan, or each where a plan has several outcomes, is a main one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.summary import EstimandSummary
from mgbayes.grade.certainty import Certainty, certainty
from mgbayes.grade.robustness import Conclusion, Robustness, robustness
from mgbayes.inference.fit import Fit
from mgbayes.models.catalogue import MODELS
from mgbayes.models.outcome import parts_of
from mgbayes.models.plan import Plan
from mgbayes.study.numbers import find_count
from mgbayes.study.schema import Study

GRID = 200
SHARES = ("risk_difference", "event_free_difference", "lowest_difference")
"""How the ids of differences between two shares of patients begin."""


@dataclass(frozen=True)
class Finding:
    """One row of a summary of findings.

    ``absolute`` is a difference between shares of patients, or the summary itself where that is in units; None
    where the model gives neither. ``main`` says whether the row is the main estimand of its outcome.
    """

    fit: Fit
    summary: EstimandSummary
    absolute: EstimandSummary | None
    patients: tuple[int, int] | int
    robustness: Robustness
    certainty: Certainty
    main: bool

    @property
    def plan(self) -> Plan:
        """The plan that the finding comes from."""
        return self.fit.plan


def density(row: Finding) -> tuple[np.ndarray, np.ndarray]:
    """The posterior density of a finding on a grid of its values: by a kernel, of a ratio on its log scale."""
    from arviz_stats.base import array_stats

    draws = row.fit.contrasts[row.summary.estimand.id].to_numpy().ravel()
    ratio = row.summary.estimand.null == 1
    grid, values, _ = array_stats.kde(np.log(draws) if ratio else draws, grid_len=GRID)
    return (np.exp(grid) if ratio else grid), values


def findings(study: Study, fits: Sequence[Fit]) -> tuple[Finding, ...]:
    """Every row, plan by plan in the order of the fits."""
    imbalance = any(_differs_at_baseline(fit) for fit in fits if fit.plan.role == "balance")
    plans = dict.fromkeys(fit.plan.id for fit in fits if fit.plan.role == "outcome")
    return tuple(
        row
        for plan in plans
        for row in _of_plan(study, [fit for fit in fits if fit.plan.id == plan], imbalance)
    )


def is_share(estimand: Estimand) -> bool:
    """Whether an estimand is a difference between two shares of patients."""
    return estimand.null == 0 and not estimand.unit and estimand.id.startswith(SHARES)


def followup_is_assumed(fit: Fit) -> bool:
    """Whether a fit rests on the follow-up that its plan assumes: one on published summaries does."""
    return fit.plan.followup is not None and fit.evidence != "patients" and fit.pooled is None


def first_answers(fits: Sequence[Fit]) -> list[tuple[Fit, EstimandSummary]]:
    """The estimands that a plan puts first, each with the first fit that passed its diagnostics."""
    first: dict[str, tuple[Fit, EstimandSummary]] = {}
    for fit in fits:
        for row in fit.summaries():
            first.setdefault(row.estimand.id, (fit, row))
    plan = fits[0].plan
    wanted = plan.headline or tuple(row.estimand for row in plan.important)
    return [first[name] for name in wanted if name in first]


def _of_plan(study: Study, fits: Sequence[Fit], imbalance: bool) -> Iterator[Finding]:
    rows = [(fit, row) for fit, row in first_answers(fits) if row.p_benefit is not None]
    main = _main_ids(fits[0].plan, [row.estimand.id for _, row in rows])
    for fit, row in rows:
        robust = robustness(fits, row)
        yield Finding(
            fit=fit,
            summary=row,
            absolute=_absolute(fit, row),
            patients=_patients(study, fit, row.estimand),
            robustness=robust,
            certainty=certainty(
                randomized=study.randomized,
                imbalance=imbalance and not study.randomized,
                assumed_followup=followup_is_assumed(fit),
                misprint=_is_doubted(study, fit.plan, row.estimand),
                imprecise=row.low <= row.estimand.null <= row.high,
                depends=robust.conclusion is Conclusion.depends,
            ),
            main=row.estimand.id in main,
        )


def _main_ids(plan: Plan, ids: Sequence[str]) -> set[str]:
    """The estimand of the decision or the first; each, where a plan has one effect for every outcome."""
    model = MODELS.get(plan.model)
    if model is not None and model.effect_by_endpoint:
        return set(ids)
    decided = plan.decision.estimand if plan.decision else None
    return {decided} if decided is not None and decided in ids else set(ids[:1])


def _absolute(fit: Fit, row: EstimandSummary) -> EstimandSummary | None:
    """The difference in shares of the same outcome: one that the plan calls important before others."""
    if row.estimand.null == 0:
        return row
    outcome = parts_of(fit.plan, row.estimand)
    shares = [
        other
        for other in fit.summaries()
        if is_share(other.estimand) and parts_of(fit.plan, other.estimand) == outcome
    ]
    important = {row.estimand for row in fit.plan.important}
    return next((other for other in shares if other.estimand.id in important), shares[0] if shares else None)


def _patients(study: Study, fit: Fit, estimand: Estimand) -> tuple[int, int] | int:
    """Of both arms as published, of a counted outcome those of whom it is known; of a fit on patients, all used."""
    if fit.used is not None:
        return fit.used
    parts = parts_of(fit.plan, estimand)
    arms = (study.reference, study.contrast)
    if len(parts) == 1:
        one, other = (find_count(study, parts[0].endpoint, arm.id, parts[0].visit) for arm in arms)
        if one is not None and other is not None:
            return one.n, other.n
    return int(study.reference.n), int(study.contrast.n)


def _is_doubted(study: Study, plan: Plan, estimand: Estimand) -> bool:
    """Whether a number of the same endpoint and visit may be a misprint."""
    parts = parts_of(plan, estimand)
    doubted = {
        row.claim: {change.visit for change in row.changes}
        for row in study.alternatives
        if row.kind == "doubt"
    }
    return any(
        study.claim(claim).endpoint == part.endpoint and (part.visit is None or part.visit in visits)
        for claim, visits in doubted.items()
        for part in parts
    )


def _differs_at_baseline(fit: Fit) -> bool:
    return any(row.estimand.null == 0 and (row.low > 0 or row.high < 0) for row in fit.summaries())
