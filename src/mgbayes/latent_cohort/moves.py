"""Moves of the tables: each proposes one change for every chain, symmetric or with its own ratio of proposals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.random import Generator

from mgbayes.latent_cohort.pairs import Pairs, log_count
from mgbayes.latent_cohort.statements import Statement
from mgbayes.latent_cohort.table import Column, Floats, Mask, Steps, Tables
from mgbayes.study.statistics.quantiles import Quantiles


@dataclass(frozen=True)
class Proposal:
    """New steps (K, n) of some columns, whose patients (K, r) changed, the log ratio of proposals, and where any.

    ``kept`` tells which statements the change meets by its making.
    """

    steps: Mapping[str, Steps]
    who: Steps
    log_ratio: Floats
    possible: Mask
    kept: Callable[[Statement], bool] = lambda statement: False


_ZERO = 1 / 3


class Move(Protocol):
    """A way to change tables."""

    @property
    def name(self) -> str:
        """What it is called in the diagnostics."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it may change."""
        ...

    @property
    def times(self) -> int:
        """How often it is tried in a sweep."""
        ...

    def propose(self, rng: Generator, tables: Tables) -> Proposal:
        """One change for every chain."""
        ...


@dataclass(frozen=True)
class Triple:
    """Three values of one statement keep its sum (or move it by one step) and its sum of squares within the window.

    The first takes a step of any size; the other two are any pair that then meets the window, each as likely, so that
    the ratio of proposals is that of the numbers of pairs. The circle of three values with a fixed sum and sum of
    squares, on a grid.
    """

    statement: Statement
    widest: int

    @property
    def name(self) -> str:
        """The column and the group."""
        return f"three values of {self.statement.column.name}, {self.statement.group}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The statement's column."""
        return (self.statement.column.name,)

    @property
    def times(self) -> int:
        """About half as often as it has values."""
        windows = self.statement.windows
        return 1 if windows is None else -(-windows.m // 2)

    def propose(self, rng: Generator, tables: Tables) -> Proposal:
        """One change for every chain."""
        windows, column = self.statement.windows, self.statement.column
        assert windows is not None
        steps = tables.steps[column.name]
        counted = np.broadcast_to(self.statement.counted(tables), steps.shape)
        who, enough = some_of(rng, counted, 3)
        x = np.take_along_axis(steps, who, axis=1)
        chosen = np.where(counted, steps, 0)
        total, square = chosen.sum(axis=1), (chosen * chosen).sum(axis=1)
        step, log_ratio = self._step(rng, x[:, 0])
        shift = rng.integers(-1, 2, len(steps)) if windows.high > windows.low else np.zeros(len(steps), int)
        first = x[:, 0] + step
        others = square - (x * x).sum(axis=1)
        here = self._pairs(windows, total, others + x[:, 0] ** 2, x[:, 1] + x[:, 2])
        there = self._pairs(windows, total + shift, others + first**2, x[:, 1] + x[:, 2] - step + shift)
        second, third = there.draw(rng)
        inside = (total + shift >= windows.low) & (total + shift <= windows.high)
        possible = enough & (first >= column.low) & (there.count > 0) & inside
        new = steps.copy()
        np.put_along_axis(new, who, np.stack([first, second, third], axis=1), axis=1)
        log_ratio = log_ratio + log_count(there) - log_count(here)
        return Proposal({column.name: new}, who, log_ratio, possible, lambda one: one is self.statement)

    def _step(self, rng: Generator, first: Steps) -> tuple[Steps, Floats]:
        """Steps of the first value, and their log ratio of proposals.

        Where zeros have a share of their own, a third of the proposals go to zero, or from there to anywhere.
        """
        step = symmetric_step(rng, len(first), self.widest)
        if self.statement.column.low != 0 or self.statement.column.counted_in is not None:
            return step, np.zeros(len(first))
        to_or_from = rng.random(len(first)) < _ZERO
        anywhere = rng.integers(1, self.widest + 1, len(first))
        log_widest = np.log(self.widest)
        with np.errstate(divide="ignore"):
            back = np.where(first == 0, log_widest, np.where(first <= self.widest, -log_widest, -np.inf))
        to_zero = np.where(first == 0, anywhere, -first)
        return np.where(to_or_from, to_zero, step), np.where(to_or_from, back, 0.0)

    def _pairs(self, windows: Any, total: Steps, others: Steps, both: Steps) -> Pairs:
        low, high = windows.squares(total.astype(float))
        return Pairs.of(both, low - others, high - others, self.statement.column.low)


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
    """One value, or several at once, take a step of any size.

    A median of an even number lies between two values, of which neither may move alone.
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
        there = 1 - here if self.column.is_yes_no else here + step
        high = np.inf if self.column.high is None else self.column.high
        inside = ((there >= self.column.low) & (there <= high)).all(axis=1)
        np.put_along_axis(new, who, np.where(inside[:, None], there, here), axis=1)
        return Proposal({self.column.name: new}, who, np.zeros(len(steps)), enough & inside)


def some_of(rng: Generator, counted: Mask, k: int) -> tuple[Steps, Mask]:
    """k patients of each chain, without replacement, of those counted (K, n); and whether there are so many."""
    keys = np.where(counted, rng.random(counted.shape), 2.0)
    who = keys.argsort(axis=1)[:, :k]
    return who, counted.sum(axis=1) >= k


def symmetric_step(rng: Generator, size: int, widest: int) -> Steps:
    """Steps up or down, of every size from 1 to ``widest`` in about equal measure on a log scale."""
    length = np.floor(np.exp(rng.uniform(0, np.log(widest + 1), size))).astype(np.int64)
    return length * rng.choice((-1, 1), size)


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
    bound = set()
    for statement in statements:
        if statement.windows is not None and not statement.column.is_yes_no:
            found.append(Triple(statement, _widest(statement)))
            bound.add(statement.column.name)
    everybody = np.ones(tables.n, bool)
    for column in tables.columns.values():
        if column.name not in bound and not column.is_fixed and not _is_fixed(column, statements, tables):
            if column.name not in scanned:
                found.append(Step(column, everybody, _spread(tables, column)))
            if any(one.column is column and isinstance(one.statistic, Quantiles) for one in statements):
                found.append(Step(column, everybody, _spread(tables, column), together=2))
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
    return max(2, int(tables.steps[column.name].std()))


def _is_fixed(column: Column, statements: Sequence[Statement], tables: Tables) -> bool:
    """Whether counts of every patient's group leave no value free to change alone."""
    counted = [one.who for one in statements if one.column.name == column.name and column.is_yes_no]
    return bool(np.any(counted, axis=0).all()) if counted else False
