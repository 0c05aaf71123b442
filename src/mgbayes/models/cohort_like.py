"""The size and follow-up of simulated cohorts for models that only patients can feed.

Nothing that is printed enters such a model; calibration simulates cohorts as large as the study's, followed as long.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mgbayes.distributions.followup import followup_data
from mgbayes.models.evidence import Followed
from mgbayes.study.schema import DAYS_IN, Study
from mgbayes.study.time_to_event import time_to_event

_USUAL = (365.0, 1500.0, 800.0)
"""Least, mean and SD of follow-up in days, for a study that does not print it."""


def sizes_like(study: Study) -> NDArray[np.int64]:
    """Patients by arm."""
    return np.array([int(arm.n) for arm in (study.reference, study.contrast)])


def followed_like(study: Study, unit: str = "days") -> Followed:
    """Patients by arm and the distribution of their follow-up in a unit of time (see ``followup``)."""
    days = DAYS_IN.get(unit, 1.0)
    least, mean, sd = (value / days for value in _printed_days(study))
    return Followed(n=sizes_like(study), **followup_data(least, mean, sd))


def _printed_days(study: Study) -> tuple[float, float, float]:
    for endpoint in study.endpoints:
        if endpoint.times is not None and (found := time_to_event(study, endpoint)) is not None:
            followed, days = found.followup, DAYS_IN.get(endpoint.unit, 1.0)
            return float(followed.least) * days, float(followed.mean) * days, float(followed.sd) * days
    return _USUAL
