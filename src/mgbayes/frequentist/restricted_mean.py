"""The difference of restricted mean times: days free of the event up to a horizon.

μ(τ) = ∫ S over [0, τ], with variance Σ A_i² d_i / (Y_i (Y_i - d_i)), A_i the area under S from t_i to τ. τ
is the last time until which both groups are followed. No proportional hazards are needed (Royston and
Parmar 2013).
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from mgbayes.frequentist.kaplan_meier import kaplan_meier
from mgbayes.frequentist.result import LEVEL, Estimate, Outcome
from mgbayes.frequentist.samples import FollowUp

_HORIZON = "the end of the shorter follow-up of the two groups"
"""Its length is one patient's, so it is said in words."""


def restricted_mean(time: np.ndarray, event: np.ndarray, horizon: float) -> tuple[float, float]:
    """μ(horizon) of one group and its standard error."""
    curve = kaplan_meier(time, event)
    seen = curve.time < horizon
    times, at_risk = curve.time[seen], curve.at_risk[seen]
    survival = np.concatenate([[1.0], curve.survival[seen]])
    areas = survival * np.diff(np.concatenate([[0.0], times, [horizon]]))
    died = at_risk * (1 - survival[1:] / survival[:-1])
    left = at_risk - died
    after = np.cumsum(areas[::-1])[::-1][1:]
    terms = np.divide(after**2 * died, at_risk * left, out=np.zeros_like(after), where=left > 1e-9)
    return float(areas.sum()), sqrt(float(terms.sum()))


def restricted_mean_difference(data: FollowUp) -> Outcome:
    """μ of the contrast less that of the reference; normal test and interval."""
    from scipy.special import ndtr, ndtri

    groups = [(data.time[rows], data.event[rows]) for rows in (data.contrast, ~data.contrast)]
    horizon = min(float(time.max()) for time, _ in groups)
    (one, one_error), (other, other_error) = (restricted_mean(*group, horizon) for group in groups)
    error = sqrt(one_error**2 + other_error**2)
    if error == 0:
        return Outcome(None, note=f"no event up to {_HORIZON}")
    z, reach = (one - other) / error, float(ndtri((1 + LEVEL) / 2)) * error
    difference = Estimate(
        "restricted mean difference", one - other, one - other - reach, one - other + reach, "Wald"
    )
    return Outcome(float(2 * ndtr(-abs(z))), z, "z", difference, f"up to {_HORIZON}")
