"""The main outcomes of a re-analysis on one scale: one for each plan of outcomes, from its fits.

The main contrast of a plan is the estimand of its decision, or else its first headline. Its other headlines replace
it once each, and so does each other fit of the plan: other families, suspected misprints, reported p values. Plans
about the same event, or about outcomes that the study file declares to overlap, are no separate evidence: the first
of them counts, and the others are named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np

from mgbayes.estimands.estimand import Estimand
from mgbayes.inference.fit import Fit
from mgbayes.models.outcome import parts_of
from mgbayes.models.plan import Plan
from mgbayes.overall.benefit import OtherFit, OverallBenefit, overall_benefit
from mgbayes.overall.contrasts import BY_OUTCOME_SD, Contrast, contrast_of, outcome_sd
from mgbayes.study.about import counting_endpoint, overlap
from mgbayes.study.schema import Study

Name = Callable[[Fit], str]

_RATIOS = {
    "odds_ratio": "odds_ratio",
    "hazard_ratio": "hazard_ratio",
    # Events of a Poisson process come at exponential times: a ratio of rates is a hazard ratio of the first.
    "rate_ratio": "hazard_ratio",
    "time_ratio": "time_ratio",
}
"""How an estimand whose id begins so is standardized (`contrasts`); every difference is divided by an SD."""


@dataclass(frozen=True)
class MainOutcomes:
    """The overall benefit, or why there is none (empty where fewer than two outcomes were analysed)."""

    benefit: OverallBenefit | None
    why_not: str = ""


@dataclass(frozen=True)
class _Outcome:
    """A plan of outcomes with its fits, its main estimands, and the endpoints of the first of these."""

    plan: Plan
    fits: tuple[Fit, ...]
    estimands: tuple[Estimand, ...]
    endpoints: frozenset[str]

    @property
    def first(self) -> Fit:
        """The fit that the report puts first."""
        return first_fit(self.fits)


def main_outcomes(study: Study, fits: Sequence[Fit], name: Name = lambda fit: fit.name) -> MainOutcomes:
    """The benefit over all main outcomes; ``name`` tells the fits of a plan apart.

    There is none for fewer than two outcomes, where the first fit of one failed or cannot be brought to the scale, or
    where one uses patient data and another published summaries, which are not mixed.
    """
    outcomes, left_out = _separate(study, _outcomes(study, fits))
    if len(outcomes) < 2:
        return MainOutcomes(None)
    failed = [f"{row.plan.title}, {name(row.first)}" for row in outcomes if not row.first.estimands]
    if failed:
        return MainOutcomes(None, f"a first fit failed its diagnostics ({'; '.join(failed)})")
    if len({row.first.evidence == "patients" for row in outcomes}) > 1:
        return MainOutcomes(None, "some outcomes stand on patients and others on published summaries alone")
    contrasts = [contrast(study, row.first, row.estimands[0]) for row in outcomes]
    without = [row.estimands[0].label for row, one in zip(outcomes, contrasts, strict=True) if one is None]
    if without:
        return MainOutcomes(
            None, f"one scale needs an SD of the outcome, which is not known of: {'; '.join(without)}"
        )
    others = [
        (f"{row.plan.title}, {name(fit)}", _known_contrast(study, fit, row.estimands[0]))
        for row in outcomes
        for fit in row.fits
        if fit is not row.first
    ]
    benefit = overall_benefit(
        [row for row in contrasts if row is not None],
        alternatives=[row for part in outcomes for row in _other_headlines(study, part)],
        other_fits=[OtherFit(title, row) for title, row in others if row is not None],
        missing=[title for title, row in others if row is None],
        overlapping=left_out,
    )
    return MainOutcomes(benefit)


def first_fit(fits: Sequence[Fit]) -> Fit:
    """The fit of a plan that the report puts first: on numbers as published or on patients, not adjusted.

    It comes without a reported p as evidence. On patients its family need not be the plan's own.
    """
    plain = (fit for fit in fits if fit.agreement is None and fit.alternative is None and not fit.adjusted)
    return next(plain, fits[0])


def main_estimands(plan: Plan, estimands: Iterable[Estimand]) -> tuple[Estimand, ...]:
    """Of some estimands, those of the plan's decision and then its headlines that have a direction of benefit."""
    known = {row.id: row for row in estimands if row.benefit is not None}
    names = [plan.decision.estimand] if plan.decision else []
    return tuple(known[name] for name in dict.fromkeys([*names, *plan.headline]) if name in known)


def contrast(study: Study, fit: Fit, estimand: Estimand) -> Contrast | None:
    """An estimand of a fit on the common scale; None where no SD of its outcome is known."""
    assert estimand.benefit is not None
    ratio = next((way for prefix, way in _RATIOS.items() if estimand.id.startswith(prefix)), None)
    standardization = "difference" if estimand.null == 0 else ratio
    if standardization is None:
        return None
    sd = _outcome_sd(study, fit, estimand) if standardization in BY_OUTCOME_SD else None
    if standardization in BY_OUTCOME_SD and sd is None:
        return None
    return contrast_of(
        fit.contrasts[estimand.id].transpose("chain", "draw").to_numpy(),
        outcome=fit.plan.id,
        label=estimand.label,
        benefit=estimand.benefit,
        standardization=standardization,
        ratio=estimand.null == 1,
        null=estimand.null,
        outcome_sd=sd,
    )


def _known_contrast(study: Study, fit: Fit, estimand: Estimand) -> Contrast | None:
    """As ``contrast``; None too where the fit has no such estimand."""
    known = estimand.id in {row.id for row in fit.estimands}
    return contrast(study, fit, estimand) if known else None


def _outcome_sd(study: Study, fit: Fit, estimand: Estimand) -> np.ndarray | float | None:
    """The SD of the outcome on the scale of the contrast: the model's own, or else the published one."""
    if estimand.unit == "SD":
        return 1.0
    if estimand.null == 1:
        return _sd_of_log_times(fit)
    own = None if fit.module is None else fit.module.spread(fit.data, parts_of(fit.plan, estimand)[0].visit)
    return outcome_sd(study, fit.plan, estimand) if own is None else own


def _sd_of_log_times(fit: Fit) -> np.ndarray | None:
    """The SD of log times in each draw (chain, draw), by the family's shape."""
    from scipy.special import polygamma

    known: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "lognormal": lambda sigma: sigma,
        "gamma": lambda k: np.sqrt(polygamma(1, k)),
        "weibull": lambda k: pi / (sqrt(6) * k),
    }
    if fit.family not in known or "shape" not in fit.posterior:
        return None
    return known[fit.family](fit.posterior["shape"].transpose("chain", "draw").to_numpy())


def _outcomes(study: Study, fits: Sequence[Fit]) -> Iterator[_Outcome]:
    """Each plan of outcomes whose main estimand has a direction of benefit."""
    for name in dict.fromkeys(fit.plan.id for fit in fits if fit.plan.role == "outcome"):
        mine = tuple(fit for fit in fits if fit.plan.id == name)
        plan = mine[0].plan
        estimands = main_estimands(plan, first_fit(mine).declared)
        if estimands:
            yield _Outcome(plan, mine, estimands, _endpoints(study, plan, estimands[0]))


def _endpoints(study: Study, plan: Plan, estimand: Estimand) -> frozenset[str]:
    """The endpoints that an estimand is about, and those that count their events."""
    about = {part.endpoint for part in parts_of(plan, estimand)}
    events = {counting_endpoint(study, study.endpoint(name)) for name in about}
    return frozenset([*about, *(name for name in events if name is not None)])


def _separate(study: Study, outcomes: Iterable[_Outcome]) -> tuple[list[_Outcome], tuple[str, ...]]:
    """The plans of separate outcomes, and the titles of those that overlap with an earlier one."""
    separate: list[_Outcome] = []
    left_out = []
    for row in outcomes:
        if any(overlap(study, row.endpoints, other.endpoints) for other in separate):
            left_out.append(row.plan.title)
        else:
            separate.append(row)
    return separate, tuple(left_out)


def _other_headlines(study: Study, outcome: _Outcome) -> Iterator[Contrast]:
    """The other estimands that a plan puts first, from its first fit."""
    for estimand in outcome.estimands[1:]:
        other = contrast(study, outcome.first, estimand)
        if other is not None and _endpoints(study, outcome.plan, estimand) & outcome.endpoints:
            yield other
