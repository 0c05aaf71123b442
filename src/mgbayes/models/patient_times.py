"""Times of patients as evidence, padded to the larger arm."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mgbayes.models.evidence import PatientTimes

PATIENT_TIMES = ("time", "event", "present", "between", "lower", "upper")
_LEAST = 1e-6  # days; a bound on the day of treatment itself has no logarithm


def patient_times(time: Any, event: Any, present: Any, lower: Any = None, upper: Any = None) -> PatientTimes:
    """Times of patients.

    Args:
        time: (2, L) days to the event, or to the end of follow-up without it; 1 in padding.
        event: (2, L) one where the event was seen, zero without.
        present: (2, L) one for a patient, zero for padding.
        lower, upper: (2, L) bounds of the event's day, where it is known only to lie between two
            visits; equal, or left out, where the time is known.
    """
    time, event, present = (np.asarray(values, dtype=float) for values in (time, event, present))
    lower = np.maximum(time if lower is None else np.asarray(lower, dtype=float), _LEAST)
    upper = time if upper is None else np.asarray(upper, dtype=float)
    between = (event == 1) & (upper > lower)
    # Bounds that do not count are a day apart, so that the branch not taken has a gradient.
    return PatientTimes(
        time=time,
        event=event,
        present=present,
        between=between.astype(float),
        lower=np.where(between, lower, time),
        upper=np.where(between, upper, time + 1),
    )


def simulated(arms: Sequence[tuple[Any, Any, Any]]) -> PatientTimes:
    """Those of simulated patients: by arm their days to the event, whether it ever comes, and follow-up."""
    size = max(len(time) for time, _, _ in arms)
    time, event, present = np.ones((2, size)), np.zeros((2, size)), np.zeros((2, size))
    for arm, (day, ever, followed) in enumerate(arms):
        seen = ever & (day < followed)
        time[arm, : len(day)] = np.where(seen, day, followed)
        event[arm, : len(day)] = seen
        present[arm, : len(day)] = 1.0
    return patient_times(time, event, present)
