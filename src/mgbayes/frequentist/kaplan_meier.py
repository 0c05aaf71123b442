"""Kaplan and Meier's estimate of the chance to be free of an event.

S(t) = Π over event times t_i <= t of (1 - d_i / Y_i), Greenwood's standard error, and the limits S^exp(± z
se / (S log S)), which suit small samples (Borgan and Liestøl 1990). The median is the first time at which S
reaches ½; where S is ½ until the next event, it lies halfway (as in R's survfit). Its limits are where the
limits of S reach ½.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mgbayes.frequentist.result import LEVEL, Estimate
from mgbayes.frequentist.samples import Floats


@dataclass(frozen=True)
class Curve:
    """S at each event time with its standard error and limits: shape (event times,)."""

    patients: int
    events: int
    time: Floats
    at_risk: Floats
    survival: Floats
    error: Floats
    low: Floats
    high: Floats

    @property
    def median(self) -> Estimate:
        """The median time; infinite where S does not reach ½."""
        centre, low, high = (_half(self.time, s) for s in (self.survival, self.low, self.high))
        return Estimate("median time", centre, low, high, "log-log (Kaplan-Meier)")

    def to_json(self) -> dict[str, Any]:
        """The form for machines; a limit that does not exist (S of 0) is null."""
        columns = {
            name: [None if np.isnan(x) else float(x) for x in getattr(self, name)]
            for name in ("time", "at_risk", "survival", "low", "high")
        }
        return {"patients": self.patients, "events": self.events, "median": self.median.to_json()} | columns


def kaplan_meier(time: Floats, event: np.ndarray) -> Curve:
    """The curve of one group (statsmodels); without an event it has no point."""
    if not event.any():
        empty = np.empty(0)
        return Curve(len(time), 0, empty, empty, empty, empty, empty, empty)
    from statsmodels.duration.survfunc import SurvfuncRight

    fit = SurvfuncRight(time, event.astype(int))
    survival, error = np.asarray(fit.surv_prob, float), np.asarray(fit.surv_prob_se, float)
    low, high = log_log_limits(survival, error)
    return Curve(
        len(time), int(event.sum()), np.asarray(fit.surv_times, float), np.asarray(fit.n_risk, float), survival,
        error, low, high,
    )  # fmt: skip


def log_log_limits(survival: Floats, error: Floats) -> tuple[Floats, Floats]:
    """S^exp(± z se / (S log S)); NaN where S is 0 and has no limits on this scale."""
    from scipy.special import ndtri

    z = ndtri((1 + LEVEL) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        width = z * error / np.abs(survival * np.log(survival))
        low, high = survival ** np.exp(width), survival ** np.exp(-width)
    zero = survival <= 0
    return np.where(zero, np.nan, low), np.where(zero, np.nan, high)


def _half(time: Floats, curve: Floats) -> float:
    reached = np.flatnonzero(curve <= 0.5 + 1e-10)
    if not len(reached):
        return float("inf")
    first = reached[0]
    if abs(curve[first] - 0.5) <= 1e-10 and first + 1 < len(time):
        return float(time[first] + time[first + 1]) / 2
    return float(time[first])
