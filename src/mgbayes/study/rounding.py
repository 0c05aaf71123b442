"""A reported number is a string: its decimals say how it was rounded.

A number reported as ``46.8`` may stand for any value that one of the usual conventions turns
into 46.8: rounding half up or half to even gives [46.75, 46.85], cutting off gives [46.8, 46.9).
All arithmetic on the edges is exact, so that no value falls through a binary crack.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any

NUMBER = r"^-?\d+(\.\d+)?$"
SLACK = 1e-9
"""Binary arithmetic is kept so far from the edges of an interval."""


@dataclass(frozen=True)
class Interval:
    """The closed range [low, high] of the values that could stand behind a reported number."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        low, high = f"{self.low:.3g}", f"{self.high:.3g}"
        return low if low == high else f"{low} to {high}"

    def meets(self, other: Interval) -> bool:
        """Whether the two ranges share a value."""
        return self.low <= other.high and other.low <= self.high

    def scaled(self, factor: float) -> Interval:
        """The range of the values times a positive number."""
        return Interval(self.low * factor, self.high * factor)


def decimals(text: str) -> int:
    """Digits after the point: 46.8 has one, 230 none."""
    return len(text.partition(".")[2])


def rounded(value: float, places: int) -> str:
    """A value as it is reported with so many decimals, rounded half up; zero has no sign.

    >>> rounded(46.75, 1), rounded(-0.01, 1)
    ('46.8', '0.0')
    """
    number = Decimal(repr(round(float(value), 9))).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return str(abs(number) if number == 0 else number)


@dataclass(frozen=True)
class ExactInterval:
    """The exact range of the values behind a number; an end may be open (cutting off never reaches it)."""

    low: Fraction
    high: Fraction
    open_low: bool = False
    open_high: bool = False

    def __contains__(self, value: Fraction) -> bool:
        above = self.low < value if self.open_low else self.low <= value
        below = value < self.high if self.open_high else value <= self.high
        return above and below

    def allows(self, values: Any) -> Any:
        """Which of some computed values, floats of any shape, lie in the range."""
        above = values >= float(self.low) + (SLACK if self.open_low else -SLACK)
        return above & (values <= float(self.high) + (-SLACK if self.open_high else SLACK))

    def wholes(self, scale: int = 1) -> range:
        """Every whole number that lies in the range when divided by ``scale``."""
        first, last = ceil(self.low * scale), floor(self.high * scale)
        first += self.open_low and self.low * scale == first
        last -= self.open_high and self.high * scale == last
        return range(first, last + 1)


def exact_interval(text: str, *, nearest_only: bool = False, places: int | None = None) -> ExactInterval:
    """The exact range of the values that are reported as ``text``.

    With unit u = 10^-decimals: half up and half to even give [x - u/2, x + u/2]; cutting off
    gives [x, x + u), which ``nearest_only`` leaves out. Their union is [x - u/2, x + u) for positive x,
    mirrored for negative x, and (-u, u) for zero, which both signs are cut off to.
    ``places`` overrides the number of decimals that the text shows.
    """
    unit = Fraction(1, 10 ** (decimals(text) if places is None else places))
    value = Fraction(Decimal(text))
    cut_up, cut_down = value <= 0 and not nearest_only, value >= 0 and not nearest_only
    below, above = (unit if cut_up else unit / 2), (unit if cut_down else unit / 2)
    return ExactInterval(value - below, value + above, open_low=cut_up, open_high=cut_down)


def rounding_interval(text: str, *, nearest_only: bool = False, places: int | None = None) -> Interval:
    """The same in floats, with both ends closed."""
    around = exact_interval(text, nearest_only=nearest_only, places=places)
    return Interval(float(around.low), float(around.high))


def possible_sums(mean: str, n: int, *, nearest_only: bool = False) -> range:
    """Every whole sum S for which S / n is reported as ``mean``."""
    return exact_interval(mean, nearest_only=nearest_only).wholes(n)
