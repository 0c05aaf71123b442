r"""Baseline covariates and gamma frailty: what sets patients of one arm apart.

Covariates are centred over the patients of a fit, numbers scaled besides, so that a coefficient is of yes against
no, or of one SD more. Data ``covariates``: (2, L, K), by arm, patient and covariate, zero in padding.
The linear predictor of patient i is

    η_i = Σ_k x_ik β_k.

**Contrasts of chances and of days** are of the whole cohort, had all been in the one arm or in the other
(standardization): the average of f(x_i) over patients of both arms. Where there are more than `POINTS` different
patients, x_i is replaced by the centre of the patients most like i (k-means): means of covariates stay exact, and
what is lost is of second order in the differences within a group of some N / `POINTS` patients.

**Frailty.** The hazard of a patient is multiplied by Z ~ Gamma with mean 1 and variance v, which is integrated over:
with the cumulative hazard H at Z = 1,

    S = (1 + v H)^(-1/v),   f = h S / (1 + v H),

which tends to exp(-H) and h exp(-H) as v falls to 0. A ratio of hazards is then between patients who are alike in Z,
too. Sources: Robins 1986, Math Modelling 7:1393 (standardization); Vaupel, Manton and Stallard 1979, Demography
16:439 (frailty).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.evidence import Times
from mgbayes.models.parameters import draw_parameter, parameter
from mgbayes.models.priors import Prior

POINTS = 100
FRAILTY = "frailty_variance"
_SIMULATED = ("yes_no", "number")


def over_time(chance: Callable[[Any], Any], grid: NDArray[np.float64], data: Times) -> Any:
    """A chance by time (..., time): time by time where it is an average over the cohort, for the sake of memory."""
    time = xr.DataArray(grid, dims="time", coords={"time": grid})
    if data.covariates is None:
        return chance(time)
    return xr.concat([chance(float(one)) for one in grid], dim=time)


def covariate_data(
    values: NDArray[np.float64], present: NDArray[Any], names: Sequence[str], labels: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """A model's data of covariates.

    Args:
        values: (2, L, K), centred and scaled; whatever in padding.
        present: (2, L) one for a patient, zero for padding.
        names, labels: of the covariates.
    """
    points, weights = _points(values[present == 1])
    return {
        "covariates": np.where(present[..., None] == 1, values, 0.0),
        "covariate_points": points,
        "covariate_weights": weights,
        "covariate_name": np.array(names),
        "covariate_label": np.array(labels),
    }


def _points(patients: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Covariates to average over, (M, K), and their weights, which sum to 1."""
    points, counts = np.unique(patients, axis=0, return_counts=True)
    if len(points) > POINTS:
        from scipy.cluster.vq import kmeans2

        _, group = kmeans2(patients, POINTS, minit="++", rng=np.random.default_rng(0))
        _, group, counts = np.unique(group, return_inverse=True, return_counts=True)
        sums = np.zeros((len(counts), patients.shape[1]))
        np.add.at(sums, group, patients)
        points = sums / counts[:, None]
    return points, counts / counts.sum()


def predictor(names: tuple[str, ...], data: Times, priors: Mapping[str, Prior]) -> tuple[Any, ...]:
    """Symbolic linear predictors (2, L), one for each vector of coefficients; zeros without covariates."""
    if data.covariates is None:
        return tuple(0.0 for _ in names)
    model = pm.modelcontext(None)
    model.add_coord("covariate", np.arange(data.covariates.shape[-1]))
    given = pm.Data("covariates", np.asarray(data.covariates, float))
    return tuple((given * parameter(name, priors, dims="covariate")).sum(axis=-1) for name in names)


def frailty(priors: Mapping[str, Prior]) -> Any:
    """The variance of the frailty, symbolic; None where the priors have none."""
    return parameter(FRAILTY, priors) if FRAILTY in priors else None


def log_survival(cumulative: Any, variance: Any) -> Any:
    """Log S, symbolic, of the cumulative hazard and the variance of the frailty."""
    return -cumulative if variance is None else -pt.log1p(variance * cumulative) / variance


def log_loss(cumulative: Any, variance: Any) -> Any:
    """What the log hazard of those still free loses, symbolic: log(1 + v H)."""
    return 0.0 if variance is None else pt.log1p(variance * cumulative)


def survival(cumulative: Any, draws: Any) -> Any:
    """S for draws, which have `FRAILTY` or have not."""
    if FRAILTY not in draws:
        return np.exp(-cumulative)
    return np.exp(-np.log1p(draws[FRAILTY] * cumulative) / draws[FRAILTY])


def cohort_predictor(name: str, draws: Any, data: Times) -> Any:
    """η of the patients to average over, (chain, draw, point); 0 where draws have no such coefficients."""
    if name not in draws:
        return 0.0
    points = xr.DataArray(data["covariate_points"], dims=("point", "covariate"))
    return xr.dot(draws[name], points, dim="covariate")


def averaged(values: Any, data: Times) -> Any:
    """The average over the cohort; values that do not vary over patients as they are."""
    if "point" not in getattr(values, "dims", ()):
        return values
    return xr.dot(values, xr.DataArray(data["covariate_weights"], dims="point"), dim="point")


def arm_predictor(name: str, draws: Any, data: Times, arm: int) -> Any:
    """η of each patient of an arm, (..., patient); 0 where draws have no such coefficients."""
    if name not in draws:
        return 0.0
    x = np.asarray(data["covariates"], float)[arm, : data["n"][arm]]
    return xr.dot(draws[name], xr.DataArray(x, dims=("patient", "covariate")), dim="covariate")


def draw_frailty(rng: Generator, draws: Any, size: Any, dims: Any) -> Any:
    """Z of each patient, 1 where draws have no variance of it."""
    if FRAILTY not in draws:
        return 1.0
    shape = (1 / draws[FRAILTY] + xr.DataArray(np.zeros(size), dims=dims)).transpose(*dims)
    return xr.DataArray(rng.gamma(shape.values), dims=dims) / shape


def prior_effects(
    rng: Generator, names: tuple[str, ...], data: Times, priors: Mapping[str, Prior], draws: int
) -> dict[str, Any]:
    """Coefficients (chain, draw, covariate) and the variance of the frailty (chain, draw), where there are priors."""
    drawn: dict[str, Any] = {}
    for name in names:
        if name in priors:
            size = (1, draws, np.shape(data["covariates"])[-1])
            drawn[name] = (("chain", "draw", "covariate"), draw_parameter(rng, name, priors, size=size))
    if FRAILTY in priors:
        drawn[FRAILTY] = (("chain", "draw"), draw_parameter(rng, FRAILTY, priors, size=(1, draws)))
    return drawn


def simulated_covariates(
    rng: Generator, names: tuple[str, ...], data: Times, priors: Mapping[str, Prior]
) -> dict[str, NDArray[Any]]:
    """Data of two made-up covariates (yes/no, number) where the priors have coefficients, and of a frailty."""
    made: dict[str, NDArray[Any]] = {"frailty": np.ones(1)} if FRAILTY in priors else {}
    if not any(name in priors for name in names):
        return made
    n = np.asarray(data["n"])
    present = np.arange(n.max()) < n[:, None]
    yes, number = rng.uniform(size=present.shape) < 0.5, rng.normal(size=present.shape)
    values = np.stack([yes - yes[present].mean(), number - number[present].mean()], axis=-1)
    return made | covariate_data(values, present, _SIMULATED, _SIMULATED)


def of_simulated(data: Times) -> dict[str, NDArray[Any]]:
    """The part of data that is of covariates and of the frailty."""
    return {name: data[name] for name in data if name.startswith(("covariate", "frailty"))}


def declared(
    estimands: tuple[Estimand, ...],
    data: Times,
    conditional: tuple[str, ...],
    of_covariates: Mapping[str, str],
) -> tuple[Estimand, ...]:
    """A model's estimands, said to be of patients alike or of the whole cohort; then a ratio for each covariate.

    Args:
        estimands: of the model without covariates.
        data: of the fit.
        conditional: those between patients who are alike.
        of_covariates: the estimand's name and label for each vector of coefficients.
    """
    adjusted = {"covariates": data.covariates, "frailty": data.frailty}
    alike = [name for name, given in adjusted.items() if given is not None]
    if not alike:
        return estimands
    whole = ", over the whole cohort" if data.covariates is not None else ""
    named = tuple(
        replace(e, label=e.label + (f", at equal {' and '.join(alike)}" if e.id in conditional else whole))
        for e in estimands
    )
    ratios = tuple(
        Estimand(f"{ratio}_{name}", f"{label}, {covariate}", "", 1.0, None, of_arms=False)
        for ratio, label in of_covariates.items()
        for name, covariate in _named(data)
    )
    variance = Estimand(FRAILTY, "variance of the frailty", "", 0.0, None, of_arms=False)
    return (*named, *ratios, *([variance] if data.frailty is not None else []))


def _named(data: Times) -> Iterator[tuple[str, str]]:
    """The covariates with their labels."""
    if data.covariate_name is not None and data.covariate_label is not None:
        yield from zip(data.covariate_name, data.covariate_label, strict=True)


def estimands(draws: xr.Dataset, data: Times, ratios: Mapping[str, str]) -> dict[str, Any]:
    """exp(β) of each covariate, by the name of the ratio and its coefficients; and the variance of the frailty."""
    found = {
        f"{ratio}_{name}": np.exp(draws[coefficients].isel(covariate=k, drop=True))
        for ratio, coefficients in ratios.items()
        if coefficients in draws
        for k, name in enumerate(data["covariate_name"])
    }
    return found | ({FRAILTY: draws[FRAILTY]} if FRAILTY in draws else {})
