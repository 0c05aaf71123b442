"""The values behind a comparison, and who is left out for want of one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgbayes.frequentist.samples import Floats, FollowUp, Pairs, TwoGroups
from mgbayes.patient_comparison.catalogue import Design
from mgbayes.patient_comparison.comparison import Comparison
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.study.schema import Kind


@dataclass(frozen=True)
class Drawn:
    """The sample (None when the rows cannot give one), patients used and missing, and a note."""

    sample: TwoGroups | Pairs | FollowUp | None
    used: int
    missing: int
    note: str = ""


def draw(rows: PatientRows, comparison: Comparison) -> Drawn:
    """The sample of a comparison: patients with every value that it needs."""
    within = rows.members(comparison.within)
    if within is None:
        return Drawn(None, 0, 0, f"the rows do not say who belongs to {comparison.within!r}")
    if comparison.design is Design.paired:
        return _pairs(rows, comparison, within)
    first, other = rows.members(comparison.first), rows.members(comparison.other)
    if first is None or other is None:
        unknown = comparison.first if first is None else comparison.other
        return Drawn(None, 0, 0, f"the rows do not say who belongs to {unknown!r}")
    if comparison.endpoint.kind is Kind.time_to_event:
        return _follow_up(rows, comparison, within & first, within & other)
    return _two_groups(rows, comparison, within & first, within & other)


def _pairs(rows: PatientRows, comparison: Comparison, within: np.ndarray) -> Drawn:
    endpoint = comparison.endpoint
    values = [rows.numbers(endpoint, visit) for visit in (comparison.first, comparison.other)]
    times = [rows.exposure(endpoint, visit) for visit in (comparison.first, comparison.other)]
    known = within & np.isfinite(values[0]) & np.isfinite(values[1])
    exposures: list[Floats | None] = [None, None]
    if times[0] is not None and times[1] is not None:
        known &= (times[0] > 0) & (times[1] > 0)
        exposures = [times[0][known], times[1][known]]
    sample = Pairs(values[0][known], values[1][known], *exposures)
    return Drawn(sample, int(known.sum()), int((within & ~known).sum()))


def _two_groups(rows: PatientRows, comparison: Comparison, first: np.ndarray, other: np.ndarray) -> Drawn:
    values = rows.numbers(comparison.endpoint, comparison.visit)
    exposure = None
    if comparison.endpoint.kind is Kind.event_count:
        exposure = rows.exposure(comparison.endpoint, comparison.visit)
    known = np.isfinite(values) & (np.isfinite(exposure) if exposure is not None else True)
    times = [None if exposure is None else exposure[group & known] for group in (first, other)]
    sample = TwoGroups(values[first & known], values[other & known], *times)
    either, counted = first | other, rows.counted(comparison.endpoint)
    note = "" if counted is None else f"counted: {counted}"
    return Drawn(sample, int((either & known).sum()), int((either & ~known).sum()), note)


def _follow_up(rows: PatientRows, comparison: Comparison, first: np.ndarray, other: np.ndarray) -> Drawn:
    data = rows.follow_up(comparison.endpoint)
    either, known = first | other, np.isfinite(data.time) & np.isfinite(data.event)
    used = either & known
    sample = FollowUp(data.time[used], data.event[used] == 1, other[used])
    between = int((used & data.between_visits).sum())
    text = f"events known only to lie between two visits, counted at the time given: {between}"
    return Drawn(sample, int(used.sum()), int((either & ~known).sum()), text if between else "")
