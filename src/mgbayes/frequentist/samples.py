"""The three shapes in which values reach a test; leading dimensions are of data sets, the last one of patients."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TwoGroups:
    """Values of two groups of patients: (..., m) and (..., n). Exposure is each patient's follow-up."""

    reference: Floats
    contrast: Floats
    exposure_reference: Floats | None = None
    exposure_contrast: Floats | None = None

    @property
    def pooled(self) -> Floats:
        """All values, the reference first: (..., m + n)."""
        return np.concatenate([self.reference, self.contrast], axis=-1)

    @property
    def sizes(self) -> tuple[int, int]:
        """m and n."""
        return self.reference.shape[-1], self.contrast.shape[-1]

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
    """Values of the same patients at two visits: (..., n) each."""

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
    """Times to an event or to the end of follow-up; event and membership are boolean. (..., n) each."""

    time: Floats
    event: NDArray[np.bool_]
    contrast: NDArray[np.bool_]

    @cached_property
    def risk_sets(self) -> RiskSets:
        """The same patients in the order of their times."""
        time, event, contrast = np.broadcast_arrays(self.time, self.event, self.contrast)
        order = np.lexsort((~event, time), axis=-1)
        ordered = (np.take_along_axis(values, order, axis=-1) for values in (time, event, contrast))
        return RiskSets(order, *ordered)


@dataclass(frozen=True)
class RiskSets:
    """Patients in the order of their times, events before those censored at the same time; (..., n) each."""

    order: NDArray[np.int64]
    time: Floats
    event: NDArray[np.bool_]
    contrast: NDArray[np.bool_]

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """The place of the first patient of the same time."""
        return _first_alike(self.time)

    @cached_property
    def last(self) -> NDArray[np.int64]:
        """The place of the last one."""
        return self.time.shape[-1] - 1 - _first_alike(self.time[..., ::-1])[..., ::-1]

    @cached_property
    def at_risk(self) -> Floats:
        """Patients whose time is not before this one."""
        return (self.time.shape[-1] - self.first).astype(float)

    @cached_property
    def of_contrast(self) -> Floats:
        """Those of the contrast group among them."""
        later = np.cumsum(self.contrast[..., ::-1], axis=-1)[..., ::-1]
        return np.take_along_axis(later, self.first, axis=-1).astype(float)

    @cached_property
    def tied(self) -> Floats:
        """Events at this time."""
        return self._at_this_time(self.event)

    @cached_property
    def tied_of_contrast(self) -> Floats:
        """Those of the contrast group among them."""
        return self._at_this_time(self.event & self.contrast)

    def _at_this_time(self, counted: NDArray[np.bool_]) -> Floats:
        until = np.cumsum(counted, axis=-1)
        before = np.take_along_axis(until - counted, self.first, axis=-1)
        return (np.take_along_axis(until, self.last, axis=-1) - before).astype(float)


def _first_alike(ordered: Floats) -> NDArray[np.int64]:
    """The place of the first of the neighbours that are the same."""
    new = np.ones(ordered.shape, bool)
    new[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    return np.maximum.accumulate(np.where(new, np.arange(new.shape[-1]), 0), axis=-1)


def as_two_groups(pairs: Pairs) -> TwoGroups:
    """The two visits as if they were two groups of patients, which they are not."""
    return TwoGroups(pairs.first, pairs.later)


def among_those_with_event(follow_up: FollowUp) -> TwoGroups:
    """The times of the patients who had the event."""
    time, event, contrast = follow_up.time, follow_up.event, follow_up.contrast
    return TwoGroups(time[event & ~contrast], time[event & contrast])
