"""How software computes a quantile: Hyndman and Fan's types 2, 6 and 7, and Tukey's hinges.

The quantile of n sorted values is (1 - g) x_(j) + g x_(j+1). With n = 16 the first quartile lies at 4.5 by type 2
and the hinges, at 4.25 by type 6 and at 4.75 by type 7.

Source: Hyndman and Fan (1996), Am Stat 50:361; Tukey (1977) for the hinges.
"""

from __future__ import annotations

import re
from enum import StrEnum
from fractions import Fraction
from math import floor

HALF, QUARTERS = Fraction(1, 2), (Fraction(1, 4), Fraction(3, 4))


class QuantileDefinition(StrEnum):
    """A definition of the quantile of a sample, as study files name it."""

    type_2 = "2"
    type_6 = "6"
    type_7 = "7"
    hinges = "hinges"

    @property
    def used_by(self) -> str:
        """The programs that compute it by default, or its own name."""
        return _USED_BY[self]

    def position(self, p: Fraction, n: int) -> tuple[int, Fraction]:
        """The rank j (from 1) and the weight g, 0 <= g < 1, of the p-quantile of n values.

        >>> QuantileDefinition.type_7.position(Fraction(1, 4), 16)
        (4, Fraction(3, 4))
        """
        at = min(max(self._rank(p, n), Fraction(1)), Fraction(n))
        return floor(at), at - floor(at)

    def _rank(self, p: Fraction, n: int) -> Fraction:
        if self is QuantileDefinition.hinges and p in QUARTERS:
            depth = Fraction((n + 1) // 2 + 1, 2)
            return depth if p < HALF else n + 1 - depth
        if self is QuantileDefinition.type_6:
            return (n + 1) * p
        if self is QuantileDefinition.type_7:
            return (n - 1) * p + 1
        return n * p + HALF if (n * p).denominator == 1 else Fraction(floor(n * p) + 1)


_USED_BY = {
    QuantileDefinition.type_2: "SAS and Stata",
    QuantileDefinition.type_6: "SPSS and Minitab",
    QuantileDefinition.type_7: "R and Excel",
    QuantileDefinition.hinges: "Tukey's hinges",
}
_SOFTWARE = (
    (r"\bSAS\b|\bStata\b", QuantileDefinition.type_2),
    (r"\bSPSS\b|\bMinitab\b|\bGraphPad\b|\bPrism\b|\bJMP\b", QuantileDefinition.type_6),
    (r"\bR\b|\bNumPy\b|\bPython\b|\bExcel\b", QuantileDefinition.type_7),
)
"""What a program computes by default."""


def definitions_of(software: str) -> tuple[QuantileDefinition, ...]:
    """The definitions of the programs that a paper names; all of them where it names none that is known here.

    >>> [str(one) for one in definitions_of("SPSS 25 (IBM)")], len(definitions_of(""))
    (['6'], 4)
    """
    found = [one for pattern, one in _SOFTWARE if re.search(pattern, software)]
    return tuple(dict.fromkeys(found)) or tuple(QuantileDefinition)
