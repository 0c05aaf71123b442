"""What a printed log-rank p says about the hazard ratio (Parmar 1998; Tierney 2007).

|O - E| = sqrt(V) z with z the normal quantile of p / 2, V = d1 d2 / (d1 + d2) for events d1 and d2,
log HR = (O - E) / V with variance 1 / V. The direction comes from the text. With few events and a
strong effect the method understates: |log HR| above 0.7 is flagged.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt

from mgbayes.study.rounding import Interval

STRONG = 0.7


@dataclass(frozen=True)
class LogHazardRatio:
    """The size of a log hazard ratio (its sign is not in a p value) and its standard error."""

    size: Interval
    standard_error: float

    @property
    def is_strong(self) -> bool:
        """Whether the effect is so strong that the method understates it."""
        return self.size.high > STRONG

    @property
    def hazard_ratio(self) -> Interval:
        """The hazard ratio below 1 that goes with the size."""
        return Interval(exp(-self.size.high), exp(-self.size.low))


def log_hazard_ratio(p: Interval, events1: int, events2: int) -> LogHazardRatio:
    """|log HR| from the range of a two-sided log-rank p and the events of each arm."""
    from scipy.special import ndtri

    if events1 <= 0 or events2 <= 0:
        raise ValueError("both arms need an event")
    variance = events1 * events2 / (events1 + events2)

    def size(value: float) -> float:
        return float(-ndtri(value / 2)) / sqrt(variance)

    return LogHazardRatio(Interval(size(p.high), size(p.low)), 1 / sqrt(variance))
