"""A model that is calibrated on patients: the same priors and estimands, and data patient by patient."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.priors import Prior

Data = dict[str, np.ndarray]


class OnPatients:
    """A model with simulated patients in place of simulated summaries, of cohorts like the published one."""

    def __init__(self, model: Any, published: Data) -> None:
        self.__name__ = f"{getattr(model, '__name__', type(model).__name__)} on patients"
        self._model, self._published = model, published

    def template(self, family: str, priors: dict[str, Prior]) -> Data:
        """Data of the right shapes."""
        return self.simulate(np.random.default_rng(0), {}, family, priors)[1]

    def declared(self, data: Data) -> tuple[Estimand, ...]:
        """The estimands that are ranked."""
        declared: tuple[Estimand, ...] = self._model.declared(data)
        return declared

    def build(self, data: Data, family: str, priors: dict[str, Prior]) -> Any:
        """Build the PyMC model."""
        return self._model.build(data, family, priors)

    def simulate(
        self, rng: np.random.Generator, data: Data, family: str, priors: dict[str, Prior]
    ) -> tuple[dict[str, Any], Data]:
        """Draw parameters and patients."""
        drawn: tuple[dict[str, Any], Data] = self._model.simulate_patients(
            rng, self._published, family, priors
        )
        return drawn

    def estimands(self, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
        """Turn draws into contrasts."""
        contrasts: xr.Dataset = self._model.estimands(draws, data, family)
        return contrasts
