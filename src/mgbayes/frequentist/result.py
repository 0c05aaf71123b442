"""What one test gives: p value, statistic, and an estimate with its interval; or the reason for none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A size of effect. A limit is infinite where the interval is open; None where there is no interval."""

    name: str
    value: Any
    low: Any = None
    high: Any = None
    kind: str = ""
    level: float = LEVEL

    def exp(self, name: str) -> Estimate:
        """The ratio behind an estimate on the log scale."""
        value, low, high = (None if x is None else np.exp(x) for x in (self.value, self.low, self.high))
        return replace(
            self, name=name, value=value, low=low, high=high, kind=f"{self.kind}, on the log scale"
        )


@dataclass(frozen=True)
class Result:
    """Of one sample a number each, of many an array each, (...,): NaN where a test gives no answer.

    ``side``: 1 where the contrast group has the higher values or hazard, -1 the lower, 0 neither. Of patients of one
    study ``p`` is None where there is none, and ``note`` says why.
    """

    p: Any
    statistic: Any = None
    statistic_name: str = ""
    estimate: Estimate | None = None
    note: str = ""
    side: Any = 0.0


def refused(reason: str) -> Result:
    """No p value, and the reason in words."""
    return Result(None, note=reason)


def settled(result: Result) -> Result:
    """Of one sample, in plain numbers; None in place of any that is not one, and the note says so."""
    estimate, p = result.estimate, _number(result.p)
    if estimate is not None:
        value, low, high = map(_number, (estimate.value, estimate.low, estimate.high))
        estimate = None if value is None else replace(estimate, value=value, low=low, high=high)
    p = None if p is None or not isfinite(p) else min(1.0, p)
    note = result.note or ("" if p is not None else "these values give the test no p value")
    return replace(result, p=p, statistic=_number(result.statistic), estimate=estimate, note=note)


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)


def odds(share: float) -> float:
    """share / (1 - share)."""
    return share / (1 - share) if share < 1 else float("inf")
