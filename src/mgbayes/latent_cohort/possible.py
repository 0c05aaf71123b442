r"""How many of n patients can be at or below a value, by a published mean and SD alone: every number, exactly.

Reachable (sum, sum of squares) of k values above and n - k at or below the value are listed by adding one value at a
time; a set of sums of squares is the bits of one whole number, so that adding a value is a shift.
"""

from __future__ import annotations

from math import floor

from mgbayes.latent_cohort.statements import Windows

_LARGEST = 4_000_000
"""So many bits are held at most: sums times sums of squares."""


def possible_counts(windows: Windows, most: int, *, low: int = 0) -> frozenset[int] | None:
    """The numbers of values, of whole steps from ``low`` on, that can be at most ``most``.

    None where the grid is so fine that the list would be too long.

    >>> sorted(possible_counts(Windows(3, 4, 4, 0.0, 100.0), 0))  # three values with the sum 4
    [0, 1, 2]
    """
    highest = floor(windows.squares(float(windows.high))[1] + 1e-9)
    width = windows.high - windows.m * low
    if highest * max(width, 1) > _LARGEST or low < 0:
        return None
    few = _reachable(range(low, min(most, windows.high) + 1), windows.m, windows.high, highest)
    many = _reachable(range(max(most + 1, low), windows.high + 1), windows.m, windows.high, highest)
    return frozenset(k for k in range(windows.m + 1) if _meets(few[k], many[windows.m - k], windows))


def _reachable(values: range, n: int, high: int, highest: int) -> list[dict[int, int]]:
    """By number of values up to n, and by their sum, the bits of their sums of squares."""
    mask = (1 << (highest + 1)) - 1
    found: list[dict[int, int]] = [{0: 1}]
    for _ in range(n):
        later: dict[int, int] = {}
        for total, squares in found[-1].items():
            for x in values:
                if total + x > high or x * x > highest:
                    break
                moved = (squares << (x * x)) & mask
                if moved:
                    later[total + x] = later.get(total + x, 0) | moved
        found.append(later)
    return found


def _meets(few: dict[int, int], many: dict[int, int], windows: Windows) -> bool:
    for total, squares in few.items():
        for other, others in many.items():
            if windows.low <= total + other <= windows.high:
                low, high = map(float, windows.squares(float(total + other)))
                if _adds_up(squares, others, low, high):
                    return True
    return False


def _adds_up(squares: int, others: int, low: float, high: float) -> bool:
    """Whether a sum of squares of the one and of the other add to one between the ends."""
    at, one = 0, squares
    while one:
        step = (one & -one).bit_length() - 1
        at += step
        one >>= step
        first, last = max(0, int(-(-(low - at - 1e-9) // 1))), floor(high - at + 1e-9)
        if last >= first and (others >> first) & ((1 << (last - first + 1)) - 1):
            return True
        one >>= 1
        at += 1
    return False
