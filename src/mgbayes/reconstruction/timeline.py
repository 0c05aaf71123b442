"""What happens to an arm, in order: drops of its curve, stretches in which patients leave, published counts.

Times within the digitizing error are drawn here, once a timeline, so that many timelines carry that error on.
A published number at risk counts the patients whose time is at or after its time: it stands before a drop at the
same time. Everyone left at the end of the curve is censored there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from mgbayes.reconstruction.digitized import DigitizedCurve
from mgbayes.reconstruction.levels import Drop


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
    in this stretch, ``near`` those so near to its ends that they may belong to it, and nobody leaves elsewhere.
    """

    start: float
    end: float
    chance: float
    marks: tuple[float, ...] | None
    near: tuple[float, ...] = ()


@dataclass(frozen=True)
class Count:
    """A published number at risk."""

    time: float
    number: int


Step = Fall | Gap | Count


@dataclass(frozen=True)
class Outline:
    """The order of drops and published counts: ``before[j]`` drops come before the j-th count that is used."""

    curve: DigitizedCurve
    drops: tuple[Drop, ...]
    before: tuple[int, ...]

    @property
    def counts(self) -> list[Count]:
        """The published counts up to the end of the curve, or as many of them as are placed."""
        return published_counts(self.curve)[: len(self.before)]

    def bounds(self) -> list[tuple[float, float]]:
        """The earliest and latest time of each drop, between the counts around it."""
        placed = list(zip(self.counts, self.before, strict=True))
        return [
            (
                max([drop.earliest, *(count.time for count, before in placed if before <= k)]),
                min([drop.latest, *(count.time for count, before in placed if before > k)]),
            )
            for k, drop in enumerate(self.drops)
        ]

    def first_part(self) -> Outline:
        """The drops before the last count only."""
        return replace(self, drops=self.drops[: self.before[-1]])


def published_counts(curve: DigitizedCurve) -> list[Count]:
    """The published numbers at risk up to the end of the curve."""
    table = zip(curve.at_risk.times, curve.at_risk.values, strict=True)
    return [Count(float(time), int(number)) for time, number in table if time <= curve.end]


def timeline(outline: Outline, rng: np.random.Generator, rate: float) -> list[Step]:
    """One interpretation of a curve; ``rate`` is the cumulative hazard of censoring after the table."""
    curve = outline.curve
    times = ordered_times(outline.bounds(), rng)
    falls = [
        Fall(time, drop.low, drop.high, drop.least) for time, drop in zip(times, outline.drops, strict=True)
    ]
    fixed: list[Fall | Count] = []
    for k in range(len(falls) + 1):
        fixed += [count for count, b in zip(outline.counts, outline.before, strict=True) if b == k]
        fixed += falls[k : k + 1]
    rates = _rates(curve, outline.drops, rate)
    steps: list[Step] = []
    last = 0.0
    for step in fixed:
        steps += [_gap(curve, last, max(last, step.time), rates), step]
        last = max(last, step.time)
    return [*steps, _gap(curve, last, max(last, curve.end), rates)]


def redrawn(steps: tuple[Step, ...], times: list[float]) -> list[Step]:
    """The same steps with other times for the falls."""
    at = iter(times)
    out: list[Step] = [replace(step, time=next(at)) if isinstance(step, Fall) else step for step in steps]
    last = 0.0
    for i, step in enumerate(out):
        if isinstance(step, Gap):
            following = out[i + 1] if i + 1 < len(out) else None
            end = step.end if following is None or isinstance(following, Gap) else following.time
            out[i] = replace(step, start=last, end=max(last, end))
        else:
            last = max(last, step.time)
    return out


def ordered_times(bounds: list[tuple[float, float]], rng: np.random.Generator) -> list[float]:
    """One time within each pair of bounds, each after the last."""
    times, last = [], 0.0
    for earliest, latest in bounds:
        low = max(earliest, last)
        last = float(rng.uniform(low, max(low, latest)))
        times.append(last)
    return times


def _gap(curve: DigitizedCurve, start: float, end: float, rates: list[tuple[float, float, float]]) -> Gap:
    middle = (start + end) / 2
    rate = next((rate for low, high, rate in rates if low <= middle < high), rates[-1][2])
    chance = -float(np.expm1(-rate * (end - start)))
    if curve.marks is None:
        return Gap(start, end, chance, None)
    # A mark at the end of the curve stands for those who are censored there anyway.
    marks, slack = curve.marks.times[curve.marks.times < curve.end - curve.time_error], 2 * curve.time_error
    inside = (marks >= start + slack) & (marks < end - slack)
    near = (marks >= start - slack) & (marks < end + slack) & ~inside if slack else np.zeros_like(inside)
    return Gap(start, end, chance, tuple(marks[inside].tolist()), tuple(marks[near].tolist()))


def _rates(curve: DigitizedCurve, dropped: tuple[Drop, ...], rate: float) -> list[tuple[float, float, float]]:
    """The hazard of censoring from one published count to the next, and after the last.

    Between two counts it is what the curve leaves of the loss of patients (Guyot et al. 2012, eq. 5), and at
    least half a patient.
    """
    rows = []
    table = list(zip(curve.at_risk.times, curve.at_risk.values, strict=True))
    for (start, many), (end, few) in pairwise(table):
        survival = _survival(dropped, end) / max(_survival(dropped, start), 1e-9)
        censored = max(0.5, float(many) * survival - float(few))
        rows.append((float(start), float(end), censored / max((many + few) / 2 * (end - start), 1e-9)))
    start = rows[-1][1] if rows else 0.0
    return [*rows, (start, np.inf, rate / max(curve.end - start, 1e-9))]


def _survival(dropped: tuple[Drop, ...], time: float) -> float:
    below = [drop for drop in dropped if drop.latest < time]
    return (below[-1].low + below[-1].high) / 2 if below else 1.0
