r"""Each reported number given all the others: what they predict in its place, and whether it is a misprint.

A statistic (a count; a mean with its SD; a median) of a group is left out, with every other number that would tell
it: what is reported of the same column in groups that overlap and, of a count of events, the mean and SD of their
times, which are of so many. The cohort drawn without them predicts the statistic. How far out the reported value x
lies is told by its tail, twice the smaller of P(X < x) + P(X = x) / 2 and P(X > x) + P(X = x) / 2.

A misprinted number is taken to be any that could stand in its place, each as likely: a count from 0 to n, any class,
and any size within four powers of ten, on a log scale. It is reported so with probability m, of a mean or SD its last
digit's width w over |x| log(10^4), and with the prior probability q of a misprint the posterior odds are
q m / ((1 - q) P), where P is the probability of what is reported given all else: of a mean or SD a kernel density
times w. Beyond the 1 % and 99 % quantiles P is taken as it is there, where it is larger, so that such a misprint is
at least as probable as stated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from mgbayes.errors import InputError
from mgbayes.executor import Executor
from mgbayes.latent_cohort.diagnostics import nested_rhat
from mgbayes.latent_cohort.run import Settings, posterior, table_draws
from mgbayes.latent_cohort.sampler import Cohort
from mgbayes.latent_cohort.statements import Statement
from mgbayes.latent_cohort.table import Floats, Mask, Tables
from mgbayes.progress import Say, quiet
from mgbayes.study.rounding import decimals
from mgbayes.study.statistics.quantiles import Quantiles
from mgbayes.study.statistics.statistic import Number

HIGHEST_RHAT = 1.1
"""Of few draws: the mean of a group of 16 chains varies by itself."""
_ENDS = (0.01, 0.99)
_SIZES = np.log(1e4)


@dataclass(frozen=True)
class Predicted:
    """One number of a statement, and its values (chain, draw) in cohorts that have all other numbers.

    ``prior``: the probability of a misprint before.
    """

    statement: Statement
    number: Number
    values: Floats
    prior: float

    @property
    def ok(self) -> bool:
        """Whether chains came to one answer."""
        return not np.isnan(self.values).any() and nested_rhat(self.values) <= HIGHEST_RHAT

    @property
    def middle(self) -> tuple[float, float, float]:
        """The median and the central 90 % interval; of whole numbers, such numbers."""
        method: Any = "inverted_cdf" if self.number.exact else "linear"
        median, low, high = np.quantile(self.values, (0.5, 0.05, 0.95), method=method)
        return float(median), float(low), float(high)

    @property
    def tail(self) -> float:
        """Twice the smaller share of cohorts on one side of what is reported."""
        below, same = (self.values < self.number.value).mean(), (self.values == self.number.value).mean()
        return float(min(1.0, 2 * min(below + same / 2, 1 - below - same / 2)))

    @property
    def beyond(self) -> bool:
        """Whether it lies where P is not known, and the misprint is at least as probable as stated."""
        low, high = self._ends()
        return not low <= self.number.value <= high

    @property
    def misprint(self) -> float:
        """The posterior probability of a misprint."""
        doubted, trusted = self.prior * self._if_misprinted, (1 - self.prior) * self._chance
        return doubted / (doubted + trusted)

    @property
    def _if_misprinted(self) -> float:
        if not self.number.exact:
            return self._width / (max(abs(self.number.value), self._width) * _SIZES)
        if isinstance(self.statement.statistic, Quantiles):
            assert self.statement.column.high is not None
            return 1 / (self.statement.column.high + 1)
        return 1 / (int(self.statement.who.sum()) + 1)

    @property
    def _chance(self) -> float:
        """P, of a count or class at least one in as many draws as there are."""
        if self.number.exact:
            return max(float((self.values == self.number.value).mean()), 1 / self.values.size)
        at = float(np.clip(self.number.value, *self._ends()))
        return min(1.0, _density(self.values.ravel(), at) * self._width)

    @property
    def _width(self) -> float:
        return float(10.0 ** -decimals(self.number.text))

    def _ends(self) -> Any:
        return np.quantile(self.values, _ENDS)


def _density(values: Floats, at: float) -> float:
    """A kernel density, of positive values on a log scale; 0 of values that are all the same."""
    from scipy import stats

    if values.std() == 0:
        return np.inf if values[0] == at else 0.0
    if values.min() > 0 and at > 0:
        return float(stats.gaussian_kde(np.log(values))(np.log(at))[0]) / at
    return float(stats.gaussian_kde(values)(at)[0])


def farthest_first(rows: Iterable[Predicted]) -> list[Predicted]:
    """By their tails, those without an answer last."""
    return sorted(rows, key=lambda row: row.tail if row.ok else np.inf)


@dataclass(frozen=True)
class Unit:
    """A statement to judge, and all that are left out with it."""

    judged: Statement
    left_out: tuple[Statement, ...]

    def focus(self, cohort: Cohort) -> frozenset[str]:
        """The columns of its outcome, whose values and parameters nothing holds in place."""
        own = self.judged.column.name
        outcome = next((one for one in cohort.outcomes if own in [c.name for c in one.columns]), None)
        return frozenset({own} if outcome is None else {column.name for column in outcome.columns})

    def without(self, cohort: Cohort) -> Cohort:
        """The cohort that has all other numbers."""
        kept = tuple(one for one in cohort.statements if not any(one is other for other in self.left_out))
        return replace(cohort, statements=kept)


def units_of(cohort: Cohort) -> Iterator[Unit]:
    """Every statement about a smallest group of its column, each number once."""
    for column in cohort.columns.values():
        about = [one for one in cohort.statements if one.column is column]
        judged: list[Statement] = []
        for one in about:
            inside = any((other.who <= one.who).all() and other.who.sum() < one.who.sum() for other in about)
            if inside or column.is_fixed or any(_same(one, other) for other in judged):
                continue
            judged.append(one)
            told = [other for other in about if _overlap(one.who, other.who)]
            told += [
                other
                for other in cohort.statements
                if other.column.counted_in == column.name and _overlap(one.who, other.who)
            ]
            yield Unit(one, tuple(told))


def _overlap(one: Mask, other: Mask) -> bool:
    return bool((one & other).any())


def _same(one: Statement, other: Statement) -> bool:
    return one.statistic == other.statistic and bool((one.who == other.who).all())


def each_number(cohort: Cohort, settings: Settings, cores: int, say: Say = quiet) -> tuple[Predicted, ...]:
    """Every number of the outcomes and of follow-up, given all the others."""
    fewer = replace(settings, draws=max(2, settings.draws // 13))
    tasks = [partial(_predicted, cohort, fewer, unit) for unit in units_of(cohort)]
    found: dict[int, tuple[Predicted, ...]] = {}
    say(f"leaving out each of {len(tasks)} statistics in turn")
    for number, rows in Executor(cores).run(tasks):
        found[number] = rows
        say(f"leaving out each of {len(tasks)} statistics in turn: {len(found)} done")
    return tuple(row for number in sorted(found) for row in found[number])


def _predicted(cohort: Cohort, settings: Settings, unit: Unit) -> tuple[Predicted, ...]:
    numbers, shape = unit.judged.statistic.numbers, (settings.draws, settings.chains)
    try:
        every = _values(unit.judged, _tables(unit, cohort, settings))
    except InputError:  # chains came to no table
        every = len(numbers) * (np.full(shape, np.nan),)
    return tuple(
        Predicted(unit.judged, number, np.asarray(values, float).reshape(shape).T, settings.misprint)
        for number, values in zip(numbers, every, strict=True)
    )


def _tables(unit: Unit, cohort: Cohort, settings: Settings) -> Tables:
    without = unit.without(cohort)
    return table_draws(without, posterior(without, settings, focus=unit.focus(cohort)))


def _values(statement: Statement, tables: Tables) -> tuple[Any, ...]:
    """What a statistic is in every table; a group has as many values in each."""
    value = tables.value(statement.column.name)
    counted = np.broadcast_to(statement.counted(tables), value.shape)
    return statement.statistic.of(value[counted].reshape(len(value), -1))
