"""Kaplan and Meier's curve S of each group: its median, time free of the event up to a horizon, the share free then.

μ(τ) = ∫ S over [0, τ], with variance Σ A² / (Y (Y - 1)) over the events, Y the patients of the group still at risk
and A the area under S from the event to τ; S(τ)² Σ 1 / (Y (Y - 1)) by Greenwood. (Events at the same time are taken
one after the other, which changes neither.) No proportional hazards are needed (Royston and Parmar 2013, BMC Med
Res Methodol 13:152).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mgbayes.frequentist.result import Result
from mgbayes.frequentist.samples import Floats, FollowUp
from mgbayes.frequentist.wald import wald

_NOISE = 1e-10


def median_time(time: Floats, event: np.ndarray) -> float:
    """The first time at which S reaches ½; infinite where it does not.

    Where S is ½ until the next event, it lies halfway (as in R's survfit).
    """
    if not event.any():
        return float("inf")
    from statsmodels.duration.survfunc import SurvfuncRight

    curve = SurvfuncRight(time, event.astype(int))
    reached = np.flatnonzero(curve.surv_prob <= 0.5 + _NOISE)
    if not len(reached):
        return float("inf")
    first, last = reached[0], len(curve.surv_times) - 1
    halfway = curve.surv_prob[first] >= 0.5 - _NOISE and first < last
    return float(curve.surv_times[first : first + 2].mean() if halfway else curve.surv_times[first])


@dataclass(frozen=True)
class AtHorizon:
    """S and μ of one group at the horizon with their variances, (...,)."""

    survival: Floats
    survival_variance: Floats
    mean: Floats
    mean_variance: Floats


def restricted_mean(data: FollowUp, horizon: Any) -> Result:
    """μ of the contrast group less that of the reference group."""
    one, other = (at_horizon(data, contrast, horizon) for contrast in (True, False))
    difference, error = one.mean - other.mean, np.sqrt(one.mean_variance + other.mean_variance)
    result = wald("restricted mean difference", difference, error)
    return replace(result, side=-result.side)


def survival(data: FollowUp, horizon: Any) -> Result:
    """S of the contrast group at the horizon less that of the reference group."""
    one, other = (at_horizon(data, contrast, horizon) for contrast in (True, False))
    error = np.sqrt(one.survival_variance + other.survival_variance)
    result = wald("survival difference", one.survival - other.survival, error)
    return replace(result, side=-result.side)


def last_followed(data: FollowUp) -> Floats:
    """The last time until which both groups are followed."""
    ends = (np.where(rows, data.time, -np.inf).max(axis=-1) for rows in (data.contrast, ~data.contrast))
    return np.minimum(*ends)


def at_horizon(data: FollowUp, contrast: bool, horizon: Any) -> AtHorizon:
    """Of the contrast or the reference group."""
    sets, horizon = data.risk_sets, np.asarray(horizon, float)[..., None]
    mine = sets.contrast == contrast
    at_risk = np.cumsum(mine[..., ::-1], axis=-1)[..., ::-1]
    time = np.minimum(sets.time, horizon)
    died = sets.event & mine & (sets.time <= horizon)
    with np.errstate(divide="ignore", invalid="ignore"):
        after = np.cumprod(np.where(died, 1 - 1 / at_risk, 1.0), axis=-1)
        greenwood = np.where(died & (at_risk > 1), 1 / (at_risk * (at_risk - 1.0)), 0.0)
    until = np.concatenate([np.diff(time, axis=-1), horizon - time[..., -1:]], axis=-1)
    area = np.cumsum((after * until)[..., ::-1], axis=-1)[..., ::-1]
    variance = after[..., -1] ** 2 * greenwood.sum(axis=-1)
    return AtHorizon(
        after[..., -1], variance, time[..., 0] + area[..., 0], (area**2 * greenwood).sum(axis=-1)
    )
