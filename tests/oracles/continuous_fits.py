"""Continuous outcomes with made-up words, fits of them, and comparisons within Monte Carlo error."""

from typing import Any

import arviz_stats as azs
import numpy as np
import nutpie
import pymc as pm
import xarray as xr

from mgbayes.models.continuous import PRIORS, Continuous, Data
from mgbayes.models.outcome import Outcome
from mgbayes.models.priors import Prior
from mgbayes.study.schema import Direction, Kind, Visit

VISITS = tuple(
    Visit(id=name, label=label, days=days)
    for name, label, days in (
        ("baseline", "baseline", "0"),
        ("12m", "12 months", "365"),
        ("last", "last visit", None),
    )
)


def model_of(visits: int = 3, *, baseline: bool = True, benefit: Direction | None = "lower") -> Continuous:
    """The model of an outcome at no visit, or at the first ones of a baseline and two later ones."""
    chosen = VISITS[:visits] if visits > 1 else ()
    return Continuous(
        Outcome(
            endpoint="score",
            label="score",
            kind=Kind.continuous,
            unit="points",
            benefit=benefit,
            nonnegative=True,
            visits=chosen,
            baseline="baseline" if baseline and visits > 1 else None,
        )
    )


def priors_with(**values: tuple[float, ...]) -> dict[str, Prior]:
    """The model's own priors, some with other numbers."""
    own = dict(PRIORS)
    return own | {
        name: own[name].chosen_as(own[name].form, numbers, "test") for name, numbers in values.items()
    }


def fitted(
    model: Continuous,
    data: Data,
    family: str,
    priors: dict[str, Prior],
    seed: int,
    *,
    draws: int = 2000,
    target_accept: float = 0.95,
    divergent: float = 0.0,
) -> xr.Dataset:
    """Posterior draws, of which no larger share than ``divergent`` diverged."""
    tree = nutpie.sample(
        nutpie.compile_pymc_model(model.build(data, family, priors)),
        draws=draws,
        tune=1000,
        chains=4,
        cores=2,
        seed=seed,
        progress_bar=False,
        target_accept=target_accept,
    )
    assert float(tree.sample_stats.diverging.mean()) <= divergent
    posterior: xr.Dataset = tree.posterior.to_dataset()
    return posterior


def log_density(model: pm.Model, point: dict[str, Any]) -> Any:
    """The log likelihood of a model at free values on their own scale, compiled without a C compiler's delay."""
    import pytensor

    (likelihood,) = model.logp(vars=model.observed_RVs, sum=False)
    expression = likelihood
    replaced = dict(zip(model.value_vars, model.free_RVs, strict=True))
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        values = {
            value: model.rvs_to_transforms[rv].forward(np.asarray(point[rv.name]), *rv.owner.inputs)
            if model.rvs_to_transforms[rv] is not None
            else np.asarray(point[rv.name])
            for value, rv in replaced.items()
        }
        evaluated = {key: v.eval() if hasattr(v, "eval") else v for key, v in values.items()}
        function = pytensor.function(list(evaluated), expression, on_unused_input="ignore")
        return function(*evaluated.values())


def z_scores(sampled: np.ndarray, mean: float, sd: float, error: float = 0.0) -> tuple[float, float]:
    """How many Monte Carlo errors the sampled (chain, draw) mean and SD lie from the expected.

    error: the relative standard error of the expected figures themselves, in units of sd.
    """
    mean_error = np.hypot(azs.mcse(sampled, method="mean"), error * sd)
    sd_error = np.hypot(azs.mcse(sampled, method="sd"), error * sd / np.sqrt(2))
    return (sampled.mean() - mean) / mean_error, (sampled.std() - sd) / sd_error
