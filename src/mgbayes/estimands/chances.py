"""The posterior of each arm's chance of an event, in quantiles."""

from __future__ import annotations

import numpy as np
import xarray as xr

QUANTILES = {"low": 0.025, "lower_quartile": 0.25, "median": 0.5, "upper_quartile": 0.75, "high": 0.975}


def chance_quantiles(posterior: xr.Dataset) -> np.ndarray:
    """Quantiles of the variable ``chance`` over its draws, in percent, (endpoint, arm, quantile)."""
    chance = posterior["chance"].quantile(list(QUANTILES.values()), ["chain", "draw"])
    return 100 * chance.transpose("endpoint", "arm", "quantile").to_numpy()
