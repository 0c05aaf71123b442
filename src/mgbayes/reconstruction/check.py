"""What makes a digitized curve unusable, each with the row it stands in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mgbayes.errors import Problem
from mgbayes.limits import CURVE_PATIENTS
from mgbayes.reconstruction.digitized import SURVIVAL_ERROR, DigitizedCurve, Series
from mgbayes.reconstruction.levels import SLACK

_PERCENT = "; a percent scale must be declared (percent)"


def problems_of(curve: DigitizedCurve) -> list[Problem]:
    """Every problem of one arm, in one pass."""
    problems = list(_settings(curve))
    if not curve.survival_error >= 0 or not curve.time_error >= 0:
        curve = replace(
            curve, survival_error=SURVIVAL_ERROR, time_error=0.0
        )  # so that the rest can be checked
    problems += [*_points(curve), *_at_risk(curve)]
    if curve.marks is not None:
        problems += [*_finite(curve.marks, "mark"), *_inside(curve, curve.marks, "the censoring mark")]
    return problems


def _settings(curve: DigitizedCurve) -> Iterator[Problem]:
    arm = f"arm {curve.arm!r}"
    if not 1 <= curve.n <= CURVE_PATIENTS:
        yield Problem(f"{arm}, n", str(curve.n), f"1 to {CURVE_PATIENTS} patients")
    if curve.events is not None and not 0 <= curve.events <= curve.n:
        yield Problem(f"{arm}, events", str(curve.events), f"0 to n = {curve.n}: nobody has the event twice")
    if not 0 <= curve.survival_error < 0.5:
        yield Problem(f"{arm}, survival error", f"{curve.survival_error:g}", "0 or more, below 0.5")
    elif curve.n * curve.survival_error > 0.5:
        half = (
            f"at most half of the drop of one patient, 1 / (2 n) = {0.5 / curve.n:.2g}: read a larger figure"
        )
        yield Problem(f"{arm}, survival error", f"{curve.survival_error:g} with n = {curve.n}", half)
    if not (curve.time_error >= 0 and np.isfinite(curve.time_error)):
        yield Problem(f"{arm}, time error", f"{curve.time_error:g}", "0 or more, in the unit of time")


def _points(curve: DigitizedCurve) -> Iterator[Problem]:
    points = curve.points
    if not len(points):
        yield Problem(f"{points.file}, arm {curve.arm!r}", "no points", "at least one (time, survival)")
        return
    yield from _finite(points, "survival")
    yield from _scale(curve)
    yield from _backward(points, 2 * curve.time_error)
    yield from _rises(curve)
    first = points.values[0]
    if points.times[0] <= curve.time_error and 0 <= first < 1 - curve.survival_error - SLACK:
        yield Problem(f"{points.place(0)}, survival", f"{first:g} at time {points.times[0]:g}", "1 at time 0")


def _finite(series: Series, what: str) -> Iterator[Problem]:
    for i, (time, value) in enumerate(zip(series.times, series.values, strict=True)):
        if not (np.isfinite(time) and np.isfinite(value)):
            yield Problem(f"{series.place(i)}, {what}", f"{time:g}, {value:g}", "finite numbers")


def _scale(curve: DigitizedCurve) -> Iterator[Problem]:
    points, error = curve.points, curve.survival_error + SLACK
    for i in np.flatnonzero((points.values < -error) | (points.values > 1 + error)).tolist():
        hint = _PERCENT if points.values[i] > 1 else ""
        yield Problem(f"{points.place(i)}, survival", f"{points.values[i]:g}", f"0 to 1{hint}")
    for i in np.flatnonzero(points.times < -curve.time_error - SLACK).tolist():
        yield Problem(f"{points.place(i)}, time", f"{points.times[i]:g}", "0 or later")


def _backward(series: Series, slack: float) -> Iterator[Problem]:
    latest = np.maximum.accumulate(series.times)
    for i in np.flatnonzero(series.times < latest - slack - SLACK).tolist():
        given = f"{series.times[i]:g} after {latest[i]:g}"
        yield Problem(f"{series.place(i)}, time", given, "times that do not run backwards")


def _rises(curve: DigitizedCurve) -> Iterator[Problem]:
    points = curve.points
    lowest = np.minimum.accumulate(np.concatenate([[1.0], points.values]))[:-1]
    risen = points.values > lowest + 2 * curve.survival_error + 2 * SLACK
    for i in np.flatnonzero(risen & (points.values <= 1 + curve.survival_error + SLACK)).tolist():
        given = f"{points.values[i]:g} after {lowest[i]:g}"
        accepted = f"a curve that falls (within ±{curve.survival_error:g})"
        yield Problem(f"{points.place(i)}, survival", given, accepted)


def _at_risk(curve: DigitizedCurve) -> Iterator[Problem]:
    table = curve.at_risk
    yield from _finite(table, "at risk")
    for i, (time, number) in enumerate(zip(table.times, table.values, strict=True)):
        place = f"{table.place(i)}, at risk"
        if number < 0 or number != np.floor(number):
            yield Problem(place, f"{number:g}", "a whole number, 0 or more")
        elif number > curve.n:
            yield Problem(place, f"{number:g}", f"at most n = {curve.n}")
        elif time == 0 and number != curve.n:
            yield Problem(place, f"{number:g} at time 0", f"n = {curve.n}")
        if time < 0:
            yield Problem(f"{table.place(i)}, time", f"{time:g}", "0 or later")
        if i and time <= table.times[i - 1]:
            given = f"{time:g} after {table.times[i - 1]:g}"
            yield Problem(f"{table.place(i)}, time", given, "times that go up")
        if i and number > table.values[i - 1]:
            given = f"{number:g} after {table.values[i - 1]:g}"
            yield Problem(place, given, "numbers that do not grow")


def _inside(curve: DigitizedCurve, marks: Series, what: str) -> Iterator[Problem]:
    end = curve.end if len(curve.points) else np.inf
    for i in np.flatnonzero((marks.times < 0) | (marks.times > end + curve.time_error)).tolist():
        yield Problem(
            f"{marks.place(i)}, {what}", f"{marks.times[i]:g}", f"a time on the curve, 0 to {end:g}"
        )
