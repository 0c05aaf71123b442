"""Continuous outcomes with made-up words, fits of them, and comparisons within Monte Carlo error."""

from typing import Any

import arviz_stats as azs
import numpy as np
import nutpie
import pymc as pm
import pytensor
import pytensor.tensor as pt
import xarray as xr

from mgbayes.models.continuous import Continuous, Data
from mgbayes.models.outcome import Outcome
from mgbayes.models.priors import Form, Prior
from mgbayes.study.schema import Direction, Kind, Visit

_WEAK: dict[str, tuple[Form, tuple[float, ...]]] = {
    "level": ("normal", (0.0, 1000.0)),
    "difference": ("normal", (0.0, 100.0)),
    "difference_sd": ("lognormal", (1.0, 1.0)),
    "sd": ("lognormal", (2.0, 2.0)),
    "log_level": ("normal", (3.0, 3.0)),
    "log_ratio": ("normal", (0.0, 0.7)),
    "log_ratio_sd": ("lognormal", (float(np.log(0.6)), 0.45)),
    "cv": ("lognormal", (float(np.log(0.8)), 0.5)),
    "standardized_mean": ("normal", (0.0, 1.0)),
    "zero_share": ("beta", (1.0, 1.0)),
    "between": ("lognormal", (float(np.log(0.5)), 0.5)),
    "within": ("lognormal", (float(np.log(0.5)), 0.5)),
    "correlation": ("lkj", (3.0,)),
}
PRIORS = {name: Prior(form, values, "a test") for name, (form, values) in _WEAK.items()}
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
    """The weak priors, some with other numbers."""
    return PRIORS | {name: Prior(PRIORS[name].form, numbers, "a test") for name, numbers in values.items()}


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


def values_at(model: pm.Model, point: dict[str, Any]) -> dict[Any, Any]:
    """Each value variable of the point's free variables, with what it is there, on the scale that is sampled."""
    found = {}
    for rv in model.free_RVs:
        if rv.name in point:
            at, transform = pt.constant(np.asarray(point[rv.name])), model.rvs_to_transforms[rv]
            found[model.rvs_to_values[rv]] = (
                at if transform is None else transform.forward(at, *rv.owner.inputs)
            )
    return found


def log_likelihood(model: pm.Model, point: dict[str, Any], *given: str) -> Any:
    """The log likelihood as a function of the free variables ``given``, the others held at the point.

    Compiled without a C compiler's delay.
    """
    (likelihood,) = model.logp(vars=model.observed_RVs, sum=False)
    held = pytensor.graph.clone_replace(likelihood, values_at(model, point))
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        return pytensor.function([model.rvs_to_values[model[name]] for name in given], held)


def log_density(model: pm.Model, point: dict[str, Any]) -> Any:
    """The log likelihood of a model at free values on their own scale."""
    return log_likelihood(model, point)()


def z_scores(sampled: np.ndarray, mean: float, sd: float, error: float = 0.0) -> tuple[float, float]:
    """How many Monte Carlo errors the sampled (chain, draw) mean and SD lie from the expected.

    error: the relative standard error of the expected figures themselves, in units of sd.
    """
    mean_error = np.hypot(azs.mcse(sampled, method="mean"), error * sd)
    sd_error = np.hypot(azs.mcse(sampled, method="sd"), error * sd / np.sqrt(2))
    return (sampled.mean() - mean) / mean_error, (sampled.std() - sd) / sd_error
