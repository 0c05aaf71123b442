"""The mixture cure model on patients: their likelihood, and patients drawn from the model.

See cure.py for the model and adjusted.py for covariates.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.random import Generator
from scipy import special

from mgbayes.estimands.estimand import Estimand
from mgbayes.models import adjusted, families, followup, latent
from mgbayes.models.arms import HALVES
from mgbayes.models.patient_times import PATIENT_TIMES
from mgbayes.models.priors import Prior

EVER, WHEN = COEFFICIENTS = ("covariate_log_odds_ratio", "covariate_log_time_ratio")
_RATIOS = {"odds_ratio": EVER, "time_ratio": WHEN}


def likelihood(
    data: Mapping[str, Any],
    law: families.Family,
    logit_pi: Any,
    log_mean: Any,
    shape: Any,
    priors: Mapping[str, Prior],
) -> None:
    """Add the outcomes of patients to the model in context."""
    given = {name: pm.Data(name, data[name]) for name in PATIENT_TIMES}
    ever, when = adjusted.predictor(COEFFICIENTS, data, priors)
    logit_pi, log_mean = logit_pi + ever, log_mean + when
    log_pi, log_never = -pt.softplus(-logit_pi), -pt.softplus(logit_pi)
    log_survival = {name: law.logsf(given[name], log_mean, shape) for name in ("time", "lower", "upper")}
    log_density = pt.switch(
        given["event"],
        log_pi
        + pt.switch(
            given["between"],
            log_survival["lower"] + pt.log1mexp(log_survival["upper"] - log_survival["lower"]),
            law.logpdf(given["time"], log_mean, shape),
        ),
        pt.logaddexp(log_never, log_pi + log_survival["time"]),
    )
    latent.given_density("outcomes", given["present"] * log_density, given["time"])


def by_arm(draws: Any, data: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Chance of ever having the event, log mean time and shape of draws, by arm; by patient with covariates."""
    logit = draws["logit_ever"] + draws["log_odds_ratio"] * HALVES
    log_mean = draws["log_mean_time"] + draws["log_time_ratio"] * HALVES
    ever, when = (adjusted.cohort_predictor(name, draws, data) for name in COEFFICIENTS)
    return special.expit(logit + ever), log_mean + when, draws["shape"]


def draw_outcomes(
    rng: Generator, draws: Any, data: Mapping[str, Any], law: families.Family, arm: int
) -> tuple[Any, Any, Any]:
    """Times to the event, whether it ever comes, and follow-up of the patients of an arm, each (..., patient)."""
    logit = draws["logit_ever"] + (arm - 0.5) * draws["log_odds_ratio"]
    log_mean = draws["log_mean_time"] + (arm - 0.5) * draws["log_time_ratio"]
    ever, when = (adjusted.arm_predictor(name, draws, data, arm) for name in COEFFICIENTS)
    size, dims = (*logit.shape, data["n"][arm]), (*logit.dims, "patient")
    every = xr.DataArray(np.zeros(size), dims=dims)
    pi, log_mean, shape = (
        (value + every).transpose(*dims).values
        for value in (special.expit(logit + ever), log_mean + when, draws["shape"])
    )
    time = law.draw(rng, log_mean, shape, size)
    return time, rng.uniform(size=size) < pi, followup.draw_followup(rng, data, size)


def declared(estimands: tuple[Estimand, ...], data: Mapping[str, Any], event: str) -> tuple[Estimand, ...]:
    """The estimands, named for what they are given; and those of covariates."""
    return adjusted.declared(
        estimands,
        data,
        conditional=("odds_ratio_ever", "time_ratio"),
        of_covariates={
            "odds_ratio": f"odds ratio, {event} at any time",
            "time_ratio": f"ratio of times to {event}, among patients with it",
        },
    )


def of_covariates(draws: xr.Dataset, data: Mapping[str, Any]) -> dict[str, Any]:
    """The estimands of covariates, where draws have them."""
    return adjusted.estimands(draws, data, _RATIOS)
