"""Each reported number given all the others: left out in turn, and predicted.

A statistic (a count; a mean with its SD; a median) of a group is left out, with every other number that would tell
it: what is reported of the same column in groups that overlap; of a count of events the mean and SD of their times,
which are of so many; and a count of patients who have the one wherever they have the other. The cohort drawn without
them predicts the statistic (predicted.py): chains start anew in the outcome that it is of, far apart, and in all else
from a cohort that has every number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from mgbayes.errors import InputError
from mgbayes.executor import Executor
from mgbayes.latent_cohort.predicted import Predicted
from mgbayes.latent_cohort.relations import Implied
from mgbayes.latent_cohort.run import Settings, posterior_from, settled, started_anew, table_draws
from mgbayes.latent_cohort.sampler import Cohort, State
from mgbayes.latent_cohort.statements import Statement
from mgbayes.latent_cohort.table import Mask, Tables
from mgbayes.progress import Say, quiet

_TRIES = 4
"""How often chains are drawn from, at most, until they agree."""


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
            tells = {column.name, *_by_definition(cohort, column.name)}
            told = [
                other
                for other in cohort.statements
                if tells & {other.column.name, other.column.counted_in} and _overlap(one.who, other.who)
            ]
            yield Unit(one, tuple(told))


def _by_definition(cohort: Cohort, column: str) -> Iterator[str]:
    """Yes/no columns that a definition ties to a column: who has the one has the other."""
    for relation in cohort.relations:
        if isinstance(relation, Implied) and column in relation.columns:
            yield from relation.columns


def _overlap(one: Mask, other: Mask) -> bool:
    return bool((one & other).any())


def _same(one: Statement, other: Statement) -> bool:
    return one.statistic == other.statistic and bool((one.who == other.who).all())


def each_number(cohort: Cohort, settings: Settings, cores: int, say: Say = quiet) -> tuple[Predicted, ...]:
    """Every number of the outcomes and of follow-up, given all the others."""
    fewer = replace(settings, draws=max(2, settings.draws // 8))
    _, state = settled(cohort, fewer)
    tasks = [partial(_predicted, cohort, fewer, state, unit) for unit in units_of(cohort)]
    found: dict[int, tuple[Predicted, ...]] = {}
    say(f"leaving out each of {len(tasks)} statistics in turn")
    for number, rows in Executor(cores).run(tasks):
        found[number] = rows
        say(f"leaving out each of {len(tasks)} statistics in turn: {len(found)} done")
    return tuple(row for number in sorted(found) for row in found[number])


def _predicted(cohort: Cohort, settings: Settings, others: State, unit: Unit) -> tuple[Predicted, ...]:
    """The numbers of a unit, from a state that has settled with all of them; chains that disagree go on."""
    without = unit.without(cohort)
    found = _rows(unit, settings, len(unit.judged.statistic.numbers) * (np.nan,))
    try:
        sampler, state = started_anew(without, settings, others, unit.focus(cohort))
        for _ in range(_TRIES):
            tables = table_draws(without, posterior_from(sampler, state, settings))
            found = _rows(unit, settings, _values(unit.judged, tables))
            if all(row.ok for row in found):
                break
    except InputError:  # chains came to no table
        pass
    return found


def _rows(unit: Unit, settings: Settings, values: tuple[Any, ...]) -> tuple[Predicted, ...]:
    shape = settings.draws, settings.chains
    return tuple(
        Predicted(
            unit.judged,
            number,
            np.broadcast_to(one, settings.draws * settings.chains).reshape(shape).T,
            settings.misprint,
        )
        for number, one in zip(unit.judged.statistic.numbers, values, strict=True)
    )


def _values(statement: Statement, tables: Tables) -> tuple[Any, ...]:
    """What a statistic is in every table; a group has as many values in each."""
    value = tables.value(statement.column.name)
    counted = np.broadcast_to(statement.counted(tables), value.shape)
    return statement.statistic.of(value[counted].reshape(len(value), -1))
