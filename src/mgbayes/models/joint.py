r"""Three outcomes of the same patients, tied by one latent patient effect.

Each outcome by itself has the model of its kind (arm a = 0 reference, 1 contrast): a time to an event that some have,
a mixture cure with log-normal times (cure.py); a time to an event that all have sooner or later, Weibull proportional
hazards (proportional_hazards.py); a continuous outcome at three visits, the first before treatment, multivariate
normal. Levels lie midway between the arms and each arm half a difference from them, so that naming the other arm as
the reference changes nothing. Their parameters and priors:

    logit_ever, log_odds_ratio, log_mean_time, log_time_ratio, time_shape          cure
    log_hazard_ratio, log_scale, hazard_shape                                      proportional hazards
    level_v, difference_at_v ~ Normal(difference, difference_sd), sd_av, vine_a    continuous,
                                                         mean_av = level_v + (a - 1/2) difference_at_v

What they share is the patient's own effect b_i ~ Normal(0, 1), higher for those more likely to have the first event.
Every outcome has a normal score, correlated with b_i by its loading λ = tanh(loading):

    cure_loading       ~ prior above 0    P(i ever has it | b) = Φ((Φ⁻¹(π_a) + λ_C b) / √(1 - λ_C²))
    hazard_loading     ~ prior            Φ⁻¹(F_a(T_i)) = λ_H b + √(1 - λ_H²) ε, F_a the distribution of T
    continuous_loading ~ prior            (last value - mean) / SD = -λ_D b + √(1 - λ_D²) ε

so that the latent correlation of two outcomes is the product of their loadings, and each outcome's own
distribution, and with it every contrast, is that of its separate model whatever the loadings (a one-factor
Gaussian copula; loadings of 0 are the separate models). The sign of b is fixed by the first loading. How
soon a patient has the first event is not tied to b, and earlier values only through the last. Given the last value
b_i is normal with mean -λ_D times its score and variance 1 - λ_D², and the scores of the two times are bivariate
normal, so that b_i is integrated out in closed form (shared_effect.py) and a patient enters as one:

    outcomes          ~ f(values_i) ∫ f(cure_i | b) f(hazard_i | b) φ(b | last value_i) db

A patient without one of the outcomes enters with the others. Values at zero are taken as normal.

Evidence: patients only. Units: those of the endpoints, both times in the same one. Source: Joe 2014, Dependence
Modeling with Copulas, section 3.10 (factor copulas); Hogan and Laird 1997, Stat Med 16:239 (shared patient effects).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray

from mgbayes.errors import InputError, Problem
from mgbayes.estimands import joint as contrasts
from mgbayes.estimands.estimand import Estimand
from mgbayes.models import cure, joint_patients, proportional_hazards, shared_effect, tail_scores
from mgbayes.models.arms import ARM, HALVES
from mgbayes.models.cohort_like import followed_like
from mgbayes.models.joint_patients import NAMES, SCALARS
from mgbayes.models.latent import given_density
from mgbayes.models.normal_score import normal_score
from mgbayes.models.outcome import Outcome, outcomes_of
from mgbayes.models.parameters import parameter
from mgbayes.models.patient_times import PATIENT_TIMES
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.models.printed_quantity import PrintedQuantity
from mgbayes.models.priors import Prior
from mgbayes.models.vine import LKJ_SHAPE, correlations, whiten
from mgbayes.study.schema import Kind, Study

Data = Mapping[str, NDArray[Any]]
KINDS = (Kind.time_to_event, Kind.time_to_event, Kind.continuous)
VISITS = 3
ASKED = (
    "a time to an event that some have, a time to an event that all have, in the same unit, and a continuous "
    "endpoint at three visits, the first before treatment, in this order"
)
_ARMS = HALVES.to_numpy()[:, None]
_LOADING = "correlation with the patient effect between -0.9 and 0.9, nothing favoured"
_OF_CURE = ("logit_ever", "log_odds_ratio", "log_mean_time", "log_time_ratio")
_OF_HAZARD = ("log_hazard_ratio", "log_scale")

PRIORS: Mapping[str, Prior] = {
    "level": Prior(
        "normal", (0.0, 1000.0), "mean of both arms at each visit: nearly any, in the outcome's unit"
    ),
    "difference": Prior(
        "normal", (0.0, 100.0), "difference between the arms common to all visits: none favoured, nearly any"
    ),
    "difference_sd": Prior(
        "lognormal", (1.0, 1.0), "how far the difference at a visit lies from the common one: 0.4 to 20 units"
    ),
    "sd": Prior("lognormal", (2.0, 2.0), "SD of the patients' outcomes: 0.15 to 370 units"),
    "correlation": Prior(
        "lkj", (3.0,), "correlation of one patient's values at two visits: 0, 95 % between -0.71 and 0.71"
    ),
    "cure_loading": Prior(
        "half_normal",
        (0.75,),
        "correlation with the patient effect between 0 and 0.9; its sign is a convention",
    ),
    "hazard_loading": Prior("normal", (0.0, 0.75), _LOADING),
    "continuous_loading": Prior("normal", (0.0, 0.75), _LOADING),
}
"""Those of the continuous outcome and of the loadings; those of the times are of their own models."""


def of(study: Study, plan: Plan) -> Joint:
    """The model of a plan's three endpoints. Raises InputError for others than it takes."""
    found = outcomes_of(study, plan)
    fits = (
        tuple(outcome.kind for outcome in found) == KINDS
        and found[0].unit == found[1].unit
        and len(found[2].visits) == VISITS
        and found[2].visits[0].id == found[2].baseline
    )
    if not fits:
        given = ", ".join(f"{outcome.endpoint} ({outcome.kind.value})" for outcome in found)
        raise InputError(f"plan {plan.id}", [Problem("endpoints", given, ASKED)])
    return Joint(*found)


@dataclass(frozen=True)
class Joint:
    """The joint model of three outcomes."""

    cure: Outcome
    hazard: Outcome
    continuous: Outcome

    @property
    def default_priors(self) -> dict[str, Prior]:
        """Those of the models of each outcome by itself, and of the loadings."""
        of_cure = cure.about(self.cure).default_priors
        of_hazard = proportional_hazards.about(self.hazard).default_priors
        return {
            **{name: of_cure[name] for name in _OF_CURE},
            "time_shape": of_cure["shape"],
            **{name: of_hazard[name] for name in _OF_HAZARD},
            "hazard_shape": of_hazard["shape"],
            **PRIORS,
        }

    @property
    def visits(self) -> tuple[str, ...]:
        """Ids of the visits of the continuous outcome."""
        return tuple(visit.id for visit in self.continuous.visits)

    def declared(self, data: Data) -> tuple[Estimand, ...]:
        """The contrasts of each outcome, over all, and how outcomes go together."""
        return contrasts.declared(self.cure, self.hazard, self.continuous)

    def estimands(self, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
        """The contrasts that are declared, one value for each draw."""
        return contrasts.estimands(draws, data, self.cure, self.hazard, self.continuous)

    def from_study(self, study: Study, plan: Plan) -> dict[str, NDArray[Any]]:
        """Raises NotPrinted: which outcomes fell to the same patient is not in print."""
        raise NotPrinted(self.cure.endpoint, "all three outcomes of the same patients")

    def cohort_like(self, study: Study, plan: Plan) -> dict[str, NDArray[Any]]:
        """The sizes and follow-up of a simulated cohort like the study's."""
        return followed_like(study, self.cure.unit)

    def build(self, data: Data, family: str, priors: Mapping[str, Prior]) -> pm.Model:
        """Build the model on patients; for its data see ``joint_patients.patients``."""
        first, middle, last = self.visits
        coords = {
            "arm": ARM.arm.values,
            "visit": [first, middle, last],
            "pair": [f"{first}, {middle}", f"{first}, {last}", f"{middle}, {last}"],
        }
        with pm.Model(coords=coords):
            given = {name: pm.Data(name, np.asarray(data[name])) for name in NAMES}
            par = {name: parameter(name, priors) for name in SCALARS}
            values, score = _values(given, priors)
            effect = _effect(par["continuous_loading"], given["value_known"], score)
            log_cure, of_cure, with_effect = _cure(given, par, effect)
            log_hazard, of_hazard, hazard_with_effect = _hazard(given, par, effect)
            correlation = with_effect * hazard_with_effect
            shared = shared_effect.INTEGRATED.of(*of_cure, *of_hazard, correlation)[0]
            density = values + log_cure + log_hazard + shared
            given_density("outcomes", density, given["value_known"])
            return pm.modelcontext(None)

    def prior_draws(
        self, rng: Generator, data: Data, family: str, priors: Mapping[str, Prior], draws: int
    ) -> xr.Dataset:
        """Parameters drawn from the priors, (chain, draw, ...) with one chain."""
        return joint_patients.prior_draws(rng, priors, draws)

    def simulate_patients(
        self, rng: Generator, data: Data, family: str, priors: Mapping[str, Prior]
    ) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Draw parameters from the priors, and a cohort like ``cohort_like``, patient by patient."""
        return joint_patients.simulate_patients(rng, data, priors)

    def predict(self, rng: Generator, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
        """What one new cohort for each draw would give of ``printed_quantities``: (chain, draw, arm)."""
        return joint_patients.predict(rng, draws, data)

    def printed_quantities(self, data: Data) -> tuple[PrintedQuantity, ...]:
        """Of those with all three outcomes: who had which event, and their last values."""
        return joint_patients.printed_quantities(data, self.cure, self.hazard, self.continuous)


def _values(given: Mapping[str, Any], priors: Mapping[str, Prior]) -> tuple[Any, Any]:
    """Log density of each patient's values, and the score of the last one, (arm, patient)."""
    shape = pm.Data("prior_correlation", np.array(priors["correlation"].values))[0] + LKJ_SHAPE
    vine = 2 * pm.Beta("vine", shape, shape, dims=("arm", "pair")) - 1
    pm.Deterministic("correlation", correlations(vine), dims=("arm", "pair"))
    level = parameter("level", priors, dims="visit")
    between = parameter("difference_sd", priors)
    difference = pm.Normal("difference_at", parameter("difference", priors), between, dims="visit")
    mean = pm.Deterministic("mean", level + _ARMS * difference, dims=("arm", "visit"))
    sd = parameter("sd", priors, dims=("arm", "visit"))
    z = (given["value"] - mean[:, None]) / sd[:, None]
    apart = whiten(vine[:, None], (z[..., 0], z[..., 1], z[..., 2]))
    half_log_det = pt.log1p(-(vine**2)).sum(-1) / 2
    density = -sum(w**2 for w in apart) / 2 - 1.5 * np.log(2 * np.pi)
    density -= (pt.log(sd).sum(-1) + half_log_det)[:, None]
    return given["value_known"] * density, z[..., -1]


def _effect(loading: Any, known: Any, score: Any) -> tuple[Any, Any]:
    """Mean and variance of the patient effect given the last value, (arm, patient)."""
    against = pt.tanh(loading) * known
    return -against * score, 1 - against**2


def _variance(loading: Any, effect: tuple[Any, Any]) -> Any:
    """Variance of a normal score given the last value."""
    return 1 - pt.tanh(loading) ** 2 * (1 - effect[1])


def _standardized(loading: Any, score: Any, effect: tuple[Any, Any]) -> tuple[Any, Any]:
    """A normal score given the last value, less its mean, over its SD; and its correlation with the effect."""
    (mean, variance), correlation = effect, pt.tanh(loading)
    sd = pt.sqrt(_variance(loading, effect))
    return (score - correlation * mean) / sd, correlation * pt.sqrt(variance) / sd


def _cure(given: Mapping[str, Any], par: Mapping[str, Any], effect: Any) -> tuple[Any, tuple[Any, ...], Any]:
    """What of the first event does not depend on the effect (log); what does; their correlation."""
    t = {name: given[f"cure_{name}"] for name in PATIENT_TIMES}
    logit = par["logit_ever"] + _ARMS * par["log_odds_ratio"]
    log_mean = par["log_mean_time"] + _ARMS * par["log_time_ratio"]
    sigma = par["time_shape"]

    def score(time: Any) -> Any:
        return (pt.log(time) - log_mean) / sigma + sigma / 2

    between = t["present"] * t["between"]
    wanted = {"time": t["present"] * (1 - t["event"]), "lower": between, "upper": between}
    log_survival = {
        name: tail_scores.LOGS_ABOVE.of(asked, score(t[name]))[0] for name, asked in wanted.items()
    }
    log_density = -(score(t["time"]) ** 2) / 2 - pt.log(t["time"] * sigma) - np.log(2 * np.pi) / 2
    within = pt.minimum(log_survival["upper"] - log_survival["lower"], -1e-100)
    seen = pt.switch(t["between"], log_survival["lower"] + pt.log1mexp(within), log_density)
    threshold = normal_score(-pt.softplus(-logit), -pt.softplus(logit))
    known = t["present"] * pt.switch(t["event"], shared_effect.HAD, shared_effect.NOT_YET)
    # Those have the event whose score is above a threshold, -score below it: hence the sign.
    below, with_effect = _standardized(-par["cure_loading"], threshold, effect)
    return t["present"] * t["event"] * seen, (known, below, pt.exp(log_survival["time"])), with_effect


def _hazard(
    given: Mapping[str, Any], par: Mapping[str, Any], effect: Any
) -> tuple[Any, tuple[Any, ...], Any]:
    """What of the second event does not depend on the effect (log); what does; their correlation."""
    t = {name: given[f"hazard_{name}"] for name in PATIENT_TIMES}
    shape, loading = par["hazard_shape"], par["hazard_loading"]
    log_ratio = _ARMS * par["log_hazard_ratio"]

    def log_cumulative(time: Any) -> Any:
        return shape * (pt.log(time) - par["log_scale"]) + log_ratio

    between = t["present"] * t["between"]
    wanted = {"time": t["present"] - between, "lower": between, "upper": between}
    scores = {
        name: tail_scores.HAZARD_SCORES.of(asked, log_cumulative(t[name]))[0]
        for name, asked in wanted.items()
    }
    exact = t["event"] * (1 - t["between"])
    z, log_h = scores["time"], log_cumulative(t["time"])
    at, with_effect = _standardized(loading, z, effect)
    lower, upper = (_standardized(loading, scores[name], effect)[0] for name in ("lower", "upper"))
    narrowed = (z**2 - at**2 - pt.log(_variance(loading, effect))) / 2
    log_density = pt.log(shape) - pt.log(t["time"]) + log_h - pt.exp(log_h) + narrowed
    seen = pt.switch(t["between"], shared_effect.BETWEEN, shared_effect.AT)
    known = t["present"] * pt.switch(t["event"], seen, shared_effect.AFTER)
    return t["present"] * exact * log_density, (known, at, lower, upper), with_effect
