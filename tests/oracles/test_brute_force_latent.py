"""Brute force: latent patients against rejection sampling and a numerical Jacobian."""

import json
from pathlib import Path

import arviz_stats as azs
import numpy as np
import nutpie
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from scipy.special import gammaln

from mgbayes.distributions.hazards import WEIBULL
from mgbayes.distributions.lifetimes import LIFETIMES
from mgbayes.latent import mean_sd
from mgbayes.models.likelihood import given_density

REJECTION = json.loads((Path(__file__).parent / "stored" / "rejection.json").read_text())["figures"]
MEAN, SD = np.array([230.0]), np.array([180.8])


def one_arm(name):
    """Nine values with the printed mean and SD, under the priors of the rejection runs."""
    log_mean = pm.Normal(f"{name}_log_mean", np.log(365), 1)
    shape = pm.HalfNormal(f"{name}_shape", 1.5)
    z = pm.Normal(f"{name}_z", shape=(1, 9))
    y = mean_sd.constrained(z, np.ones((1, 9)), MEAN, SD)
    pm.Deterministic(f"{name}_y", y.values)
    log_density = LIFETIMES[name].logpdf(y.values, log_mean, shape).sum(axis=1) + y.log_weight
    given_density(f"{name}_printed", log_density, MEAN)


def pooled():
    """Ten values of one arm and six of another under one printed mean and SD."""
    log_scale = pm.Normal("pooled_log_scale", np.log(1000), 1)
    shape = pm.HalfNormal("pooled_shape", 1.5)
    log_ratio = pm.Normal("pooled_log_ratio")
    z = pm.Normal("pooled_z", shape=(1, 16))
    y = mean_sd.constrained(z, np.ones((1, 16)), np.array([992.0]), np.array([783.9]))
    change = log_ratio * np.repeat([0.0, 1.0], [10, 6])
    log_density = WEIBULL.log_hazard(y.values, log_scale, shape) + change
    log_density -= pt.exp(WEIBULL.log_cumulative(y.values, log_scale, shape) + change)
    given_density("pooled_printed", log_density.sum(axis=1) + y.log_weight, np.array([992.0]))


@pytest.fixture(scope="module")
def posterior():
    with pm.Model() as model:  # four independent posteriors, so that one compilation serves all
        for name in LIFETIMES:
            one_arm(name)
        pooled()
    fit = nutpie.sample(
        nutpie.compile_pymc_model(model),
        draws=2000,
        tune=1000,
        chains=4,
        cores=1,
        seed=1,
        progress_bar=False,
    )
    return fit.posterior.dataset


PARAMETERS = [(name, p) for name in REJECTION for p in REJECTION[name]["mean"]]


@pytest.mark.long
@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_posterior_is_that_of_rejection_sampling(posterior, name, parameter):
    draws = posterior[f"{name}_{parameter}"]
    kept, mean, sd = (REJECTION[name][k] for k in ("kept", "mean", "sd"))
    ess = float(azs.ess(draws, method="bulk"))
    spread = float(draws.std())
    # Independent estimates of a mean have variances sd²/ess and sd²/kept; those of an SD, for
    # tails up to those of a t with 6 degrees of freedom (kurtosis 6), (6 - 1)/4 sd²/count.
    scale = spread * np.sqrt(1 / ess + 1 / kept)
    assert abs(float(draws.mean()) - mean[parameter]) < 4 * scale
    assert abs(spread - sd[parameter]) < 4 * np.sqrt(5 / 4) * scale


@pytest.mark.long
@pytest.mark.parametrize("name", LIFETIMES)
def test_printed_mean_and_sd_hold_in_every_draw(posterior, name):
    values = posterior[f"{name}_y"].values
    np.testing.assert_allclose(values.mean(axis=-1), MEAN[0], rtol=1e-9)
    np.testing.assert_allclose(values.std(axis=-1, ddof=1), SD[0], rtol=1e-9)


@pytest.mark.parametrize("n", [2, 3, 4, 7])
def test_weight_is_the_determinant_of_the_change_of_variables(n):
    """The values as a function of mean, SD and coordinates on the sphere, differentiated."""
    z, mean, sd = pt.dmatrix(), pt.dvector(), pt.dvector()
    y = mean_sd.constrained(z, np.ones((1, n)), mean, sd)
    outputs = [y.values, y.log_weight]
    evaluate = pytensor.function([z, mean, sd], outputs, mode="FAST_COMPILE")
    direction = np.random.default_rng(n).normal(size=n)
    direction -= direction.mean()
    direction /= np.linalg.norm(direction)
    plane = np.linalg.svd(np.stack([np.ones(n), direction]))[2][2:]  # tangent to the sphere

    def values(u):
        z = direction + u[2:] @ plane
        return evaluate(z[None, :], [230 * np.exp(u[0])], [100 * np.exp(u[1])])[0][0]

    h = 1e-5
    steps = h * np.eye(n)
    jacobian = np.array([(values(u) - values(-u)) / (2 * h) for u in steps])
    log_determinant = np.linalg.slogdet(jacobian)[1] - np.log(230 * 100)

    df, k = n - 1, (mean_sd.LENGTH_DF - (n - 1)) / 2 if n > 2 else 0
    log_area = np.log(2) + df / 2 * np.log(np.pi) - gammaln(df / 2)
    log_length = gammaln(df / 2) - gammaln(df / 2 + k) - k * np.log(2)  # at length 1
    weight = evaluate(direction[None, :], [230.0], [100.0])[1][0]
    # Central differences with step h err by about h² = 1e-10 and rounding / h = 1e-11, relative.
    np.testing.assert_allclose(weight, log_determinant + log_area + log_length, atol=1e-7)
