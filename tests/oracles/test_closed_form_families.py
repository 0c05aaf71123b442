"""Closed forms: families, hazards and follow-up against scipy's distributions and quadrature."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import xarray as xr
from scipy import integrate, stats
from scipy.special import gamma

from mgbayes.distributions.followup import draw_followup, followup_data, log_chance_followed
from mgbayes.distributions.lifetimes import LIFETIMES
from tests.known_models import HAZARDS, relapse

SCIPY = {
    "lognormal": lambda mean, s: stats.lognorm(s, scale=mean * np.exp(-(s**2) / 2)),
    "gamma": lambda mean, k: stats.gamma(k, scale=mean / k),
    "weibull": lambda mean, k: stats.weibull_min(k, scale=mean / gamma(1 + 1 / k)),
}
DAYS = np.array([1.0, 90.0, 365.0, 1500.0])
FOLLOW_UP = followup_data(365, 1861, 953.4)
HAZARD_SHAPES = {"weibull": (1.3,), "piecewise_exponential": (0.7, -0.9)}


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.2])
@pytest.mark.parametrize("name", LIFETIMES)
def test_family_is_scipys_with_the_given_mean(name, shape):
    family, law = LIFETIMES[name], SCIPY[name](400.0, shape)
    at = (np.log(400.0), shape)
    assert law.mean() == pytest.approx(400)
    np.testing.assert_allclose(family.survival(DAYS, *at), law.sf(DAYS), rtol=1e-9)
    np.testing.assert_allclose(family.logpdf(DAYS, *at), law.logpdf(DAYS), rtol=1e-9)
    np.testing.assert_allclose(family.log_survival(DAYS, *at), law.logsf(DAYS), rtol=1e-9, atol=1e-15)
    # The symbolic error and log gamma functions are good to about 1e-8.
    np.testing.assert_allclose(family.logpdf(pt.as_tensor(DAYS), *at).eval(), law.logpdf(DAYS), atol=1e-7)
    np.testing.assert_allclose(
        np.exp(family.log_survival(pt.as_tensor(DAYS), *at).eval()), law.sf(DAYS), atol=1e-7
    )
    np.testing.assert_allclose(family.quantile(0.3, *at), law.ppf(0.3), rtol=1e-9)
    area = integrate.quad(law.sf, 0, 1825, limit=200)[0]
    assert family.restricted_mean(1825.0, *at) == pytest.approx(area, rel=1e-6)
    drawn = family.draw(np.random.default_rng(1), *at, 5000)
    assert stats.kstest(drawn, law.cdf).pvalue > 0.01


@pytest.mark.parametrize("name", HAZARDS)
def test_hazard_is_the_slope_of_its_cumulative_and_inverts(name):
    hazard, shape = HAZARDS[name], HAZARD_SHAPES[name]
    t = pt.dvector()
    slope = pytensor.function([t], pt.exp(hazard.log_hazard(t, 7.5, *shape)), mode="FAST_COMPILE")
    for day in DAYS:
        area = integrate.fixed_quad(slope, 0, day, n=400)[0]
        assert hazard.cumulative(day, 7.5, *shape) == pytest.approx(area, rel=1e-4)
    h = hazard.cumulative(DAYS, 7.5, *shape)
    np.testing.assert_allclose(np.exp(hazard.log_cumulative(pt.as_tensor(DAYS), 7.5, *shape).eval()), h)
    np.testing.assert_allclose(hazard.time_at(h, 7.5, *shape), DAYS, rtol=1e-9)


@pytest.mark.parametrize("name", HAZARDS)
def test_restricted_mean_is_the_area_under_the_curve(name):
    hazard, shape = HAZARDS[name], HAZARD_SHAPES[name]
    draws = dict(zip(hazard.shape, map(xr.DataArray, shape), strict=True))
    draws |= {"log_scale": xr.DataArray(7.5), "log_hazard_ratio": xr.DataArray(-0.6)}
    for ratio, found in zip(
        (np.exp(0.3), np.exp(-0.3)), relapse.restricted_mean(draws, hazard, {}, 1825.0).values, strict=True
    ):
        area = integrate.quad(
            lambda t, ratio=ratio: np.exp(-ratio * hazard.cumulative(t, 7.5, *shape)), 0, 1825
        )[0]
        assert found == pytest.approx(area, abs=0.01)  # days


def test_follow_up_has_the_printed_mean_and_sd():
    law = stats.gamma(FOLLOW_UP["followup"][1], *FOLLOW_UP["followup"][[0, 2]])
    assert (law.mean(), law.std(), law.support()[0]) == pytest.approx((1861, 953.4, 365))
    np.testing.assert_allclose(
        log_chance_followed(pt.as_tensor(DAYS), FOLLOW_UP["followup"]).eval(), law.logsf(DAYS), atol=1e-9
    )
    drawn = draw_followup(np.random.default_rng(2), FOLLOW_UP, 5000)
    assert stats.kstest(drawn, law.cdf).pvalue > 0.01


SURVIVALS = {
    name: [
        lambda day, f=family, m=mean, s=shape: f.survival(day, np.log(m), s)
        for mean in (100, 500, 4000)
        for shape in (0.5, 1.0, 2.5)
    ]
    for name, family in LIFETIMES.items()
} | {
    name: [
        lambda day, h=hazard, c=scale: np.exp(-h.cumulative(day, c, *HAZARD_SHAPES[h.name]))
        for scale in (5.5, 7.5, 9.0)
    ]
    for name, hazard in HAZARDS.items()
    if name != "weibull"
}


@pytest.mark.parametrize("name", SURVIVALS)
def test_expectation_over_follow_up_is_the_integral(name):
    minimum, shape, scale = FOLLOW_UP["followup"]
    law = stats.gamma(shape, minimum, scale)
    for survival in SURVIVALS[name]:
        integral = integrate.quad(lambda f, s=survival: law.pdf(f) * s(f), 365, 30_000, limit=500)[0]
        rule = FOLLOW_UP["followup_weights"] @ survival(FOLLOW_UP["followup_days"])
        assert rule == pytest.approx(integral, abs=2e-4)  # a chance; its posterior SD is 0.1


def test_impossible_follow_up_is_refused():
    with pytest.raises(ValueError, match="the mean must exceed 0 and the minimum"):
        followup_data(365, 300, 100)
