"""Values on a grid (whole days, tenths of a mg) whose mean and SD round to the published ones.

Values with the published moments are rounded to the grid at random, up or down, until the moments of the result round
to the published ones; wider steps are taken where rounding alone does not suffice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mgbayes.study.rounding import ExactInterval, exact_interval
from mgbayes.study.statistics.means import MeanSD

Floats = NDArray[np.float64]
_TRIES = 4000
_STEPS = (0.0, 0.3, 1.0, 2.0, 4.0, 8.0)  # of the grid, SD of what is added before rounding
_EDGE = 1e-7
"""Of half the width of what is reported so: an end that belongs to it is reached in floats, an open one is not."""
_MOVES = 60_000


@dataclass(frozen=True)
class Moments:
    """A published mean and SD of some of the patients (a mask, or all)."""

    published: MeanSD
    group: NDArray[np.bool_] | None = None

    def misses(self, values: Any, *, nearest_only: bool = True) -> Any:
        """How far mean and SD of values (..., patients) lie outside what is reported so, 0 for inside."""
        part = values if self.group is None else values[..., self.group]
        pairs = zip(self.published.numbers, self.published.of(part), strict=True)
        known = 1 if part.shape[-1] < 2 else 2
        return sum(_outside(value, number.text, nearest_only) for number, value in [*pairs][:known])


def _outside(value: Any, text: str, nearest_only: bool) -> Any:
    """Distance beyond the ends of what is reported as ``text``, in halves of its width."""
    low, high, half = _ends(exact_interval(text, nearest_only=nearest_only))
    return np.maximum(np.maximum(low - value, value - high) / half, 0.0)


def _ends(around: ExactInterval) -> tuple[float, float, float]:
    """The lowest and the highest value in binary arithmetic, and half the width."""
    low, high = float(around.low), float(around.high)
    half = (high - low) / 2
    edge = _EDGE * half
    return (
        low + (edge if around.open_low else -edge),
        high + (-edge if around.open_high else edge),
        half,
    )


def on_grid(rng: Generator, values: Floats, unit: float, moments: Moments, low: Any = 0.0) -> Floats | None:
    """The values as multiples of ``unit``, at least ``low``, with the published moments; None where none exist.

    ``values`` (n,) have about the published mean and SD. Rounding to nearest is tried first, then truncation.
    """
    if len(values) == 0:
        return values
    floor = np.ceil(np.broadcast_to(low, values.shape) / unit - 1e-9)
    for nearest_only in (True, False):
        for step in _STEPS:
            noise = rng.random((_TRIES, len(values))) + step * rng.standard_normal((_TRIES, len(values)))
            steps = np.maximum(np.floor(values / unit + noise), floor)
            candidates = steps[moments.misses(steps * unit, nearest_only=nearest_only) == 0]
            if len(candidates):
                nearest = np.square(candidates - values / unit).sum(axis=1).argmin()
                return np.round(candidates[nearest] * unit, 9)
    return None


def meeting_all(
    rng: Generator, values: Floats, unit: float, moments: Sequence[Moments], low: float = 0.0
) -> Floats | None:
    """Multiples of ``unit`` that meet several published moments of groups that overlap; None where none was found.

    Single values move by one step up or down at random; a move that brings the moments nearer is kept, one that does
    not is kept the less often the later it comes (simulated annealing).
    """
    for nearest_only in (True, False):
        annealed = _annealed(rng, np.round(values / unit), unit, moments, low, nearest_only)
        if annealed is not None:
            return np.round(annealed * unit, 9)
    return None


def _annealed(
    rng: Generator, steps: Floats, unit: float, moments: Sequence[Moments], low: float, nearest_only: bool
) -> Floats | None:
    groups = [_Group.of(one, steps, unit, nearest_only) for one in moments]
    values, floor = steps.tolist(), np.ceil(low / unit - 1e-9)
    belongs = [np.ones(len(steps), bool) if one.group is None else one.group for one in moments]
    of_value = [
        [group for group, mask in zip(groups, belongs, strict=True) if mask[i]] for i in range(len(steps))
    ]
    which = rng.integers(len(steps), size=_MOVES).tolist()
    move, luck = rng.choice((-1.0, 1.0), _MOVES).tolist(), rng.exponential(size=_MOVES).tolist()
    for i in range(_MOVES):
        if all(group.miss == 0 for group in groups):
            return np.array(values)
        at = values[which[i]]
        if at + move[i] < floor:
            continue
        after = [group.missed(at, move[i]) for group in of_value[which[i]]]
        worse = sum(after) - sum(group.miss for group in of_value[which[i]])
        if worse <= luck[i] * 2.0 * (1 - i / _MOVES):
            values[which[i]] = at + move[i]
            for group, miss in zip(of_value[which[i]], after, strict=True):
                group.take(at, move[i], miss)
    return None


@dataclass
class _Group:
    """The sums of one group's values, in steps, and how far their moments lie outside the published summaries."""

    n: int
    total: float
    square: float
    of_mean: tuple[float, float, float]
    of_sd: tuple[float, float, float]
    miss: float = 0.0

    @classmethod
    def of(cls, moments: Moments, steps: Floats, unit: float, nearest_only: bool) -> _Group:
        part = steps if moments.group is None else steps[moments.group]
        numbers = moments.published.numbers
        edges = [
            tuple(end / unit for end in _ends(exact_interval(number.text, nearest_only=nearest_only)))
            for number in numbers
        ]
        group = cls(len(part), float(part.sum()), float((part**2).sum()), *edges)  # type: ignore[arg-type]
        group.miss = group.missed(0.0, 0.0)
        return group

    def missed(self, at: float, move: float) -> float:
        """The same with one value moved."""
        total, square = self.total + move, self.square + 2 * at * move + move**2
        mean = total / self.n
        miss = _beyond(mean, *self.of_mean)
        if self.n < 2:
            return miss
        return miss + _beyond(sqrt(max(square - total * mean, 0.0) / (self.n - 1)), *self.of_sd)

    def take(self, at: float, move: float, miss: float) -> None:
        """Move one value."""
        self.total, self.square, self.miss = self.total + move, self.square + 2 * at * move + move**2, miss


def _beyond(value: float, low: float, high: float, half: float) -> float:
    return max(low - value, value - high, 0.0) / half
