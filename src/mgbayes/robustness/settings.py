"""The settings of a plan's grid: every prior, family, suspected misprint and kind of evidence.

A setting is a cell before it is fitted. Its parent is the fit that a report makes of the same family, numbers and
evidence under the plan's own prior. Fits of its own (``refit``) are served by one compiled model for each family,
since every effect's prior has the same form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from mgbayes.errors import InputError, Problem
from mgbayes.inference.job import Job, doubts
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan import Plan, PrintedPUse, PriorChoice, Sampling, Sensitivity
from mgbayes.models.priors import Prior
from mgbayes.robustness.bias import check_bias_prior
from mgbayes.robustness.reference_priors import (
    COHORTS,
    OWN,
    ReferencePrior,
    cohort_prior,
    reference_priors,
    user_priors,
)
from mgbayes.study.schema import Study

CHAINS, DRAWS, TUNE = 4, 1000, 300
LARGER_STEPS = 2.0
"""Of a cell's own fit: the distance of target_accept to 1, over that of the report's fit."""
LEAST_ACCEPT = 0.8
MOST_CONDITIONING_DRAWS = 10_000
"""Draws of each chain of a cell's own fit where a reported p value selects some of them."""

_FEW = 20  # draws tell an identity from what is none
_DRAWS = 1000
_SEED = 20200216


@dataclass(frozen=True)
class Setting:
    """One cell to be fitted. ``study`` has the suspected misprint corrected as ``alternative`` says."""

    study: Study
    plan: Plan
    varied: Sensitivity
    reference_prior: ReferencePrior
    family: str
    alternative: str | None = None
    printed_p: tuple[PrintedPUse, ...] = ()

    @property
    def has_effect(self) -> bool:
        """Whether the effect is a parameter of this family."""
        return self.varied.effect in self.plan.effects(self.family)

    @property
    def own_prior(self) -> Prior:
        """The prior that the plan gives the effect in this family."""
        return effect_prior(self.study, self.plan, self.family, self.varied.effect)

    @property
    def has_own_density(self) -> bool:
        """Whether the effect's prior is a factor of the joint density, so that draws can be weighted by another.

        The member of a hierarchy has none: its named prior takes it out of the pool, in a fit of its own.
        """
        return _has_own_prior(self.plan, self.family, self.varied.effect)

    @property
    def is_base(self) -> bool:
        """Whether this is the plan as it stands: its prior, its family, the published numbers."""
        plain = self.alternative is None and not self.printed_p
        return plain and self.family == self.plan.family and self.reference_prior.name == OWN

    @property
    def is_selected(self) -> bool:
        """Whether a reported p value selects draws, in place of entering the density."""
        return bool(self.printed_p) and not MODELS[self.plan.model].paired_p

    def parent(self) -> Job:
        """The fit that a report makes: the plan's own prior, with all the draws that the plan asks for."""
        return Job(self.study, self.plan, self.family, self.printed_p, self.alternative)

    def refit(self) -> Job:
        """A fit of the cell's own, every effect's prior as a mixture; chains start from the plan's own priors.

        Raises ValueError where the family does not have the effect, since its prior cannot be set.
        """
        if not self.has_effect:
            raise ValueError(f"{self.plan.id}, {self.family}: no {self.varied.effect} to set a prior of")
        own = as_mixtures(self.study, self.plan, self.family, self.varied.effect)
        plan = with_choices(own, {self.varied.effect: self.reference_prior.prior})
        plan = plan.model_copy(update={"sampling": modest(self.plan.sampling)})
        return Job(self.study, plan, self.family, self.printed_p, self.alternative, start=own)


def settings(study: Study, plan: Plan) -> tuple[Setting, ...]:
    """Every cell of a plan, in the order of a report. Raises InputError."""
    _check(study, plan)
    claims = sorted({varied.cohorts for varied in plan.sensitivity if varied.cohorts})
    predicted = {claim: cohort_prior(study, claim) for claim in claims}
    numbers = [(study, None), *((study.with_alternative(row), row.name) for row in doubts(study, plan))]
    return tuple(
        Setting(read, plan, varied, prior, family, alternative, uses)
        for family in plan.printed_families
        for read, alternative in numbers
        for varied in plan.sensitivity
        for prior in _priors(study, plan, varied, family, predicted)
        for uses in _kinds_of_evidence(plan)
    )


def base_settings(grid: Iterable[Setting]) -> list[Setting]:
    """The first setting of each plan that is the plan as it stands."""
    base: dict[str, Setting] = {}
    for row in grid:
        if row.is_base:
            base.setdefault(row.plan.id, row)
    return list(base.values())


def with_choices(plan: Plan, priors: Mapping[str, Prior]) -> Plan:
    """The plan with these priors chosen."""
    chosen = {
        name: PriorChoice(form=prior.form, values=prior.values, why=prior.why)
        for name, prior in priors.items()
    }
    return plan.model_copy(update={"priors": plan.priors | chosen})


def as_mixtures(study: Study, plan: Plan, family: str, varied: str) -> Plan:
    """The plan with the same priors, those of effects in the form of mixtures.

    An effect without a prior of its own name (one endpoint of several) gets one if it is the ``varied`` one.
    """
    own = plan.prior_set(family)
    names = [name for name in plan.effects(family) if name in own or name == varied]
    return with_choices(plan, {name: effect_prior(study, plan, family, name).as_mixture() for name in names})


def effect_prior(study: Study, plan: Plan, family: str, effect: str) -> Prior:
    """The plan's own prior of an effect of a family; for the member of a hierarchy the one that it induces."""
    own = plan.prior_set(family)
    if effect in own:
        return own[effect]
    return MODELS[plan.model].of(study, plan).effect_prior(study, plan, family, own, effect)


def _has_own_prior(plan: Plan, family: str, effect: str) -> bool:
    """Whether an effect of a family has a prior of the plan's, by itself or shared with those of other endpoints."""
    row = MODELS[plan.model]
    shared = bool({effect, row.effect_by_endpoint} & set(row.parameters[family]))
    return shared or effect in plan.priors


def modest(sampling: Sampling) -> Sampling:
    """Fewer draws and larger steps than a report's fit: a cell needs a probability, not an interval's third digit."""
    accept = max(LEAST_ACCEPT, 1 - LARGER_STEPS * (1 - sampling.target_accept))
    few = {
        "chains": CHAINS,
        "draws": DRAWS,
        "tune": TUNE,
        "conditioning_draws": min(sampling.conditioning_draws, MOST_CONDITIONING_DRAWS),
        "target_accept": min(accept, sampling.target_accept),
        "families": {},
    }
    return sampling.model_copy(update=few)


def _priors(
    study: Study,
    plan: Plan,
    varied: Sensitivity,
    family: str,
    predicted: Mapping[str, ReferencePrior | None],
) -> Iterator[ReferencePrior]:
    """The priors of an effect; only the plan's own where the family does not have that effect."""
    has = varied.effect in plan.effects(family)
    own = effect_prior(study, plan, family if has else plan.family, varied.effect)
    induced = "" if not has or _has_own_prior(plan, family, varied.effect) else own.why
    every = reference_priors(own, varied, induced)
    if not has:
        yield every[0]
        return
    yield from every
    yield from user_priors(varied)
    others = predicted.get(varied.cohorts) if varied.cohorts else None
    if others is not None:
        yield others


def _kinds_of_evidence(plan: Plan) -> list[tuple[PrintedPUse, ...]]:
    tests = dict.fromkeys(use.test for use in plan.printed_p)
    return [(), *(tuple(use for use in plan.printed_p if use.test == test) for test in tests)]


def _check(study: Study, plan: Plan) -> None:
    """Raises InputError when a plan varies effects or watches estimands that its model does not have."""
    effects = list(plan.effects(plan.family))
    declared = Job(study, plan, plan.family).declared()
    check_bias_prior(plan, declared)
    known = [row.id for row in declared]
    rows = list(enumerate(plan.sensitivity, start=1))
    named = [(f"sensitivity → {i} → effect", row.effect, effects) for i, row in rows]
    named += [(f"sensitivity → {i} → estimand", row.estimand, known) for i, row in rows]
    if plan.decision is not None:
        named.append(("decision → estimand", plan.decision.estimand, known))
    problems = [
        Problem(place, repr(name), f"one of {', '.join(accepted)}" if accepted else "a family with an effect")
        for place, name, accepted in named
        if name not in accepted
    ]
    problems += _named_twice(plan)
    problems = problems or list(_of_another_estimand(study, plan))
    if problems:
        raise InputError(f"plan {plan.id}", problems)


def _of_another_estimand(study: Study, plan: Plan) -> Iterator[Problem]:
    """Effects whose prior is not the prior of the estimand that is watched, where the plan does not say so."""
    for i, varied in enumerate(plan.sensitivity, start=1):
        families = [name for name in plan.printed_families if varied.effect in plan.effects(name)]
        jobs = [Job(study, plan, name) for name in families]
        if varied.induced or all(is_prior_of(job, varied.effect, varied.estimand) for job in jobs):
            continue
        yield Problem(
            f"sensitivity → {i} → estimand",
            f"{varied.estimand!r}, of which {varied.effect} is not the prior's scale",
            f"the estimand that is {varied.effect} itself or its exponential, so that the prior is of what is "
            "watched; or induced = true, and the prior that follows for it is shown",
        )


def _named_twice(plan: Plan) -> Iterator[Problem]:
    """Priors of the user's own that have the name of a reference prior."""
    for i, varied in enumerate(plan.sensitivity, start=1):
        named = reference_priors(Prior("normal", (0.0, 1.0), ""), varied)
        taken = {row.name for row in named} | {COHORTS}
        for row in varied.priors:
            if row.name in taken:
                yield Problem(f"sensitivity → {i} → priors", repr(row.name), "a name that no other prior has")


def is_prior_of(job: Job, effect: str, estimand: str) -> bool:
    """Whether the prior of an effect is that of an estimand: the effect itself, or its exponential (a ratio).

    Found from prior draws, so that it holds for any model. Raises InputError when the study lacks what a plan needs.
    """
    drawn, contrasts = _prior_draws(job, job.plan.prior_set(job.family), _FEW)
    if effect not in drawn:
        return False
    null = next(row.null for row in job.declared() if row.id == estimand)
    values = contrasts[estimand].to_numpy().ravel()
    with np.errstate(all="ignore"):
        on_scale = np.log(values) if null == 1 else values
    known = np.isfinite(on_scale)
    return bool(
        known.any() and np.allclose(on_scale[known], drawn[effect].to_numpy().ravel()[known], rtol=1e-6)
    )


def induced_interval(job: Job, effect: str, prior: Prior, estimand: str) -> tuple[float, float]:
    """The central 95 % of the prior that a prior of an effect induces on an estimand."""
    own = job.plan.prior_set(job.family)
    _, contrasts = _prior_draws(job, {**own, effect: prior}, _DRAWS)
    low, high = np.quantile(contrasts[estimand].to_numpy(), [0.025, 0.975])
    return float(low), float(high)


def _prior_draws(job: Job, priors: dict[str, Prior], draws: int) -> tuple[xr.Dataset, xr.Dataset]:
    """Draws of the prior, and the estimands of each."""
    drawn = job.model.prior_draws(np.random.default_rng(_SEED), job.data, job.family, priors, draws)
    with np.errstate(all="ignore"):  # far tails
        return drawn, job.model.estimands(drawn, job.data, job.family)
