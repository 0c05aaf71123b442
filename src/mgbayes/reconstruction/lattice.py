"""All ways in whole numbers to get a curve: filtered forward, sampled backward.

At each drop S falls to S (1 - d / n) with whole numbers d of events and n at risk, and between drops whole
patients are censored. The state is (n, events so far, S), with S kept in narrow bins, each with the mean of the S
that reach it. Forward, every state that can be reached within the digitizing error carries its probability;
backward, paths are drawn from the states that also meet the end. Nothing is iterated or tuned: a curve with
published totals that no whole numbers of patients give is reported as such.

The probability of a path: each of n patients at risk is censored in a gap with the gap's chance, independently;
of n at risk, d have the event, with the chance of the event log-uniform a priori,
∫ C(n, d) h^d (1 - h)^(n - d) dh / h = 1 / d (and weight 1 where a drop may be none); and the digitizing error is
uniform. This is forward filtering and backward sampling (Frühwirth-Schnatter 1994) on the lattice of Guyot's
equations (2012, eq. 1 to 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import ceil

import numpy as np

from mgbayes.reconstruction.states import States
from mgbayes.reconstruction.timeline import Count, Fall, Gap, Step

SLACK = 1e-12
_HIDDEN = 0.1  # the weight of each further patient behind a censoring mark


@dataclass(frozen=True)
class Resolution:
    """How narrow the bins of survival are: parts of the least drop of one patient; and the most bins a level."""

    parts: int
    most: int

    def bins(self, fall: Fall, n: int) -> int:
        """The number of bins for the level below a drop."""
        return int(np.clip(ceil((fall.high - fall.low) * self.parts * n), 1, self.most))


COARSE, FINE = Resolution(256, 64), Resolution(2048, 512)


@dataclass(frozen=True)
class Lattice:
    """The steps of a timeline, the states before each and after the last, and the log evidence."""

    steps: tuple[Step, ...]
    states: tuple[States, ...]
    log_evidence: float
    n: int
    counts_events: bool
    resolution: Resolution


@dataclass(frozen=True)
class Stuck:
    """No whole numbers of patients come past this step (None: they do not meet the total of events)."""

    step: Step | None


def lattice(steps: list[Step], n: int, total: int | None, resolution: Resolution) -> Lattice | Stuck:
    """Filter forward from n patients at the start. ``total``: the published total of events."""
    states = States.start(n)
    filtered, log_evidence = [states], 0.0
    for step, fewest in zip(steps, _fewest(steps), strict=True):
        number = resolution.bins(step, n) if isinstance(step, Fall) else 0
        states = _through(step, states, fewest, number, total is not None)
        if states.is_empty:
            return Stuck(step)
        log_evidence += float(np.log(states.weight.sum()))
        states = states.normalized()
        filtered.append(states)
    if total is not None:
        filtered[-1] = states.with_events(total)
    if filtered[-1].is_empty:
        return Stuck(None)
    log_evidence += float(np.log(filtered[-1].weight.sum()))
    return Lattice(tuple(steps), tuple(filtered), log_evidence, n, total is not None, resolution)


def _through(step: Step, states: States, fewest: int, bins: int, count_events: bool) -> States:
    match step:
        case Gap():
            return _censor(states, step, fewest)
        case Fall():
            return _fall(states, step, fewest, count_events, bins)
        case Count():
            return states.with_at_risk(step.number)


def _fewest(steps: list[Step]) -> list[int]:
    """The fewest patients at risk after each step with whom the later steps can still be taken."""
    need, out = 0, []
    for step in reversed(steps):
        out.append(need)
        if isinstance(step, Fall):
            need += step.least
        elif isinstance(step, Count):
            need = step.number
    return out[::-1]


def _censor(states: States, gap: Gap, fewest: int) -> States:
    """n to n - c. Where somebody is at risk somebody stays, for the curve is drawn on."""
    before = np.arange(states.at_risk, states.most_at_risk + 1)
    lowest = min(fewest if states.at_risk == 0 else max(1, fewest), states.most_at_risk)
    after = np.arange(lowest, states.most_at_risk + 1)
    stay = kernel(gap, before, after)
    weight = np.tensordot(stay, states.weight, axes=(0, 0))
    moment = np.tensordot(stay, states.weight * states.survival, axes=(0, 0))
    return States.of_moments(weight, moment, lowest, states.events)


def kernel(gap: Gap, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The probability of each number at risk after a gap (columns), by the number before (rows)."""
    n, left = before[:, None], after[None, :]
    gone = n - left
    allowed = (gone >= 0) & ((left > 0) | (n == 0))
    if gap.marks is None:
        log_weight = _log_binomial(n, np.maximum(gone, 0), gap.chance)
    else:
        more = np.maximum(gone - len(gap.marks), 0)
        hidden = np.maximum(more - len(gap.near), 0)
        allowed &= (gone >= len(gap.marks)) & ((more == 0) | (len(gap.marks) + len(gap.near) > 0))
        log_weight = hidden * np.log(_HIDDEN)
    return np.where(allowed, np.exp(log_weight), 0.0)


def _log_binomial(n: np.ndarray, c: np.ndarray, chance: float) -> np.ndarray:
    if chance <= 0:
        return np.where(c == 0, 0.0, -np.inf)
    factorial = _log_factorials(int(n.max()))
    ways = factorial[n] - factorial[np.minimum(c, n)] - factorial[np.maximum(n - c, 0)]
    return ways + c * np.log(chance) + (n - c) * np.log1p(-chance)


@cache
def _log_factorials(largest: int) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, largest + 1)))])


def _fall(states: States, fall: Fall, fewest: int, count_events: bool, bins: int) -> States:
    """n to n - d and S to S (1 - d / n), for every d that ends within the interval of the level below."""
    at = np.nonzero(states.weight)
    n, e = at[0] + states.at_risk, at[1] + states.events
    weight, survival = states.weight[at], states.survival[at]
    d = np.arange(*_deaths(n, survival, fall))[:, None]
    after = survival * (1 - np.minimum(d, n) / np.maximum(n, 1))
    ok = (n - d >= max(0, fewest)) & (after >= fall.low - SLACK) & (after <= fall.high + SLACK)
    if not ok.any():
        return States.none()
    which = np.broadcast_to(np.arange(n.size), ok.shape)[ok]
    died = np.broadcast_to(d, ok.shape)[ok]
    return _gathered(
        n[which] - died,
        e[which] + died * count_events,
        bin_of(after[ok], fall, bins),
        weight[which] / np.maximum(died, 1),
        after[ok],
        bins,
    )


def _deaths(n: np.ndarray, survival: np.ndarray, fall: Fall) -> tuple[int, int]:
    """The range of d over all states, its end not included."""
    above = np.maximum(survival, SLACK)
    fewest = np.floor(n * np.maximum(0.0, 1 - fall.high / above)).min()
    most = np.ceil(n * np.clip(1 - fall.low / above, 0.0, 1.0)).max()
    return max(fall.least, int(fewest)), max(fall.least, int(most)) + 1


def bin_of(survival: np.ndarray, fall: Fall, bins: int) -> np.ndarray:
    """The bin that a survival below a drop falls into."""
    position = (survival - fall.low) / max(fall.high - fall.low, SLACK)
    return np.clip((position * bins).astype(int), 0, bins - 1)


def _gathered(
    n: np.ndarray, e: np.ndarray, bin: np.ndarray, weight: np.ndarray, survival: np.ndarray, bins: int
) -> States:
    """Add up the weights that arrive at the same state."""
    n0, e0 = int(n.min()), int(e.min())
    shape = (int(n.max()) - n0 + 1, int(e.max()) - e0 + 1, bins)
    size = int(np.prod(shape))
    flat = np.ravel_multi_index((n - n0, e - e0, bin), shape)
    total, moment = (np.bincount(flat, w, minlength=size).reshape(shape) for w in (weight, weight * survival))
    return States.of_moments(total, moment, n0, e0)
