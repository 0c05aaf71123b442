"""Follow-up of the patients, drawn from the distribution that the models of published numbers integrate over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from mgbayes.latent_cohort.table import Column, Floats, Rows


@dataclass(frozen=True)
class FollowUp:
    """minimum + Gamma(shape, scale), the same in both arms; with a scale of 0 the same for all."""

    column: Column
    minimum: float
    shape: float
    scale: float

    @property
    def mean(self) -> float:
        """Its mean."""
        return self.minimum + self.shape * self.scale

    def draw(self, rng: Generator, n: int) -> Floats:
        """Follow-up of n patients."""
        return self.minimum + rng.gamma(self.shape, self.scale, n)

    def log_density(self, rows: Rows) -> Floats:
        """Log density up to a constant, -inf before the minimum."""
        if self.scale == 0:
            return np.zeros_like(rows[self.column.name])
        excess = (rows[self.column.name] - self.minimum) / self.scale
        inside = excess > 0
        at = np.where(inside, excess, 1.0)
        return np.where(inside, (self.shape - 1) * np.log(at) - at, -np.inf)
