"""Equivalence: the models against likelihoods written out with scipy, patient by patient."""

import re
import sys
from fractions import Fraction

import numpy as np
import pymc as pm
import pytest
from scipy import integrate, stats
from scipy.special import expit, gamma

from mgbayes.latent import mean_sd
from mgbayes.models import adjusted
from mgbayes.models.catalogue import MODELS
from mgbayes.models.time_quantiles import of_quantiles
from mgbayes.study.statistics import QuantileDefinition
from tests.known_models import FAMILIES_OF, HAZARDS, priors_of, relapse, remission

FOLLOW_UP = (365, 1861, 953.4)
F = stats.gamma(((1861 - 365) / 953.4) ** 2, 365, 953.4**2 / (1861 - 365))
REMISSION = remission.published([17, 16], [12, 9], [441.4, 230], [336.6, 180.8], FOLLOW_UP)
RELAPSE = relapse.published([17, 16], [10, 6], 992, 783.9, FOLLOW_UP)
TIME = np.array([[100.0, 400.0, 900.0], [250.0, 1200.0, 1.0]])
EVENT = np.array([[1, 1, 0], [1, 0, 0]])
PRESENT = np.array([[1, 1, 1], [1, 1, 0]])
# The second patient of the reference arm was seen to have the event between two visits, the first of the other
# arm between treatment and the first visit.
LOWER = np.array([[100.0, 310.0, 900.0], [0.0, 1200.0, 1.0]])
UPPER = np.array([[100.0, 400.0, np.inf], [250.0, np.inf, 1.0]])

LAWS = {
    "lognormal": lambda mean, s: stats.lognorm(s, scale=mean * np.exp(-(s**2) / 2)),
    "gamma": lambda mean, k: stats.gamma(k, scale=mean / k),
    "weibull": lambda mean, k: stats.weibull_min(k, scale=mean / gamma(1 + 1 / k)),
}


PLAIN = {name: priors_of("relapse")[name] for name in MODELS["proportional_hazards"].parameters["weibull"]}
"""Without covariates and frailty, which test_adjusted.py holds against quadrature."""


def expected_survival(survival):
    return integrate.quad(lambda f: F.pdf(f) * survival(f), 365, 30_000, limit=400)[0]


def parameters(model, rng):
    """A point of the sampler's coordinates, and the parameters it stands for."""
    point = {name: rng.normal(0, 0.2, np.shape(v)) for name, v in model.initial_point().items()}
    for name, centre in (("log_mean_time", 5.8), ("log_scale", 7.4)):
        if name in point:
            point[name] = point[name] + centre
    evaluate = pm.compile(model.value_vars, model.replace_rvs_by_values(model.free_RVs), mode="FAST_COMPILE")
    values = evaluate(*(point[v.name] for v in model.value_vars))
    return point, {rv.name: value for rv, value in zip(model.free_RVs, values, strict=True)}


def likelihood(model, point):
    """Log likelihood of every observed variable at a point, and the latent times."""
    with model:
        terms = [t.sum() for t in model.logp(vars=model.observed_RVs, sum=False)]
        inputs = model.value_vars
        latent_time = [v for v in model.deterministics if v.name == "latent_time"]
        latent_time = model.replace_rvs_by_values(latent_time)
    evaluate = pm.pytensorf.compile(
        inputs, [*terms, *latent_time], mode="FAST_COMPILE", on_unused_input="ignore"
    )
    found = evaluate(*(point[v.name] for v in inputs))
    return sum(found[: len(terms)]), (found[-1] if latent_time else None)


def log_weight(z, mean, sd):
    mask = np.ones((1, len(z)))
    return mean_sd.constrained(z[None], mask, np.array([mean]), np.array([sd])).log_weight.eval()[0]


@pytest.mark.parametrize("family", FAMILIES_OF["cure"])
def test_remission_from_summaries(family):
    model = remission.build(REMISSION, family, priors_of("remission"))
    point, at = parameters(model, np.random.default_rng(1))
    found, time = likelihood(model, point)
    expected = 0.0
    for a, (n, d, m, s) in enumerate(((17, 12, 441.4, 336.6), (16, 9, 230, 180.8))):
        pi = expit(at["logit_ever"] + (a - 0.5) * at["log_odds_ratio"])
        law = LAWS[family](np.exp(at["log_mean_time"] + (a - 0.5) * at["log_time_ratio"]), at["shape"])
        never_seen = 1 - pi + pi * expected_survival(law.sf)
        t = time[a, :d]
        expected += np.sum(np.log(pi) + law.logpdf(t) + F.logsf(t)) + (n - d) * np.log(never_seen)
        expected += stats.binom(n, 0.5).logpmf(d) + n * np.log(2)  # log of n over d
        expected += log_weight(at["z"][a, :d], m, s)
    assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("family", FAMILIES_OF["proportional_hazards"])
def test_relapse_from_summaries(family):
    model = relapse.build(RELAPSE, family, priors_of("relapse"))
    point, at = parameters(model, np.random.default_rng(2))
    found, time = likelihood(model, point)
    hazard = HAZARDS[family]
    shape = [at[name] for name in ("log_scale", *hazard.shape)]

    def survival(t, a):
        return np.exp(-np.exp((a - 0.5) * at["log_hazard_ratio"]) * hazard.cumulative(t, *shape))

    expected = log_weight(at["z"][0, :16], 992, 783.9)
    for a, (n, d, t) in enumerate(((17, 10, time[0, :10]), (16, 6, time[0, 10:16]))):
        density = (survival(t * (1 - 1e-6), a) - survival(t * (1 + 1e-6), a)) / (2e-6 * t)
        lost = expected_survival(lambda f, a=a: survival(f, a))
        expected += np.sum(np.log(density) + F.logsf(t)) + (n - d) * np.log(lost)
        expected += stats.binom(n, 0.5).logpmf(d) + n * np.log(2)
    assert found == pytest.approx(expected, abs=0.01)  # the rule for E[S(F)] errs by 1e-4


@pytest.mark.parametrize("family", FAMILIES_OF["cure"])
def test_remission_from_patients(family):
    model = remission.build(remission.patients(TIME, EVENT, PRESENT), family, priors_of("remission"))
    point, at = parameters(model, np.random.default_rng(3))
    expected = 0.0
    for a, i in np.argwhere(PRESENT):
        pi = expit(at["logit_ever"] + (a - 0.5) * at["log_odds_ratio"])
        law = LAWS[family](np.exp(at["log_mean_time"] + (a - 0.5) * at["log_time_ratio"]), at["shape"])
        seen, unseen = pi * law.pdf(TIME[a, i]), 1 - pi + pi * law.sf(TIME[a, i])
        expected += np.log(seen if EVENT[a, i] else unseen)
    assert likelihood(model, point)[0] == pytest.approx(expected, abs=1e-6)


def test_relapse_from_patients():
    model = relapse.build(relapse.patients(TIME, EVENT, PRESENT), "weibull", PLAIN)
    point, at = parameters(model, np.random.default_rng(4))
    expected = 0.0
    for a, i in np.argwhere(PRESENT):
        scale = np.exp(at["log_scale"] - (a - 0.5) * at["log_hazard_ratio"] / at["shape"])
        law = stats.weibull_min(at["shape"], scale=scale)
        expected += law.logpdf(TIME[a, i]) if EVENT[a, i] else law.logsf(TIME[a, i])
    assert likelihood(model, point)[0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("family", FAMILIES_OF["cure"])
def test_remission_seen_between_visits(family):
    data = remission.patients(TIME, EVENT, PRESENT, LOWER, UPPER)
    point, at = parameters(
        model := remission.build(data, family, priors_of("remission")), np.random.default_rng(5)
    )
    expected = 0.0
    for a, i in np.argwhere(PRESENT):
        pi = expit(at["logit_ever"] + (a - 0.5) * at["log_odds_ratio"])
        law = LAWS[family](np.exp(at["log_mean_time"] + (a - 0.5) * at["log_time_ratio"]), at["shape"])
        low, high = LOWER[a, i], UPPER[a, i]
        seen = pi * (law.pdf(low) if low == high else law.sf(low) - law.sf(high))
        expected += np.log(seen if EVENT[a, i] else 1 - pi + pi * law.sf(low))
    # A bound on the day of treatment is put at a millionth of a day.
    assert likelihood(model, point)[0] == pytest.approx(expected, abs=1e-4)


def test_relapse_seen_between_visits():
    data = relapse.patients(TIME, EVENT, PRESENT, LOWER, UPPER)
    point, at = parameters(model := relapse.build(data, "weibull", PLAIN), np.random.default_rng(6))
    expected = 0.0
    for a, i in np.argwhere(PRESENT):
        scale = np.exp(at["log_scale"] - (a - 0.5) * at["log_hazard_ratio"] / at["shape"])
        law = stats.weibull_min(at["shape"], scale=scale)
        low, high = LOWER[a, i], UPPER[a, i]
        seen = law.pdf(low) if low == high else law.sf(low) - law.sf(high)
        expected += np.log(seen if EVENT[a, i] else law.sf(low))
    assert likelihood(model, point)[0] == pytest.approx(expected, abs=1e-4)


def _by_quantiles(published):
    """Medians of times in place of their means."""
    medians, half = [[200.0], [300.0]], [[Fraction(1, 2)]] * 2
    rows = published | {"time_mean": np.ones(2), "time_sd": np.ones(2), "times_printed": np.zeros(2, int)}
    return of_quantiles(rows, half, medians, tuple(QuantileDefinition))


@pytest.mark.parametrize("module", [remission, relapse])
def test_the_docstring_names_the_random_variables_and_no_others(module):
    published = REMISSION if module is remission else RELAPSE
    ages = adjusted.covariate_data(np.ones((2, 3, 1)), PRESENT, ["age"], ["age"])
    built = [
        module.build(data, family, priors_of("remission" if module is remission else "relapse"))
        for data in (published, _by_quantiles(published), module.patients(TIME, EVENT, PRESENT) | ages)
        for family in FAMILIES_OF["cure" if module is remission else "proportional_hazards"]
    ]
    names = {variable.name for model in built for variable in model.basic_RVs}
    assert (
        set(re.findall(r"^    (\w+) +~", sys.modules[type(module).__module__].__doc__, re.MULTILINE)) == names
    )
