"""Moves that keep a reported mean and SD: two values make up for what a third one does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.random import Generator

from mgbayes.latent_cohort.pairs import pair, pairs
from mgbayes.latent_cohort.proposal import Proposal, some_of, symmetric_step, to_or_from_zero
from mgbayes.latent_cohort.statements import Statement
from mgbayes.latent_cohort.table import Floats, Mask, Steps, Tables

_ZERO = 1 / 3


@dataclass(frozen=True)
class OfStatement:
    """What moves of one statement have in common; ``widest`` is the largest step that they propose."""

    statement: Statement
    widest: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The statement's column."""
        return (self.statement.column.name,)

    @property
    def who(self) -> Mask:
        """The statement's patients."""
        return self.statement.who


@dataclass(frozen=True)
class Triple(OfStatement):
    """Three values of one statement keep its sum (or move it by one step) and its sum of squares within the window.

    The first takes a step of any size; the other two are any pair that then meets the window, each as likely, so that
    the ratio of proposals is that of the numbers of pairs. The circle of three values with a fixed sum and sum of
    squares, on a grid.
    """

    @property
    def name(self) -> str:
        """The column and the group."""
        return f"three values of {self.statement.column.name}, {self.statement.group}"

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
        if not self.statement.column.zeros:
            return step, np.zeros(len(first))
        to_or_from = rng.random(len(first)) < _ZERO
        there, log_ratio = to_or_from_zero(rng, first, self.widest)
        return np.where(to_or_from, there - first, step), np.where(to_or_from, log_ratio, 0.0)


@dataclass(frozen=True)
class Zeros(OfStatement):
    """One more zero, or one fewer; two others above zero make up for it.

    With P values above zero and Z zeros, a value and two others are drawn from P, or a zero from Z and two others
    from P: the ratio of proposals of one more zero is P / (Z + 1), of one fewer Z / (P + 1). Where most values are
    zero, three that change their number are seldom drawn otherwise.
    """

    @property
    def name(self) -> str:
        """The column and the group."""
        return f"one zero more or fewer of {self.statement.column.name}, {self.statement.group}"

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
