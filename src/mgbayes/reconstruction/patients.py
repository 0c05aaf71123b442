"""From a path to the times of patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgbayes.reconstruction.digitized import DigitizedCurve
from mgbayes.reconstruction.timeline import Fall, Gap, Step


@dataclass(frozen=True)
class Patients:
    """Times of one arm's patients, in order, and whether each had the event or was censored."""

    time: np.ndarray
    event: np.ndarray


def patients(
    curve: DigitizedCurve, steps: list[Step], leaving: list[int], rng: np.random.Generator
) -> Patients:
    """One data set: events at the drops, censorings within the gaps, everyone left censored at the end."""
    events, censored = [], []
    for step, gone in zip(steps, leaving, strict=True):
        if isinstance(step, Fall):
            events += [step.time] * gone
        elif isinstance(step, Gap):
            censored += _leave(step, gone, 4 * curve.time_error, rng)
    censored += [curve.end] * (curve.n - len(events) - len(censored))
    time = np.array([*events, *censored])
    event = np.repeat([True, False], [len(events), len(censored)])
    order = np.lexsort((~event, time))
    return Patients(time[order], event[order])


def _leave(gap: Gap, gone: int, slack: float, rng: np.random.Generator) -> list[float]:
    """At the marks, each at least once; anywhere in the gap where the figure has none."""
    if gap.marks is None:
        return rng.uniform(gap.start, gap.end, gone).tolist()
    times = [*gap.marks, *rng.permutation(gap.near)][:gone]
    more = gone - len(times)
    times += rng.choice([*gap.marks, *gap.near], more).tolist() if more else []
    return [_within(gap, time, slack, rng) for time in times]


def _within(gap: Gap, mark: float, slack: float, rng: np.random.Generator) -> float:
    """The time of a mark, moved within its error where it stands outside of the gap."""
    if gap.start <= mark < gap.end:
        return mark
    low = max(gap.start, min(mark - slack, gap.end))
    return float(rng.uniform(low, max(low, min(gap.end, mark + slack))))
