"""A synthetic cohort: values by endpoint and visit, before they become columns of a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mgbayes.study.schema import Study

Floats = NDArray[np.float64]
Place = tuple[str, str | None]
"""An endpoint or covariate by its id, and the visit where it has visits."""


@dataclass(frozen=True)
class Times:
    """Who had an event (1 or 0), and the day of it, NaN where there is none; both (patients,)."""

    event: Floats
    day: Floats


@dataclass(frozen=True)
class Cohort:
    """Values (patients,) of a cohort whose patients stand arm by arm, the reference arm first.

    ``followup`` is in days, None where nothing is published about it. What is neither published nor
    implied by a model is missing: its cells stay empty.
    """

    sizes: tuple[int, int]
    values: Mapping[Place, Floats] = field(default_factory=dict)
    times: Mapping[str, Times] = field(default_factory=dict)
    followup: Floats | None = None

    @property
    def n(self) -> int:
        """Patients of both arms."""
        return sum(self.sizes)

    @property
    def contrast(self) -> NDArray[np.bool_]:
        """Who is in the contrast arm."""
        return np.arange(self.n) >= self.sizes[0]

    def arms(self, study: Study) -> list[str]:
        """The arm of each patient."""
        return [study.contrast.id if other else study.reference.id for other in self.contrast]
