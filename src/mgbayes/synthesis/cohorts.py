"""Evidence from other cohorts: their meta-analysis, its conflict with the index study, and this study's posterior.

The log odds ratios of the cohorts are exchangeable around a mean, with a between-study SD that their different
outcomes, doses and follow-up make large. Their prediction for a new study is a prior for the index study.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mgbayes.errors import InputError, Problem
from mgbayes.study.cohorts import ContextCohort
from mgbayes.study.schema import Study
from mgbayes.synthesis.conflict import Conflict, conflict
from mgbayes.synthesis.counts import LEVEL_SD, TwoArms, counts_by_arm, outcomes_of, two_arms
from mgbayes.synthesis.hierarchy import THETA, GridDistribution, Hierarchy, HierarchyPrior, hierarchy
from mgbayes.synthesis.robust_prior import (
    COMPONENTS,
    VAGUE,
    VAGUE_WEIGHT,
    NormalMixture,
    PriorSize,
    RobustPosterior,
    normal_mixture,
    prior_size,
    robust_posterior,
    unit_information,
)

WEIGHTS = (0.0, 0.2, 0.5, 0.8, 1.0)
TAU_SCALES = (0.25, 0.5, 1.0, 2.0)
MU_SDS = (1.0, 2.0, 4.0)
LEVEL_SDS = (1.5, 2.0, 3.0)


@dataclass(frozen=True)
class Assumptions:
    """What is assumed; ``outcomes`` names, by cohort, the claim to pool in place of its first yes/no outcome."""

    prior: HierarchyPrior = field(default_factory=HierarchyPrior)
    level_sd: float = LEVEL_SD
    vague: tuple[float, float] = VAGUE
    vague_weight: float = VAGUE_WEIGHT
    components: int = COMPONENTS
    outcomes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pooled:
    """A set of cohorts pooled: their prediction, its conflict with the index study, and this study's posterior."""

    together: Hierarchy
    prediction: NormalMixture
    prediction_size: PriorSize
    conflict: Conflict
    robust: RobustPosterior


@dataclass(frozen=True)
class Variation:
    """The pooled answer with one thing changed: a cohort left out, another outcome, another assumption."""

    kind: str
    change: str
    pooled: Pooled


@dataclass(frozen=True)
class CohortEvidence:
    """The whole analysis.

    Attributes:
        index: counts of the index study.
        cohorts: counts of the pooled cohorts.
        alone: each study's log odds ratio by itself, under the prior of the average alone.
        main: the answer under the assumptions as they stand.
        variations: the answer with one thing changed at a time.
        weights: the index study under other weights of the vague component.
        context: cohorts that are shown and never pooled.
    """

    index: TwoArms
    cohorts: tuple[TwoArms, ...]
    alone: Mapping[str, GridDistribution]
    assumptions: Assumptions
    main: Pooled
    variations: tuple[Variation, ...]
    weights: tuple[RobustPosterior, ...]
    context: tuple[ContextCohort, ...] = ()


def cohort_evidence(
    index: Study,
    cohorts: Sequence[Study],
    assumptions: Assumptions | None = None,
    *,
    claim: str,
    context: Sequence[ContextCohort] = (),
) -> CohortEvidence:
    """Pool the cohorts, predict a claim of the index study, compare, and update the robust prior.

    Raises InputError with every study without a yes/no outcome in both arms, and every requested outcome of a cohort
    that is not there; ValueError without cohorts.
    """
    assumed = assumptions or Assumptions()
    if not cohorts:
        raise ValueError("there is nothing to pool: no cohorts were given")
    theirs, ours = _counted(cohorts, index, claim, assumed.outcomes)
    main = pool(ours, theirs, assumed)
    return CohortEvidence(
        index=ours,
        cohorts=theirs,
        alone={counts.study: _alone(counts, assumed) for counts in (*theirs, ours)},
        assumptions=assumed,
        main=main,
        variations=tuple(
            Variation(kind, change, pool(ours, rows, other))
            for kind, change, rows, other in (
                *_left_out(theirs, assumed),
                *_other_outcomes(cohorts, theirs, assumed),
                *_other_priors(theirs, assumed),
            )
        ),
        weights=tuple(_robust(ours, main.prediction, replace(assumed, vague_weight=w)) for w in WEIGHTS),
        context=tuple(context),
    )


def pool(index: TwoArms, cohorts: Sequence[TwoArms], assumed: Assumptions) -> Pooled:
    """One pass of the analysis."""
    together = hierarchy([two_arms(counts, assumed.level_sd) for counts in cohorts], assumed.prior)
    prediction = normal_mixture(together.predictive, assumed.components)
    return Pooled(
        together=together,
        prediction=prediction,
        prediction_size=prior_size(prediction, unit_information(index)),
        conflict=conflict(index, together.predictive),
        robust=_robust(index, prediction, assumed),
    )


def _robust(index: TwoArms, prediction: NormalMixture, assumed: Assumptions) -> RobustPosterior:
    return robust_posterior(index, prediction, assumed.vague_weight, assumed.vague, assumed.level_sd)


def _counted(
    cohorts: Sequence[Study], index: Study, claim: str, outcomes: Mapping[str, str]
) -> tuple[tuple[TwoArms, ...], TwoArms]:
    """The counts of the cohorts, and those of the index study."""
    known = {study.id for study in cohorts}
    problems = [
        Problem("outcomes", repr(name), f"one of {', '.join(study.id for study in cohorts)}")
        for name in outcomes
        if name not in known
    ]
    problems += [
        Problem("cohorts", f"{name!r} {times} times, with the index study", "each study once")
        for name, times in Counter(study.id for study in (*cohorts, index)).items()
        if times > 1
    ]
    counts = []
    for study, wanted in [*((row, outcomes.get(row.id)) for row in cohorts), (index, claim)]:
        try:
            counts.append(counts_by_arm(study, wanted))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError("evidence from other cohorts", problems)
    return tuple(counts[:-1]), counts[-1]


def _alone(counts: TwoArms, assumed: Assumptions) -> GridDistribution:
    log_weight = assumed.prior.log_mu + two_arms(counts, assumed.level_sd)
    return GridDistribution.normalized(THETA, np.exp(log_weight - log_weight.max()))


Change = tuple[str, str, Sequence[TwoArms], Assumptions]
"""Its kind, what is changed, and the cohorts and assumptions that follow."""


def _left_out(cohorts: tuple[TwoArms, ...], assumed: Assumptions) -> Iterator[Change]:
    for out in cohorts:
        yield "left out", out.study, [row for row in cohorts if row is not out], assumed


def _other_outcomes(
    studies: Sequence[Study], cohorts: tuple[TwoArms, ...], assumed: Assumptions
) -> Iterator[Change]:
    """Each outcome of a cohort that is not the one pooled, in its place."""
    for study, used in zip(studies, cohorts, strict=True):
        for other in outcomes_of(study):
            if other != used:
                rows = [other if row is used else row for row in cohorts]
                yield "other outcome", f"{other.study}: {other.outcome}", rows, assumed


def _other_priors(cohorts: tuple[TwoArms, ...], assumed: Assumptions) -> Iterator[Change]:
    prior = assumed.prior
    others = {
        **{
            f"tau ~ HalfNormal({x:g})": replace(assumed, prior=replace(prior, tau_scale=x))
            for x in TAU_SCALES
        },
        **{
            f"mu ~ Normal({prior.mu_mean:g}, {x:g})": replace(assumed, prior=replace(prior, mu_sd=x))
            for x in MU_SDS
        },
        **{f"level ~ Normal(0, {x:g})": replace(assumed, level_sd=x) for x in LEVEL_SDS},
    }
    for name, other in others.items():
        if other != assumed:
            yield "other prior", name, cohorts, other
