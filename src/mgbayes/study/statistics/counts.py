"""Counts and percentages of patients, and the categories of an ordinal outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from mgbayes.study.rounding import exact_interval
from mgbayes.study.statistics.statistic import Fault, Number, PublishedStatistic


@dataclass(frozen=True)
class Size(PublishedStatistic):
    """The number of patients behind the others."""

    n: str

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The number of patients."""
        return (Number("n", self.n, exact=True),)

    def of(self, sample: Any) -> tuple[Any, ...]:
        """How many values there are."""
        return (np.full(np.shape(sample)[:-1], float(np.shape(sample)[-1])),)

    @property
    def wording(self) -> str:
        """The number itself."""
        return self.n


@dataclass(frozen=True)
class Count(PublishedStatistic):
    """x of n patients; of events, x in n patients."""

    x: str
    n: int | None = None

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The count."""
        return (Number("count", self.x, exact=True),)

    def of(self, sample: Any) -> tuple[Any, ...]:
        """The sum: of yes (1) and no (0), or of events."""
        return (np.sum(sample, axis=-1),)

    @property
    def wording(self) -> str:
        """The count, and of how many where that is not the whole group."""
        return self.x if self.n is None else f"{self.x}/{self.n}"

    def faults(self) -> Iterator[Fault]:
        """No more patients than there are."""
        if self.n is not None and int(self.x) > self.n:
            yield Fault("count", f'"{self.x}"', f"at most {self.n}, the number of patients")


@dataclass(frozen=True)
class Percent(PublishedStatistic):
    """A percentage of n patients; n is None where the paper does not say of how many."""

    percent: str
    n: int | None = None

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The percentage."""
        return (Number("percent", self.percent),)

    def of(self, sample: Any) -> tuple[Any, ...]:
        """The percentage of yes (1)."""
        return (100 * np.mean(sample, axis=-1),)

    @property
    def wording(self) -> str:
        """The percentage."""
        return f"{self.percent}%"

    def faults(self) -> Iterator[Fault]:
        """From 0 to 100, of at least one patient."""
        value = float(self.percent)
        if self.n == 0:
            yield Fault(
                "", f'percent = "{self.percent}" of 0 patients', "no percentage where there are no patients"
            )
        if not 0 <= value <= 100:
            yield Fault("percent", f'"{self.percent}"', "0 to 100" if value < 0 else "at most 100")

    def counts(self, n: int | None = None) -> list[int]:
        """Every count of n patients that is reported so."""
        n = self.n if n is None else n
        if n is None:
            raise ValueError("a percentage of an unknown number of patients has no counts")
        printed = exact_interval(self.percent)
        return [x for x in range(n + 1) if Fraction(100 * x, n) in printed]

    def sizes(self, most: int) -> list[int]:
        """The numbers of patients, up to ``most``, of which some count is reported so."""
        return [n for n in range(1, most + 1) if self.counts(n)]


@dataclass(frozen=True)
class Categories(PublishedStatistic):
    """How many of n patients are in each category, in the order of the file."""

    names: tuple[str, ...]
    counts: tuple[str, ...]
    n: int | None = None

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The counts."""
        return tuple(Number(name, x, exact=True) for name, x in zip(self.names, self.counts, strict=True))

    def of(self, sample: Any) -> tuple[Any, ...]:
        """The counts of patients whose category is 0, 1, ..."""
        return tuple(np.sum(np.equal(sample, k), axis=-1) for k in range(len(self.names)))

    @property
    def wording(self) -> str:
        """Each category with its count."""
        return ", ".join(f"{name} {x}" for name, x in zip(self.names, self.counts, strict=True))

    def in_order(self, names: Sequence[str]) -> tuple[int, ...]:
        """The counts in the order of other names, zero of those that are not here."""
        of = dict(zip(self.names, map(int, self.counts), strict=True))
        return tuple(of.get(name, 0) for name in names)

    @property
    def total(self) -> int:
        """Patients in all categories."""
        return sum(map(int, self.counts))
