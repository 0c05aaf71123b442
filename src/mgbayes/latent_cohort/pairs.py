r"""Two whole numbers of a given sum, their sum of squares in a window: how many pairs there are, and each, compiled.

With sum s and difference d (of the parity of s) the squares sum to (s² + d²) / 2, so that |d| lies between the roots
of 2 Q - s² at the ends of the window; both are at least ``low`` where |d| ≤ s - 2 low.
"""

from __future__ import annotations

from math import ceil, floor, sqrt

from numba import njit

_SLACK = 1e-9


@njit
def pairs(total: int, low_square: float, high_square: float, low: int) -> tuple[int, int]:
    """The least |d|, and how many ordered pairs there are.

    >>> pairs(5, 13.0, 17.0, 0)  # 2 + 3, 3 + 2, 1 + 4 and 4 + 1
    (1, 4)
    """
    centred = float(total) ** 2
    beyond = 2 * high_square - centred
    if beyond < -_SLACK:
        return 0, 0
    first = ceil(sqrt(max(2 * low_square - centred, 0.0)) - _SLACK)
    last = min(floor(sqrt(max(beyond, 0.0)) + _SLACK), total - 2 * low)
    first += (first - total) % 2
    if last < first:
        return first, 0
    return first, 2 * ((last - first) // 2 + 1) - (first == 0)


@njit
def pair(total: int, least: int, k: int) -> tuple[int, int]:
    """The k-th of the pairs: by |d|, each with both signs of d, and once where d is 0."""
    place = k + (least == 0)
    d = least + 2 * (place // 2)
    if place % 2:
        d = -d
    return (total + d) // 2, (total - d) // 2
