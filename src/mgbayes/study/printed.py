"""A printed number is a string: its decimals say how it was rounded.

A number printed as ``46.8`` may stand for any value that one of the usual conventions turns
into 46.8: rounding half up or half to even gives [46.75, 46.85], cutting off gives [46.8, 46.9).
All arithmetic on the edges is exact (decimal), so that no value falls through a binary crack.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

NUMBER = r"^-?\d+(\.\d+)?$"
P_VALUE = r"^\s*(<=|>=|<|>|=)?\s*(0?\.\d+|0|1|1\.0+|0\.\d+)\s*$"


@dataclass(frozen=True)
class Interval:
    """The closed range [low, high] of the values that could stand behind a print."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def meets(self, other: Interval) -> bool:
        """Whether the two ranges share a value."""
        return self.low <= other.high and other.low <= self.high


def decimals(text: str) -> int:
    """Digits after the point: 46.8 has one, 230 none."""
    return len(text.partition(".")[2])


def rounding_interval(text: str, *, nearest_only: bool = False, places: int | None = None) -> Interval:
    """Every value that is printed as ``text``.

    With unit u = 10^-decimals: half up and half to even give [x - u/2, x + u/2]; cutting off
    gives [x, x + u). Their union is [x - u/2, x + u] for positive x, mirrored for negative x, and
    [-u, u] for zero, which both signs are cut off to.
    ``places`` overrides the number of decimals that the text shows.
    """
    value = Decimal(text)
    unit = Decimal(1).scaleb(-(decimals(text) if places is None else places))
    outer = unit / 2 if nearest_only else unit
    below = outer if value <= 0 else unit / 2
    above = outer if value >= 0 else unit / 2
    return Interval(float(value - below), float(value + above))


def has_room(mean: str, sd: str, n: int) -> bool:
    """Whether n values of zero or more can have this printed mean and SD: the SD is at most mean times sqrt(n)."""
    return rounding_interval(sd).low <= rounding_interval(mean).high * n**0.5


@dataclass(frozen=True)
class ExactInterval:
    """The exact range of the values behind a print; an end may be open (cutting off never reaches it)."""

    low: Fraction
    high: Fraction
    open_low: bool
    open_high: bool

    def __contains__(self, value: Fraction) -> bool:
        above = self.low < value if self.open_low else self.low <= value
        below = value < self.high if self.open_high else value <= self.high
        return above and below

    def wholes(self, scale: int = 1) -> range:
        """Every whole number that lies in the range when divided by ``scale``."""
        first, last = ceil(self.low * scale), floor(self.high * scale)
        first += self.open_low and self.low * scale == first
        last -= self.open_high and self.high * scale == last
        return range(first, last + 1)


def exact_interval(text: str, *, nearest_only: bool = False) -> ExactInterval:
    """The exact range of the values printed as ``text`` (rounded to nearest or cut off)."""
    unit = Fraction(1, 10 ** decimals(text))
    value = Fraction(Decimal(text))
    cut_up, cut_down = value <= 0 and not nearest_only, value >= 0 and not nearest_only
    below, above = (unit if cut_up else unit / 2), (unit if cut_down else unit / 2)
    return ExactInterval(value - below, value + above, open_low=cut_up, open_high=cut_down)


def possible_sums(mean: str, n: int, *, nearest_only: bool = False) -> range:
    """Every whole sum S for which S / n is printed as ``mean``."""
    return exact_interval(mean, nearest_only=nearest_only).wholes(n)


@dataclass(frozen=True)
class PrintedP:
    """A printed p value: a relation (=, <, >) and a number."""

    relation: str
    number: str
    places: int

    @classmethod
    def parse(cls, text: str, usual_places: int = 2) -> PrintedP:
        """Read ``0.049``, ``<.001`` or ``>0.05``.

        A p printed as a bare ``1`` or ``0`` has lost its decimals (software prints 1.00 as 1):
        it is read with ``usual_places``, the decimals that the paper gives its other p values.
        """
        match = re.match(P_VALUE, text)
        if match is None:
            raise ValueError(f"{text!r} is not a p value")
        number = match[2] if not match[2].startswith(".") else "0" + match[2]
        places = decimals(number) if "." in number else usual_places
        return cls((match[1] or "=").replace("=", "") or "=", number, places)

    @property
    def value(self) -> float:
        """The printed number."""
        return float(self.number)

    @property
    def interval(self) -> Interval:
        """Every p that could stand behind the print."""
        if self.relation == "<":
            return Interval(0.0, self.value)
        if self.relation == ">":
            return Interval(self.value, 1.0)
        around = rounding_interval(self.number, places=self.places)
        # A p of exactly x + u is printed as x + u: exact tests do give p = 1, which is never 0.99.
        return Interval(max(around.low, 0.0), min(around.high - 1e-9, 1.0))

    def agrees(self, p_low: float, p_high: float) -> bool:
        """Whether some p in [p_low, p_high] could have been printed so."""
        return self.interval.meets(Interval(p_low - 1e-12, p_high + 1e-12))
