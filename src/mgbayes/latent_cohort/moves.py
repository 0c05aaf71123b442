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
        steps = tables.steps[self.statement.column.name]
        who, enough = some_of(rng, np.broadcast_to(self.statement.counted(tables), steps.shape), 3)
        step, log_ratio = self._step(rng, np.take_along_axis(steps, who[:, :1], axis=1)[:, 0])
        return completed(rng, tables, self.statement, who, step, log_ratio, enough, self.statement.column.low)

    def _step(self, rng: Generator, first: Steps) -> tuple[Steps, Floats]:
        """Steps of the first value, and their log ratio of proposals.

        Where zeros have a share of their own, a third of the proposals go to zero, or from there to a value of which
        every size is about as likely on a log scale.
        """
        step = symmetric_step(rng, len(first), self.widest)
        if self.statement.column.low != 0 or self.statement.column.counted_in is not None:
            return step, np.zeros(len(first))
        to_or_from = rng.random(len(first)) < _ZERO
        there, log_ratio = to_or_from_zero(rng, first, self.widest)
        return np.where(to_or_from, there - first, step), np.where(to_or_from, log_ratio, 0.0)


@dataclass(frozen=True)
class Zeros:
    """One more zero, or one fewer; two others above zero make up for it.

    With P values above zero and Z zeros, a value and two others are drawn from P, or a zero from Z and two others
    from P: the ratio of proposals of one more zero is P / (Z + 1), of one fewer Z / (P + 1). Where most values are
    zero, three that change their number are seldom drawn otherwise.
    """

    statement: Statement
    widest: int

    @property
    def name(self) -> str:
        """The column and the group."""
        return f"one zero more or fewer of {self.statement.column.name}, {self.statement.group}"

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
        """A third as often as it has values."""
        return -(-int(self.who.sum()) // 3)

    def propose(self, rng: Generator, tables: Tables) -> Proposal:
        """One change for every chain."""
        steps = tables.steps[self.statement.column.name]
        zero = self.who & (steps == 0)
        above = self.who & (steps > 0)
        positive, zeros = above.sum(axis=1), zero.sum(axis=1)
        more = rng.random(len(steps)) < 0.5
        values, enough = some_of(rng, above, 3)
        first, any_zero = some_of(rng, zero, 1)
        who = np.where(more[:, None], values, np.concatenate([first, values[:, :2]], axis=1))
        possible = np.where(more, enough, any_zero & (positive >= 2))
        here = np.take_along_axis(steps, who[:, :1], axis=1)[:, 0]
        there, log_ratio = to_or_from_zero(rng, here, self.widest)
        chosen = np.where(more, positive / (zeros + 1), zeros / (positive + 1))
        log_ratio = log_ratio + np.log(np.where(possible, chosen, 1.0))
        return completed(rng, tables, self.statement, who, there - here, log_ratio, possible, 1)


def completed(
    rng: Generator, tables: Tables, statement: Statement, who: Steps, step: Steps, log_ratio: Floats,
    possible: Mask, low: int,
) -> Proposal:  # fmt: skip
    """The first of three patients takes its step, the other two are a pair, at least ``low``, that then meets all."""
    windows, column = statement.windows, statement.column
    assert windows is not None
    steps = tables.steps[column.name]
    shift = rng.integers(-1, 2, len(steps)) if windows.high > windows.low else np.zeros(len(steps), int)
    chosen = np.where(statement.counted(tables), steps, 0)
    sums = chosen.sum(axis=1), (chosen * chosen).sum(axis=1)
    new, ways = steps.copy(), np.zeros((2, len(steps)))
    bounds = windows.m, windows.low, windows.high, windows.low_variance, windows.high_variance
    _complete(new, who, step, shift, sums, rng.random(len(steps)), bounds, (column.low, low), ways)
    possible = possible & (ways > 0).all(axis=0)
    log_ratio = log_ratio + np.log(np.where(possible, ways[1] / np.maximum(ways[0], 1), 1.0))
    return Proposal({column.name: new}, who, log_ratio, possible, lambda one: one is statement)


@njit
def _complete(
    new: Steps, who: Steps, step: Steps, shift: Steps, sums: tuple[Steps, Steps], u: Floats,
    bounds: tuple[int, int, int, float, float], lows: tuple[int, int], ways: Floats,
) -> None:  # fmt: skip
    """The first of three values takes its step, the other two are a pair that then meets the window, in place.

    ``lows``: the least of the first value, and of the pair. ``ways`` (2, K): how many pairs there are before and
    after; none after where a value or the sum is outside.
    """
    first_low, low = lows
    m, low_sum, high_sum, low_variance, high_variance = bounds
    for k in range(len(new)):
        i, j, other = who[k]
        x, both = new[k, i], new[k, j] + new[k, other]
        total, rest = sums[0][k], sums[1][k] - new[k, j] ** 2 - new[k, other] ** 2
        centred = total**2 / m
        ends = centred + (m - 1) * low_variance - rest, centred + (m - 1) * high_variance - rest
        ways[0, k] = pairs(both, ends[0], ends[1], low)[1]
        total += shift[k]
        if x + step[k] < first_low or total < low_sum or total > high_sum:
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


def to_or_from_zero(rng: Generator, here: Steps, widest: int) -> tuple[Steps, Floats]:
    """Zero in place of values (K,), and in place of zero a value of any size; with the log ratio of proposals."""
    value = np.where(here == 0, any_length(rng, len(here), widest), here)
    log_chance = np.log(np.log1p(1 / value) / np.log(widest + 1))
    back = np.where(here == 0, -log_chance, np.where(here <= widest, log_chance, -np.inf))
    return np.where(here == 0, value, 0), back


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
    for statement in statements:
        if statement.windows is not None and not statement.column.is_yes_no:
            found.append(Triple(statement, _widest(statement)))
            if statement.column.low == 0 and statement.column.high is None:
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
        if column.low == 0 and column.high is None:
            found.append(Toggle(column, free, _spread(tables, column)))
        if any(isinstance(one.statistic, Quantiles) for one in about):
            found.append(Step(column, free, _spread(tables, column), together=2))
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
