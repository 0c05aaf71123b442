"""What a move of the tables proposes, and how patients and sizes of steps are drawn for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.random import Generator

from mgbayes.latent_cohort.statements import Statement
from mgbayes.latent_cohort.table import Floats, Mask, Steps, Tables


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
