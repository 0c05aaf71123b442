"""One path through the lattice: how many patients leave at each step, drawn backward from the end."""

from __future__ import annotations

import numpy as np

from mgbayes.reconstruction.lattice import SLACK, Lattice, bin_of, kernel
from mgbayes.reconstruction.states import States
from mgbayes.reconstruction.timeline import Count, Fall, Gap

_TRIES = 50


def draw_path(lattice: Lattice, rng: np.random.Generator) -> list[int] | None:
    """Events of each fall and censored patients of each gap, in order.

    Bins blur survival a little, so a path is kept only if its own survival, in full precision, lies within
    every level. None when no path out of many does.
    """
    for _ in range(_TRIES):
        leaving = _backward(lattice, rng)
        if leaving is not None and _fits(lattice, leaving):
            return leaving
    return None


def _backward(lattice: Lattice, rng: np.random.Generator) -> list[int] | None:
    last = lattice.states[-1]
    index = np.unravel_index(_pick(last.weight.ravel(), rng), last.weight.shape)
    n, e, b = last.at_risk + int(index[0]), last.events + int(index[1]), int(index[2])
    leaving = []
    for step, before in zip(reversed(lattice.steps), reversed(lattice.states[:-1]), strict=True):
        match step:
            case Gap():
                gone = _censored(before, step, n, e, b, rng)
                n += gone
            case Fall():
                drawn = _died(before, step, n, e, b, lattice, rng)
                if drawn is None:
                    return None
                gone, b = drawn
                n, e = n + gone, e - gone * lattice.counts_events
            case Count():
                gone = 0
        leaving.append(gone)
    return leaving[::-1]


def _pick(weight: np.ndarray, rng: np.random.Generator) -> int:
    total = np.cumsum(weight)
    return min(int(np.searchsorted(total, rng.random() * total[-1], side="right")), weight.size - 1)


def _censored(before: States, gap: Gap, n: int, e: int, b: int, rng: np.random.Generator) -> int:
    earlier = np.arange(max(n, before.at_risk), before.most_at_risk + 1)
    weight, _ = before.along(earlier, np.full(earlier.shape, e))
    return int(earlier[_pick(weight[:, b] * kernel(gap, earlier, np.array([n]))[:, 0], rng)]) - n


def _died(
    before: States, fall: Fall, n: int, e: int, b: int, lattice: Lattice, rng: np.random.Generator
) -> tuple[int, int] | None:
    """How many had the event, and the bin of survival above the drop."""
    d = np.arange(max(fall.least, before.at_risk - n), before.most_at_risk - n + 1)
    weight, survival = before.along(n + d, e - d * lattice.counts_events)
    after = survival * (1 - d / np.maximum(n + d, 1))[:, None]
    inside = (after >= fall.low - SLACK) & (after <= fall.high + SLACK)
    number = lattice.resolution.bins(fall, lattice.n)
    arriving = weight / np.maximum(d, 1)[:, None] * (inside & (bin_of(after, fall, number) == b))
    if not arriving.any():
        return None
    row, column = divmod(_pick(arriving.ravel(), rng), arriving.shape[1])
    return int(d[row]), column


def _fits(lattice: Lattice, leaving: list[int]) -> bool:
    n, survival = lattice.n, 1.0
    for step, gone in zip(lattice.steps, leaving, strict=True):
        if isinstance(step, Fall):
            survival *= 1 - gone / max(n, 1)
            if not step.low - SLACK <= survival <= step.high + SLACK:
                return False
        n -= gone
    return True
