"""Can whole numbers have this mean and SD?

GRIM (Brown and Heathers 2017): n whole numbers have a whole sum S, so the mean is S / n.
GRIMMER (Anaya 2016), exact here: the SD is sqrt((Q - S²/n) / (n - 1)) with Q the sum of squares,
and the question is whether n whole numbers with some admissible S and Q exist. It is answered by
search with bounds that never cut off a solution, so a data set that exists is never denied.
DEBIT (Heathers and Brown 2019): for 0/1 data the SD follows from the mean.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import ceil, isqrt

from mgbayes.study.rounding import ExactInterval, decimals, exact_interval, possible_sums


def grim(mean: str, n: int) -> bool:
    """Whether n whole numbers can have a mean that is printed so."""
    return len(possible_sums(mean, n)) > 0


def grim_has_power(mean: str, n: int) -> bool:
    """Whether GRIM could have failed: some print with these decimals is impossible.

    The prints are 10^-decimals apart and each covers 1.5 of these; the means are 1 / n apart.
    """
    return Fraction(3, 2 * 10 ** decimals(mean)) < Fraction(1, n)


def is_searchable(mean: str, n: int) -> bool:
    """Whether the search for whole numbers with a mean and an SD ends in seconds."""
    return n <= 1000 and n * abs(float(mean)) <= 1e6


def possible_squares(
    sd: str, total: int, n: int, *, nearest_only: bool = False, of_se: bool = False
) -> range:
    """Every sum of squares Q, of the parity of the sum, whose SD (or standard error) is printed as ``sd``."""
    degrees = n * (n - 1) if of_se else n - 1
    printed = exact_interval(sd, nearest_only=nearest_only)
    low, high = max(printed.low, Fraction(0)), max(printed.high, Fraction(0))
    centre = Fraction(total * total, n)
    squares = ExactInterval(
        centre + degrees * low**2, centre + degrees * high**2, open_low=False, open_high=printed.open_high
    ).wholes()
    first = squares.start + (squares.start - total) % 2
    return range(first, squares.stop, 2)


def grimmer(
    mean: str, sd: str, n: int, *, nonnegative: bool = True, nearest_only: bool = False, of_se: bool = False
) -> bool:
    """Whether n whole numbers can have a mean and an SD that are printed so.

    ``nearest_only`` leaves out the convention of cutting digits off; ``of_se``: the SD is a standard error.
    """
    if n < 2:
        return grim(mean, n) and n == 1 and Decimal(sd) == 0
    for total in possible_sums(mean, n, nearest_only=nearest_only):
        for squares in possible_squares(sd, total, n, nearest_only=nearest_only, of_se=of_se):
            if _exists(n, total, squares, nonnegative=nonnegative):
                return True
    return False


def _exists(n: int, total: int, squares: int, *, nonnegative: bool) -> bool:
    """Whether n whole numbers have this sum and sum of squares."""
    if nonnegative and total < 0:
        return False
    if not nonnegative:
        # No value lies further than the root of the squared deviations from the mean: shift it out.
        shift = isqrt(max(squares, 0)) + 1
        squares += 2 * shift * total + n * shift * shift
        total += n * shift
    with _deep_recursion():
        return _partition(n, total, squares, isqrt(max(squares, 0)))


@lru_cache(maxsize=200_000)
def _partition(n: int, total: int, squares: int, top: int) -> bool:
    """Whether n whole numbers in 0..top have this sum and sum of squares.

    With the largest number a: the other n - 1 must hold the rest, within the least and the greatest
    sum of squares that such numbers can have.
    """
    if not _within_bounds(n, total, squares, top):
        return False
    if n <= 2:
        return n == 0 or (total * total == squares if n == 1 else _two_exist(total, squares, top))
    if n == 4 and not _three_squares(4 * squares - total * total):
        return False
    least, most = ceil(Fraction(squares, total)) if total else 0, min(top, total, isqrt(squares))
    middle = max(least, min(most, _balanced(n, total, squares)))
    return any(_partition(n - 1, total - a, squares - a * a, a) for a in _outwards(least, middle, most))


def _three_squares(number: int) -> bool:
    """Whether three whole squares add up to a number (Legendre): all but 4^a (8 b + 7).

    Four whole numbers with sum S and squares Q need it of 4 Q - S² = (a + b - c - d)² + ... .
    """
    while number and number % 4 == 0:
        number //= 4
    return number % 8 != 7


def _two_exist(total: int, squares: int, top: int) -> bool:
    """Whether a + b = total and a² + b² = squares with 0 <= b <= a <= top: (a - b)² = 2 squares - total²."""
    gap = isqrt(2 * squares - total * total)
    return gap * gap == 2 * squares - total * total and gap <= total and total + gap <= 2 * top


def _outwards(least: int, middle: int, most: int) -> Iterator[int]:
    """least..most, nearest to the middle first."""
    for step in range(max(middle - least, most - middle) + 1):
        if middle + step <= most:
            yield middle + step
        if step and middle - step >= least:
            yield middle - step


def _balanced(n: int, total: int, squares: int) -> int:
    """A largest number that leaves room on both sides: the mean and one and a half SDs."""
    spread = isqrt(max(n * squares - total * total, 0)) / n
    return round(total / n + 1.5 * spread)


def _within_bounds(n: int, total: int, squares: int, top: int) -> bool:
    if n == 0:
        return total == 0 and squares == 0
    if total < 0 or squares < 0 or total > n * top or (squares - total) % 2:
        return False
    quotient, rest = divmod(total, n)
    least = n * quotient * quotient + 2 * quotient * rest + rest
    if top == 0:
        return squares == 0
    full, remainder = divmod(total, top)
    return least <= squares <= full * top * top + remainder * remainder


class _deep_recursion:
    """Room for one frame a patient (and the one for the generator beside it)."""

    def __enter__(self) -> None:
        self._before = sys.getrecursionlimit()
        sys.setrecursionlimit(max(self._before, 50_000))

    def __exit__(self, *_: object) -> None:
        sys.setrecursionlimit(self._before)


def debit(mean: str, sd: str, n: int) -> bool:
    """Whether n values of 0 or 1 can have a mean and an SD that are printed so.

    With S ones the sum of squares is S too: SD² = (S - S²/n) / (n - 1).
    """
    printed = exact_interval(sd)
    low, high = max(printed.low, Fraction(0)), max(printed.high, Fraction(0))
    variances = ExactInterval(low**2, high**2, open_low=False, open_high=printed.open_high)
    return n > 1 and any(
        (total - Fraction(total * total, n)) / (n - 1) in variances
        for total in possible_sums(mean, n)
        if 0 <= total <= n
    )
