r"""Every patient's class in turn, drawn given all else (Gibbs), compiled.

Given the parameters, the patient's effect and the classes at the other visits, the chance of a class is the average
of the product of chances over the effect (class_chances.py). Classes after which a reported quantile of the patient's
group is another have none: with the counts of the group's classes the values around a quantile are known, and a table
says which two are reported so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.random import Generator

from mgbayes.latent_cohort.outcome import tied
from mgbayes.latent_cohort.parameters import Values
from mgbayes.latent_cohort.statements import Statement
from mgbayes.latent_cohort.table import Column, Floats, Mask, Steps, Tables
from mgbayes.models.quadrature import NODES
from mgbayes.study.statistics.quantiles import Quantiles


@dataclass(frozen=True)
class Limits:
    """What is reported of the classes at a visit.

    ``free`` (n,): who may change alone. For each statement, definition of a quantile and quantile: ``who`` (s, n) is
    its group, ``below`` (s, d, q) how many values lie before the first of the two around the quantile, and ``ok``
    (s, d, q, class, class) which two are reported so.
    """

    free: Mask
    who: Mask
    below: Steps
    ok: Mask

    @classmethod
    def of(cls, column: Column, statements: Sequence[Statement], n: int) -> Limits:
        """Those of the statements about a column; groups of which every class is counted may only exchange."""
        assert column.high is not None
        about = [one for one in statements if one.column.name == column.name]
        quantiles = [(one, one.statistic) for one in about if isinstance(one.statistic, Quantiles)]
        counted = [one.who for one in about if not isinstance(one.statistic, Quantiles)]
        definitions = max((len(stated.definitions) for _, stated in quantiles), default=1)
        most = max((len(stated.quantiles) for _, stated in quantiles), default=1)
        shape = (len(quantiles), definitions, most)
        below, ok = np.zeros(shape, np.int64), np.ones((*shape, column.high + 1, column.high + 1), bool)
        low, high = np.meshgrid(*2 * [np.arange(column.high + 1)], indexing="ij")
        for s, (_, stated) in enumerate(quantiles):
            for d in range(definitions):
                definition = stated.definitions[min(d, len(stated.definitions) - 1)]
                for q, one in enumerate(stated.quantiles):
                    j, g = definition.position(one.p, stated.n)
                    below[s, d, q] = j - 1
                    ok[s, d, q] = one.interval.allows((1 - float(g)) * low + float(g) * high)
        who = np.array([one.who for one, _ in quantiles], bool).reshape(len(quantiles), n)
        return cls(~np.any([np.zeros(n, bool), *counted], axis=0), who, below, ok)


@dataclass(frozen=True)
class ClassScan:
    """New classes at every visit for all patients of an outcome of ordered classes at several visits."""

    outcome: Any
    limits: tuple[Limits, ...]

    def update(self, rng: Generator, tables: Tables, values: Values, effect: Floats | None) -> None:
        """Of every chain, in place."""
        names = [column.name for column in self.outcome.columns]
        y = np.stack([tables.steps[name] for name in names], axis=-1).astype(np.int64)
        shift, c = np.zeros(y.shape[:2]), np.ones(len(y))
        if effect is not None:
            tie, rest = tied(values, self.outcome.better)
            shift, c = tie * effect, rest[:, 0]
        for v, limits in enumerate(self.limits):
            u = rng.random(y.shape[:2])
            own = limits.free, limits.who, limits.below, limits.ok
            _scan(y, v, values["chance"], tables.arm, NODES, shift, c, u, *own)
        tables.steps |= {name: y[..., v] for v, name in enumerate(names)}


@njit(error_model="numpy")
def _scan(
    y: Steps, v: int, chance: Floats, arm: Steps, nodes: Floats, shift: Floats, c: Floats, u: Floats,
    free: Mask, who: Mask, below: Steps, ok: Mask,
) -> None:  # fmt: skip
    chains, patients, visits = y.shape
    levels = chance.shape[3]
    counts, share = np.zeros((len(who), levels), np.int64), np.zeros(levels)
    for k in range(chains):
        counts[:] = 0
        for i in range(patients):
            for s in range(len(who)):
                counts[s, y[k, i, v]] += who[s, i]
        for i in range(patients):
            if not free[i]:
                continue
            rest = np.exp(-(((nodes - shift[k, i]) / c[k]) ** 2) / 2)
            for other in range(visits):
                if other != v:
                    rest *= chance[k, arm[i], other, y[k, i, other]]
            total, here = 0.0, y[k, i, v]
            for new in range(levels):
                allowed = new == here or _allowed(counts, i, here, new, who, below, ok)
                share[new] = (rest * chance[k, arm[i], v, new]).sum() if allowed else 0.0
                total += share[new]
            left, new = u[k, i] * total, 0
            while new < levels - 1 and (left >= share[new]):
                left -= share[new]
                new += 1
            if share[new] > 0:
                y[k, i, v] = new
                for s in range(len(who)):
                    counts[s, here] -= who[s, i]
                    counts[s, new] += who[s, i]


@njit(error_model="numpy")
def _allowed(counts: Steps, i: int, here: int, new: int, who: Mask, below: Steps, ok: Mask) -> bool:
    """Whether every statement about the patient's groups still holds by one definition of quantiles."""
    for s in range(len(who)):
        if who[s, i]:
            one_does = False
            for d in range(below.shape[1]):
                every = True
                for q in range(below.shape[2]):
                    first = _class_at(counts[s], below[s, d, q], here, new)
                    second = _class_at(counts[s], below[s, d, q] + 1, here, new)
                    every = every and ok[s, d, q, first, second]
                one_does = one_does or every
            if not one_does:
                return False
    return True


@njit(error_model="numpy")
def _class_at(counts: Steps, before: int, here: int, new: int) -> int:
    """The class that so many patients come before, after one has moved; the last where there are fewer."""
    seen, last = 0, 0
    for k in range(len(counts)):
        n = counts[k] - (k == here) + (k == new)
        if n > 0:
            last = k
        seen += n
        if seen > before:
            return k
    return last
