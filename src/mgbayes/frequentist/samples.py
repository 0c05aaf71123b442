"""The three shapes in which patient rows reach a test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TwoGroups:
    """Values of two groups of patients: shapes (m,) and (n,). Exposure is each patient's follow-up."""

    reference: Floats
    contrast: Floats
    exposure_reference: Floats | None = None
    exposure_contrast: Floats | None = None

    @property
    def pooled(self) -> Floats:
        """All values, the reference first: shape (m + n,)."""
        return np.concatenate([self.reference, self.contrast])

    @property
    def sizes(self) -> tuple[int, int]:
        """m and n."""
        return len(self.reference), len(self.contrast)

    @property
    def patients(self) -> int:
        """m + n."""
        return sum(self.sizes)

    @property
    def has_exposure(self) -> bool:
        """Whether the follow-up of each patient is known."""
        return self.exposure_reference is not None

    @property
    def exposures(self) -> tuple[Floats, Floats]:
        """Follow-up of each patient; 1 for each where none is known."""
        m, n = self.sizes
        one = np.ones(m) if self.exposure_reference is None else self.exposure_reference
        other = np.ones(n) if self.exposure_contrast is None else self.exposure_contrast
        return one, other


@dataclass(frozen=True)
class Pairs:
    """Values of the same patients at two visits: shape (n,) each."""

    first: Floats
    later: Floats
    exposure_first: Floats | None = None
    exposure_later: Floats | None = None

    @property
    def change(self) -> Floats:
        """Later less first; of the rates, where the length of both periods is known."""
        if self.exposure_first is None or self.exposure_later is None:
            return self.later - self.first
        return self.later / self.exposure_later - self.first / self.exposure_first


@dataclass(frozen=True)
class FollowUp:
    """Times to an event or to the end of follow-up; event and membership are boolean. Shape (n,) each."""

    time: Floats
    event: NDArray[np.bool_]
    contrast: NDArray[np.bool_]


def as_two_groups(pairs: Pairs) -> TwoGroups:
    """The two visits as if they were two groups of patients, which they are not."""
    return TwoGroups(pairs.first, pairs.later)


def among_those_with_event(follow_up: FollowUp) -> TwoGroups:
    """The times of the patients who had the event."""
    time, event, contrast = follow_up.time, follow_up.event, follow_up.contrast
    return TwoGroups(time[event & ~contrast], time[event & contrast])
