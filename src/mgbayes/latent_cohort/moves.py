"""The moves that tables need, and those of one or two patients.

Each proposes one change for every chain, symmetric or with its own ratio of proposals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from mgbayes.latent_cohort.proposal import Move, Proposal, some_of, symmetric_step, to_or_from_zero
from mgbayes.latent_cohort.statements import Statement
from mgbayes.latent_cohort.sum_moves import Triple, Zeros
from mgbayes.latent_cohort.table import Column, Mask, Tables
from mgbayes.study.statistics.quantiles import Quantiles

_OPPOSITE = 0.5


@dataclass(frozen=True)
class Exchange:
    """Two patients of a group exchange their values of some columns."""

    who: Mask
    columns: tuple[str, ...]

    @property
    def times(self) -> int:
        """A tenth as often as there are patients."""
        return -(-int(self.who.sum()) // 10)

    @property
    def name(self) -> str:
        """What is exchanged."""
        return f"exchange of {', '.join(self.columns)}"

    def propose(self, rng: Generator, tables: Tables) -> Proposal:
        """One change for every chain."""
        chains = tables.chains
        who, enough = some_of(rng, np.broadcast_to(self.who, (chains, tables.n)), 2)
        new = {}
        for name in self.columns:
            new[name] = tables.steps[name].copy()
            both = np.take_along_axis(tables.steps[name], who, axis=1)
            np.put_along_axis(new[name], who, both[:, ::-1], axis=1)
        # The groups of statements are arms or everybody.
        alike = len(set(tables.arm[self.who])) == 1
        return Proposal(new, who, np.zeros(chains), enough, lambda one: alike)


@dataclass(frozen=True)
class Step:
    """One value takes a step of any size, or two values at once do.

    A median of an even number lies between two values, of which neither may move alone: half of the time the one
    goes as far up as the other goes down.
    """

    column: Column
    who: Mask
    widest: int
    together: int = 1

    @property
    def name(self) -> str:
        """The column."""
        return f"{'one value' if self.together == 1 else f'{self.together} values'} of {self.column.name}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The column."""
        return (self.column.name,)

    @property
    def times(self) -> int:
        """Half as often as there are patients, of one value; of two, a quarter as often."""
        return -(-int(self.who.sum()) // (2 * self.together))

    def propose(self, rng: Generator, tables: Tables) -> Proposal:
        """One change for every chain."""
        steps = tables.steps[self.column.name]
        counted = np.broadcast_to(self.who, steps.shape)
        if self.column.counted_in is not None:
            counted = counted & (tables.steps[self.column.counted_in] > 0)
        who, enough = some_of(rng, counted, self.together)
        new = steps.copy()
        here = np.take_along_axis(steps, who, axis=1)
        step = symmetric_step(rng, here.size, self.widest).reshape(here.shape)
        if self.together > 1:
            opposite = rng.random(len(step)) < _OPPOSITE
            step[opposite, 1] = -step[opposite, 0]
        there = 1 - here if self.column.is_yes_no else here + step
        high = np.inf if self.column.high is None else self.column.high
        inside = ((there >= self.column.low) & (there <= high)).all(axis=1)
        np.put_along_axis(new, who, np.where(inside[:, None], there, here), axis=1)
        return Proposal({self.column.name: new}, who, np.zeros(len(steps)), enough & inside)


@dataclass(frozen=True)
class Toggle:
    """One value goes to zero, or from there to any size; a time comes and goes with its event."""

    column: Column
    who: Mask
    widest: int

    @property
    def name(self) -> str:
        """The column."""
        return f"zero or not of {self.column.name}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The column, and that of the event."""
        event = self.column.counted_in
        return (self.column.name,) if event is None else (self.column.name, event)

    @property
    def times(self) -> int:
        """Half as often as there are patients."""
        return -(-int(self.who.sum()) // 2)

    def propose(self, rng: Generator, tables: Tables) -> Proposal:
        """One change for every chain."""
        steps = tables.steps[self.column.name]
        who, enough = some_of(rng, np.broadcast_to(self.who, steps.shape), 1)
        there, log_ratio = to_or_from_zero(rng, np.take_along_axis(steps, who, axis=1)[:, 0], self.widest)
        new = {name: tables.steps[name].copy() for name in self.columns}
        np.put_along_axis(new[self.column.name], who, there[:, None], axis=1)
        for name in self.columns[1:]:
            np.put_along_axis(new[name], who, (there[:, None] > 0).astype(np.int64), axis=1)
        return Proposal(new, who, log_ratio, enough)


def moves_of(
    tables: Tables,
    statements: Sequence[Statement],
    blocks: Sequence[tuple[str, ...]],
    scanned: Sequence[str] = (),
) -> list[Move]:
    """The moves that tables of these columns need: by statement, by column, and exchanges of blocks of columns.

    Columns that are ``scanned`` need no moves of one value.
    """
    found: list[Move] = []
    for statement in statements:
        if statement.windows is not None and not statement.column.is_yes_no:
            found.append(Triple(statement, _widest(statement)))
            if statement.column.zeros:
                found.append(Zeros(statement, _widest(statement)))
    times = {column.counted_in: column for column in tables.columns.values() if column.counted_in is not None}
    everybody = np.ones(tables.n, bool)
    for column in tables.columns.values():
        about = [one for one in statements if one.column.name == column.name]
        free = ~np.any([~everybody, *(one.who for one in about if one.windows is not None)], axis=0)
        if column.is_fixed or not free.any():
            continue
        if column.name in times:
            found.append(Toggle(times[column.name], free, _spread(tables, times[column.name])))
            continue
        if column.name not in scanned:
            found.append(Step(column, free, _spread(tables, column)))
        if column.zeros:
            found.append(Toggle(column, free, _spread(tables, column)))
        between = [one.who & free for one in about if isinstance(one.statistic, Quantiles)]
        found += [Step(column, who, _spread(tables, column), together=2) for who in between]
    for block in blocks:
        found += [Exchange(tables.arm == a, block) for a in (0, 1)]
        if any(tables.columns[name].is_yes_no for name in block):
            found.append(Exchange(everybody, block))
    return found


def _widest(statement: Statement) -> int:
    windows = statement.windows
    assert windows is not None
    return max(2, int(2 * np.sqrt(min(windows.high_variance, 1e12))))


def _spread(tables: Tables, column: Column) -> int:
    """The root mean square of its values, which is large also where they are all alike."""
    return max(2, int(np.sqrt(np.square(tables.steps[column.name].astype(float)).mean())))
