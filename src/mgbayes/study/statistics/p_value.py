"""A p value as reported: a relation and a number."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mgbayes.study.rounding import Interval, decimals, rounding_interval

P_VALUE = r"^\s*(<=|>=|<|>|=)?\s*(0?\.\d+|0|1|1\.0+|0\.\d+)\s*$"


@dataclass(frozen=True)
class ReportedP:
    """A reported p value: a relation (=, <, >) and a number."""

    relation: str
    number: str
    places: int

    @classmethod
    def parse(cls, text: str, usual_places: int = 2) -> ReportedP:
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
