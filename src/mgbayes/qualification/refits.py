"""Two posteriors sampled anew: a shipped plan with a closed form, and latent values known from rejection sampling."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

ERRORS = 4.0
"""Monte Carlo errors within which an estimate holds: exceeded by chance once in 16 000 comparisons."""


def plan_refitted(given: Mapping[str, Any]) -> tuple[float, float]:
    """P(benefit) of an estimand of the embedded study, within its Monte Carlo error."""
    row = _fit(given["plan"], given["family"]).summary().loc[given["estimand"]]
    error = ERRORS * row["mcse_p_benefit"]
    return row["p_benefit"] - error, row["p_benefit"] + error


@cache
def _fit(plan: str, family: str) -> Any:
    from mgbayes.inference.job import Job
    from mgbayes.inference.run import Fitter
    from mgbayes.models.plan_file import load_plan
    from mgbayes.study.load import load_study

    job = Job(load_study(), load_plan(plan).with_family(family), family)
    return Fitter(use_cache=False, predictive=False).fit(job)


def latent_refitted(given: Mapping[str, Any]) -> tuple[float, float]:
    """The posterior mean of a parameter, within the Monte Carlo error of these draws and of the ``kept`` ones."""
    import arviz_stats as azs

    draws = _latent()[given["parameter"]][..., 0]
    error = (
        ERRORS * float(draws.std()) * (1 / float(azs.ess(draws, method="bulk")) + 1 / given["kept"]) ** 0.5
    )
    return float(draws.mean()) - error, float(draws.mean()) + error


def published_in_every_draw(given: Mapping[str, Any]) -> tuple[float, float]:
    """The largest relative error of a draw's mean or SD (``statistic``)."""
    values = _latent()["values"].to_numpy()
    of_draws = values.mean(axis=-1) if given["statistic"] == "mean" else values.std(axis=-1, ddof=1)
    return (float(np.abs(of_draws / _PUBLISHED[given["statistic"]] - 1).max()),) * 2


_PUBLISHED = {"mean": 230.0, "sd": 180.8}


@cache
def _latent() -> Any:
    """Draws of the log-normal distribution of nine times of which mean and SD are published; two groups alike."""
    import pymc as pm

    from mgbayes.distributions.lifetimes import LOGNORMAL
    from mgbayes.inference.sample import compile_model, draw
    from mgbayes.latent.mean_sd import constrained
    from mgbayes.models.likelihood import given_density
    from mgbayes.models.plan import Sampling

    mean, sd = (np.full(2, _PUBLISHED[name]) for name in ("mean", "sd"))
    with pm.Model() as model:
        log_mean = pm.Normal("log_mean", np.log(365), 1, shape=2)
        shape = pm.HalfNormal("shape", 1.5, shape=2)
        latent = constrained(pm.Normal("z", shape=(2, 9)), np.ones((2, 9)), mean, sd)
        pm.Deterministic("values", latent.values)
        each = LOGNORMAL.logpdf(latent.values, log_mean[:, None], shape[:, None])
        given_density("published", each.sum(axis=1) + latent.log_weight, mean)
    posterior, _ = draw(compile_model(model), Sampling(draws=1500, tune=1000, target_accept=0.9, seed=1))
    return posterior
