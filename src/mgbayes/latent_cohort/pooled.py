"""Means of arms at one or several visits, whose effects are partially pooled (models/continuous.py).

The effect at a visit is the common one plus its SD over visits times a deviation ~ Normal(0, 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from mgbayes.latent_cohort.parameters import Parameter, Values
from mgbayes.latent_cohort.table import Floats
from mgbayes.models.arms import ARM
from mgbayes.models.priors import Prior

_HALF = np.array([-0.5, 0.5])


@dataclass(frozen=True)
class Pooled:
    """The names of a level and an effect, and the names of visits."""

    level: str
    effect: str
    visits: tuple[str, ...]

    def parameters(self, prior: Callable[[str], Prior]) -> tuple[Parameter, ...]:
        """A level for each visit and the effect; with several visits their SD and deviations."""
        v = len(self.visits)
        found = (Parameter(self.level, prior(self.level), (v,)), Parameter(self.effect, prior(self.effect)))
        if v == 1:
            return found
        several = f"{self.effect}_sd"
        return (
            *found,
            Parameter(several, prior(several)),
            Parameter("deviation", Prior("normal", (0.0, 1.0), "of one SD"), (v,)),
        )

    @property
    def dims(self) -> dict[str, tuple[str, ...]]:
        """Of its parameters, besides chain and draw."""
        return {self.level: ("visit",), "deviation": ("visit",)}

    def means(self, values: Values) -> Floats:
        """level ± effect / 2 by arm and visit, (K, arm, visit)."""
        effect = values[self.effect][:, None]
        if "deviation" in values:
            effect = effect + values[f"{self.effect}_sd"][:, None] * values["deviation"]
        return np.asarray(values[self.level][:, None] + _HALF[:, None] * effect[:, None])

    def of_draws(self, draws: xr.Dataset) -> tuple[xr.Dataset, xr.DataArray]:
        """The draws with the names of arms and visits, and the same means (chain, draw, arm, visit)."""
        draws = draws.assign_coords(arm=ARM["arm"], visit=list(self.visits))
        effect = draws[self.effect]
        if "deviation" in draws:
            effect = effect + draws[f"{self.effect}_sd"] * draws["deviation"]
        half = xr.DataArray(_HALF, dims="arm", coords={"arm": ARM["arm"]})
        return draws, (draws[self.level] + half * effect).transpose("chain", "draw", "arm", "visit")
