"""Closed forms: published times and the chance of being seen, by SciPy, quadrature and finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats

from mgbayes.distributions import followup
from mgbayes.distributions.lifetimes import LIFETIMES
from mgbayes.latent.times import latent_times
from tests.known_models import HAZARDS, relapse, remission

HALVES = np.array([-0.5, 0.5])
# Log ratio of the arms, then the parameters midway between them.
POINTS: dict[str, list[tuple[float, ...]]] = {
    "lognormal": [(-0.5, 5.9, 0.4), (-0.5, 5.5, 1.0), (0.7, 7.0, 2.0)],
    "gamma": [(-0.5, 5.9, 5.0), (-0.5, 5.5, 1.0), (0.7, 7.0, 0.4)],
    "weibull": [(-0.5, 5.9, 2.5), (-0.5, 5.5, 1.0), (0.7, 7.0, 0.5)],
    "weibull hazard": [(-0.6, 7.5, 1.3), (0.8, 6.5, 0.6)],
    "piecewise_exponential hazard": [(-0.6, 7.5, 0.7, -0.9), (0.8, 6.5, -0.5, 0.4)],
}
CASES = [(name, theta) for name, thetas in POINTS.items() for theta in thetas]
# The last is what is left of a follow-up from 185 days where an event counts only 365 days later.
FOLLOW_UPS = [(365, 1861, 953.4), (0, 1200, 900), (0, 700, 900), (-180, 1200, 900)]
# A chance has a posterior SD of 0.1. With no minimum a density of this steepness at day 0 is hard to integrate.
CHANCE_ERRS = [1e-5, 3e-4, 1e-3, 3e-3]


def log_survival(name: str, t: Any, half: Any, theta: Any) -> Any:
    ratio, level, *shape = theta
    if name in LIFETIMES:
        return LIFETIMES[name].log_survival(t, level + half * ratio, *shape)
    hazard = HAZARDS[name.removesuffix(" hazard")]
    return -hazard.cumulative(t, level, *shape) * (pt.exp if hasattr(ratio, "owner") else np.exp)(
        half * ratio
    )


def logpdf(name: str, t: Any, half: Any, theta: Any) -> Any:
    ratio, level, *shape = theta
    if name in LIFETIMES:
        return LIFETIMES[name].logpdf(t, level + half * ratio, *shape)
    hazard = HAZARDS[name.removesuffix(" hazard")]
    return hazard.log_hazard(t, level, *shape) + half * ratio + log_survival(name, t, half, theta)


def survival(name: str, theta: Any, arm: int) -> Any:
    return lambda t: np.exp(log_survival(name, t, HALVES[arm], theta))


def slopes_of(function: Any, at: Any) -> Any:
    """Central differences of a function in each entry of a vector."""
    steps = 1e-5 * np.eye(len(at))
    return np.array([(function(at + h) - function(at - h)) / 2e-5 for h in steps])


def legendre(edges: Any) -> tuple[Any, Any]:
    """Nodes and weights of twenty Gauss-Legendre points between each two edges."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + nodes)).ravel(), (half * weights).ravel()


def published(name: str, data: dict[str, Any], mode: str) -> Any:
    """Log densities, chances and times, a mixture of them and its gradient, as a compiled function."""
    z, theta = pt.dmatrix(), pt.dvector()
    given = {key: pt.as_tensor(value) for key, value in data.items()}
    latent = latent_times(z, given)
    parts = [theta[i] for i in range(len(POINTS[name][0]))]
    found = latent.published(
        lambda t, half: logpdf(name, t, half, parts),
        lambda t, half: log_survival(name, t, half, parts),
    )
    score = pt.dot(found.log_density, np.array([1.0, 0.7])[: data["time_mean"].size])
    score += pt.dot(found.seen, np.array([2.0, 3.0]))
    score += (
        0.3 * latent.suggested.centre
        - 0.5 * latent.suggested.step
        + 0.4 * latent.suggested.variance
        + 0.6 * latent.suggested.shortfall
    )
    outputs = [found.log_density, found.seen, latent.times, score, *pytensor.grad(score, [z, theta])]
    return pytensor.function([z, theta], outputs, mode=mode)


def cohort(*follow_up: float) -> dict[str, Any]:
    return remission.published([17, 16], [12, 9], [441.4, 230], [336.6, 180.8], follow_up)  # type: ignore[no-any-return]


@pytest.mark.parametrize(("follow_up", "err"), list(zip(FOLLOW_UPS, CHANCE_ERRS, strict=True)))
@pytest.mark.parametrize("name", POINTS)
def test_chance_of_being_seen_is_the_integral_over_follow_up(name: str, follow_up: Any, err: float) -> None:
    data = cohort(*follow_up)
    minimum, shape, scale = data["followup"]
    law = stats.gamma(shape, minimum, scale)
    compiled = published(name, data, "FAST_COMPILE")
    z = np.random.default_rng(1).normal(size=(2, data["slot"].size))
    x, dx = legendre(np.geomspace(1e-9, 40, 60) * scale)
    for theta in POINTS[name]:
        seen = compiled(z, np.array(theta))[1]
        for arm in (0, 1):
            curve = survival(name, theta, arm)
            integral = 1 - np.sum(dx * law.pdf(minimum + x) * curve(np.maximum(minimum + x, 1e-9)))
            assert seen[arm] == pytest.approx(integral, abs=err)


@pytest.mark.parametrize("name", POINTS)
def test_density_is_that_of_the_times_that_were_seen(name: str) -> None:
    """Written out with SciPy's follow-up, at latent times of which the weight is that of the constraint."""
    from mgbayes.latent.mean_sd import constrained

    data = cohort(*FOLLOW_UPS[0])
    compiled = published(name, data, "FAST_COMPILE")
    minimum, shape, scale = data["followup"]
    z = np.random.default_rng(2).normal(size=(2, data["slot"].size))
    mask = (np.arange(z.shape[1]) < data["events"][:, None]).astype(float)
    weight = constrained(z, mask, data["time_mean"], data["time_sd"]).log_weight.eval()
    for theta in POINTS[name]:
        density, seen, times = compiled(z, np.array(theta))[:3]
        for arm, n in enumerate(data["events"]):
            t = times[arm, :n]
            curve = survival(name, theta, arm)
            h = 1e-4 * t
            # The slope of survival, to h⁴.
            slope = -(curve(t - 2 * h) - 8 * curve(t - h) + 8 * curve(t + h) - curve(t + 2 * h)) / (12 * h)
            expected = np.log(slope) + stats.gamma(shape, minimum, scale).logsf(t) - np.log(seen[arm])
            assert density[arm] == pytest.approx(weight[arm] + expected.sum(), rel=1e-6, abs=1e-5)


@pytest.mark.parametrize("name", POINTS)
def test_where_all_were_followed_alike_the_chance_is_that_of_the_end(name: str) -> None:
    data = cohort(900.0, 900.0, 0.0)
    compiled = published(name, data, "FAST_COMPILE")
    z = np.random.default_rng(3).normal(size=(2, data["slot"].size))
    for theta in POINTS[name]:
        expected = [1 - survival(name, theta, arm)(900.0) for arm in (0, 1)]
        # The symbolic error function is good to about 1e-8.
        np.testing.assert_allclose(compiled(z, np.array(theta))[1], expected, rtol=1e-7)
    for t, inside in ((899.0, True), (901.0, False)):
        value = float(followup.log_chance_followed(pt.as_tensor(t), data["followup"]).eval())
        assert (value == 0) == inside
        assert followup.within_followup(np.array([5.0, t]), data["followup"]) == inside


@pytest.mark.parametrize("follow_up", [*FOLLOW_UPS[:3], (90, 800, 800), (30, 1000, 300)])
@pytest.mark.parametrize("scale", [50, 150, 400, 1100, 3000, 8000])
@pytest.mark.parametrize("shape", [0.5, 0.8, 1.3, 2.0, 2.7])
def test_expectations_over_follow_up_hold_wherever_survival_falls(
    follow_up: Any, scale: float, shape: float
) -> None:
    data = followup.followup_data(*follow_up)
    minimum, *gamma = data["followup"]
    law = stats.gamma(gamma[0], minimum, gamma[1])
    x, dx = legendre(np.geomspace(1e-12, 45, 90) * gamma[1])
    below = law.cdf(minimum + 1e-12 * gamma[1]) * np.exp(-((minimum / scale) ** shape))
    integral = below + np.sum(dx * law.pdf(minimum + x) * np.exp(-(((minimum + x) / scale) ** shape)))
    expected = data["followup_weights"] @ np.exp(-((data["followup_days"] / scale) ** shape))
    assert expected == pytest.approx(integral, abs=3e-4)


@pytest.mark.parametrize("follow_up", FOLLOW_UPS)
def test_chance_of_being_followed_is_that_of_the_gamma(follow_up: Any) -> None:
    given = followup.followup_data(*follow_up)["followup"]
    minimum, shape, scale = given
    law, t = stats.gamma(shape, minimum, scale), pt.dscalar()
    log_chance = followup.log_chance_followed(t, given)
    compiled = pytensor.function([t], [log_chance, pytensor.grad(log_chance, t)], mode="FAST_COMPILE")
    for at in minimum + scale * np.array([-0.1, 0.02, 0.3, 1.7, 8.0, 60.0, 500.0]):
        value, slope = compiled(at)
        # G is taken as that of an excess of 1e-12 where there is none.
        assert value == pytest.approx(law.logsf(at), abs=1e-6, rel=1e-9)
        if at > minimum:
            assert slope == pytest.approx(-np.exp(law.logpdf(at) - law.logsf(at)), rel=1e-6)


COHORTS = {
    "remission": ("gamma", cohort(*FOLLOW_UPS[0])),
    "remission, Weibull": ("weibull", cohort(*FOLLOW_UPS[0])),
    "one and none": (
        "lognormal",
        remission.published([3, 2], [1, 0], [441.4, 230], [336.6, 180.8], FOLLOW_UPS[0]),
    ),
    "relapse": ("weibull hazard", relapse.published([17, 16], [10, 6], 992, 783.9, FOLLOW_UPS[0])),
    "relapse, piecewise": (
        "piecewise_exponential hazard",
        relapse.published([17, 16], [10, 6], 992, 783.9, FOLLOW_UPS[0]),
    ),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.long if name != "one and none" else ()) for name in COHORTS],
)
def test_in_numba_it_is_that_in_python_with_the_right_gradient(name: str) -> None:
    family, data = COHORTS[name]
    z = np.random.default_rng(4).normal(size=(data["time_mean"].size, data["slot"].size))
    theta = np.array(POINTS[family][0])
    plain = published(family, data, "FAST_COMPILE")
    found = plain(z, theta)
    for compiled, expected in zip(published(family, data, "NUMBA")(z, theta), found, strict=True):
        np.testing.assert_allclose(compiled, expected, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(found[5], slopes_of(lambda v: plain(z, v)[3], theta), rtol=1e-6, atol=1e-6)
    numeric = slopes_of(lambda v: plain(v.reshape(z.shape), theta)[3], z.ravel()).reshape(z.shape)
    np.testing.assert_allclose(found[4], numeric, rtol=1e-5, atol=1e-6)
