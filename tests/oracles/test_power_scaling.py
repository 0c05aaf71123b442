"""Power scaling against closed forms, and the likelihood of printed numbers against what it stands for."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pymc as pm
import pytest
import xarray as xr
from scipy import stats

from mgbayes.estimands.estimand import Estimand
from mgbayes.inference.job import Job
from mgbayes.models import components
from mgbayes.models.catalogue import MODELS
from mgbayes.models.components import integrated, log_likelihood, log_prior, powered
from mgbayes.models.continuous_marginal import log_density_of_sds
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.models.visits import matrices, sds_logp
from mgbayes.robustness.power_scaling import ALPHAS, THRESHOLD, Verdict, sensitivities, verdict, weighted
from mgbayes.robustness.reweighting import PARETO_K, smoothed
from mgbayes.study import Study

S = 0.45  # standard error of the toy; its prior is Normal(0, 1)
DIFFERENCE = Estimand("effect", "difference", "", 0.0, "higher")


def _posterior(y: float, prior_power: float = 1.0, likelihood_power: float = 1.0) -> tuple[float, float]:
    """Mean and SD of the normal posterior."""
    precision = prior_power + likelihood_power / S**2
    return likelihood_power * y / S**2 / precision, 1 / sqrt(precision)


def _toy(y: float, seed: int = 8) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    effect = np.random.default_rng(seed).normal(*_posterior(y), (4, 1000))
    return effect, {"prior": -0.5 * effect**2, "likelihood": -0.5 * ((y - effect) / S) ** 2}


def test_sensitivity_to_the_prior_grows_with_a_conflict_and_is_silent_without_one() -> None:
    found = []
    for y in (0.0, 1.0, 2.0, 4.0):
        effect, parts = _toy(y)
        found.append(sensitivities({"effect": effect}, [DIFFERENCE], parts)["effect"])
    prior, likelihood = np.transpose(found)
    assert np.all(np.diff(prior) > 0)
    assert verdict(prior[0], likelihood[0]) is Verdict.none
    assert verdict(prior[-1], likelihood[-1]) is Verdict.conflict
    assert prior[0] < THRESHOLD / 2
    assert prior[-1] > 2 * THRESHOLD


def test_a_prior_that_says_more_than_the_data_is_named() -> None:
    effect = np.random.default_rng(9).normal(0.0, 1.0, (4, 1000))  # the data say next to nothing
    weak = {"prior": -0.5 * effect**2, "likelihood": -0.5 * ((effect - 1) / 30) ** 2}
    prior, likelihood = sensitivities({"effect": effect}, [DIFFERENCE], weak)["effect"]
    assert verdict(prior, likelihood) is Verdict.strong_prior
    assert verdict(0.0, 0.0) is Verdict.weak_likelihood


@pytest.mark.parametrize("component", ["prior", "likelihood"])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_under_each_power_the_answer_is_the_exact_posterior(component: str, alpha: float) -> None:
    """At ten seeds, within four Monte Carlo errors: of a weighted share, and over the density that of a quantile."""
    exact = stats.norm(*_posterior(0.8, **{f"{component}_power": alpha}))
    for seed in range(10):
        effect, parts = _toy(0.8, seed)
        weight, k = smoothed((alpha - 1) * parts[component].ravel())
        assert k <= PARETO_K
        found = weighted(effect, weight, DIFFERENCE)

        for name, q in (("low", 0.025), ("median", 0.5), ("high", 0.975), ("p_benefit", exact.cdf(0.0))):
            at = exact.ppf(q)
            error = np.sqrt((weight**2 * ((effect.ravel() <= at) - q) ** 2).sum()) / weight.sum()
            value, scale = (1 - q, 1.0) if name == "p_benefit" else (at, exact.pdf(at))
            assert found[name] == pytest.approx(value, abs=4 * error / scale), (name, seed)


_U = np.linspace(-1.5, 1.5, 50)
_ON_ITS_SCALE = {
    "normal": ((0.3, 1.2), lambda values: stats.norm.logpdf(_U, *values)),
    "lognormal": ((0.3, 0.5), lambda values: stats.norm.logpdf(_U, *values)),  # the log is what is normal
    "half_normal": ((0.7,), lambda values: stats.halfnorm.logpdf(np.exp(_U), 0, *values)),
    "beta": ((2.0, 3.5), lambda values: stats.beta.logpdf(stats.norm.cdf(_U), *values)),
    "lkj": ((3.0,), lambda values: (values[0] - 1) * np.log1p(-(np.tanh(_U) ** 2))),
}


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("form", _ON_ITS_SCALE)
def test_a_prior_to_a_power_is_its_density_to_that_power(form: str, alpha: float) -> None:
    values, log_density = _ON_ITS_SCALE[form]
    scaled = powered(Prior(form, values, "toy"), alpha)  # type: ignore[arg-type]
    assert scaled.fault() is None
    ratio = log_density(scaled.values) - alpha * log_density(values)
    np.testing.assert_allclose(ratio, ratio[0], atol=1e-9)


def test_the_integrated_likelihood_of_a_normal_chain_is_its_closed_form() -> None:
    """theta ~ N(0, 1), z ~ N(theta, 1), y ~ N(z, 1/2): L(theta) is Normal(y; theta, variance 1.25).

    At places of the posterior's central 99 %, over ten seeds within four errors of their mean.
    """
    y, places, reference = 1.3, np.linspace(-1.1, 2.3, 7), np.arange(0, 4000, 8)
    off = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        theta = np.sort(rng.normal(y / 2.25, sqrt(1 - 1 / 2.25), 4000))
        z = rng.normal((theta + 4 * y) / 5, sqrt(1 / 5))
        found = integrated(-0.5 * (z[reference, None] - theta) ** 2, reference)
        off.append(np.interp(places, theta, found) - stats.norm.logpdf(y, places, sqrt(1.25)))
    centred = np.array(off) - np.mean(off, axis=1, keepdims=True)
    error = centred.std(axis=0, ddof=1) / sqrt(len(off))
    assert error.max() < 0.03
    assert (np.abs(centred.mean(axis=0)) < 4 * error).all()


@pytest.mark.parametrize(
    ("plan_id", "family"),
    [
        ("remission", "lognormal"),
        ("remission", "gamma"),
        ("remission", "weibull"),
        ("relapse", "weibull"),
        ("relapse", "piecewise_exponential"),
    ],
)
def test_with_the_latent_patients_fixed_it_is_the_density_that_is_sampled_from(
    study: Study, plan_id: str, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equivalence: one latent data set stands for all, so that nothing is integrated."""
    plan = load_plan(plan_id)
    module = MODELS[plan.model].of(study, plan)
    data = Job(study, plan, family).data
    priors = plan.prior_set(family)
    rng = np.random.default_rng(12)
    drawn = module.prior_draws(rng, data, family, priors, 40)
    # Near the data: the chance of what was seen is then far from 0.
    drawn = drawn[list(priors)].map(lambda values: values.mean("draw") + 0.2 * (values - values.mean("draw")))
    model = module.build(data, family, priors)
    outcome = sum(pm.logp(rv, model.rvs_to_values[rv]).sum() for rv in model.observed_RVs)
    with model:
        evaluate = pm.compile(model.free_RVs, [outcome, model["latent_time"]], mode="FAST_COMPILE")
    names = [variable.name for variable in model.free_RVs]
    z = rng.normal(size=model["z"].eval().shape)
    rows = [
        evaluate(*(z if name == "z" else drawn[name].to_numpy()[0, i] for name in names)) for i in range(40)
    ]
    exact = np.array([float(row[0]) for row in rows])
    dims = ("summary", "slot")
    latent = np.array([[row[1] for row in rows]])
    posterior = drawn.assign(latent_time=(("chain", "draw", *dims), latent))
    monkeypatch.setattr(components, "REFERENCE", 1)
    found = log_likelihood(module, family, posterior, data)[0]
    # The chance of being followed beyond a time is integrated by two rules, which agree to about 1e-5.
    np.testing.assert_allclose(found - found[0], exact - exact[0], atol=1e-4)


def test_the_density_of_three_sds_is_the_wishart_density_integrated_over_correlations() -> None:
    n, printed = 9, np.array([24.0, 16.0, 12.0])
    sds = np.array([[20.0, 18.0, 11.0], [30.0, 12.0, 15.0]])
    vine = np.array([[0.4, 0.2, 0.3], [-0.3, 0.5, 0.1]])
    found = log_density_of_sds(printed, n, _covariance(sds, vine))
    x, weight = np.polynomial.legendre.leggauss(24)
    grid = np.stack(np.meshgrid(x, x, x, indexing="ij"), axis=-1).reshape(-1, 3)
    mass = np.log(np.einsum("a,b,c->abc", weight, weight, weight).ravel())
    exact = []
    for sd, partial in zip(sds, vine, strict=True):
        rows = [np.broadcast_to(row, grid.shape) for row in (printed, sd, partial)]
        density = sds_logp(rows[0], np.full(len(grid), float(n)), grid, rows[1], rows[2], 3).eval()
        exact.append(float(np.logaddexp.reduce(density + mass)))
    assert found[1] - found[0] == pytest.approx(exact[1] - exact[0], abs=1e-6)


def _covariance(sds: np.ndarray, vine: np.ndarray) -> np.ndarray:
    a, b = vine[:, 0], vine[:, 1]
    c = vine[:, 2] * np.sqrt((1 - a**2) * (1 - b**2)) + a * b
    r = matrices(np.stack([a, b, c], axis=-1), 3)
    return r * sds[:, :, None] * sds[:, None, :]


def test_the_log_prior_of_doses_is_that_of_their_common_levels_and_of_coefficients_of_variation() -> None:
    rng = np.random.default_rng(2)
    mean, sd = np.exp(rng.normal(3, 0.3, (1, 5, 2, 3))), np.exp(rng.normal(2.5, 0.3, (1, 5, 2, 3)))
    r = np.full((1, 5, 2, 3), 0.2)
    at = ("chain", "draw", "arm")
    posterior = xr.Dataset(
        {
            "mean": ((*at, "visit"), mean),
            "log_level": (("chain", "draw", "visit"), np.log(mean)[:, :, 0]),
            "cv": ((*at, "visit"), sd / mean),
            "correlation": ((*at, "pair"), r),
            "log_ratio": (("chain", "draw"), rng.normal(size=(1, 5))),
            "log_ratio_sd": (("chain", "draw"), np.exp(rng.normal(size=(1, 5)))),
        }
    )
    plan = load_plan("prednisone")
    priors = plan.prior_set("normal_ratio")
    found = log_prior("continuous", posterior, priors)[0]
    cv = np.log(sd / mean)
    exact = (
        stats.norm.logpdf(np.log(mean)[:, :, 0], *priors["log_level"].values).sum(-1)
        + stats.norm.logpdf(cv, *priors["cv"].values).sum((-1, -2))
        + stats.norm.logpdf(posterior["log_ratio"], *priors["log_ratio"].values)
        + stats.norm.logpdf(np.log(posterior["log_ratio_sd"]), *priors["log_ratio_sd"].values)
    )[0]
    np.testing.assert_allclose(found - found[0], exact - exact[0], atol=1e-9)
