"""Importance sampling for many studies at once against NUTS for one study at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import nutpie
import pymc as pm
import pytensor.tensor as pt
import pytest

from mgbayes.comparison.bayesian_times import MODELS
from mgbayes.comparison.importance import posterior
from mgbayes.comparison.truths import TimesTruth

STUDIES = 200
PATIENTS = 33


def _log_likelihood(name: str, theta: Any, t: Any, event: Any, arm: Any) -> Any:
    """Of the patients, by the definitions of the models."""
    if name == "weibull":
        level, log_shape, beta = theta[0], theta[1], theta[2]
        log_hazard = level + arm * beta + log_shape + (pt.exp(log_shape) - 1) * pt.log(t)
        return event * log_hazard - pt.exp(level + arm * beta + pt.exp(log_shape) * pt.log(t))
    if name == "lognormal":
        level, log_sd, beta = theta[0], theta[1], theta[2]
        law = pm.LogNormal.dist(level - arm * beta, pt.exp(log_sd))
        return pt.switch(event > 0, pm.logp(law, t), pt.log1mexp(pm.logcdf(law, t)))
    if name == "cure":
        ever, level, log_shape, beta = theta[0], theta[1], theta[2], theta[3]
        hazard = pt.exp(level + pt.exp(log_shape) * pt.log(t))
        share = pm.math.sigmoid(ever + arm * beta)
        seen = pt.log(share) + level + log_shape + (pt.exp(log_shape) - 1) * pt.log(t) - hazard
        return pt.switch(event > 0, seen, pt.log(1 - share + share * pt.exp(-hazard)))
    level, first, second, beta = theta[0], theta[1], theta[2], theta[3]
    rates = [pt.exp(level + step + arm * beta) for step in (0.0, first, first + second)]
    hazard = pt.switch(t > 1, rates[2], pt.switch(t > 0.5, rates[1], rates[0]))
    ends = ((0.0, 0.5), (0.5, 1.0), (1.0, 1e9))
    return event * pt.log(hazard) - sum(
        r * (pt.clip(t, a, b) - a) for r, (a, b) in zip(rates, ends, strict=True)
    )


@pytest.mark.long
@pytest.mark.parametrize("name", MODELS)
def test_probabilities_of_200_studies_are_those_of_nuts(name: str) -> None:
    """8000 draws have a standard error of 0.0056 at most; the mean distance and k are asked of all studies."""
    _, model = MODELS[name]
    studies = TimesTruth(0.5, 1.3).draw(np.random.default_rng(1), STUDIES, 17, 16).studies
    found = posterior(studies, model).answers()
    ours = np.where(found.side > 0, 1 - found.p / 2, found.p / 2)
    with pm.Model() as built:
        t, event, arm = (pm.Data(key, np.ones(PATIENTS)) for key in ("t", "event", "arm"))
        theta = pm.Normal("theta", np.array(model.means), np.array(model.sds), shape=len(model.means))
        pm.Potential("patients", _log_likelihood(name, theta, t, event, arm).sum())
    compiled = nutpie.compile_pymc_model(built)
    theirs = np.empty(STUDIES)
    for i in range(STUDIES):
        given = {"t": studies.time[i], "event": studies.event[i], "arm": studies.contrast[i] - 0.5}
        drawn = nutpie.sample(
            compiled.with_data(**given), draws=2000, tune=500, chains=4, cores=1, seed=i, progress_bar=False
        )
        theirs[i] = float((drawn.posterior["theta"].to_numpy()[..., -1] > 0).mean())
    away = np.abs(ours - theirs)
    # Draws are worth about half of their number.
    error = np.sqrt(np.maximum(theirs * (1 - theirs), 0.001) / 4000)
    assert (away < 4 * error + 0.01).all()
    assert away.mean() < 0.01
    assert found.pareto_k is not None
    assert (found.pareto_k < 0.7).mean() > 0.995
