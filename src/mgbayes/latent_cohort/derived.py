"""Yes/no outcomes that a study file defines by an amount: to take at most so much at a visit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mgbayes.latent_cohort.table import Column, Mask, Tables
from mgbayes.study.relations import AtMost
from mgbayes.study.schema import Study


@dataclass(frozen=True)
class Derived:
    """Who has a yes/no endpoint: whoever's value of a column is at most so many steps."""

    endpoint: str
    label: str
    column: Column
    most: int

    def which(self, tables: Tables) -> Mask:
        """Who has it, (K, n)."""
        having: Mask = tables.steps[self.column.name] <= self.most
        return having


def derived_of(study: Study, columns: Mapping[str, Column]) -> Iterator[Derived]:
    """The outcomes that the study file defines by a column that is there."""
    for row in study.relations:
        if isinstance(row, AtMost):
            for column in columns.values():
                if (column.endpoint, column.visit) == (row.amount, row.visit):
                    most = int(float(row.at_most) / column.unit + 1e-9)
                    yield Derived(row.who_has, study.endpoint(row.who_has).label, column, most)
