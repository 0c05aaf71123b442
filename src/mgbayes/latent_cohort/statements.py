r"""Published numbers as what a table must meet.

A mean and SD of m values of the grid u, in steps x, is a window of their sum S and sum of squares Q: S between whole
numbers, and (Q - S²/m) / (m - 1) between two squares of SDs. A count is a window of the sum of a yes/no column. All
else (medians and other quantiles) is asked of the statistic itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor, inf
from typing import Any

import numpy as np

from mgbayes.latent_cohort.table import Column, Floats, Mask, Tables
from mgbayes.study.numbers import categories_of, count_of, mean_of, quantiles_of, size_of, summaries_of
from mgbayes.study.schema import ALL, Study, Summary
from mgbayes.study.statistics.counts import Categories
from mgbayes.study.statistics.means import MeanAndSpread
from mgbayes.study.statistics.quantiles import Quantiles
from mgbayes.study.statistics.statistic import PublishedStatistic

_SLACK = 1e-9
"""An SD at the lower edge of its rounding is reported so, one at the upper edge is not."""


@dataclass(frozen=True)
class Windows:
    """Bounds of the sum of m values, in steps, and of their variance, in steps²."""

    m: int
    low: int
    high: int
    low_variance: float = 0.0
    high_variance: float = inf

    def squares(self, total: Any) -> tuple[Floats, Floats]:
        """Between which the sum of squares must lie, given the sum."""
        centred = total * total / self.m
        return centred + (self.m - 1) * self.low_variance, centred + (self.m - 1) * self.high_variance

    def hold(self, total: Any, square: Any) -> Mask:
        """Which sums and sums of squares lie inside."""
        low, high = self.squares(total)
        inside: Mask = (total >= self.low) & (total <= self.high) & (square >= low) & (square <= high)
        return inside


@dataclass(frozen=True)
class Statement:
    """One published statistic of a column in some of the patients.

    ``claim`` reports it; ``who`` (n,) are the patients of its group, of whom those in ``column.counted_in`` have a
    value. ``windows`` where sums say all.
    """

    claim: str
    group: str
    column: Column
    who: Mask
    statistic: PublishedStatistic
    windows: Windows | None

    def counted(self, tables: Tables) -> Mask:
        """Whose values count, (K, n) or (1, n)."""
        event = self.column.counted_in
        return self.who[None] if event is None else self.who & (tables.steps[event] > 0)

    def hold(self, tables: Tables) -> Mask:
        """Which of the tables meet it."""
        steps = tables.steps[self.column.name]
        counted = self.counted(tables)
        if self.windows is None:
            return np.asarray(self.statistic.allows(tables.value(self.column.name)[:, self.who]), bool)
        chosen = np.where(counted, steps, 0)
        inside = self.windows.hold(chosen.sum(axis=1), (chosen * chosen).sum(axis=1))
        return inside if self.column.counted_in is None else inside & (counted.sum(axis=1) == self.windows.m)


def statements_of(study: Study, columns: Mapping[str, Column], arm: Any) -> Iterator[Statement]:
    """What the study publishes of the columns, in groups whose patients are known: the arms, and all."""
    groups = {study.reference.id: arm == 0, study.contrast.id: arm == 1, ALL: np.ones(len(arm), bool)}
    events: dict[tuple[str, str], int] = {}
    # Yes/no columns first: they say how many have a value of the others.
    for column in sorted(columns.values(), key=lambda column: not column.is_yes_no):
        for claim, row in summaries_of(study, column.endpoint, column.visit):
            if row.group not in groups or row.level is not None:
                continue
            who = groups[row.group]
            n = int(who.sum()) if column.counted_in is None else events.get((column.counted_in, row.group))
            for found, windows in _statistics(study, column, row, n):
                if isinstance(found, Quantiles) and row.group == ALL and _of_each_arm(study, column, claim):
                    continue
                if column.is_yes_no and windows is not None:
                    events[column.name, row.group] = windows.low
                yield Statement(claim, row.group, column, who, found, windows)
        yield from _categories(study, column, groups)
        arms = [events.get((column.name, one.id)) for one in study.arms]
        if column.is_yes_no and None not in arms:
            events[column.name, ALL] = sum(x for x in arms if x is not None)


def _of_each_arm(study: Study, column: Column, claim: str) -> bool:
    """Whether a claim has quantiles of each arm; those of all are then not held."""
    told = [
        row.group
        for one, row in summaries_of(study, column.endpoint, column.visit)
        if one == claim and quantiles_of(study, study.endpoint(column.endpoint), row) is not None
    ]
    return {arm.id for arm in study.arms} <= set(told)


def _categories(study: Study, column: Column, groups: Mapping[str, Mask]) -> Iterator[Statement]:
    """The counts of all ordered classes in an arm."""
    levels = study.endpoint(column.endpoint).levels if column.endpoint else ()
    for claim in study.claims if levels else ():
        for group, who in groups.items():
            found = (
                categories_of(study, claim, group, column.visit)
                if claim.endpoint == column.endpoint
                else None
            )
            if found is not None and found.total == who.sum() and set(found.names) <= set(levels):
                counts = tuple(map(str, found.in_order(levels)))
                yield Statement(claim.id, group, column, who, Categories(levels, counts, found.total), None)


def _statistics(
    study: Study, column: Column, row: Summary, n: int | None
) -> Iterator[tuple[PublishedStatistic, Windows | None]]:
    """The statistics of a row that are of n patients; of so many with the event where the row says no number."""
    stated = size_of(study, row) if column.counted_in is None or row.n is not None else n
    if n is None or stated != n:
        return
    if column.is_yes_no:
        count = count_of(study, row)
        if count is not None:
            yield row_count(count.x, count.n)
        return
    mean = mean_of(study, row)
    if mean is not None:
        of_them: Any = replace(mean, n=n)  # type: ignore[type-var]  # each kind of mean is a dataclass
        yield of_them, moments(of_them, column.unit)
    quantiles = quantiles_of(study, study.endpoint(column.endpoint), row)
    if quantiles is not None and column.counted_in is None:
        yield quantiles, None


def untold(columns: Iterable[Column], statements: Iterable[Statement], arm: Any) -> Column | None:
    """A column of all patients of which nothing is published of some of them; None where there is none."""
    told = list(statements)
    for column in columns:
        who = [one.who for one in told if one.column.name == column.name]
        if column.counted_in is None and not (who and np.any(who, axis=0).all()):
            return column
    return None


def row_count(x: int, n: int) -> tuple[PublishedStatistic, Windows]:
    """A count of n patients, and its window."""
    from mgbayes.study.statistics.counts import Count

    return Count(str(x), n), Windows(n, x, x)


def moments(mean: MeanAndSpread, unit: float) -> Windows:
    """The windows of a mean and SD on a grid."""
    grid = Fraction(unit).limit_denominator(10_000)
    around = next(number for number in mean.numbers if number.name == "mean").interval
    low, high = around.low * mean.n / grid, around.high * mean.n / grid
    first = ceil(low) + (around.open_low and low == ceil(low))
    last = floor(high) - (around.open_high and high == floor(high))
    sd = mean.sd_interval
    variance = ((sd.low / unit) ** 2 * (1 - _SLACK), (sd.high / unit) ** 2 * (1 - _SLACK))
    return Windows(mean.n, first, last, *(variance if mean.n > 1 else (0.0, inf)))
