"""A model with a known posterior: ten values with mean θ and SD 1, of which the mean is published.

θ ~ Normal(0, 1) and the mean of ten is m, so θ | m ~ Normal(10 m / 11, 1 / √11).
"""

import numpy as np
import pymc as pm
import xarray as xr

from mgbayes.calibrate.sbc import Data, Fit, Refit
from mgbayes.estimands.estimand import Estimand
from mgbayes.models.priors import Prior

PRIORS = {"theta": Prior("normal", (0.0, 1.0), "a toy")}
TEMPLATE = {"m": np.array(0.0)}


def declared(data: Data) -> tuple[Estimand, ...]:
    return (Estimand("theta", "mean", "", 0.0, "higher"),)


def build(data: Data, family: str, priors: dict[str, Prior]) -> pm.Model:
    with pm.Model() as model:
        prior = pm.Data("prior_theta", np.array(priors["theta"].values))
        theta = pm.Normal("theta", prior[0], prior[1])
        pm.Normal("mean", theta, 1 / np.sqrt(10), observed=pm.Data("m", data["m"]))
    return model


def simulate(
    rng: np.random.Generator, data: Data, family: str, priors: dict[str, Prior]
) -> tuple[dict[str, float], Data]:
    theta = float(rng.normal(*priors["theta"].values))
    return {"theta": theta}, {"m": np.array(rng.normal(theta, 1, 10).mean())}


def estimands(draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
    return draws[["theta"]]


def exact(shift: float, stretch: float, model: pm.Model, draws: int, chains: int) -> Refit:
    """The exact posterior, shifted by a part of its SD and stretched."""

    def refit(data: Data, seed: int, *, careful: bool = False) -> Fit:
        z = np.random.default_rng(seed).standard_normal((chains, draws))
        theta = data["m"] * 10 / 11 + (shift + stretch * z) / np.sqrt(11)
        return Fit(xr.Dataset({"theta": (("chain", "draw"), theta)}), 0)

    return refit


def troubled(model: pm.Model, draws: int, chains: int) -> Refit:
    """Diverges where the mean is above 1, breaks where it is below -1.5."""
    right = exact(0, 1, model, draws, chains)

    def refit(data: Data, seed: int, *, careful: bool = False) -> Fit:
        if data["m"] < -1.5:
            raise FloatingPointError("bad initial energy")
        return Fit(right(data, seed).draws, 3 if data["m"] > 1 else 0)

    return refit


def troubled_once(model: pm.Model, draws: int, chains: int) -> Refit:
    """Diverges at the first try, and is right at the second."""
    right = exact(0, 1, model, draws, chains)

    def refit(data: Data, seed: int, *, careful: bool = False) -> Fit:
        return Fit(right(data, seed).draws, 0 if careful else 1)

    return refit
