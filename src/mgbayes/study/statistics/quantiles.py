"""Medians, quartiles, ranges and any other quantiles of one group, together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from mgbayes.study.rounding import ExactInterval
from mgbayes.study.statistics.quantile_definition import QuantileDefinition
from mgbayes.study.statistics.statistic import Fault, Number, PublishedStatistic

MEDIAN = Fraction(1, 2)
NAMES = {
    Fraction(0): "minimum",
    Fraction(1, 4): "first quartile",
    MEDIAN: "median",
    Fraction(3, 4): "third quartile",
    Fraction(1): "maximum",
}
FEWEST_FOR_QUARTILES = 3
"""Type 6 puts the quartiles of fewer values outside them."""


@dataclass(frozen=True)
class Quantile:
    """One quantile as reported; exact where it is the place of an ordered class, not a rounded number."""

    p: Fraction
    text: str
    exact: bool = False

    @property
    def name(self) -> str:
        """What a reader calls it."""
        return NAMES.get(self.p) or f"{float(100 * self.p):g} % quantile"

    @cached_property
    def interval(self) -> ExactInterval:
        """Every value that is reported so."""
        return Number(self.name, self.text, self.exact).interval


@dataclass(frozen=True)
class Quantiles(PublishedStatistic):
    """Quantiles of n values, by one of some definitions: that of the paper's software, else every usual one.

    >>> quartiles = Quantiles.of_texts(9, median="45", iqr=("30", "62"))
    >>> quartiles.wording
    'median 45 (IQR 30 to 62)'
    """

    quantiles: tuple[Quantile, ...]
    n: int
    definitions: tuple[QuantileDefinition, ...] = tuple(QuantileDefinition)

    @classmethod
    def of_texts(
        cls,
        n: int,
        median: str | None = None,
        iqr: tuple[str, str] | None = None,
        range: tuple[str, str] | None = None,
        others: tuple[tuple[str, str], ...] = (),
        definitions: tuple[QuantileDefinition, ...] = tuple(QuantileDefinition),
        *,
        of_classes: bool = False,
    ) -> Quantiles:
        """From the words of a paper; ``others`` pairs any probability ("0.1") with its quantile.

        ``of_classes``: values are places of ordered classes, of which a median says so if it lies half-way.
        """
        named = {MEDIAN: median, **dict(zip((Fraction(1, 4), Fraction(3, 4)), iqr or (), strict=False))}
        named |= dict(zip((Fraction(0), Fraction(1)), range or (), strict=False))
        named |= {Fraction(Decimal(p)): text for p, text in others}
        found = [
            Quantile(p, text, of_classes and p == MEDIAN)
            for p, text in sorted(named.items())
            if text is not None
        ]
        return cls(tuple(found), n, definitions)

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The quantiles, the smallest first."""
        return tuple(Number(one.name, one.text, one.exact, _key(one.p)) for one in self.quantiles)

    def of(self, sample: Any) -> tuple[Any, ...]:
        """The quantiles by the first of the definitions."""
        return self.by(self.definitions[0], sample)

    def by(self, definition: QuantileDefinition, sample: Any) -> tuple[Any, ...]:
        """The quantiles by one definition."""
        x = np.sort(np.asarray(sample, dtype=float), axis=-1)
        n = x.shape[-1]
        at = [definition.position(one.p, n) for one in self.quantiles]
        return tuple((1 - float(g)) * x[..., j - 1] + float(g) * x[..., min(j, n - 1)] for j, g in at)

    def allows(self, sample: Any) -> Any:
        """Which samples are reported so by some definition."""
        found = [
            np.all(
                [one.interval.allows(q) for one, q in zip(self.quantiles, self.by(d, sample), strict=True)],
                axis=0,
            )
            for d in self.definitions
        ]
        return np.any(found, axis=0)

    @property
    def wording(self) -> str:
        """Median (quartiles; range), as papers have it."""
        texts = {one.p: one.text for one in self.quantiles}
        parts = [
            f"{name} {texts[low]} to {texts[high]}"
            for name, low, high in (
                ("IQR", Fraction(1, 4), Fraction(3, 4)),
                ("range", Fraction(0), Fraction(1)),
            )
            if low in texts and high in texts
        ]
        parts += [f"{one.name} {one.text}" for one in self.quantiles if one.p not in NAMES]
        inside = "; ".join(parts)
        if MEDIAN not in texts:
            return inside
        return f"median {texts[MEDIAN]}" + (f" ({inside})" if inside else "")

    def faults(self) -> Iterator[Fault]:
        """Quantiles in order, of enough values."""
        for one, other in zip(self.quantiles, self.quantiles[1:], strict=False):
            if float(one.text) > float(other.text):
                given = f'{one.name} "{one.text}", {other.name} "{other.text}"'
                outer = max(one.p, other.p, key=lambda p: abs(p - MEDIAN))
                yield Fault(_key(outer), given, f"the {one.name} at most the {other.name}")
        inner = any(0 < one.p < 1 and one.p != MEDIAN for one in self.quantiles)
        if self.n == 0 or (inner and self.n < FEWEST_FOR_QUARTILES):
            least = FEWEST_FOR_QUARTILES if inner else 1
            given = f"{self.wording} of {self.n} patient{'s' * (self.n != 1)}"
            yield Fault(_key(next(one.p for one in self.quantiles)), given, f"at least {least} patients")


def _key(p: Fraction) -> str:
    """The key of a study file under which a quantile stands."""
    if p in (0, 1):
        return "range"
    return "median" if p == MEDIAN else "iqr" if p in NAMES else "quantiles"
