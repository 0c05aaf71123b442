"""NUTS against another sampler on public data: importance sampling of likelihoods written again with SciPy.

200 000 draws come from a multivariate Student t, weighted by posterior over proposal. The weights' own error is
estimated from them, that of NUTS from its effective draws; means and variances of every parameter agree within
four of both together. Positive parameters go by their logs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import arviz_stats as azs
import numpy as np
import pytest
from scipy import optimize, special, stats

from mgbayes.inference.sample import compile_model, draw
from mgbayes.models.plan import Sampling
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from tests.known_models import relapse, remission
from tests.oracles.patient_comparison.test_survival_in_r import patients, rows

POSITIVE = ("shape", "frailty_variance")
DRAWS = 200_000


def weibull_frailty(p: Mapping[str, Any], d: Any) -> Any:
    """T is Burr XII: a Weibull whose hazard has a gamma factor of mean 1."""
    k, v = p["shape"], p["frailty_variance"]
    log_ratio = p["log_hazard_ratio"] * (d.arm - 0.5) + p["covariate_0"] * d.x1 + p["covariate_1"] * d.x2
    scale = np.exp(p["log_scale"] - log_ratio / k) * v ** (-1 / k)
    odds = (d.time / scale) ** k
    seen = np.log(k / v) + (k - 1) * np.log(d.time) - k * np.log(scale) - np.log1p(odds)
    return (d.event * seen - np.log1p(odds) / v).sum(axis=-1)


def gamma_cure(p: Mapping[str, Any], d: Any) -> Any:
    """A share never has the event; times of the others are gamma."""
    ever = special.expit(
        p["logit_ever"] + p["log_odds_ratio"] * (d.arm - 0.5) + p["odds_0"] * d.x1 + p["odds_1"] * d.x2
    )
    log_mean = (
        p["log_mean_time"] + p["log_time_ratio"] * (d.arm - 0.5) + p["times_0"] * d.x1 + p["times_1"] * d.x2
    )
    rate = p["shape"] * np.exp(-log_mean)
    seen = stats.gamma.logpdf(d.time * rate, p["shape"]) + np.log(rate)
    free = special.gammaincc(p["shape"], d.time * rate)
    return np.where(d.event == 1, np.log(ever) + seen, np.log1p(-ever * (1 - free))).sum(axis=-1)


CASES = {
    "relapse": (
        relapse,
        "weibull",
        "veteran",
        ("covariates", "frailty"),
        weibull_frailty,
        {"covariate_log_hazard_ratio": ("covariate_0", "covariate_1")},
    ),
    "remission": (
        remission,
        "gamma",
        "ovarian",
        ("covariates",),
        gamma_cure,
        {
            "covariate_log_odds_ratio": ("odds_0", "odds_1"),
            "covariate_log_time_ratio": ("times_0", "times_1"),
        },
    ),
}


def log_prior(prior: Prior, name: str, x: Any) -> Any:
    """Of the parameter, or of its log where it is positive."""
    if prior.form == "lognormal":
        return stats.norm.logpdf(x, *prior.values)
    if prior.form == "half_normal":
        return stats.halfnorm.logpdf(np.exp(x), scale=prior.values[0]) + x
    assert prior.form == "normal", name
    return stats.norm.logpdf(x, *prior.values)


def weighted(log_posterior: Callable[[Any], Any], start: Any) -> tuple[Any, Any]:
    """Draws (n, parameters) and their weights, which sum to 1; the proposal is fitted to earlier draws."""
    mode = optimize.minimize(lambda x: -log_posterior(x[None])[0], start, method="BFGS")
    centre, spread = mode.x, mode.hess_inv
    for number in (20_000, 20_000, DRAWS):
        proposal = stats.multivariate_t(centre, spread, df=6, seed=number + 7)
        draws = proposal.rvs(number)
        parts = [log_posterior(part) for part in np.array_split(draws, number // 2000)]
        log_weights = np.concatenate(parts) - proposal.logpdf(draws)
        weights = np.exp(log_weights - log_weights.max())
        weights /= weights.sum()
        centre, spread = weights @ draws, np.cov(draws.T, aweights=weights)
    assert 1 / (weights**2).sum() > 0.1 * DRAWS
    return draws, weights


def moment(values: Any, weights: Any) -> tuple[float, float]:
    """A weighted mean and its Monte Carlo error."""
    mean = float(weights @ values)
    return mean, float(np.sqrt(weights**2 @ (values - mean) ** 2))


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_nuts_draws_the_posterior_that_importance_sampling_draws(name: str) -> None:
    module, family, public, asked, log_likelihood, vectors = CASES[name]
    plan = load_plan(name)
    scales = {"log_scale": (5.0, 1.0), "log_mean_time": (6.0, 1.0)}  # the plan's are of other diseases
    priors: dict[str, Prior] = {
        key: Prior(prior.form, scales.get(key, prior.values), prior.why)
        for key, prior in plan.prior_set(family, asked).items()
    }
    places = {label: key for key in priors for label in vectors.get(key, (key,))}
    columns = rows(public)
    table = SimpleNamespace(**{label: columns[label].to_numpy() for label in columns})

    def log_posterior(x: Any) -> Any:
        own = {label: np.exp(x[:, [i]]) if label in POSITIVE else x[:, [i]] for i, label in enumerate(places)}
        prior = sum(log_prior(priors[key], key, x[:, i]) for i, key in enumerate(places.values()))
        return log_likelihood(own, table) + prior

    draws, weights = weighted(log_posterior, [scales.get(key, (0.0,))[0] for key in places.values()])
    compiled = compile_model(module.build(patients(public), family, priors))
    posterior, statistics = draw(compiled, Sampling(draws=4000, seed=11))
    assert int(statistics["diverging"].sum()) == 0
    for i, (label, key) in enumerate(places.items()):
        values = posterior[key]
        if key in vectors:
            values = values.isel(covariate=vectors[key].index(label))
        nuts = np.log(values.to_numpy()) if key in POSITIVE else values.to_numpy()
        mean, error = moment(draws[:, i], weights)
        assert abs(nuts.mean() - mean) < 4 * np.hypot(error, float(azs.mcse(nuts, method="mean"))), label
        square, error = moment((draws[:, i] - mean) ** 2, weights)
        other = (nuts - nuts.mean()) ** 2
        assert abs(other.mean() - square) < 4 * np.hypot(error, float(azs.mcse(other, method="mean"))), label
