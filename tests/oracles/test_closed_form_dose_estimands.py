"""Estimands, curves and predictions of the prednisone model against formulas, without sampling."""

import numpy as np
import pytest
import xarray as xr
from scipy import integrate, stats

from mgbayes.estimands.doses import expected_given_baseline
from mgbayes.models import prednisone
from mgbayes.models.marginals import MARGINALS
from mgbayes.models.vine import correlations

DATA = prednisone.published(
    np.array([[46.8, 11.8, 17.9], [30.9, 9.5, 2.8]]),
    np.array([[20.8, 15.3, 15.6], [24.9, 8.7, 3.8]]),
    np.array([17, 16]),
)
BASELINE = (17 * 46.8 + 16 * 30.9) / 33


@pytest.fixture(scope="module")
def draws() -> xr.Dataset:
    rng = np.random.default_rng(2)
    coords = {"arm": ["reference", "contrast"], "visit": ["baseline", "12m", "last"]}
    dims = ("chain", "draw", "arm", "visit")
    return xr.Dataset(
        {
            "mean": (dims, rng.gamma(9, 2, (2, 50, 2, 3))),
            "sd": (dims, rng.gamma(9, 1, (2, 50, 2, 3))),
            "correlation": (
                ("chain", "draw", "arm", "pair"),
                correlations(rng.uniform(-0.8, 0.8, (2, 50, 2, 3))),
            ),
        },
        coords=coords,
    )


@pytest.mark.parametrize(("visit", "place"), [("12m", 1), ("last", 2)])
def test_normal_estimands_are_the_formulas(draws, visit, place):
    found = prednisone.estimands(draws, DATA, "normal")
    mean, sd, r = (draws[name].to_numpy() for name in ("mean", "sd", "correlation"))
    reduction = mean[..., 0] - mean[..., place]
    slope = r[..., place - 1] * sd[..., place] / sd[..., 0]
    adjusted = mean[..., place] + slope * (BASELINE - mean[..., 0])
    for kind, by_arm in (("reduction", reduction), ("adjusted", adjusted)):
        expected = by_arm[..., 1] - by_arm[..., 0]
        np.testing.assert_allclose(found[f"{kind}_difference_{visit}"], expected, atol=1e-9)


def test_gamma_expectation_is_the_integral_over_the_copula(draws):
    one = draws.isel(chain=[0], draw=[0])
    found = expected_given_baseline(one, MARGINALS["gamma"], BASELINE)
    for arm in range(2):
        m, s = one["mean"].to_numpy()[0, 0, arm], one["sd"].to_numpy()[0, 0, arm]
        f = [stats.gamma((a / b) ** 2, scale=b**2 / a) for a, b in zip(m, s, strict=True)]
        score = stats.norm.isf(f[0].sf(BASELINE))
        for place in (1, 2):
            r = float(one["correlation"].to_numpy()[0, 0, arm, place - 1])

            def dose(z, place=place, r=r, f=f, score=score):
                q = r * score + np.sqrt(1 - r**2) * z
                return f[place].ppf(stats.norm.cdf(q)) * stats.norm.pdf(z)

            exact = integrate.quad(dose, -8, 8)[0]
            assert found.to_numpy()[0, 0, arm, place - 1] == pytest.approx(exact, rel=1e-5)


def test_curves_are_distribution_functions(draws):
    grid = np.array([0.0, 5.0, 10.0, 40.0])
    mean, sd = (draws[name].to_numpy()[..., None] for name in ("mean", "sd"))
    exact = {
        "normal": stats.norm(mean, sd).cdf(grid),
        "gamma": stats.gamma((mean / sd) ** 2, scale=sd**2 / mean).cdf(grid),
    }
    for family in MARGINALS:
        found = prednisone.curves(draws, DATA, family, grid)
        np.testing.assert_allclose(found["share_at_or_below"], exact[family], atol=1e-10)
        np.testing.assert_array_equal(found["mean_dose"], draws["mean"])


@pytest.mark.parametrize("family", MARGINALS)
def test_predicted_means_and_sds_have_the_draws_moments(draws, family):
    one = draws.isel(chain=[0], draw=[0])
    many = one.isel(chain=np.zeros(20, int), draw=np.zeros(1000, int))
    found = prednisone.predict(np.random.default_rng(3), many, DATA, family)
    mean, sd = (one[name].to_numpy()[0, 0] for name in ("mean", "sd"))
    error = sd / np.sqrt(DATA["n"][:, None] * 20_000)
    scores = (found["printed_mean"].mean(("chain", "draw")) - mean) / error
    assert float(np.abs(scores).max()) < 4  # six standard normal scores
    # The mean square of sample SDs is the variance; its relative error is below 1.5 % where the
    # kurtosis is below 9 (gamma of shape 1: 9), and twelve are looked at.
    ratio = (found["printed_sd"] ** 2).mean(("chain", "draw")) / sd**2
    assert float(np.abs(ratio - 1).max()) < 0.03


@pytest.mark.parametrize("family", MARGINALS)
def test_simulated_summaries_fit_the_model_of_the_template(family):
    rng = np.random.default_rng(4)
    truth, data = prednisone.simulate(rng, DATA, family, prednisone.PRIORS)
    assert {name: value.shape for name, value in data.items()} == {
        name: value.shape for name, value in DATA.items()
    }
    assert {"mean", "sd", "correlation"} <= truth.keys()


def test_unusable_summaries_are_refused():
    mean, sd, n = DATA["printed_mean"], DATA["printed_sd"], DATA["n"]
    for wrong in (
        (mean[:, :2], sd, n),
        (mean, -sd, n),
        (mean * np.nan, sd, n),
        (mean, sd, [17, 3]),
    ):
        with pytest.raises(ValueError, match="given"):
            prednisone.published(*wrong)
