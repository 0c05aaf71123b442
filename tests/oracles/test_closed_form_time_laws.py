"""Closed forms: laws of a time and their derivatives against scipy, quadrature and finite differences."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from mgbayes.models.families import FAMILIES
from mgbayes.models.followup_quantiles import followup_quantiles
from mgbayes.models.hazards import cuts_of
from mgbayes.models.latent_times import latent_times
from mgbayes.models.printed_times import printed_times
from mgbayes.models.time_laws import CONSTANTS, LAWS, digamma, gamma_cdf, with_nodes
from scipy import special, stats

from mgbayes.models import followup
from tests.known_models import HAZARDS, relapse, remission

DAYS = np.array([1.0, 90.0, 364.0, 700.0, 1500.0, 4000.0])
CUTS = tuple(cuts_of(relapse.outcome))
POINTS = {
    "lognormal": [(-0.5, 5.9, 0.4), (-0.5, 5.5, 1.0), (0.7, 7.0, 2.0)],
    "gamma": [(-0.5, 5.9, 5.0), (-0.5, 5.5, 1.0), (0.7, 7.0, 0.4)],
    "weibull": [(-0.5, 5.9, 2.5), (-0.5, 5.5, 1.0), (0.7, 7.0, 0.5)],
    "weibull_hazard": [(-0.6, 7.5, 1.3), (0.8, 6.5, 0.6)],
    "piecewise_exponential": [(-0.6, 7.5, 0.7, -0.9, *CUTS), (0.8, 6.5, -0.5, 0.4, *CUTS)],
}
CASES = [(name, theta) for name, thetas in POINTS.items() for theta in thetas]
# The last is what is left of a follow-up from 185 days where an event counts only 365 days later.
FOLLOW_UPS = [(365, 1861, 953.4), (0, 1200, 900), (0, 700, 900), (-180, 1200, 900)]
# A chance has a posterior SD of 0.1. With no minimum a density of this steepness at day 0 is hard to integrate.
CHANCE_ERRS = [1e-5, 3e-4, 1e-3, 3e-3]


def constants(law, theta):
    c = np.zeros((2, CONSTANTS))
    law.prepare(np.array(theta), c)
    return c


def log_density(law, theta, arm, t):
    d = np.zeros(len(theta) + 1)
    return law.log_density(np.log(t), t, constants(law, theta)[arm], d), d


def chances(law, theta, data):
    rules = tuple(data[rule] for rule in law.rules)
    seen, slopes = np.zeros(2), np.zeros((2, len(theta)))
    law.chance_seen(np.array(theta), constants(law, theta), rules, seen, slopes)
    return seen, slopes


def parameters(name):
    """How many of θ are parameters; the others are the cuts of a piecewise hazard."""
    return len(POINTS[name][0]) - (len(CUTS) if name == "piecewise_exponential" else 0)


def survival(name, theta, arm):
    effect, *others = theta
    if name in FAMILIES:
        return lambda t: FAMILIES[name].survival(t, others[0] + arm * effect, *others[1:])
    hazard = next(h for h in HAZARDS.values() if h.law == name)
    return lambda t: np.exp(-np.exp(arm * effect) * hazard.cumulative(t, *others[: 1 + len(hazard.shape)]))


def slopes_of(function, at):
    """Central differences of a function in each entry of a vector."""
    steps = 1e-5 * np.eye(len(at))
    return np.array([(function(at + h) - function(at - h)) / 2e-5 for h in steps])


def test_digamma_and_incomplete_gamma_are_scipys():
    for x in (0.01, 0.7, 3.0, 25.0, 400.0):
        assert digamma(x) == pytest.approx(special.digamma(x), rel=1e-12)
    for k in (0.2, 1.0, 4.0, 30.0):
        for x in (0.0, 1e-3, 0.5, 4.0, 25.0, 80.0, 900.0):
            chance, slope = gamma_cdf(k, x, special.gammaln(k), special.digamma(k))
            assert chance == pytest.approx(special.gammainc(k, x), abs=1e-13)
            numeric = (special.gammainc(k + 1e-6, x) - special.gammainc(k - 1e-6, x)) / 2e-6
            assert slope == pytest.approx(numeric, abs=1e-8)


@pytest.mark.parametrize(("name", "theta"), CASES)
def test_density_is_the_slope_of_survival_and_its_derivatives_are_right(name, theta):
    law = LAWS[name]
    for arm in (0, 1):
        curve = survival(name, theta, arm)
        for t in DAYS:
            value, d = log_density(law, theta, arm, t)
            h = 1e-4 * t
            slope = -(curve(t - 2 * h) - 8 * curve(t - h) + 8 * curve(t + h) - curve(t + 2 * h)) / (12 * h)
            # Rounding of the survival, 1e-16, over the step and the density.
            assert np.exp(value) * t == pytest.approx(slope * t, rel=1e-7, abs=1e-11)
            at = np.array([np.log(t), *theta])
            numeric = slopes_of(lambda v, a=arm: log_density(law, v[1:], a, np.exp(v[0]))[0], at)
            free = 1 + parameters(name)
            np.testing.assert_allclose(d[:free], numeric[:free], rtol=1e-6, atol=1e-6)
            assert not d[free:].any()  # the cuts are data


@pytest.mark.parametrize(("follow_up", "errs"), list(zip(FOLLOW_UPS, CHANCE_ERRS, strict=True)))
@pytest.mark.parametrize(("name", "theta"), CASES)
def test_chance_of_being_seen_is_the_integral_over_follow_up(name, theta, follow_up, errs):
    data = with_nodes(followup.followup_data(*follow_up), np.array(CUTS))
    minimum, shape, scale = data["followup"]
    law = stats.gamma(shape, minimum, scale)
    seen, slopes = chances(LAWS[name], theta, data)
    for arm in (0, 1):
        curve = survival(name, theta, arm)
        x, dx = followup._legendre(np.geomspace(1e-9, 40, 60) * scale)
        integral = 1 - np.sum(dx * law.pdf(minimum + x) * curve(np.maximum(minimum + x, 1e-9)))
        assert seen[arm] == pytest.approx(integral, abs=errs)
    numeric = slopes_of(lambda v: chances(LAWS[name], v, data)[0], np.array(theta))
    free = parameters(name)
    np.testing.assert_allclose(slopes.T[:free], numeric[:free], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("name", "theta"), CASES)
def test_where_all_were_followed_alike_the_chance_is_that_of_the_end(name, theta):
    data = with_nodes(followup.followup_data(900.0, 900.0, 0.0), np.array(CUTS))
    seen, slopes = chances(LAWS[name], theta, data)
    expected = [1 - survival(name, theta, arm)(900.0) for arm in (0, 1)]
    np.testing.assert_allclose(seen, expected, rtol=1e-10)
    numeric = slopes_of(lambda v: chances(LAWS[name], v, data)[0], np.array(theta))[: parameters(name)]
    np.testing.assert_allclose(slopes.T[: parameters(name)], numeric, rtol=1e-6, atol=1e-7)
    for t, inside in ((899.0, True), (901.0, False)):
        value, _ = followup.log_chance(t, data["followup"], data["followup_chance"])
        assert (value == 0) == inside
        assert followup.within_followup(np.array([5.0, t]), data["followup"]) == inside


@pytest.mark.parametrize("follow_up", [*FOLLOW_UPS[:3], (90, 800, 800), (30, 1000, 300)])
@pytest.mark.parametrize("scale", [50, 150, 400, 1100, 3000, 8000])
@pytest.mark.parametrize("shape", [0.5, 0.8, 1.3, 2.0, 2.7])
def test_expectations_over_follow_up_hold_wherever_survival_falls(follow_up, scale, shape):
    minimum, *gamma = followup.followup_data(*follow_up)["followup"]
    days, weights = followup_quantiles(minimum, *gamma)
    law = stats.gamma(gamma[0], minimum, gamma[1])
    x, dx = followup._legendre(np.geomspace(1e-12, 45, 90) * gamma[1])
    below = law.cdf(minimum + 1e-12 * gamma[1]) * np.exp(-((minimum / scale) ** shape))
    integral = below + np.sum(dx * law.pdf(minimum + x) * np.exp(-(((minimum + x) / scale) ** shape)))
    assert np.sum(weights * np.exp(-((days / scale) ** shape))) == pytest.approx(integral, abs=3e-4)


@pytest.mark.parametrize("follow_up", FOLLOW_UPS)
@pytest.mark.parametrize(("name", "theta"), CASES)
def test_days_left_out_of_a_rule_make_no_difference(name, theta, follow_up):
    given = followup.followup_data(*follow_up)
    data = with_nodes(given, np.array(CUTS))
    whole = {name: rule.copy() for name, rule in data.items()}
    whole["followup_density_nodes"][1] = given["followup_density"][1]
    assert (data["followup_density_nodes"][1] == 0).sum() >= 8
    for short, long in zip(chances(LAWS[name], theta, data), chances(LAWS[name], theta, whole), strict=True):
        np.testing.assert_allclose(short, long, rtol=0, atol=1e-9)


@pytest.mark.parametrize("follow_up", FOLLOW_UPS)
def test_chance_of_being_followed_is_that_of_the_gamma(follow_up):
    data = followup.followup_data(*follow_up)
    minimum, shape, scale = data["followup"]
    for t in minimum + scale * np.array([-0.1, 0.02, 0.3, 1.7, 8.0, 60.0, 500.0]):
        value, slope = followup.log_chance(t, data["followup"], data["followup_chance"])
        law = stats.gamma(shape, minimum, scale)
        # Beyond a few hundred scales the survival is below 1e-200, and so is what it weighs.
        assert value == pytest.approx(law.logsf(t), abs=1e-6, rel=1e-6)
        if t > minimum:
            exact = -t * np.exp(law.logpdf(t) - law.logsf(t))
            assert slope == pytest.approx(exact, rel=1e-3)


def printed(mode, module, data, name):
    """Log densities, chances and times, a mixture of them and its gradient, as a compiled function."""
    z, theta = pt.dmatrix(), pt.dvector()
    given = {key: pt.as_tensor(value) for key, value in data.items()}
    latent = latent_times(z, given)
    found = printed_times(name, latent, [theta[i] for i in range(LAWS[name].parameters)], given)
    score = pt.dot(found.log_density, np.array([1.0, 0.7])[: data["time_mean"].size])
    score += pt.dot(found.seen, np.array([2.0, 3.0]))
    score += 0.3 * latent.centre - 0.5 * latent.step + 0.4 * latent.variance + 0.6 * latent.shortfall
    outputs = [found.log_density, found.seen, latent.times, score, *pytensor.grad(score, [z, theta])]
    return pytensor.function([z, theta], outputs, mode=mode)


FOLLOW_UP = FOLLOW_UPS[0]
COHORTS = {
    "remission": (
        remission,
        "gamma",
        remission.published([17, 16], [12, 9], [441.4, 230], [336.6, 180.8], FOLLOW_UP),
    ),
    "remission, Weibull": (
        remission,
        "weibull",
        remission.published([17, 16], [12, 9], [441.4, 230], [336.6, 180.8], FOLLOW_UP),
    ),
    "one and none": (
        remission,
        "lognormal",
        remission.published([3, 2], [1, 0], [441.4, 230], [336.6, 180.8], FOLLOW_UP),
    ),
    "relapse": (relapse, "weibull_hazard", relapse.published([17, 16], [10, 6], 992, 783.9, FOLLOW_UP)),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name == "remission" else ()) for name in COHORTS]
)
def test_fused_operation_in_numba_is_that_in_python_with_the_right_gradient(name):
    module, law, data = COHORTS[name]
    z = np.random.default_rng(4).normal(size=(data["time_mean"].size, data["slot"].size))
    theta = np.array(POINTS[law][1 if module is remission else 0])
    plain = printed("FAST_COMPILE", module, data, law)
    found = plain(z, theta)
    for compiled, expected in zip(printed("NUMBA", module, data, law)(z, theta), found, strict=True):
        np.testing.assert_allclose(compiled, expected, rtol=1e-9, atol=1e-9)
    numeric = slopes_of(lambda v: plain(z, v)[3], theta)
    np.testing.assert_allclose(found[5], numeric, rtol=1e-6, atol=1e-6)
    numeric = slopes_of(lambda v: plain(v.reshape(z.shape), theta)[3], z.ravel()).reshape(z.shape)
    np.testing.assert_allclose(found[4], numeric, rtol=1e-5, atol=1e-6)
