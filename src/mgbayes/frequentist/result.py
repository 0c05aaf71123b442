"""What one test says: a p value, its statistic, an estimate with its interval, or the reason for none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite, isnan
from typing import Any

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A size of effect. A limit is infinite where the interval is open; None where there is no interval."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    kind: str = ""
    level: float = LEVEL

    def to_json(self) -> dict[str, Any]:
        """The form for machines; an infinite number is the text "inf" or "-inf"."""
        numbers = {key: spelled(getattr(self, key)) for key in ("value", "low", "high", "level")}
        return {"name": self.name, "interval": self.kind} | numbers


@dataclass(frozen=True)
class Outcome:
    """What a test gives. ``p`` is None when it cannot be had; ``note`` then says why."""

    p: float | None
    statistic: float | None = None
    statistic_name: str = ""
    estimate: Estimate | None = None
    note: str = ""


def refused(reason: str) -> Outcome:
    """No p value, and the reason in words."""
    return Outcome(None, note=reason)


def settled(outcome: Outcome) -> Outcome:
    """The outcome without any number that is not one: a NaN becomes None, and the note says so."""
    estimate = outcome.estimate
    if estimate is not None and isnan(estimate.value):
        estimate = None
    elif estimate is not None:
        low, high = (None if x is None or isnan(x) else x for x in (estimate.low, estimate.high))
        estimate = replace(estimate, low=low, high=high)
    p = outcome.p if outcome.p is not None and isfinite(outcome.p) else None
    statistic = outcome.statistic
    if statistic is not None and isnan(statistic):
        statistic = None
    note = outcome.note or ("" if p is not None else "these values give the test no p value")
    return replace(
        outcome, p=None if p is None else min(1.0, p), statistic=statistic, estimate=estimate, note=note
    )


def spelled(number: float | None) -> float | str | None:
    """A number for JSON, which has no infinity."""
    if number is None or isfinite(number):
        return number
    return "inf" if number > 0 else "-inf"
