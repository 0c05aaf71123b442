r"""Proportional hazards on patients: their likelihood, and patients drawn from the model.

See proportional_hazards.py for the model and adjusted.py for covariates and the frailty.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray

from mgbayes.estimands.estimand import Estimand
from mgbayes.models import adjusted, latent
from mgbayes.models.arms import HALVES
from mgbayes.models.hazards import Hazard
from mgbayes.models.patient_times import PATIENT_TIMES
from mgbayes.models.priors import Prior

COEFFICIENTS = ("covariate_log_hazard_ratio",)


def likelihood(
    data: Mapping[str, Any], hazard: Hazard, log_ratio: Any, baseline: Any, priors: Mapping[str, Prior]
) -> None:
    """Add the outcomes of patients to the model in context."""
    given = {name: pm.Data(name, data[name]) for name in PATIENT_TIMES}
    (predictor,) = adjusted.predictor(COEFFICIENTS, data, priors)
    variance = adjusted.frailty(priors)
    log_ratios = log_ratio * np.array([[-0.5], [0.5]]) + predictor
    cumulative = {
        name: pt.exp(hazard.log_cumulative(given[name], *baseline) + log_ratios)
        for name in ("time", "lower", "upper")
    }
    log_hazard = hazard.log_hazard(given["time"], *baseline) + log_ratios
    log_hazard -= adjusted.log_loss(cumulative["time"], variance)
    log_survival = {name: adjusted.log_survival(value, variance) for name, value in cumulative.items()}
    log_density = pt.switch(
        given["between"],
        log_survival["lower"] + pt.log1mexp(log_survival["upper"] - log_survival["lower"]),
        given["event"] * log_hazard + log_survival["time"],
    )
    latent.given_density("outcomes", given["present"] * log_density, given["time"])


def baseline_of(draws: Any, hazard: Hazard) -> list[Any]:
    """The parameters of the baseline hazard."""
    return [draws[name] for name in ("log_scale", *hazard.shape)]


def event_free(draws: Any, hazard: Hazard, time: Any, data: Mapping[str, Any]) -> Any:
    """Chance of no event by `time`, by arm, for each draw; averaged over the cohort's covariates."""
    log_ratio = draws["log_hazard_ratio"] * HALVES + adjusted.cohort_predictor(COEFFICIENTS[0], draws, data)
    cumulative = np.exp(log_ratio) * hazard.cumulative(time, *baseline_of(draws, hazard))
    return adjusted.averaged(adjusted.survival(cumulative, draws), data)


def draw_times(rng: Generator, draws: Any, data: Mapping[str, Any], hazard: Hazard, arm: int) -> Any:
    """Times to the event of the patients of an arm, (..., patient)."""
    log_ratio = draws["log_hazard_ratio"]
    size, dims = (*log_ratio.shape, data["n"][arm]), (*log_ratio.dims, "patient")
    spent = xr.DataArray(rng.exponential(size=size), dims=dims)
    spent = spent / adjusted.draw_frailty(rng, draws, size, dims)
    log_ratio = (arm - 0.5) * log_ratio + adjusted.arm_predictor(COEFFICIENTS[0], draws, data, arm)
    time = hazard.time_at(spent * np.exp(-log_ratio), *baseline_of(draws, hazard))
    return time.transpose(*dims).values


def declared(estimands: tuple[Estimand, ...], data: Mapping[str, Any], event: str) -> tuple[Estimand, ...]:
    """The estimands, named for what they are given; and those of covariates and of the frailty."""
    return adjusted.declared(
        estimands,
        data,
        conditional=("hazard_ratio",),
        of_covariates={"hazard_ratio": f"hazard ratio, {event}"},
    )


def of_covariates(draws: xr.Dataset, data: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The estimands of covariates and of the frailty, where draws have them."""
    return adjusted.estimands(draws, data, {"hazard_ratio": COEFFICIENTS[0]})
