"""What the models take from patients: the same plans, with outcomes observed instead of latent.

Beside the patients' own values stand the summaries that a paper would have printed of them, so that a fitted model
is held against the same numbers either way. A patient counts for an outcome whose values are not missing; ``row``
is the patient's place in the spreadsheet, for those who influence a fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import xarray as xr

from mgbayes.inference.covariates import covariates_of
from mgbayes.models.catalogue import MODELS
from mgbayes.models.cohort import printed
from mgbayes.models.evidence import (
    Evidence,
    PatientClasses,
    PatientCounts,
    PatientOutcomes,
    PatientTimes,
    PatientValues,
    YesNo,
)
from mgbayes.models.patient_times import patient_times
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.study.schema import DAYS_IN, Endpoint, Kind, Study

_DAY_OF_TREATMENT = 0.5  # days
_NEVER_LOST = 100.0  # times the longest time: follow-up where every patient has the event


def has_model(model: str) -> bool:
    """Whether a model takes patients."""
    return model in _EVIDENCE


def from_patients(
    study: Study,
    plan: Plan,
    patients: xr.Dataset,
    adjusted: tuple[str, ...] = (),
    family: str | None = None,
) -> Evidence:
    """What a plan's model takes, with what a fit is ``adjusted`` for, and as a family can hold them.

    Raises NotPrinted when the spreadsheet lacks what it needs, InputError for a covariate that nobody knows.
    """
    if not has_model(plan.model):
        raise NotPrinted(plan.endpoints[0].endpoint, "a model that takes patients")
    evidence = _EVIDENCE[plan.model]
    if "covariates" not in adjusted:
        found = evidence(study, plan, PatientRows(study, patients))
    else:
        covariates = covariates_of(study, plan, patients)
        found = evidence(study, plan, PatientRows(study, covariates.complete(patients)))
        found |= covariates.data(found["row"], found["present"])
    if isinstance(found, PatientValues) and (family or plan.family) not in _with_zeros(plan):
        return _held_by_every_family(found, study, plan)
    return found | ({"frailty": np.ones(1)} if "frailty" in adjusted else {})


def _arms(study: Study, rows: PatientRows) -> list[np.ndarray]:
    return [rows.arms == arm.id for arm in (study.reference, study.contrast)]


def _padded(values: list[np.ndarray], padding: float) -> np.ndarray:
    """One row an arm, filled up to the larger one."""
    size = max(map(len, values))
    return np.stack(
        [np.concatenate([part, np.full((size - len(part), *part.shape[1:]), padding)]) for part in values]
    )


def _counts(study: Study, plan: Plan, rows: PatientRows) -> YesNo:
    """Yes and no at the plan's endpoints: counted, which is what the model takes, and by patient."""
    arms = _arms(study, rows)
    answers = []
    for part in plan.endpoints:
        endpoint = study.endpoint(part.endpoint)
        known = rows.has(endpoint) and endpoint.kind is Kind.binary
        values = rows.numbers(endpoint, part.visit) if known else np.full(len(rows.arms), np.nan)
        if not all(np.isfinite(values[arm]).any() for arm in arms):
            raise NotPrinted(part.endpoint, "yes or no of patients in both arms")
        answers.append(values)
    asked = np.stack(answers)
    answered = [arm & np.isfinite(asked).any(axis=0) for arm in arms]
    answer = np.stack([_padded([values[arm] for arm in answered], np.nan) for values in asked])
    return YesNo(
        **MODELS[plan.model].load().labelled(study, plan),
        count=np.nansum(answer, axis=-1).astype(int),
        patients=np.isfinite(answer).sum(axis=-1),
        yes_or_no=answer,
        row=_rows_of(rows, answered),
    )


def half_a_day(unit: str) -> float:
    """Half a day in a unit of time: an event on the day of treatment comes half a day after it."""
    return _DAY_OF_TREATMENT / DAYS_IN.get(unit, 1.0)


def _times(study: Study, plan: Plan, rows: PatientRows) -> PatientTimes:
    """Times to the plan's endpoint, in its unit, and their summaries in each arm."""
    endpoint = study.endpoint(plan.endpoints[0].endpoint)
    if endpoint.kind is not Kind.time_to_event or not rows.has(endpoint):
        raise NotPrinted(endpoint.id, "times and events of patients")
    parts = ("time", "event", "lower", "upper")
    column = {part: rows.data[f"{endpoint.id}.{part}"].to_numpy().astype(float) for part in parts}
    known = np.isfinite(column["time"]) & np.isfinite(column["event"])
    arms = [arm & known for arm in _arms(study, rows)]
    if not all(arm.any() for arm in arms):
        raise NotPrinted(endpoint.id, "times and events of patients in both arms")
    time, event, lower, upper = (_padded([column[part][arm] for arm in arms], 1.0) for part in parts)
    present = _padded([np.ones(arm.sum()) for arm in arms], 0.0)
    event = event * present
    exact = lower == upper
    # An event that counts only after a waiting time was looked for so much less long.
    time = np.where((event == 1) | (present == 0), time, time - float(endpoint.confirmed_after or 0))
    time = np.maximum(time, half_a_day(endpoint.unit))
    times = patient_times(time, event, present, np.where(exact, time, lower), np.where(exact, time, upper))
    row = _padded([rows.data["patient"].to_numpy()[arm].astype(float) for arm in arms], 0.0)
    summary = printed(time, event == 1)
    return times | {
        "row": row,
        "n": np.array([int(arm.sum()) for arm in arms]),
        "events": summary.events,
        "time_mean": np.nan_to_num(summary.mean, nan=1.0),
        "time_sd": np.nan_to_num(summary.sd, nan=1.0),
        **_followup(time[present == 1], event[present == 1] == 1),
    }


def _followup(time: np.ndarray, event: np.ndarray) -> dict[str, np.ndarray]:
    """A gamma for follow-up, by maximum likelihood: a patient with the event was followed beyond it.

    Where all without the event were followed alike, so were all.
    """
    from scipy import stats

    from mgbayes.distributions.followup import followup_data  # symbolic too, and heavy to load

    if event.all():
        return followup_data(0.0, _NEVER_LOST * float(time.max()), float(time.max()))
    ends = np.unique(time[~event])
    if len(ends) < 2:
        longest = float(max(ends[0], time.max()))
        return followup_data(longest, longest, 0.0)
    shape, _, scale = stats.gamma.fit(stats.CensoredData.right_censored(time, event), floc=0)
    return followup_data(0.0, shape * scale, float(np.sqrt(shape)) * scale)


def _continuous(study: Study, plan: Plan, rows: PatientRows) -> PatientValues:
    """Outcomes of patients with any of the plan's visits, the baseline first."""
    from mgbayes.models import continuous

    endpoint, visits = study.endpoint(plan.endpoints[0].endpoint), continuous.of(study, plan).visits
    if endpoint.kind is not Kind.continuous or not rows.has(endpoint):
        raise NotPrinted(endpoint.id, "values of patients at every visit")
    value = np.stack([rows.numbers(endpoint, visit) for visit in visits], axis=-1)
    seen = np.isfinite(value)
    arms = [arm & seen.any(axis=-1) for arm in _arms(study, rows)]
    least = continuous.least_patients(len(visits))
    if min(int(seen[arm].sum(axis=0).min()) for arm in arms) < least:
        raise NotPrinted(endpoint.id, f"values of {least} patients or more in each arm at every visit")
    filled = np.where(seen, value, 1.0)
    by_arm = [continuous.summaries(filled[arm], seen[arm].astype(float)) for arm in arms]
    return PatientValues(
        value=_padded([filled[arm] for arm in arms], 1.0),
        seen=_padded([seen[arm].astype(float) for arm in arms], 0.0),
        row=_rows_of(rows, arms),
        n=np.array([int(arm.sum()) for arm in arms]),
        **{name: np.stack([arm[name] for arm in by_arm]) for name in by_arm[0]},
    )


def _with_zeros(plan: Plan) -> frozenset[str]:
    """The families of a plan's model that hold patients of whom some are at zero."""
    found: frozenset[str] = MODELS[plan.model].load().WITH_ZEROS
    return found


def _held_by_every_family(data: PatientValues, study: Study, plan: Plan) -> PatientValues:
    """Patients seen at every visit; of an outcome that is never negative, none at zero.

    Raises NotPrinted where there are zeros, for a share of patients at one and the same value is no such family's.
    """
    from mgbayes.models.continuous import least_patients

    endpoint, present = plan.endpoints[0].endpoint, data["row"] > 0
    if data["zeros"].any() and study.is_nonnegative(study.endpoint(endpoint)):
        others = ", ".join(sorted(_with_zeros(plan)))
        raise NotPrinted(endpoint, f"values above zero, or a family with a share at zero ({others})")
    complete = present & (data["seen"] == 1).all(axis=-1)
    value = [data["value"][arm, of] for arm, of in enumerate(complete)]
    least = least_patients(data["value"].shape[-1])
    if min(map(len, value)) < least or any((part.std(axis=0) == 0).any() for part in value):
        raise NotPrinted(
            endpoint, f"values that differ, of {least} patients or more in each arm with every visit"
        )
    return PatientValues(
        value=_padded(value, 1.0),
        row=_padded([data["row"][arm, of] for arm, of in enumerate(complete)], 0.0),
        n=complete.sum(axis=1),
        printed_mean=np.stack([part.mean(axis=0) for part in value]),
        printed_sd=np.stack([part.std(axis=0, ddof=1) for part in value]),
    )


def _events(study: Study, plan: Plan, rows: PatientRows) -> PatientCounts:
    """Counts of events, and the years over which they were counted."""
    from mgbayes.models import counts

    part = plan.endpoints[0]
    endpoint = study.endpoint(part.endpoint)
    known = rows.has(endpoint) and endpoint.kind is Kind.event_count
    days = rows.exposure(endpoint, part.visit) if known else None
    if days is None:
        raise NotPrinted(endpoint.id, "events of patients, and the days over which they were counted")
    count = rows.numbers(endpoint, part.visit)
    arms = [arm & np.isfinite(count) & (days > 0) for arm in _arms(study, rows)]
    if not all(arm.any() for arm in arms):
        raise NotPrinted(
            endpoint.id, "events of patients in both arms, and the days over which they were counted"
        )
    years = days / DAYS_IN["years"]
    present = _padded([np.ones(arm.sum()) for arm in arms], 0.0)
    made = counts.patients(
        _padded([count[arm] for arm in arms], 0.0), _padded([years[arm] for arm in arms], 1.0), present
    )
    return made | {"row": _rows_of(rows, arms)}


def _classes(study: Study, plan: Plan, rows: PatientRows) -> PatientClasses:
    """Ordered classes at the plan's visits, of patients with any of them."""
    from mgbayes.models import ordinal

    endpoint = study.endpoint(plan.endpoints[0].endpoint)
    named = {part.visit for part in plan.endpoints}
    visits = [visit if visit in named else None for visit in ordinal.of(study, plan).visits]
    column = rows.column(endpoint.id)
    levels = [] if column is None else [str(level) for level in rows.data[column].attrs.get("levels", ())]
    there = endpoint.kind is Kind.ordinal and (visits == [None] or set(visits) <= set(rows.visits(endpoint)))
    if not there or len(levels) < ordinal.LEAST_CLASSES:
        raise NotPrinted(endpoint.id, "a class, of three or more, of patients at every visit")
    level = np.stack([rows.numbers(endpoint, visit) for visit in visits], axis=-1)
    arms = [arm & np.isfinite(level).any(axis=-1) for arm in _arms(study, rows)]
    if not all(np.isfinite(level[arm]).any(axis=0).all() for arm in arms):
        raise NotPrinted(endpoint.id, "a class of patients in both arms at every visit")
    made = ordinal.patients(_padded([level[arm] for arm in arms], np.nan), len(levels))
    return made | {"level": np.array(levels), "row": _rows_of(rows, arms)}


def _joint(study: Study, plan: Plan, rows: PatientRows) -> PatientOutcomes:
    """Two times and a continuous outcome of the same patients, of those with any of them."""
    from mgbayes.models import joint, joint_patients

    outcomes = joint.of(study, plan)
    first, second, continuous = (
        study.endpoint(outcome.endpoint) for outcome in (outcomes.cure, outcomes.hazard, outcomes.continuous)
    )
    for endpoint in (first, second, continuous):
        if not rows.has(endpoint):
            raise NotPrinted(endpoint.id, "times and events, or values, of patients")
    if not set(outcomes.visits) <= set(rows.visits(continuous)):
        raise NotPrinted(continuous.id, "values of patients at every visit")
    times = [_times_of(rows, endpoint) for endpoint in (first, second)]
    value = np.stack([rows.numbers(continuous, visit) for visit in outcomes.visits], axis=-1)
    valued = np.isfinite(value).all(axis=-1)
    arms = [arm & (valued | times[0]["known"] | times[1]["known"]) for arm in _arms(study, rows)]
    for arm in _arms(study, rows):
        if min((arm & valued).sum(), *((arm & part["known"]).sum() for part in times)) < _FEWEST_JOINT:
            raise NotPrinted(first.id, f"each outcome of {_FEWEST_JOINT} patients or more in both arms")
    value[~valued] = 1.0
    known = _padded([valued[arm].astype(float) for arm in arms], 0.0)
    made = joint_patients.patients(
        _placed(times[0], arms), _placed(times[1], arms), _padded([value[arm] for arm in arms], 1.0), known
    )
    return made | {"row": _rows_of(rows, arms), **_followup_of_two(times)}


_FEWEST_JOINT = 4


def _times_of(rows: PatientRows, endpoint: Endpoint) -> dict[str, np.ndarray]:
    """Time, event and bounds of every patient, and whether they are known."""
    parts = ("time", "event", "lower", "upper")
    time, event, lower, upper = (
        rows.data[f"{endpoint.id}.{part}"].to_numpy().astype(float) for part in parts
    )
    known = np.isfinite(time) & np.isfinite(event)
    exact = lower == upper
    event = np.where(known, event, 0.0)
    # An event that counts only after a waiting time was looked for so much less long.
    time = np.where(event == 1, time, time - float(endpoint.confirmed_after or 0))
    time = np.where(known, np.maximum(time, half_a_day(endpoint.unit)), 1.0)
    bounded = known & ~exact & (event == 1)
    lower, upper = np.where(bounded, lower, time), np.where(bounded, upper, time)
    return {"time": time, "event": event, "lower": lower, "upper": upper, "known": known}


def _placed(times: dict[str, np.ndarray], arms: list[np.ndarray]) -> PatientTimes:
    """The times of one outcome in the places of the patients of both arms."""
    present = _padded([times["known"][arm].astype(float) for arm in arms], 0.0)
    time, event, lower, upper = (
        _padded([times[part][arm] for arm in arms], 1.0 if part != "event" else 0.0)
        for part in ("time", "event", "lower", "upper")
    )
    return patient_times(time, event, present, lower, upper)


def _followup_of_two(times: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Follow-up, known of a patient who lacks either event, and beyond the later event of one who has both."""
    known = times[0]["known"] & times[1]["known"]
    time = np.maximum(times[0]["time"], times[1]["time"])[known]
    both = ((times[0]["event"] == 1) & (times[1]["event"] == 1))[known]
    return _followup(time, both)


def _rows_of(rows: PatientRows, arms: list[np.ndarray]) -> np.ndarray:
    """Each patient's place in the spreadsheet, (arm, patient); 0 in padding."""
    row = rows.data["patient"].to_numpy().astype(float)
    return _padded([row[arm] for arm in arms], 0.0)


_EVIDENCE: Mapping[str, Callable[[Study, Plan, PatientRows], Evidence]] = {
    "binary": _counts,
    "cure": _times,
    "proportional_hazards": _times,
    "continuous": _continuous,
    "counts": _events,
    "ordinal": _classes,
    "joint": _joint,
}
