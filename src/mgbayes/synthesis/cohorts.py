"""Evidence from other cohorts: what they say of the contrast, and what that makes of the index study.

The log odds ratios of the cohorts are exchangeable around a mean, with a spread that their different outcomes,
doses and follow-up make large. What they predict for a new study is a prior for the index study; where the two
disagree, that is shown before anything is combined.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mgbayes.errors import InputError, Problem
from mgbayes.study.cohorts import ContextCohort
from mgbayes.study.schema import Study
from mgbayes.synthesis.approximation import COMPONENTS, normal_mixture
from mgbayes.synthesis.conflict import Conflict, conflict
from mgbayes.synthesis.counts import LEVEL_SD, TwoArms, counts_by_arm, outcomes_of, two_arms
from mgbayes.synthesis.distribution import GridDistribution
from mgbayes.synthesis.hierarchy import THETA, Hierarchy, HierarchyPrior, hierarchy
from mgbayes.synthesis.mixtures import NormalMixture
from mgbayes.synthesis.prior_size import PriorSize, normal_prior_size, unit_information
from mgbayes.synthesis.robust_prior import VAGUE, VAGUE_WEIGHT, RobustPosterior, robust_posterior

WEIGHTS = (0.0, 0.2, 0.5, 0.8, 1.0)
TAU_SCALES = (0.25, 0.5, 1.0, 2.0)
MU_SDS = (1.0, 2.0, 4.0)
LEVEL_SDS = (1.5, 2.0, 3.0)


@dataclass(frozen=True)
class Assumptions:
    """Everything that is assumed and not observed.

    ``outcomes`` names, by cohort, the claim to pool in place of the first that counts an outcome.
    """

    prior: HierarchyPrior = field(default_factory=HierarchyPrior)
    level_sd: float = LEVEL_SD
    vague: tuple[float, float] = VAGUE
    vague_weight: float = VAGUE_WEIGHT
    components: int = COMPONENTS
    outcomes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pooled:
    """What a set of cohorts says, and what it makes of the index study."""

    together: Hierarchy
    prediction: NormalMixture
    prediction_size: PriorSize
    conflict: Conflict
    robust: RobustPosterior


@dataclass(frozen=True)
class Variation:
    """The pooled answer under one change: a cohort left out, another outcome, another assumption."""

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
    """Pool the cohorts, predict a claim of the index study, show the conflict, and update the robust prior.

    Raises InputError with every study that counts no yes/no outcome in both arms, and every outcome asked of
    a cohort that is not there; ValueError without cohorts.
    """
    assumed = assumptions or Assumptions()
    if not cohorts:
        raise ValueError("there is nothing to pool: no cohorts were given")
    asked = {study.id: assumed.outcomes.get(study.id) for study in cohorts}
    theirs, ours = _counted((*cohorts, index), asked | {index.id: claim}, assumed)
    main = pool(ours, theirs, assumed)
    return CohortEvidence(
        index=ours,
        cohorts=theirs,
        alone={counts.study: _alone(counts, assumed) for counts in (*theirs, ours)},
        assumptions=assumed,
        main=main,
        variations=(
            *_left_out(ours, theirs, assumed),
            *_other_outcomes(ours, cohorts, theirs, assumed),
            *_other_priors(ours, theirs, assumed),
        ),
        weights=tuple(_with_weight(ours, main, assumed, weight) for weight in WEIGHTS),
        context=tuple(context),
    )


def _counted(
    studies: Sequence[Study], claims: Mapping[str, str | None], assumed: Assumptions
) -> tuple[tuple[TwoArms, ...], TwoArms]:
    """The counts of the cohorts and, from the last study, of the index study."""
    known = ", ".join(study.id for study in studies[:-1])
    problems = [
        Problem("outcomes", repr(name), f"one of {known}")
        for name in assumed.outcomes
        if name not in {study.id for study in studies[:-1]}
    ]
    problems += [
        Problem("cohorts", f"{name!r} {times} times, with the index study", "each study once")
        for name, times in Counter(study.id for study in studies).items()
        if times > 1
    ]
    found = []
    for study in studies:
        try:
            found.append(counts_by_arm(study, claims[study.id]))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError("evidence from other cohorts", problems)
    return tuple(found[:-1]), found[-1]


def pool(index: TwoArms, cohorts: Sequence[TwoArms], assumed: Assumptions) -> Pooled:
    """One pass of the analysis: cohorts together, prediction, conflict, robust posterior."""
    together = hierarchy([two_arms(counts, assumed.level_sd) for counts in cohorts], assumed.prior)
    prediction = normal_mixture(together.predictive, assumed.components)
    return Pooled(
        together=together,
        prediction=prediction,
        prediction_size=normal_prior_size(prediction, unit_information(index)),
        conflict=conflict(index, together.predictive),
        robust=robust_posterior(index, prediction, assumed.vague_weight, assumed.vague, assumed.level_sd),
    )


def _alone(counts: TwoArms, assumed: Assumptions) -> GridDistribution:
    log_weight = np.log(np.maximum(assumed.prior.mu_weights(), 1e-300)) + two_arms(counts, assumed.level_sd)
    return GridDistribution.normalized(THETA, np.exp(log_weight - log_weight.max()))


def _left_out(index: TwoArms, cohorts: tuple[TwoArms, ...], assumed: Assumptions) -> tuple[Variation, ...]:
    return tuple(
        Variation("left out", out.study, pool(index, [row for row in cohorts if row is not out], assumed))
        for out in cohorts
    )


def _other_outcomes(
    index: TwoArms, studies: Sequence[Study], cohorts: tuple[TwoArms, ...], assumed: Assumptions
) -> tuple[Variation, ...]:
    """Each outcome of a cohort that is not the one pooled, in its place."""
    return tuple(
        Variation(
            "other outcome",
            f"{other.study}: {other.outcome}",
            pool(index, [other if row.study == other.study else row for row in cohorts], assumed),
        )
        for study, used in zip(studies, cohorts, strict=True)
        for other in outcomes_of(study)
        if other != used
    )


def _other_priors(
    index: TwoArms, cohorts: tuple[TwoArms, ...], assumed: Assumptions
) -> tuple[Variation, ...]:
    prior = assumed.prior
    changes = {
        **{
            f"tau ~ HalfNormal({scale:g})": replace(assumed, prior=replace(prior, tau_scale=scale))
            for scale in TAU_SCALES
            if scale != prior.tau_scale
        },
        **{
            f"mu ~ Normal({prior.mu_mean:g}, {sd:g})": replace(assumed, prior=replace(prior, mu_sd=sd))
            for sd in MU_SDS
            if sd != prior.mu_sd
        },
        **{
            f"level ~ Normal(0, {sd:g})": replace(assumed, level_sd=sd)
            for sd in LEVEL_SDS
            if sd != assumed.level_sd
        },
    }
    return tuple(
        Variation("other prior", name, pool(index, cohorts, other)) for name, other in changes.items()
    )


def _with_weight(index: TwoArms, main: Pooled, assumed: Assumptions, weight: float) -> RobustPosterior:
    return robust_posterior(index, main.prediction, weight, assumed.vague, assumed.level_sd)
