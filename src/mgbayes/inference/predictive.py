"""What a model would expect to be printed, before and after the data, and its curves in bands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.models.curve import Curve
from mgbayes.models.evidence import Evidence
from mgbayes.models.model import Model, PrintedQuantity
from mgbayes.models.priors import Prior

_LEVELS = (0.025, 0.5, 0.975)
_BANDS = (0.025, 0.25, 0.5, 0.75, 0.975)
PRIOR_DRAWS = 2000
_FEWEST = 3
_POSTERIOR_DRAWS = 4000
_PATIENTS_DRAWN = 2_000_000  # from which on a registry takes fewer draws, but not fewer than
_FEWEST_DRAWS = 1000
_CURVE_DRAWS = 2000


@dataclass(frozen=True)
class PredictiveCheck:
    """One printed number beside what the model would expect to be printed, before and after the data."""

    quantity: str
    arm: str
    unit: str
    printed: float
    prior: tuple[float, float, float]
    posterior: tuple[float, float, float]

    @property
    def inside(self) -> bool:
        """Whether the printed number lies in the central 95 % of the posterior predictive distribution."""
        return self.posterior[0] <= self.printed <= self.posterior[2]


def predictive_checks(
    module: Model,
    rng: np.random.Generator,
    posterior: xr.Dataset,
    data: Evidence,
    family: str,
    priors: Mapping[str, Prior],
) -> tuple[PredictiveCheck, ...]:
    """Each printed number that the model predicts, with its prior and posterior predictive quantiles.

    Of patients, these are the numbers that would be printed of them, but for times of fewer than three of a group:
    the mean and SD of two times are the two times.
    """
    most = _most_draws(data)
    after = module.predict(rng, thin(posterior, min(most, _POSTERIOR_DRAWS)), data, family)
    drawn = module.prior_draws(rng, data, family, priors, min(most, PRIOR_DRAWS))
    before = module.predict(rng, drawn, data, family)
    return tuple(
        PredictiveCheck(
            printed.label,
            printed.arm,
            printed.unit,
            printed.value,
            _quantiles(_replicates(before, printed)),
            _quantiles(_replicates(after, printed)),
        )
        for printed in module.printed_quantities(data)
        if data.row is None or not _of_few(printed, data)
    )


def _most_draws(data: Evidence) -> int:
    """How many cohorts like this one can be drawn in reasonable time and memory."""
    return 10**9 if data.row is None else max(_FEWEST_DRAWS, _PATIENTS_DRAWN // max(1, data.patients_used))


def _of_few(printed: PrintedQuantity, data: Evidence) -> bool:
    """Whether a mean or SD of times is of so few that it tells them."""
    if not printed.variable.startswith("time_"):
        return False
    events = (
        data["events"] if len(data["time_mean"]) == len(data["events"]) else data["events"].sum(keepdims=True)
    )
    return bool(events[printed.index] < _FEWEST)


def _replicates(replicated: xr.Dataset, printed: PrintedQuantity) -> np.ndarray:
    """What would be printed in the place of one printed number, (draws,)."""
    values = replicated[printed.variable].transpose("chain", "draw", ...).to_numpy()
    # A number of both arms together has no axis of its own in the replicates.
    if values.ndim == 2:
        return values.ravel()
    index: Any = (slice(None), *printed.index)
    return values.reshape(-1, *values.shape[2:])[index]


def thin(posterior: xr.Dataset, draws: int) -> xr.Dataset:
    """About this many draws, evenly spaced."""
    step = max(1, posterior.sizes["chain"] * posterior.sizes["draw"] // draws)
    return posterior.isel(draw=slice(None, None, step))


def _quantiles(values: np.ndarray) -> tuple[float, float, float]:
    """Central 95 % and median of what can be printed (a mean of nobody cannot)."""
    low, middle, high = np.nanquantile(values, _LEVELS)
    return float(low), float(middle), float(high)


def curve_bands(
    module: Model, posterior: xr.Dataset, data: Evidence, family: str, curve: Curve
) -> xr.Dataset:
    """Quantiles (level, arm, grid) of a model's curve."""
    values = module.curves(thin(posterior, _CURVE_DRAWS), data, family, np.array(curve.grid))[curve.variable]
    quantiles = values.transpose("chain", "draw", "arm", curve.over).quantile(_BANDS, dim=("chain", "draw"))
    return xr.Dataset({"band": quantiles.rename(quantile="level") * curve.scale})


def prior_bands(
    module: Model,
    rng: np.random.Generator,
    data: Evidence,
    family: str,
    priors: Mapping[str, Prior],
    curve: Curve,
) -> xr.Dataset:
    """Quantiles (level, arm, grid) of a model's curve before any data."""
    drawn = module.prior_draws(rng, data, family, priors, PRIOR_DRAWS)
    return curve_bands(module, drawn, data, family, curve)
