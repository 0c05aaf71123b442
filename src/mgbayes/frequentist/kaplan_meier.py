"""The median time to an event by Kaplan and Meier's estimate."""

from __future__ import annotations

import numpy as np

from mgbayes.frequentist.samples import Floats

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
