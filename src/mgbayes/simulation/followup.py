"""How long each synthetic patient was followed: as long as the events allow, with the published mean and SD.

A patient's follow-up F has the density of the published follow-up, a shifted gamma (distributions/followup.py), times
the likelihood of the patient's events: F is beyond the day of each event; one that was not seen had not come by F.
Many cohorts are drawn so, those near the published mean and SD are selected, and one of them is shifted and scaled to
the published mean and SD.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from scipy import stats

from mgbayes.latent.digits import Moments, on_grid
from mgbayes.simulation.cohort import Floats, Times
from mgbayes.study.statistics.means import MeanSD
from mgbayes.study.time_to_event import Followup

CELLS = 200
"""Cells of equal prior chance that a follow-up is drawn from."""
_COHORTS = 6000
_PAIRINGS = 100
_NEAR = 0.02  # of the published SD
_CHOSEN = 20


@dataclass(frozen=True)
class Outcome:
    """One endpoint of the patients, and the chance of no event by a day in each arm, as arrays over ``days``."""

    times: Times
    days: Floats
    event_free: Floats
    """(arm, day)"""
    waiting: float = 0.0
    """How long a patient must be followed beyond the day for the event to count."""

    @property
    def needs(self) -> Floats:
        """The follow-up (patients,) that each event needs, 0 where there was none."""
        return np.nan_to_num(self.times.day + self.waiting)


@dataclass(frozen=True)
class Gamma:
    """Follow-up as the models hold it: minimum, shape and scale."""

    least: float
    shape: float
    scale: float

    @classmethod
    def of(cls, published: Followup) -> Gamma:
        """Matched to a published mean, SD and minimum."""
        least, mean, sd = float(published.least), float(published.mean), float(published.sd)
        return cls(least, ((mean - least) / sd) ** 2, sd**2 / (mean - least))

    def chance(self, day: Any) -> Any:
        """P(F <= day)."""
        return stats.gamma.cdf(np.asarray(day) - self.least, self.shape, scale=self.scale)

    def day(self, chance: Any) -> Any:
        """The quantile function."""
        return self.least + stats.gamma.ppf(chance, self.shape, scale=self.scale)


def paired(rng: Generator, gamma: Gamma, outcomes: Sequence[Outcome], arm: np.ndarray) -> list[Outcome]:
    """Which patient of an arm had which of each outcome's times.

    Outcomes are taken as independent given the arm; some pairings are likelier, since one follow-up has to reach
    beyond all events of a patient. One of many random pairings is drawn by that chance.
    """
    if len(outcomes) < 2:
        return list(outcomes)
    orders = [
        np.concatenate([rng.permutation(np.flatnonzero(arm == a)) for a in (0, 1)])
        for _ in range(_PAIRINGS * (len(outcomes) - 1))
    ]
    choices = [
        [outcomes[0], *(_reordered(one, orders[i + _PAIRINGS * k]) for k, one in enumerate(outcomes[1:]))]
        for i in range(_PAIRINGS)
    ]
    chance = np.array([np.log(_weights(gamma, choice, arm)[1].mean(axis=1)).sum() for choice in choices])
    # A patient with an event has only the part of follow-up beyond it.
    chance += np.array([np.log1p(-_beyond(gamma, choice)).sum() for choice in choices])
    weight = np.exp(chance - chance.max())
    return choices[rng.choice(_PAIRINGS, p=weight / weight.sum())]


def _reordered(outcome: Outcome, order: np.ndarray) -> Outcome:
    times = Times(outcome.times.event[order], outcome.times.day[order])
    return Outcome(times, outcome.days, outcome.event_free, outcome.waiting)


def _beyond(gamma: Gamma, outcomes: Sequence[Outcome]) -> Floats:
    """The chance of a follow-up that ends before the last event of each patient."""
    last = np.max([one.needs for one in outcomes], axis=0)
    return np.minimum(np.asarray(gamma.chance(last), dtype=float), 1 - 1e-9)


def _weights(gamma: Gamma, outcomes: Sequence[Outcome], arm: np.ndarray) -> tuple[Floats, Floats]:
    """Follow-ups (patient, cell) of equal prior chance given the events, and how well each fits what was not seen."""
    before = _beyond(gamma, outcomes)[:, None]
    day = gamma.day(before + (1 - before) * (np.arange(CELLS) + 0.5) / CELLS)
    weight = np.ones_like(day)
    for one in outcomes:
        for a in (0, 1):
            silent = (one.times.event == 0) & (arm == a)
            weight[silent] *= np.interp(day[silent] - one.waiting, one.days, one.event_free[a])
    return day, np.maximum(weight, 1e-300)


def draw_followup(
    rng: Generator, gamma: Gamma, outcomes: Sequence[Outcome], arm: np.ndarray, published: Followup
) -> Floats | None:
    """Whole days of follow-up (patients,) with the published mean and SD; None where none was found."""
    before = _beyond(gamma, outcomes)
    _, weight = _weights(gamma, outcomes, arm)
    share = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
    cell = np.stack([np.searchsorted(row, rng.random(_COHORTS)) for row in share], axis=1)
    within = (np.minimum(cell, CELLS - 1) + rng.random(cell.shape)) / CELLS
    followed = gamma.day(before + (1 - before) * within)
    mean, sd = float(published.mean), float(published.sd)
    means, sds = followed.mean(axis=1), followed.std(axis=1, ddof=1)
    off = np.hypot(means - mean, sds - sd) / sd
    near = np.flatnonzero(off <= _NEAR)
    tried = rng.permutation(near)[:_CHOSEN] if len(near) else np.argsort(off)[:_CHOSEN]
    least = np.maximum(np.max([one.needs for one in outcomes], axis=0), gamma.least)
    for i in tried:
        moved = mean + (followed[i] - means[i]) * sd / sds[i]
        if (moved >= least - 1).all():
            days = on_grid(rng, moved, 1.0, Moments(MeanSD(published.mean, published.sd, len(moved))), least)
            if days is not None:
                return days
    return None
