r"""The effect that a paper reports with its confidence interval, as evidence about the same contrast.

With y the reported effect, the log of a ratio or a difference, and s its standard error, the length of the interval
over 2 z, z the normal quantile of its level, in families approximate_ratio and approximate_difference

    effect     ~ Normal(θ, s)     of y, an approximation: the patients behind it are not published
    log_ratio  ~ prior            θ: the log of the hazard, odds, risk, rate or mean ratio
    difference ~ prior            θ: the difference of means, or of risks in percent

A Wald interval is exactly so long; exact and profile intervals are not symmetric, and with few events the likelihood
is skewed. Where the paper says that no other variable was adjusted for, two likelihoods are exact. Family counts: an
odds ratio, risk ratio or difference of risks is reported so of some counts (x_0, x_1) of n_0 and n_1 patients and of
no others (mgbayes.study.statistics.effect_tables), with the chance of arm a (0 reference, 1 contrast)

    log_odds       ~ prior        midway between the arms, in logit chance_a = log_odds + (a - 1/2) log_odds_ratio
    log_odds_ratio ~ prior
    reported       ~ Σ over these counts of Π_a Binomial(x_a; n_a, chance_a)

Family means: a difference of means with Student's interval, whose length gives the pooled variance of
ν = n_0 + n_1 - 2 degrees of freedom,

    sd             ~ prior        within arms
    effect         ~ Normal(difference, sd √(1/n_0 + 1/n_1))
    pooled         ~ sd² χ²(ν) / ν

Counts, and means with SDs, that are reported themselves have models of their own. A ratio of the reference arm to the
contrast arm is turned round. Of several effects the first of the study file counts.

Evidence: estimate and limits. Source: Altman and Bland (2011), BMJ 343:d2090; Spiegelhalter, Abrams and Myles (2004),
Bayesian Approaches to Clinical Trials, section 2.4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.random import Generator

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.effect_likelihoods import LIKELIHOODS, pooled_variance
from mgbayes.models.evidence import ReportedEffect
from mgbayes.models.model import OutcomeModel, PrintedQuantity, Priors
from mgbayes.models.parameters import draw_parameter
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.study.numbers import EffectOf, find_effect
from mgbayes.study.schema import Kind, Study
from mgbayes.study.statistics import Measure
from mgbayes.study.statistics.effect_tables import tables_with


class ReportedContrast(OutcomeModel):
    """The model of one reported effect."""

    def declared(self, data: ReportedEffect) -> tuple[Estimand, ...]:
        """The effect itself, by the name of its measure; a higher hazard of a time is a shorter time."""
        o, measure = self.outcome, Measure(str(data["measure"][0]))
        benefit = o.opposite if o.kind is Kind.time_to_event else o.benefit
        words = f"{measure.label[:1].upper()}{measure.label[1:]}, {o.event or o.label}"
        unit = {Measure.mean_difference: o.unit, Measure.risk_difference: "%"}.get(measure, "")
        return (Estimand(measure.name, words, unit, 1.0 if measure.is_ratio else 0.0, benefit),)

    def from_study(self, study: Study, plan: Plan) -> ReportedEffect:
        """The data from what a study reports. Raises NotPrinted."""
        part = plan.endpoints[0]
        if len(plan.endpoints) > 1:
            raise NotPrinted(part.endpoint, "one endpoint at one visit")
        found = find_effect(study, part.endpoint, part.visit)
        if found is None:
            raise NotPrinted(part.endpoint, "a ratio or difference between the arms with its interval")
        data = _data(study, found)
        possible = _families(found, data)
        if not set(plan.printed_families) <= set(possible):
            families = " or ".join(possible)
            raise NotPrinted(part.endpoint, f"family {families}: a {found.effect.measure.label} is reported")
        if not (np.isfinite([data["estimate"], data["standard_error"]]).all() and data["standard_error"] > 0):
            raise NotPrinted(part.endpoint, "an effect and limits above zero that differ")
        return data

    def build(self, data: ReportedEffect, family: str, priors: Priors) -> Any:
        """Build the model on what is reported."""
        import pymc as pm

        with pm.Model() as model:
            LIKELIHOODS[family].add(data, priors)
        return model

    def estimands(self, draws: xr.Dataset, data: ReportedEffect, family: str) -> xr.Dataset:
        """The effect on the scale on which it is reported, one value for each draw."""
        (declared,) = self.declared(data)
        return xr.Dataset({declared.id: LIKELIHOODS[family].contrast(draws, data)})

    def prior_draws(
        self, rng: Generator, data: ReportedEffect, family: str, priors: Priors, draws: int
    ) -> xr.Dataset:
        """The parameters drawn from their priors, with one chain."""
        coords = {"chain": [0], "draw": np.arange(draws)}
        values = {
            name: (("chain", "draw"), draw_parameter(rng, name, priors, size=(1, draws)))
            for name in LIKELIHOODS[family].parameters
        }
        return xr.Dataset(values, coords=coords)

    def predict(self, rng: Generator, draws: xr.Dataset, data: ReportedEffect, family: str) -> xr.Dataset:
        """The estimate of another study like this one, as it would be reported, for each draw."""
        again = LIKELIHOODS[family].again(rng, draws, data)[..., None]
        return xr.Dataset({"estimate": (("chain", "draw", "effect"), again)})

    def simulate(
        self, rng: Generator, data: ReportedEffect, family: str, priors: Priors
    ) -> tuple[dict[str, Any], ReportedEffect]:
        """Draw the parameters from their priors, and what a study like this one would report."""
        truth = {name: float(draw_parameter(rng, name, priors)) for name in LIKELIHOODS[family].parameters}
        return truth, LIKELIHOODS[family].simulate(rng, truth, data)

    def printed_quantities(self, data: ReportedEffect) -> tuple[PrintedQuantity, ...]:
        """The reported effect."""
        (declared,) = self.declared(data)
        value = float(data["estimate"][0])
        reported = float(np.exp(value)) if declared.null == 1 else value
        return (PrintedQuantity("estimate", (0,), reported, declared.label, "all", declared.unit),)

    def spread(self, data: ReportedEffect, visit: str | None) -> float:
        """The SD within arms from which a difference would have its standard error without covariates."""
        return float(data["standard_error"][0] / np.sqrt((1 / data["n"]).sum()))


def reading_of(study: Study, found: EffectOf) -> str:
    """The family that reads an effect best: an exact one where it is said to be of no other variable."""
    return _families(found, _data(study, found))[0]


def _families(found: EffectOf, data: ReportedEffect) -> tuple[str, ...]:
    """The families that can read an effect, the exact one first."""
    exact = {"counts": len(data["table"]) > 0, "means": True}
    return tuple(
        name
        for name, likelihood in LIKELIHOODS.items()
        if likelihood.allows(found.effect.measure)
        and (name not in exact or (found.unadjusted and exact[name]))
    )


def _data(study: Study, found: EffectOf) -> ReportedEffect:
    """Estimate and standard error on the scale of the error, pooled variance, and all tables that are reported so."""
    effect, n = found.effect, np.array([int(arm.n) for arm in (study.reference, study.contrast)])
    y, se = effect.normal
    tables = np.zeros((0, 2), dtype=np.int64)
    if found.unadjusted and LIKELIHOODS["counts"].allows(effect.measure):
        # Of the reference arm's count first, whichever arm the effect names first.
        tables = tables_with(effect, *n) if found.turned else tables_with(effect, *n[::-1])[:, ::-1]
    return ReportedEffect(
        measure=np.array([effect.measure.value]),
        text=np.array([effect.estimate, effect.low or "", effect.high or ""]),
        level=np.array([effect.level]),
        estimate=np.array([-y if found.turned else y]),
        standard_error=np.array([se]),
        variance=np.array([pooled_variance(effect, n)]),
        table=tables.astype(float),
        n=n,
    )
