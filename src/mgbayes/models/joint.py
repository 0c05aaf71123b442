r"""Remission, relapse and prednisone of the same patients, tied by one latent patient effect.

Each outcome by itself has the model of its own plan (arm a = 0 reference, 1 contrast): remission a mixture
cure with log-normal times (remission.py), relapse a Weibull proportional hazards model (relapse.py), doses at
three visits multivariate normal (prednisone.py). Their parameters and priors:

    logit_remission, log_odds_ratio, log_mean_time, log_time_ratio, time_shape     remission
    log_hazard_ratio, log_scale, hazard_shape                                      relapse
    log_mean_av, log_ratio, log_ratio_sd, sd_av, vine_a                            doses

What they share is the patient's own effect b_i ~ Normal(0, 1), higher for those who do better. Every outcome has
a normal score that is higher for the better, correlated with b_i by its loading λ = tanh(loading):

    remission_loading ~ prior above 0     P(i ever remits | b) = Φ((Φ⁻¹(π_a) + λ_R b) / √(1 - λ_R²))
    relapse_loading   ~ prior             Φ⁻¹(F_a(T_i)) = λ_T b + √(1 - λ_T²) ε, F_a the distribution of T
    dose_loading      ~ prior             (last dose - mean) / SD = -λ_D b + √(1 - λ_D²) ε

so that the latent correlation of two outcomes is the product of their loadings, and each outcome's own
distribution, and with it every contrast, is that of its separate model whatever the loadings (a one-factor
Gaussian copula; loadings of 0 are the separate models). The sign of b is fixed by remission's loading. How
soon a patient remits is not tied to b, and earlier doses only through the last. Given the last dose b_i is normal
with mean -λ_D times its score and variance 1 - λ_D², and the scores of remission and relapse are bivariate normal,
so that b_i is integrated out in closed form (shared_effect.py) and a patient enters as one:

    outcomes          ~ f(doses_i) ∫ f(remission_i | b) f(relapse_i | b) φ(b | last dose_i) db

A patient without one of the outcomes enters with the others. Doses of zero are taken as normal, as in the
family ``normal`` of the separate model.

Evidence: patients only. Units: days, mg/day. Source: Joe 2014, Dependence Modeling with Copulas, section 3.10
(factor copulas); Hogan and Laird 1997, Stat Med 16:239 (shared patient effects).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.joint import ESTIMANDS, estimands
from mgbayes.models import arm_means, joint_patients, shared_effect, tail_scores
from mgbayes.models.arms import ARM
from mgbayes.models.cohort_like import followed_like
from mgbayes.models.joint_patients import (
    SCALARS,
    predict,
    printed_quantities,
    prior_draws,
    simulate_patients,
)
from mgbayes.models.latent import given_density
from mgbayes.models.normal_score import normal_score
from mgbayes.models.parameters import parameter
from mgbayes.models.patient_times import PATIENT_TIMES
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.models.priors import Prior
from mgbayes.models.vine import LKJ_SHAPE, PAIRS, correlations
from mgbayes.models.wishart import normal_logp
from mgbayes.study.schema import Study

__all__ = [
    "ESTIMANDS",
    "FAMILIES",
    "PRIORS",
    "build",
    "cohort_like",
    "declared",
    "estimands",
    "from_study",
    "predict",
    "printed_quantities",
    "prior_draws",
    "simulate_patients",
]

Data = Mapping[str, NDArray[Any]]
FAMILIES: tuple[str, ...] = ("one_factor",)
VISITS = ("baseline", "12m", "last")
_LOADING = "correlation with the patient effect between -0.9 and 0.9, nothing favoured"
# Those of the separate models, said again so that what changes there on the way from a print changes nothing here;
# a test holds them together.
PRIORS: dict[str, Prior] = {
    "logit_remission": Prior("normal", (0.0, 1.5), "between 5 and 95 % of reference patients ever remit"),
    "log_odds_ratio": Prior("normal", (0.0, 1.5), "no direction favoured; odds ratios of 1/19 to 19"),
    "log_mean_time": Prior("normal", (float(np.log(365)), 1.0), "a mean of about a year, 51 days to 7 years"),
    "log_time_ratio": Prior(
        "normal", (0.0, 1.0), "no direction favoured; seven times faster to seven times slower"
    ),
    "time_shape": Prior("lognormal", (0.0, 0.5), "0.4 to 2.7: from steeply falling to clearly peaked times"),
    "log_hazard_ratio": Prior("normal", (0.0, 1.0), "no direction favoured; hazard ratios of 1/7 to 7"),
    "log_scale": Prior(
        "normal", (float(np.log(1825)), 1.0), "two thirds relapse within 5 years, 0.7 to 36 years"
    ),
    "hazard_shape": Prior("lognormal", (0.0, 0.5), "0.4 to 2.7: hazard falling or rising, constant between"),
    "log_mean": Prior(
        "normal",
        (float(np.log(20)), 1.0),
        "mean dose at each visit 20 mg/day, 95 % between 3 and 140: all doses used in this disease",
    ),
    "log_ratio": Prior(
        "normal",
        (0.0, 0.7),
        "ratio of the arms' mean doses common to all visits: no difference, 95 % between 1/4 and 4",
    ),
    "log_ratio_sd": Prior(
        "lognormal",
        (float(np.log(0.6)), 0.45),
        "how far a visit's ratio lies from the common one: typically a factor of 1.8, 95 % between 1.3 and 4.3",
    ),
    "sd": Prior(
        "lognormal", (float(np.log(0.8)), 0.5), "SD of doses as a share of their mean: 0.8, 95 % 0.3 to 2.1"
    ),
    "correlation": Prior(
        "lkj", (3.0,), "correlation of one patient's doses at two visits: 0, 95 % between -0.71 and 0.71"
    ),
    "remission_loading": Prior(
        "half_normal",
        (0.75,),
        "correlation with the patient effect between 0 and 0.9; its sign is a convention",
    ),
    "relapse_loading": Prior("normal", (0.0, 0.75), _LOADING),
    "dose_loading": Prior("normal", (0.0, 0.75), _LOADING),
}


def declared(data: Data) -> tuple[Estimand, ...]:
    """The estimands, whatever the data."""
    return tuple(ESTIMANDS.values())


def from_study(study: Study, plan: Plan) -> dict[str, NDArray[Any]]:
    """Raises NotPrinted: which outcomes fell to the same patient is not in print."""
    raise NotPrinted(plan.endpoints[0].endpoint, "remission, relapse and doses of the same patients")


def cohort_like(study: Study, plan: Plan) -> dict[str, NDArray[Any]]:
    """The sizes and follow-up of a simulated cohort like the study's."""
    return followed_like(study)


def build(data: Data, family: str, priors: Mapping[str, Prior]) -> pm.Model:
    """Build the model on patients; for its data see ``joint_patients.patients``."""
    coords = {"arm": ARM.arm.values, "visit": list(VISITS), "pair": list(PAIRS)}
    with pm.Model(coords=coords) as model:
        given = {name: pm.Data(name, np.asarray(data[name])) for name in joint_patients.NAMES}
        par = {name: parameter(name, priors) for name in (*SCALARS, "log_ratio")}
        for name in ("log_mean", "log_ratio_sd", "sd", "correlation"):
            pm.Data(f"prior_{name}", np.array(priors[name].values))
        doses, score = _doses(model, given)
        effect = _effect(par["dose_loading"], given["dose_known"], score)
        log_remission, of_remission, with_effect = _remission(given, par, effect)
        log_relapse, of_relapse, relapse_with_effect = _relapse(given, par, effect)
        correlation = with_effect * relapse_with_effect
        shared = shared_effect.INTEGRATED.of(*of_remission, *of_relapse, correlation)[0]
        density = doses + log_remission + log_relapse + shared
        given_density("outcomes", density, given["dose_known"])
    return model


def _doses(model: pm.Model, given: Mapping[str, Any]) -> tuple[Any, Any]:
    """Log density of each patient's doses, and the score of the last one, (arm, patient)."""
    shape = model["prior_correlation"][0] + LKJ_SHAPE
    vine = 2 * pm.Beta("vine", shape, shape, dims=("arm", "pair")) - 1
    pm.Deterministic("correlation", correlations(vine), dims=("arm", "pair"))
    known, dose = given["dose_known"], given["dose"]
    n = pt.maximum(known.sum(axis=1), 1.0)[:, None]
    weight = (known / n)[..., None]
    sample_mean = (dose * weight).sum(1)
    variance = pt.maximum(((dose - sample_mean[:, None]) ** 2 * weight).sum(1), 1e-6)
    log_mean = arm_means.log_means(model, vine, sample_mean, pt.sqrt(variance / n))
    mean, prior = pt.exp(log_mean), model["prior_sd"]
    sd = pm.LogNormal("sd", log_mean + prior[0], prior[1], dims=("arm", "visit"))
    density = normal_logp(dose, mean[:, None], sd[:, None], vine[:, None])
    return known * density, (dose[..., 2] - mean[:, None, 2]) / sd[:, None, 2]


def _effect(loading: Any, known: Any, score: Any) -> tuple[Any, Any]:
    """Mean and variance of the patient effect given the last dose, (arm, patient)."""
    against = pt.tanh(loading) * known
    return -against * score, 1 - against**2


def _variance(loading: Any, effect: tuple[Any, Any]) -> Any:
    """Variance of a normal score given the last dose."""
    return 1 - pt.tanh(loading) ** 2 * (1 - effect[1])


def _standardized(loading: Any, score: Any, effect: tuple[Any, Any]) -> tuple[Any, Any]:
    """A normal score given the last dose, less its mean, over its SD; and its correlation with the effect."""
    (mean, variance), correlation = effect, pt.tanh(loading)
    sd = pt.sqrt(_variance(loading, effect))
    return (score - correlation * mean) / sd, correlation * pt.sqrt(variance) / sd


def _remission(
    given: Mapping[str, Any], par: Mapping[str, Any], effect: Any
) -> tuple[Any, tuple[Any, ...], Any]:
    """What of remission does not hang on the effect (log); what does (shared_effect.py); their correlation."""
    t = {name: given[f"remission_{name}"] for name in PATIENT_TIMES}
    arms = np.array([[0.0], [1.0]])
    logit = par["logit_remission"] + arms * par["log_odds_ratio"]
    log_mean = par["log_mean_time"] + arms * par["log_time_ratio"]
    sigma = par["time_shape"]

    def score(day: Any) -> Any:
        return (pt.log(day) - log_mean) / sigma + sigma / 2

    between = t["present"] * t["between"]
    wanted = {"time": t["present"] * (1 - t["event"]), "lower": between, "upper": between}
    log_survival = {
        name: tail_scores.LOGS_ABOVE.of(asked, score(t[name]))[0] for name, asked in wanted.items()
    }
    log_density = -(score(t["time"]) ** 2) / 2 - pt.log(t["time"] * sigma) - np.log(2 * np.pi) / 2
    within = pt.minimum(log_survival["upper"] - log_survival["lower"], -1e-100)
    seen = pt.switch(t["between"], log_survival["lower"] + pt.log1mexp(within), log_density)
    threshold = normal_score(-pt.softplus(-logit), -pt.softplus(logit))
    known = t["present"] * pt.switch(t["event"], shared_effect.REMITTED, shared_effect.NOT_REMITTED)
    # One remits whose score is above a threshold, -score below it: hence the sign.
    below, with_effect = _standardized(-par["remission_loading"], threshold, effect)
    return t["present"] * t["event"] * seen, (known, below, pt.exp(log_survival["time"])), with_effect


def _relapse(
    given: Mapping[str, Any], par: Mapping[str, Any], effect: Any
) -> tuple[Any, tuple[Any, ...], Any]:
    """What of relapse does not hang on the effect (log); what does (shared_effect.py); their correlation."""
    t = {name: given[f"relapse_{name}"] for name in PATIENT_TIMES}
    shape, loading = par["hazard_shape"], par["relapse_loading"]
    log_ratio = np.array([[0.0], [1.0]]) * par["log_hazard_ratio"]

    def log_cumulative(day: Any) -> Any:
        return shape * (pt.log(day) - par["log_scale"]) + log_ratio

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
    seen = pt.switch(t["between"], shared_effect.BETWEEN, shared_effect.RELAPSED)
    known = t["present"] * pt.switch(t["event"], seen, shared_effect.NOT_RELAPSED)
    return t["present"] * exact * log_density, (known, at, lower, upper), with_effect


default_priors = PRIORS
