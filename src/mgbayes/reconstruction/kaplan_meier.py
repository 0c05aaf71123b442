"""The Kaplan-Meier curve of patients, and how far it is from a digitized one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgbayes.reconstruction.digitized import DigitizedCurve


@dataclass(frozen=True)
class Steps:
    """A step function that is 1 before its first drop: survival from each time on."""

    times: np.ndarray
    survival: np.ndarray

    def at(self, time: np.ndarray) -> np.ndarray:
        """Survival at a time, a drop at that very time included."""
        return self._after(np.searchsorted(self.times, time, side="right"))

    def before(self, time: np.ndarray) -> np.ndarray:
        """Survival just before a time."""
        return self._after(np.searchsorted(self.times, time, side="left"))

    def _after(self, drops: np.ndarray) -> np.ndarray:
        return np.concatenate([[1.0], self.survival])[drops]

    def quantile(self, left: float = 0.5) -> float:
        """The first time at which no more than a share is left; infinite when more than that is left."""
        low = np.flatnonzero(self.survival <= left + 1e-9)
        return float(self.times[low[0]]) if low.size else float("inf")


def kaplan_meier(time: np.ndarray, event: np.ndarray) -> Steps:
    """S(t) = Π over event times up to t of (1 - d / n), n patients at risk and d events at each.

    A patient censored at the time of an event is at risk for it (Kaplan and Meier 1958).
    """
    when, deaths = np.unique(time[event.astype(bool)], return_counts=True)
    at_risk = len(time) - np.searchsorted(np.sort(time), when, side="left")
    return Steps(when, np.cumprod(1 - deaths / at_risk))


def deviation(steps: Steps, curve: DigitizedCurve) -> float:
    """The largest vertical distance of a digitized point from the curve, over the time error either way.

    A point on the vertical line of a drop has no distance from it.
    """
    times, survival = curve.points.times, curve.points.values
    slack = curve.time_error * (1 + 1e-9)
    above, below = steps.before(times - slack), steps.at(times + slack)
    return float(np.maximum(0.0, np.maximum(survival - above, below - survival)).max())
