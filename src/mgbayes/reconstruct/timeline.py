"""What happens to an arm, in order: drops of its curve, stretches in which patients leave, printed counts.

Times within the digitizing error are drawn here, once a timeline, so that many timelines carry that error on.
A printed number at risk counts the patients whose time is at or after its time: it stands before a drop at the
same time. Everyone left at the end of the curve is censored there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from mgbayes.reconstruct.digitized import DigitizedCurve
from mgbayes.reconstruct.levels import Drop


@dataclass(frozen=True)
class Fall:
    """Events at one time, ``least`` or more; the survival below lies between low and high."""

    time: float
    low: float
    high: float
    least: int


@dataclass(frozen=True)
class Gap:
    """A stretch without events, in which patients may be censored.

    ``chance`` is each patient's chance to be censored in it. Where the figure has marks, ``marks`` are their times
    in this stretch, and nobody leaves elsewhere.
    """

    start: float
    end: float
    chance: float
    marks: tuple[float, ...] | None


@dataclass(frozen=True)
class Count:
    """A printed number at risk."""

    time: float
    number: int


Step = Fall | Gap | Count


def timeline(curve: DigitizedCurve, found: list[Drop], rng: np.random.Generator, rate: float) -> list[Step]:
    """One reading of a curve. ``rate``: the hazard of censoring where no table tells it."""
    fixed: list[Fall | Count] = [
        Count(float(time), int(number))
        for time, number in zip(curve.at_risk.times, curve.at_risk.values, strict=True)
        if time <= curve.end
    ]
    times = _ordered_times([(drop.earliest, drop.latest) for drop in found], rng)
    fixed += [Fall(time, drop.low, drop.high, drop.least) for time, drop in zip(times, found, strict=True)]
    fixed.sort(key=lambda step: (step.time, isinstance(step, Fall)))
    rates = _rates(curve, found, rate)
    steps: list[Step] = []
    last = 0.0
    for step in fixed:
        steps += [_gap(curve, last, step.time, rates), step]
        last = max(last, step.time)
    return [*steps, _gap(curve, last, max(last, curve.end), rates)]


def redrawn(steps: tuple[Step, ...], found: list[Drop], rng: np.random.Generator) -> list[Step]:
    """The same steps with other times for the falls, within their error and between the same counts."""
    kinds = [step for step in steps if not isinstance(step, Gap)]
    bounds, at = [], iter(found)
    for i, step in enumerate(kinds):
        if isinstance(step, Fall):
            drop = next(at)
            after = max((c.time for c in kinds[:i] if isinstance(c, Count)), default=drop.earliest)
            before = min((c.time for c in kinds[i:] if isinstance(c, Count)), default=drop.latest)
            bounds.append((max(drop.earliest, after), min(drop.latest, before)))
    times = iter(_ordered_times(bounds, rng))
    out: list[Step] = [replace(s, time=next(times)) if isinstance(s, Fall) else s for s in steps]
    for i, step in enumerate(out):
        if isinstance(step, Gap):
            start = out[i - 1].time if i else step.start  # type: ignore[union-attr]
            end = out[i + 1].time if i + 1 < len(out) else step.end  # type: ignore[union-attr]
            out[i] = replace(step, start=start, end=max(start, end))
    return out


def _ordered_times(bounds: list[tuple[float, float]], rng: np.random.Generator) -> list[float]:
    """One time within each bounds, each after the last."""
    times, last = [], 0.0
    for earliest, latest in bounds:
        low = max(earliest, last)
        last = float(rng.uniform(low, max(low, latest)))
        times.append(last)
    return times


def _gap(curve: DigitizedCurve, start: float, end: float, rates: list[tuple[float, float, float]]) -> Gap:
    middle = (start + end) / 2
    rate = next((rate for low, high, rate in rates if low <= middle < high), rates[-1][2])
    return Gap(start, end, -float(np.expm1(-rate * (end - start))), _marks(curve, start, end))


def _marks(curve: DigitizedCurve, start: float, end: float) -> tuple[float, ...] | None:
    if curve.marks is None:
        return None
    # A mark at the end of the curve stands for those who are censored there anyway.
    inside = (curve.marks.times >= start) & (curve.marks.times < min(end, curve.end - curve.time_error))
    return tuple(float(time) for time in curve.marks.times[inside])


def _rates(curve: DigitizedCurve, found: list[Drop], rate: float) -> list[tuple[float, float, float]]:
    """The hazard of censoring from one printed count to the next, and after the last.

    Between two counts it is what the curve leaves of the loss of patients (Guyot et al. 2012, eq. 5), and at
    least half a patient.
    """
    rows = []
    table = list(zip(curve.at_risk.times, curve.at_risk.values, strict=True))
    for (start, many), (end, few) in pairwise(table):
        survival = _survival(found, end) / max(_survival(found, start), 1e-9)
        censored = max(0.5, float(many) * survival - float(few))
        rows.append((float(start), float(end), censored / max((many + few) / 2 * (end - start), 1e-9)))
    return [*rows, (rows[-1][1] if rows else 0.0, np.inf, rate)]


def _survival(found: list[Drop], time: float) -> float:
    below = [drop for drop in found if drop.latest < time]
    return (below[-1].low + below[-1].high) / 2 if below else 1.0
