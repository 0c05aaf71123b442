"""What the paper does not report, counted in every table: who had which events together, whose amount is zero."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from mgbayes.latent_cohort.outcomes import Outcome
from mgbayes.latent_cohort.table import Column, Steps, Tables
from mgbayes.study.schema import Study


@dataclass(frozen=True)
class Unpublished:
    """A number of patients of an arm that is not published: in every table, (tables,), of n."""

    what: str
    arm: str
    n: int
    count: Steps

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


def unpublished(study: Study, outcomes: tuple[Outcome, ...], tables: Tables) -> Iterator[Unpublished]:
    """The counts in each arm."""
    columns = [column for outcome in outcomes for column in outcome.columns]
    yes_no = [column for column in columns if column.is_yes_no]
    labels = {column.name: _label(study, column) for column in columns}
    for one, other in combinations(yes_no, 2):
        first, second = tables.steps[one.name] > 0, tables.steps[other.name] > 0
        yield from _in_arms(study, f"{labels[one.name]} and {labels[other.name]}", first & second, tables)
        yield from _in_arms(
            study, f"{labels[one.name]} without {labels[other.name]}", first & ~second, tables
        )
    for column in columns:
        if not column.is_yes_no and column.counted_in is None and (tables.steps[column.name] == 0).any():
            yield from _in_arms(study, f"{labels[column.name]}: zero", tables.steps[column.name] == 0, tables)


def _in_arms(study: Study, what: str, which: np.ndarray, tables: Tables) -> Iterator[Unpublished]:
    for a, arm in enumerate((study.reference, study.contrast)):
        inside = tables.arm == a
        yield Unpublished(what, arm.label, int(inside.sum()), which[:, inside].sum(axis=1))


def _label(study: Study, column: Column) -> str:
    visits = {visit.id: visit.label for visit in study.visits}
    label = study.endpoint(column.endpoint).label
    return label if column.visit is None else f"{label} at {visits[column.visit]}"
