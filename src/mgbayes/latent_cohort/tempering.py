r"""From tables that meet everything else to those that also give a reported p, by windows that narrow.

A window holds the tables whose p is at most so far from what is reported (p_statements.py). Chains that have settled
within one window say which share of its tables lies in the next; those outside continue from a state that was inside,
and all settle again. The product of the shares is the probability of the reported p given everything else, however
small (multilevel splitting; the levels are those of subset simulation, Au and Beck 2001, Probabilistic Engineering
Mechanics 16:263, with chains in place of independent draws). Where several tests could stand behind the p, a table
counts within a window by the prior probability of those that are.

Each group of chains that started alike is a start of its own: a chain continues from a state of its group, as long as
one was inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf

import numpy as np

from mgbayes.latent_cohort.diagnostics import GROUPS
from mgbayes.latent_cohort.p_statements import PStatement
from mgbayes.latent_cohort.sampler import Run, Sampler, State
from mgbayes.latent_cohort.table import Floats, Steps, Tables

_INSIDE = 0.2
"""The share of a window's tables that the next one holds."""
_ENOUGH = 0.1
"""The window closes where at least this share of its tables has the reported p."""
_EVERYTHING = 4
"""Every so many sweeps all moves are made, else only those of what the p depends on."""
_LEAST_STEP = 0.004
_PATIENCE = 4
"""Not reached: so many windows in a row that are narrower by less than the step, in units of log p."""
_MOST_WINDOWS = 80


@dataclass(frozen=True)
class Window:
    """The tables of which some test gives a p at most ``width`` from the reported one."""

    statement: PStatement
    width: float

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it depends on."""
        return self.statement.columns

    def log_weight(self, tables: Tables) -> Floats:
        """The log (K,) of the share of the tests that put a table inside."""
        return log_weight(self.statement.distances(tables), self.width)


def log_weight(distances: Floats, width: float) -> Floats:
    """Of distances (tests, ...): every test is as likely."""
    with np.errstate(divide="ignore"):
        return np.log((distances <= width).mean(axis=0))


@dataclass(frozen=True)
class Level:
    """A window, and the share of the tables of the one before that it holds, overall and by start."""

    width: float
    share: float
    by_start: tuple[float, ...]


@dataclass(frozen=True)
class Climb:
    """The way from everything else to a reported p, and whether chains arrived.

    ``nearest``: the smallest distance of any table, and the p that it had.
    """

    levels: tuple[Level, ...]
    reached: bool
    nearest: float
    nearest_p: float

    @property
    def log_chance(self) -> float:
        """The log probability of the last window given everything else."""
        return float(sum(np.log(level.share) for level in self.levels))

    @property
    def starts(self) -> int:
        """Of GROUPS, those whose own chains were in every window."""
        return int(np.all([np.array(level.by_start) > 0 for level in self.levels], axis=0).sum())

    @property
    def error(self) -> float:
        """The Monte Carlo error of the log probability, from how the starts that came differ."""
        shares = np.array([level.by_start for level in self.levels])
        came = (shares > 0).all(axis=0)
        if came.sum() < 2:
            return inf
        return float(np.log(shares[:, came]).sum(axis=0).std(ddof=1) / np.sqrt(came.sum()))


@dataclass
class Ladder:
    """Climbs to reported p values with the chains of a sampler, which are left within the last window."""

    sampler: Sampler
    state: State
    settle: int = 4
    sweeps: int = 12

    def climb(self, statement: PStatement, least: float = 0.0) -> Climb:
        """Within all that the sampler has met before. The sampler keeps the last window.

        ``least``: a window that a smaller share of tables is in is the last.
        """
        before, levels = self.sampler.evidence, list[Level]()
        width, still, nearest, nearest_p = inf, 0, inf, float("nan")
        while True:
            self.sampler.evidence = (*before, Window(statement, width)) if levels else before
            distances, p, states = self._settled(statement, burn=self.settle if levels else 0)
            if distances.min() < nearest:
                nearest, nearest_p = float(distances.min()), float(p.ravel()[distances.argmin()])
            after = _next(distances, width)
            climb = Climb(tuple(levels), width == 0, nearest, nearest_p)
            stuck = len(levels) == _MOST_WINDOWS or still == _PATIENCE or after is None
            if climb.reached or stuck or exp(climb.log_chance) < least:
                return climb
            assert after is not None
            still = still + 1 if width - after < _LEAST_STEP and after > 0 else 0
            ratio = np.exp(log_weight(distances, after) - log_weight(distances, width))  # (sweeps, K)
            levels.append(_level(after, ratio))
            self.state.continue_from(states, *_sources(self.sampler.rng, ratio))
            width = after

    def _settled(self, statement: PStatement, burn: int) -> tuple[Floats, Floats, list[State]]:
        """Distances and p (tests, sweeps, K) after every sweep within the present window, and the states."""
        distances, p, states = [], [], []
        cohort = self.sampler.cohort
        near = tuple(cohort.about(tuple(statement.columns), np.ones(len(cohort.arm), bool)).columns)
        for sweep in range(burn + self.sweeps):
            self.sampler.sweep(self.state, Run(), about=near if sweep % _EVERYTHING else ())
            if sweep >= burn:
                tested = [test.on(self.state.tables) for test in statement.tests]
                distances.append(list(map(statement.distance, statement.tests, tested)))
                p.append([one.p for one in tested])
                states.append(self.state.copy())
        return np.swapaxes(distances, 0, 1), np.swapaxes(p, 0, 1), states


def _next(distances: Floats, width: float) -> float | None:
    """The next window: closed if enough tables are there; None where none is narrower."""
    least = distances.min(axis=0)
    if (least == 0).mean() >= _ENOUGH:
        return 0.0
    narrower = least[least < width]
    if not len(narrower):
        return None
    after = float(np.quantile(least, _INSIDE, method="inverted_cdf"))
    return after if after < width else float(narrower.max())


def _level(width: float, ratio: Floats) -> Level:
    start = np.arange(ratio.shape[1]) % GROUPS
    by_start = tuple(float(ratio[:, start == g].mean()) for g in range(GROUPS))
    return Level(width, float(ratio.mean()), by_start)


def _sources(rng: np.random.Generator, ratio: Floats) -> tuple[Steps, Steps]:
    """The sweep and chain (K,) from which each chain continues, given weights (sweeps, K).

    By its weight from itself, as it is now; else from any state of its start, or of all starts if none is inside.
    """
    sweeps, chains = ratio.shape
    chain, which = np.arange(chains), np.full(chains, sweeps - 1)
    start = chain % GROUPS
    source = chain.copy()
    for k in chain[rng.random(chains) >= ratio[-1] / ratio.max()]:
        weight = np.where(start == start[k], ratio, 0.0)
        weight = (weight if weight.any() else ratio).ravel()
        which[k], source[k] = np.divmod(rng.choice(len(weight), p=weight / weight.sum()), chains)
    return which, source
