"""The size and follow-up of simulated cohorts for models that only patients can feed.

Nothing that is printed enters such a model; calibration simulates cohorts as large as the study's, followed as long.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mgbayes.models.followup import followup_data
from mgbayes.study.schema import Study
from mgbayes.study.time_to_event import time_to_event

_USUAL = (365.0, 1500.0, 800.0)
"""Least, mean and SD of follow-up in days, for a study that does not print it."""


def followed_like(study: Study) -> dict[str, NDArray[Any]]:
    """Patients by arm (``n``), and the distribution of their follow-up (see ``followup``)."""
    n = np.array([int(arm.n) for arm in (study.reference, study.contrast)])
    return {"n": n, **followup_data(*_printed(study))}


def _printed(study: Study) -> tuple[float, float, float]:
    for endpoint in study.endpoints:
        if endpoint.times is not None and (found := time_to_event(study, endpoint)) is not None:
            followed = found.followup
            return float(followed.least), float(followed.mean), float(followed.sd)
    return _USUAL
