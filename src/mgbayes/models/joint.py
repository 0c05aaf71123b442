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
b_i is normal with mean -λ_D times its score and variance 1 - λ_D². It is integrated out by the trapezoidal rule
(quadrature.py), so that a patient enters as one:

    outcomes          ~ f(values_i) ∫ f(cure_i | b) f(hazard_i | b) φ(b | last value_i) db

A patient without one of the outcomes enters with the others. Values at zero are taken as normal.

Evidence: patients only. Units: those of the endpoints, both times in the same one. Source: Joe 2014, Dependence
Modeling with Copulas, section 3.10 (factor copulas); Hogan and Laird 1997, Stat Med 16:239 (shared patient effects).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray

from mgbayes.distributions.arithmetic import log_ndtr, normal_score
from mgbayes.distributions.hazards import WEIBULL
from mgbayes.distributions.lifetimes import LOGNORMAL
from mgbayes.errors import InputError, Problem
from mgbayes.estimands import joint as contrasts
from mgbayes.estimands.estimand import Estimand
from mgbayes.models import joint_patients
from mgbayes.models.arms import ARM, HALVES
from mgbayes.models.cohort import followed_like
from mgbayes.models.evidence import Followed, PatientOutcomes
from mgbayes.models.joint_patients import NAMES, SCALARS
from mgbayes.models.likelihood import given_density
from mgbayes.models.model import Model, PrintedQuantity, Priors
from mgbayes.models.outcome import Outcome, outcomes_of
from mgbayes.models.parameters import parameter
from mgbayes.models.patient_times import PATIENT_TIMES
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.models.quadrature import EFFECT_LOG_WEIGHTS, EFFECT_NODES
from mgbayes.models.visits import correlations, lkj_shape, normal_logp
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.study.schema import Kind, Study

Data = Mapping[str, NDArray[Any]]
KINDS = (Kind.time_to_event, Kind.time_to_event, Kind.continuous)
VISITS = 3
ASKED = (
    "a time to an event that some have, a time to an event that all have, in the same unit, and a continuous "
    "endpoint at three visits, the first before treatment, in this order"
)
_ARMS = HALVES.to_numpy()[:, None]
_LATEST = 600.0
"""A cumulative hazard beyond which a score is held, 34 SDs out, so that no chance is zero."""


@dataclass(frozen=True)
class Joint(Model):
    """The joint model of three outcomes."""

    cure: Outcome
    hazard: Outcome
    continuous: Outcome

    @classmethod
    def of(cls, study: Study, plan: Plan) -> Self:
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
        return cls(*found)

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

    def from_study(self, study: Study, plan: Plan) -> PatientOutcomes:
        """Raises NotPrinted: which outcomes fell to the same patient is not in print."""
        raise NotPrinted(self.cure.endpoint, "all three outcomes of the same patients")

    def from_patients(self, study: Study, plan: Plan, rows: PatientRows, family: str) -> PatientOutcomes:
        """The outcomes of patients with any of them. Raises NotPrinted."""
        return joint_patients.from_rows(
            rows, (self.cure.endpoint, self.hazard.endpoint, self.continuous.endpoint), self.visits
        )

    def cohort_like(self, study: Study, plan: Plan) -> Followed:
        """The sizes and follow-up of a simulated cohort like the study's."""
        return followed_like(study, self.cure.unit)

    def build(self, data: Data, family: str, priors: Priors) -> pm.Model:
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
            shared = _cure(given, par, effect) + _hazard(given, par, effect)
            density = values + pt.logsumexp(shared + EFFECT_LOG_WEIGHTS, axis=-1)
            given_density("outcomes", density, given["value_known"])
            return pm.modelcontext(None)

    def prior_draws(self, rng: Generator, data: Data, family: str, priors: Priors, draws: int) -> xr.Dataset:
        """Parameters drawn from the priors, (chain, draw, ...) with one chain."""
        return joint_patients.prior_draws(rng, priors, draws)

    def simulate_patients(
        self, rng: Generator, data: Data, family: str, priors: Priors
    ) -> tuple[dict[str, Any], PatientOutcomes]:
        """Draw parameters from the priors, and a cohort like ``cohort_like``, patient by patient."""
        return joint_patients.simulate_patients(rng, data, priors)

    def predict(self, rng: Generator, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
        """What one new cohort for each draw would give of ``printed_quantities``: (chain, draw, arm)."""
        return joint_patients.predict(rng, draws, data)

    def printed_quantities(self, data: Data) -> tuple[PrintedQuantity, ...]:
        """Of those with all three outcomes: who had which event, and their last values."""
        return joint_patients.printed_quantities(data, self.cure, self.hazard, self.continuous)


def _values(given: Mapping[str, Any], priors: Priors) -> tuple[Any, Any]:
    """Log density of each patient's values, and the score of the last one, (arm, patient)."""
    shape = pm.Data("prior_correlation", np.array(priors["correlation"].values))[0] + lkj_shape(VISITS)
    vine = 2 * pm.Beta("vine", shape, shape, dims=("arm", "pair")) - 1
    pm.Deterministic("correlation", pt.stack(correlations(vine, VISITS), axis=-1), dims=("arm", "pair"))
    level = parameter("level", priors, dims="visit")
    between = parameter("difference_sd", priors)
    difference = pm.Normal("difference_at", parameter("difference", priors), between, dims="visit")
    mean = pm.Deterministic("mean", level + _ARMS * difference, dims=("arm", "visit"))
    sd = parameter("sd", priors, dims=("arm", "visit"))
    density = normal_logp(given["value"], mean[:, None], sd[:, None], vine[:, None], VISITS)
    return given["value_known"] * density, (given["value"][..., -1] - mean[:, None, -1]) / sd[:, None, -1]


def _effect(loading: Any, known: Any, score: Any) -> Any:
    """The patient effect at the nodes of the rule, given the last value: (arm, patient, node)."""
    against = pt.tanh(loading) * known
    return (-against * score)[..., None] + pt.sqrt(1 - against**2)[..., None] * EFFECT_NODES


def _given_effect(loading: Any, score: Any, effect: Any) -> Any:
    """A normal score (arm, patient) less its mean given the effect, over its SD: (arm, patient, node)."""
    return (score[..., None] - pt.tanh(loading) * effect) * pt.cosh(loading)


def _times(given: Mapping[str, Any], outcome: str) -> dict[str, Any]:
    return {name: given[f"{outcome}_{name}"] for name in PATIENT_TIMES}


def _cure(given: Mapping[str, Any], par: Mapping[str, Any], effect: Any) -> Any:
    """Log density of the first event given the effect, (arm, patient, node)."""
    t, sigma = _times(given, "cure"), par["time_shape"]
    logit = par["logit_ever"] + _ARMS * par["log_odds_ratio"]
    log_mean = par["log_mean_time"] + _ARMS * par["log_time_ratio"]
    log_survival = {
        name: LOGNORMAL.log_survival(t[name], log_mean, sigma) for name in ("time", "lower", "upper")
    }
    within = pt.minimum(log_survival["upper"] - log_survival["lower"], -1e-100)
    seen = pt.switch(
        t["between"],
        log_survival["lower"] + pt.log1mexp(within),
        LOGNORMAL.logpdf(t["time"], log_mean, sigma),
    )
    # Those have the event whose own score is below the threshold, and the effect lowers it.
    threshold = normal_score(pt.sigmoid(logit), pt.sigmoid(-logit))
    below = _given_effect(-par["cure_loading"], threshold + pt.zeros_like(seen), effect)
    log_ever, log_never = log_ndtr(below), log_ndtr(-below)
    not_yet = pt.logaddexp(log_never, log_ever + log_survival["time"][..., None])
    log_density = pt.switch(t["event"][..., None], log_ever + seen[..., None], not_yet)
    return t["present"][..., None] * log_density


def _hazard(given: Mapping[str, Any], par: Mapping[str, Any], effect: Any) -> Any:
    """Log density of the second event given the effect, (arm, patient, node)."""
    t, shape, loading = _times(given, "hazard"), par["hazard_shape"], par["hazard_loading"]
    log_ratio = _ARMS * par["log_hazard_ratio"]
    log_cumulative = {
        name: WEIBULL.log_cumulative(t[name], par["log_scale"], shape) + log_ratio
        for name in ("time", "lower", "upper")
    }
    scores = {}
    for name, log_h in log_cumulative.items():
        h = pt.minimum(pt.exp(log_h), _LATEST)
        scores[name] = normal_score(-pt.expm1(-h), pt.exp(-h))
    at, lower, upper = (_given_effect(loading, scores[name], effect) for name in ("time", "lower", "upper"))
    log_pdf = pt.log(shape) - pt.log(t["time"]) + log_cumulative["time"] - pt.exp(log_cumulative["time"])
    exact = (log_pdf + scores["time"] ** 2 / 2)[..., None] - at**2 / 2 + pt.log(pt.cosh(loading))
    # From the side where fewer lie beyond, so that the difference keeps its digits.
    early = lower + upper < 0
    nearer, farther = pt.switch(early, upper, -lower), pt.switch(early, lower, -upper)
    within = log_ndtr(nearer) + pt.log1mexp(pt.minimum(log_ndtr(farther) - log_ndtr(nearer), -1e-100))
    seen = pt.switch(t["between"][..., None], within, exact)
    return t["present"][..., None] * pt.switch(t["event"][..., None], seen, log_ndtr(-at))
