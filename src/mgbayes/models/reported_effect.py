r"""The effect that a paper reports with its confidence interval, as evidence about the same contrast.

With y the reported effect, the log of a ratio or a difference, and s its standard error, the length of the interval
over 2 z, z the normal quantile of its level:

    effect     ~ Normal(θ, s)     of y, an approximation: the patients behind it are not published
    log_ratio  ~ prior            θ in family approximate_ratio: the log of the hazard, odds, risk, rate or mean ratio
    difference ~ prior            θ in family approximate_difference: of means, or of risks in percent

A Wald interval is exactly so long; exact and profile intervals are not symmetric, and with few events the likelihood
is skewed. Odds ratios and differences of risks from counts, and of means from means and SDs, have models of their
own, which need no approximation. A ratio of the reference arm to the contrast arm is turned round. Of several
effects the first of the study file counts.

Evidence: estimate and limits. Source: Altman and Bland (2011), BMJ 343:d2090; Spiegelhalter, Abrams and Myles (2004),
Bayesian Approaches to Clinical Trials, section 2.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.outcome import Outcome, outcome_of
from mgbayes.models.parameters import draw_parameter, parameter
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.models.printed_quantity import PrintedQuantity
from mgbayes.models.priors import Prior
from mgbayes.study.numbers import find_effect
from mgbayes.study.schema import Kind, Study
from mgbayes.study.statistics import Measure

Data = Mapping[str, NDArray[Any]]
EFFECTS: Mapping[str, str] = {"approximate_ratio": "log_ratio", "approximate_difference": "difference"}
"""By family, its one parameter."""


def of(study: Study, plan: Plan) -> ReportedContrast:
    """The model of the endpoint that a plan is about."""
    return ReportedContrast(outcome_of(study, plan))


@dataclass(frozen=True)
class ReportedContrast:
    """The model of one reported effect."""

    outcome: Outcome

    def declared(self, data: Data) -> tuple[Estimand, ...]:
        """The effect itself, by the name of its measure; a higher hazard of a time is a shorter time."""
        o, measure = self.outcome, Measure(str(data["measure"][0]))
        benefit = o.opposite if o.kind is Kind.time_to_event else o.benefit
        words = f"{measure.label[:1].upper()}{measure.label[1:]}, {o.event or o.label}"
        unit = {Measure.mean_difference: o.unit, Measure.risk_difference: "%"}.get(measure, "")
        return (Estimand(measure.name, words, unit, 1.0 if measure.is_ratio else 0.0, benefit),)

    def from_study(self, study: Study, plan: Plan) -> dict[str, NDArray[Any]]:
        """The data from what a study reports. Raises NotPrinted."""
        part = plan.endpoints[0]
        if len(plan.endpoints) > 1:
            raise NotPrinted(part.endpoint, "one endpoint at one visit")
        found = find_effect(study, part.endpoint, part.visit)
        if found is None:
            raise NotPrinted(part.endpoint, "a ratio or difference between the arms with its interval")
        family = f"approximate_{'ratio' if found.effect.measure.is_ratio else 'difference'}"
        if set(plan.printed_families) != {family}:
            raise NotPrinted(part.endpoint, f"family {family}: a {found.effect.measure.label} is reported")
        y, se = found.effect.normal
        if not (isfinite(y) and isfinite(se) and se > 0):
            raise NotPrinted(part.endpoint, "an effect and limits above zero that differ")
        n = np.array([int(arm.n) for arm in (study.reference, study.contrast)])
        return {
            "measure": np.array([found.effect.measure.value]),
            "estimate": np.array([-y if found.turned else y]),
            "standard_error": np.array([se]),
            "n": n,
        }

    def build(self, data: Data, family: str, priors: Mapping[str, Prior]) -> Any:
        """Build the model on the estimate and its standard error."""
        import pymc as pm

        with pm.Model() as model:
            estimate, error = (pm.Data(name, data[name]) for name in ("estimate", "standard_error"))
            pm.Normal("effect", parameter(EFFECTS[family], priors), error, observed=estimate)
        return model

    def estimands(self, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
        """The effect on the scale on which it is reported, one value for each draw."""
        (declared,) = self.declared(data)
        values = draws[EFFECTS[family]]
        return xr.Dataset({declared.id: np.exp(values) if family == "approximate_ratio" else values})

    def prior_draws(
        self, rng: Generator, data: Data, family: str, priors: Mapping[str, Prior], draws: int
    ) -> xr.Dataset:
        """The effect drawn from its prior, with one chain."""
        values = draw_parameter(rng, EFFECTS[family], priors, size=(1, draws))
        coords = {"chain": [0], "draw": np.arange(draws)}
        return xr.Dataset({EFFECTS[family]: (("chain", "draw"), values)}, coords=coords)

    def predict(self, rng: Generator, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
        """The estimate of another study as precise as this one, as it would be reported, for each draw."""
        effect = draws[EFFECTS[family]].transpose("chain", "draw").to_numpy()[..., None]
        again = rng.normal(effect, data["standard_error"])
        dims = ("chain", "draw", "effect")
        return xr.Dataset({"estimate": (dims, np.exp(again) if family == "approximate_ratio" else again)})

    def simulate(
        self, rng: Generator, data: Data, family: str, priors: Mapping[str, Prior]
    ) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Draw the effect from its prior, and an estimate as precise as the reported one."""
        truth = float(draw_parameter(rng, EFFECTS[family], priors))
        return {EFFECTS[family]: truth}, {**data, "estimate": rng.normal(truth, data["standard_error"])}

    def printed_quantities(self, data: Data) -> tuple[PrintedQuantity, ...]:
        """The reported effect."""
        (declared,) = self.declared(data)
        value = float(data["estimate"][0])
        reported = float(np.exp(value)) if declared.null == 1 else value
        return (PrintedQuantity("estimate", (0,), reported, declared.label, "all", declared.unit),)

    def spread(self, data: Data, visit: str | None) -> float:
        """The SD within arms from which a difference would have its standard error without covariates."""
        return float(data["standard_error"][0] / np.sqrt((1 / data["n"]).sum()))
