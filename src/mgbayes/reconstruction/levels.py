"""From digitized points to the drops of the curve.

A level is a run of points that one constant survival explains within the digitizing error: the intervals
s_i ± error have a value in common. A new level starts only where they no longer have one, so that no event is
put where the drop is within the digitizing error, and none on a flat tail.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest

import numpy as np

from mgbayes.reconstruction.digitized import DigitizedCurve

SLACK = 1e-9  # what decimal numbers lose as binary ones


@dataclass(frozen=True)
class Drop:
    """A drop of the curve: when (at the earliest, at the latest), and the survival interval below it.

    ``least`` is the fewest events in it: 1, or 0 where it lies within the digitizing error.
    """

    earliest: float
    latest: float
    low: float
    high: float
    least: int = 1


@dataclass(frozen=True)
class _Level:
    """An interval of survival, the earliest and latest time of its points, and of those on the line down to it."""

    low: float
    high: float
    first: float
    last: float
    line_first: float = np.inf
    line_last: float = -np.inf
    least: int = 1

    def and_also(self, time: float, low: float, high: float) -> _Level:
        return replace(
            self,
            low=max(self.low, min(low, self.high)),
            high=max(self.low, min(self.high, high)),
            first=min(self.first, time),
            last=max(self.last, time),
        )


def drops(curve: DigitizedCurve, *, line: float = 0.0, hinted: float = np.inf) -> list[Drop]:
    """The drops of a curve that has no problems, in order.

    ``line``: points no further apart in time than this may lie on the vertical line of one drop.
    ``hinted``: a fall of this size from one point to the next, though within the digitizing error, may be a
    drop of no events or more, unless all that follows is flat.
    """
    levels = _without_lines(_levels(curve, hinted), line, curve.time_error)
    earliest = [max(above.last, below.line_last, below.first) for above, below in pairwise(levels)]
    latest = [min(below.first, below.line_first) for below in levels[1:]]
    starts = np.maximum.accumulate(earliest) - curve.time_error
    stops = np.minimum.accumulate(latest[::-1])[::-1] + curve.time_error
    return [
        Drop(
            max(0.0, float(start)), float(stop), max(0.0, level.low - SLACK), level.high + SLACK, level.least
        )
        for start, stop, level in zip(starts, stops, levels[1:], strict=True)
    ]


def _levels(curve: DigitizedCurve, hinted: float) -> list[_Level]:
    levels, above = [_Level(1.0, 1.0, 0.0, 0.0)], 1.0
    for (time, survival), certain in zip(_pairs(curve), _certain_ahead(curve), strict=True):
        low, high = survival - curve.survival_error, survival + curve.survival_error
        if high < levels[-1].low - SLACK:
            levels.append(_Level(low, high, time, time))
        elif certain and above - survival >= hinted:
            levels.append(_Level(low, min(high, levels[-1].high), time, time, least=0))
        else:
            levels[-1] = levels[-1].and_also(time, low, high)
        above = survival
    return levels


def _pairs(curve: DigitizedCurve) -> list[tuple[float, float]]:
    return list(zip(curve.points.times.tolist(), curve.points.values.tolist(), strict=True))


def _certain_ahead(curve: DigitizedCurve) -> np.ndarray:
    """Whether a drop beyond the digitizing error comes at or after each point: none does on a flat tail."""
    lowest = np.minimum.accumulate(curve.points.values[::-1])[::-1]
    return lowest < curve.points.values - 2 * curve.survival_error


def _without_lines(levels: list[_Level], brief: float, error: float) -> list[_Level]:
    """Leave out levels that are only points on the vertical line of a drop: those that last no longer than brief."""
    distinct, line = levels[:1], (np.inf, -np.inf)
    for level, below in zip_longest(levels[1:], levels[2:]):
        first, last = min(line[0], level.first), max(line[1], level.last)
        on_line = below is not None and below.first - level.first <= brief
        if on_line and _one_time(distinct[-1], first, last, below, error):
            line = (first, last)
        else:
            distinct.append(replace(level, line_first=line[0], line_last=line[1]))
            line = (np.inf, -np.inf)
    return distinct


def _one_time(above: _Level, first: float, last: float, below: _Level, error: float) -> bool:
    """Whether one drop can lie within the time error of a line's points and of the corners that it joins."""
    return max(above.last, last, below.first) - min(first, below.first) <= 2 * error
