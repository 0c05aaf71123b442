"""What the paper does not report, counted in every table: who had which events together, whose amount is zero."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from mgbayes.latent_cohort.derived import Derived
from mgbayes.latent_cohort.outcome import Outcome
from mgbayes.latent_cohort.possible import possible_counts
from mgbayes.latent_cohort.statements import Statement
from mgbayes.latent_cohort.table import Column, Mask, Steps, Tables
from mgbayes.study.schema import Study


@dataclass(frozen=True)
class Unpublished:
    """A number of patients of an arm that is not published: in every table, (tables,), of n."""

    what: str
    arm: str
    n: int
    count: Steps
    possible: tuple[int, int] | None = None
    """The fewest and the most that a published mean and SD allow at all; None where these were not listed."""

    @property
    def likeliest(self) -> int:
        """The most frequent number."""
        return int(np.bincount(self.count).argmax())

    def between(self, probability: float = 0.95) -> tuple[int, int]:
        """The central interval."""
        tail = (1 - probability) / 2
        low, high = np.quantile(self.count, (tail, 1 - tail), method="inverted_cdf")
        return int(low), int(high)

    @property
    def ends(self) -> tuple[int, int]:
        """The fewest and the most in any table that was drawn."""
        return int(self.count.min()), int(self.count.max())


def unpublished(
    study: Study,
    outcomes: tuple[Outcome, ...],
    tables: Tables,
    derived: Sequence[Derived],
    statements: Sequence[Statement],
) -> Iterator[Unpublished]:
    """The counts in each arm."""
    counts = _Counts(study, tables, statements)
    columns = [column for outcome in outcomes for column in outcome.columns]
    labels = {column.name: _label(study, column) for column in columns}
    for defined in derived:
        yield from counts.at_most(defined.label, defined.column, defined.most)
    for one, other in combinations([column for column in columns if column.is_yes_no], 2):
        first, second = tables.steps[one.name] > 0, tables.steps[other.name] > 0
        yield from counts.of(f"{labels[one.name]} and {labels[other.name]}", first & second)
        yield from counts.of(f"{labels[one.name]} without {labels[other.name]}", first & ~second)
    known = {(defined.column.name, defined.most) for defined in derived}
    for column in columns:
        levels = study.endpoint(column.endpoint).levels
        if levels and not column.is_yes_no:
            for k, level in enumerate(levels):
                yield from counts.of(f"{labels[column.name]}: {level}", tables.steps[column.name] == k)
            continue
        if column.zeros and (column.name, 0) not in known and (tables.steps[column.name] == 0).any():
            yield from counts.at_most(f"{labels[column.name]}: zero", column, 0)


@dataclass(frozen=True)
class _Counts:
    """Counts in each arm of every table."""

    study: Study
    tables: Tables
    statements: Sequence[Statement]

    def of(self, what: str, which: Mask) -> Iterator[Unpublished]:
        """Of patients (K, n) with something."""
        for a, arm in enumerate((self.study.reference, self.study.contrast)):
            inside = self.tables.arm == a
            yield Unpublished(what, arm.label, int(inside.sum()), which[:, inside].sum(axis=1))

    def at_most(self, what: str, column: Column, most: int) -> Iterator[Unpublished]:
        """Of patients whose value is at most so many steps."""
        arms = (self.study.reference, self.study.contrast)
        for arm, row in zip(arms, self.of(what, self.tables.steps[column.name] <= most), strict=True):
            yield replace(row, possible=self._possible(column, arm.id, most))

    def _possible(self, column: Column, arm: str, most: int) -> tuple[int, int] | None:
        for statement in self.statements:
            if statement.windows and (statement.column.name, statement.group) == (column.name, arm):
                found = possible_counts(statement.windows, most, low=column.low)
                return (min(found), max(found)) if found else None
        return None


def _label(study: Study, column: Column) -> str:
    visits = {visit.id: visit.label for visit in study.visits}
    label = study.endpoint(column.endpoint).label
    return label if column.visit is None else f"{label} at {visits[column.visit]}"
