"""Follow-up of the patients, drawn from the distribution that the models of published numbers integrate over."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.random import Generator

from mgbayes.distributions.followup import draw_followup, followup_data
from mgbayes.latent_cohort.table import Column, Floats, Rows
from mgbayes.models.time_evidence import Followup

FOLLOWUP = "followup"
"""Its column."""


@dataclass(frozen=True)
class FollowUp:
    """minimum + Gamma(shape, scale), the same in both arms; with an SD of 0 the same for all."""

    column: Column
    given: Followup

    @cached_property
    def _data(self) -> Any:
        return followup_data(self.given.minimum, self.given.mean, self.given.sd)

    def draw(self, rng: Generator, size: int | tuple[int, ...]) -> Floats:
        """Follow-up of so many patients, or of an array of them."""
        return draw_followup(rng, self._data, size)

    def log_density(self, rows: Rows) -> Floats:
        """Log density up to a constant, -inf before the minimum."""
        value = rows[self.column.name]
        if self.given.sd == 0:
            return np.zeros_like(value)
        minimum, shape, scale = self._data["followup"]
        excess = (value - minimum) / scale
        inside = excess > 0
        at = np.where(inside, excess, 1.0)
        return np.where(inside, (shape - 1) * np.log(at) - at, -np.inf)
