"""What whole numbers can print, gone through one by one and in whole-number arithmetic only.

Nothing here is shared with the package: sums are enumerated, decimals come from integer division and
integer square roots. By Samuelson's inequality (1968) no value of a sample lies further from its mean
than s (n - 1) / sqrt(n), so a print within that reach of the enumerated values is settled for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import product
from math import isqrt, sqrt

HALF_UP, HALF_EVEN, CUT_OFF = CONVENTIONS = range(3)
NEAREST = (HALF_UP, HALF_EVEN)

MIXES = tuple(product(range(4), range(4)))
"""Every mix of 0 to 3 decimals in the mean and 0 to 3 in the SD."""


def text(units: int, places: int) -> str:
    """12345 units of the third decimal are 12.345; zero has no sign."""
    digits = f"{abs(units):0{places + 1}d}"
    whole = digits if places == 0 else f"{digits[:-places]}.{digits[-places:]}"
    return f"-{whole}" if units < 0 else whole


def _three_ways(floor: int, side: int) -> tuple[int, int, int]:
    """Half up, half to even and cut off, of a number above ``floor``; side: below, on or above its half."""
    return floor + (side >= 0), floor + (side > 0 or (side == 0 and floor % 2 == 1)), floor


def mean_units(total: int, n: int, places: int) -> tuple[int, int, int]:
    """total / n in units of the last decimal, under each convention."""
    sign = -1 if total < 0 else 1
    floor, rest = divmod(abs(total) * 10**places, n)
    half_up, half_even, cut_off = _three_ways(floor, 2 * rest - n)
    return sign * half_up, sign * half_even, sign * cut_off


def sd_units(total: int, squares: int, n: int, places: int) -> tuple[int, int, int]:
    """sqrt((squares - total² / n) / (n - 1)) in units of the last decimal, under each convention."""
    above, below = (n * squares - total * total) * 10 ** (2 * places), n * (n - 1)
    floor = isqrt(above // below)
    return _three_ways(floor, 4 * above - (2 * floor + 1) ** 2 * below)


def mean_prints(total: int, n: int, places: int, conventions: Iterable[int] = CONVENTIONS) -> set[str]:
    """Every way to print the mean."""
    units = mean_units(total, n, places)
    return {text(units[convention], places) for convention in conventions}


def sd_prints(
    total: int, squares: int, n: int, places: int, conventions: Iterable[int] = CONVENTIONS
) -> set[str]:
    """Every way to print the SD."""
    units = sd_units(total, squares, n, places)
    return {text(units[convention], places) for convention in conventions}


def prints_as(values: Iterable[int], mean: str, sd: str, conventions: Iterable[int] = CONVENTIONS) -> bool:
    """Whether whole numbers have this mean and SD in print."""
    values = list(values)
    n, total, squares = len(values), sum(values), sum(value * value for value in values)
    mean_places, sd_places = (len(printed.partition(".")[2]) for printed in (mean, sd))
    return mean in mean_prints(total, n, mean_places, conventions) and sd in sd_prints(
        total, squares, n, sd_places, conventions
    )


def reachable(n: int, values: range) -> dict[int, list[int]]:
    """For each sum of n numbers out of ``values``: every sum of squares that goes with it."""
    reached = {0: 1}  # bit q of reached[s]: some numbers so far have the sum s and the squares q
    for _ in range(n):
        grown: dict[int, int] = {}
        for total, squares in reached.items():
            for value in values:
                grown[total + value] = grown.get(total + value, 0) | squares << value * value
        reached = grown
    return {total: list(_bits(squares)) for total, squares in reached.items()}


def _bits(number: int) -> Iterator[int]:
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


class Prints:
    """Every mean and SD that n numbers out of ``values`` can have in print."""

    def __init__(
        self, n: int, values: range, mean_places: int, sd_places: int, sums: Iterable[int] | None = None
    ) -> None:
        self.n, self.values = n, values
        self.mean_places, self.sd_places = mean_places, sd_places
        self.sds: dict[str, set[str]] = {}
        every = reachable(n, values)
        for total in every if sums is None else sorted(every.keys() & set(sums)):
            sds = set().union(*(sd_prints(total, squares, n, sd_places) for squares in every[total]))
            for mean in mean_prints(total, n, mean_places):
                self.sds.setdefault(mean, set()).update(sds)

    def __contains__(self, print_: tuple[str, str]) -> bool:
        mean, sd = print_
        return sd in self.sds.get(mean, ())

    def pairs(self) -> list[tuple[str, str]]:
        """All of them, in a fixed order."""
        return sorted((mean, sd) for mean, sds in self.sds.items() for sd in sds)

    def settles(self, mean: str, sd: str) -> bool:
        """Whether no other values than the enumerated could come near the print (Samuelson)."""
        widest = float(Fraction(sd)) + 10.0**-self.sd_places
        reach = 10.0**-self.mean_places + widest * (self.n - 1) / sqrt(self.n)
        above = float(Fraction(mean)) + reach < self.values[-1] + 1
        below = self.values[0] == 0 or float(Fraction(mean)) - reach > self.values[0] - 1
        return above and below


def shifted(printed: str, units: int) -> str:
    """The print so many units of its last decimal away."""
    places = len(printed.partition(".")[2])
    return text(int(Fraction(printed) * 10**places) + units, places)
