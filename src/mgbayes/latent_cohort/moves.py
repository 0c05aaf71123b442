"""Moves of the tables: each proposes one change for every chain, symmetric or with its own ratio of proposals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numba import njit
from numpy.random import Generator

from mgbayes.latent_cohort.pairs import pair, pairs
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
    def who(self) -> Mask:
        """The patients (n,) whose values it may change."""
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
    def who(self) -> Mask:
        """The statement's patients."""
        return self.statement.who

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
        first = np.take_along_axis(steps, who[:, :1], axis=1)[:, 0]
        step, log_ratio = self._step(rng, first)
        shift = rng.integers(-1, 2, len(steps)) if windows.high > windows.low else np.zeros(len(steps), int)
        chosen = np.where(counted, steps, 0)
        sums = chosen.sum(axis=1), (chosen * chosen).sum(axis=1)
        new, ways = steps.copy(), np.zeros((2, len(steps)))
        bounds = windows.m, windows.low, windows.high, windows.low_variance, windows.high_variance
        _complete(new, who, step, shift, sums, rng.random(len(steps)), bounds, column.low, ways)
        possible = enough & (ways > 0).all(axis=0)
        log_ratio = log_ratio + np.log(np.where(possible, ways[1] / np.maximum(ways[0], 1), 1.0))
        return Proposal({column.name: new}, who, log_ratio, possible, lambda one: one is self.statement)

    def _step(self, rng: Generator, first: Steps) -> tuple[Steps, Floats]:
        """Steps of the first value, and their log ratio of proposals.

        Where zeros have a share of their own, a third of the proposals go to zero, or from there to a value of which
        every size is about as likely on a log scale.
        """
        step = symmetric_step(rng, len(first), self.widest)
        if self.statement.column.low != 0 or self.statement.column.counted_in is not None:
            return step, np.zeros(len(first))
        to_or_from = rng.random(len(first)) < _ZERO
        value = np.where(first == 0, any_length(rng, len(first), self.widest), first)
        log_chance = np.log(np.log1p(1 / value) / np.log(self.widest + 1))
        back = np.where(first == 0, -log_chance, np.where(first <= self.widest, log_chance, -np.inf))
        to_zero = np.where(first == 0, value, -first)
        return np.where(to_or_from, to_zero, step), np.where(to_or_from, back, 0.0)


@njit
def _complete(
    new: Steps, who: Steps, step: Steps, shift: Steps, sums: tuple[Steps, Steps], u: Floats,
    bounds: tuple[int, int, int, float, float], low: int, ways: Floats,
) -> None:  # fmt: skip
    """The first of three values takes its step, the other two are a pair that then meets the window, in place.

    ``ways`` (2, K): how many pairs there are before and after; none after where a value or the sum is outside.
    """
    m, low_sum, high_sum, low_variance, high_variance = bounds
    for k in range(len(new)):
        i, j, other = who[k]
        x, both = new[k, i], new[k, j] + new[k, other]
        total, rest = sums[0][k], sums[1][k] - new[k, j] ** 2 - new[k, other] ** 2
        centred = total**2 / m
        ends = centred + (m - 1) * low_variance - rest, centred + (m - 1) * high_variance - rest
        ways[0, k] = pairs(both, ends[0], ends[1], low)[1]
        total += shift[k]
        if x + step[k] < low or total < low_sum or total > high_sum:
            continue
        both += shift[k] - step[k]
        rest += (x + step[k]) ** 2 - x**2
        centred = total**2 / m
        ends = centred + (m - 1) * low_variance - rest, centred + (m - 1) * high_variance - rest
        least, count = pairs(both, ends[0], ends[1], low)
        ways[1, k] = count
        if count > 0:
            new[k, i] = x + step[k]
            new[k, j], new[k, other] = pair(both, least, min(int(u[k] * count), count - 1))


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
    """Steps up or down, of any length."""
    return any_length(rng, size, widest) * rng.choice((-1, 1), size)


def any_length(rng: Generator, size: int, widest: int) -> Steps:
    """Every size x from 1 to ``widest`` in about equal measure on a log scale: log(1 + 1 / x) / log(1 + widest)."""
    return np.floor(np.exp(rng.uniform(0, np.log(widest + 1), size))).astype(np.int64)


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
