"""Times of patients as evidence, padded to the larger arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from mgbayes.distributions.followup import followup_data
from mgbayes.models.arms import arms_of, padded, places
from mgbayes.models.cohort import printed
from mgbayes.models.evidence import PatientTimes
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.study.schema import DAYS_IN, Endpoint, Kind, Study

PATIENT_TIMES = ("time", "event", "present", "between", "lower", "upper")
_LEAST = 1e-6  # days; a bound on the day of treatment itself has no logarithm
_DAY_OF_TREATMENT = 0.5  # days
_NEVER_LOST = 100.0  # times the longest time: follow-up where every patient has the event


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


def times_of(study: Study, plan: Plan, rows: PatientRows) -> PatientTimes:
    """Times to a plan's endpoint, in its unit, with their summaries in each arm. Raises NotPrinted."""
    endpoint = study.endpoint(plan.endpoints[0].endpoint)
    if endpoint.kind is not Kind.time_to_event or not rows.has(endpoint):
        raise NotPrinted(endpoint.id, "times and events of patients")
    columns = time_columns(rows, endpoint)
    arms = [arm & columns["known"] for arm in arms_of(rows)]
    if not all(arm.any() for arm in arms):
        raise NotPrinted(endpoint.id, "times and events of patients in both arms")
    times = placed(columns, arms)
    seen, present = times.event == 1, times.present == 1
    summary = printed(times.time, seen)
    return times | {
        "row": places(rows, arms),
        "n": np.array([int(arm.sum()) for arm in arms]),
        "events": summary.events,
        "time_mean": np.nan_to_num(summary.mean, nan=1.0),
        "time_sd": np.nan_to_num(summary.sd, nan=1.0),
        **followed(times.time[present], seen[present]),
    }


def time_columns(rows: PatientRows, endpoint: Endpoint) -> dict[str, np.ndarray]:
    """Time, event and bounds of every patient, and whether they are known."""
    time, event, lower, upper = (
        rows.data[f"{endpoint.id}.{part}"].to_numpy().astype(float)
        for part in ("time", "event", "lower", "upper")
    )
    known = np.isfinite(time) & np.isfinite(event)
    event = np.where(known, event, 0.0)
    # An event that counts only after a waiting time was looked for so much less long.
    time = np.where(event == 1, time, time - float(endpoint.confirmed_after or 0))
    # An event on the day of treatment comes half a day after it.
    soonest = _DAY_OF_TREATMENT / DAYS_IN.get(endpoint.unit, 1.0)
    time = np.where(known, np.maximum(time, soonest), 1.0)
    bounded = known & (lower != upper) & (event == 1)
    lower, upper = np.where(bounded, lower, time), np.where(bounded, upper, time)
    return {"time": time, "event": event, "lower": lower, "upper": upper, "known": known}


def placed(columns: Mapping[str, np.ndarray], arms: Sequence[np.ndarray]) -> PatientTimes:
    """The times of one outcome in the places of the patients of both arms."""
    present = padded([columns["known"][arm].astype(float) for arm in arms], 0.0)
    time, event, lower, upper = (
        padded([columns[part][arm] for arm in arms], 1.0 if part != "event" else 0.0)
        for part in ("time", "event", "lower", "upper")
    )
    return patient_times(time, event, present, lower, upper)


def followed(time: np.ndarray, event: np.ndarray) -> dict[str, np.ndarray]:
    """A gamma for follow-up, by maximum likelihood: a patient with the event was followed beyond it.

    Where all without the event were followed alike, so were all.
    """
    if event.all():
        return followup_data(0.0, _NEVER_LOST * float(time.max()), float(time.max()))
    ends = np.unique(time[~event])
    if len(ends) < 2:
        longest = float(max(ends[0], time.max()))
        return followup_data(longest, longest, 0.0)
    shape, _, scale = stats.gamma.fit(stats.CensoredData.right_censored(time, event), floc=0)
    return followup_data(0.0, shape * scale, float(np.sqrt(shape)) * scale)
