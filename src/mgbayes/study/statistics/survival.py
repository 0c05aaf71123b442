"""Survival at a time, the number at risk then, and the median survival time, by Kaplan and Meier."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mgbayes.study.statistics.means import interval_faults
from mgbayes.study.statistics.statistic import NOT_REACHED, Fault, Number, PublishedStatistic


class Followed(NamedTuple):
    """Times to the event or to the end of follow-up, and whether each ended in the event."""

    time: NDArray[np.float64]
    event: NDArray[np.float64]

    def survival(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The times of events, and the Kaplan-Meier estimate just after each."""
        times = np.unique(self.time[self.event == 1])
        at_risk = (self.time[None, :] >= times[:, None]).sum(axis=1)
        events = ((self.time[None, :] == times[:, None]) & (self.event == 1)).sum(axis=1)
        return times, np.cumprod(1 - events / at_risk)


@dataclass(frozen=True)
class SurvivalAt(PublishedStatistic):
    """Percent without the event at a time, with its interval where that is reported."""

    at: str
    percent: str
    low: str | None = None
    high: str | None = None
    level: str = "95"

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The percentage."""
        return (Number("survival", self.percent),)

    def of(self, sample: Followed) -> tuple[float, ...]:
        """The percentage without the event at the time."""
        times, survival = sample.survival()
        before = survival[times <= float(self.at)]
        return (100 * float(before[-1]) if len(before) else 100.0,)

    @property
    def wording(self) -> str:
        """The percentage, its interval and the time."""
        return f"{self.percent}% event-free at {self.at}{_limits(self.low, self.high, self.level)}"

    def faults(self) -> Iterator[Fault]:
        """From 0 to 100, limits in order and around it."""
        if not 0 <= float(self.percent) <= 100:
            yield Fault("survival", f'"{self.percent}"', "0 to 100, a percentage")
        if self.low is not None and self.high is not None:
            yield from interval_faults(self.percent, self.low, self.high, "survival")


@dataclass(frozen=True)
class MedianSurvival(PublishedStatistic):
    """The time by which half have had the event, by Kaplan and Meier; it and its limits may not be reached."""

    median: str
    low: str | None = None
    high: str | None = None
    level: str = "95"

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The median, where it was reached."""
        return () if self.median == NOT_REACHED else (Number("median_survival", self.median),)

    def of(self, sample: Followed) -> tuple[float, ...]:
        """The first time at which at most half are without the event; infinite where that is not reached."""
        times, survival = sample.survival()
        below = times[survival <= 0.5 + 1e-12]
        return () if self.median == NOT_REACHED else (float(below[0]) if len(below) else inf,)

    def allows(self, sample: Followed) -> bool:
        """Whether these times are reported so."""
        if self.median != NOT_REACHED:
            return bool(super().allows(sample))
        return bool(np.all(sample.survival()[1] > 0.5 + 1e-12))

    @property
    def wording(self) -> str:
        """The median and its interval."""
        return f"median survival {self.median}{_limits(self.low, self.high, self.level)}"

    def faults(self) -> Iterator[Fault]:
        """Limits in order and around it, as far as they are reached."""
        if self.low is None or self.high is None:
            return
        texts = (self.median, self.low, self.high)
        if NOT_REACHED not in texts:
            yield from interval_faults(*texts, "median_survival")
        elif self.low == NOT_REACHED != self.high or (self.median == NOT_REACHED != self.high):
            yield Fault("ci", f'["{self.low}", "{self.high}"]', f'an upper limit "{NOT_REACHED}" here')
        elif NOT_REACHED not in (self.low, self.median) and float(self.low) > float(self.median):
            yield Fault("ci", f'["{self.low}", "{self.high}"]', "an interval that holds the median")


@dataclass(frozen=True)
class AtRisk(PublishedStatistic):
    """How many are still followed and without the event just before a time."""

    at: str
    count: str
    n: int | None = None

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The number at risk."""
        return (Number("at_risk", self.count, exact=True),)

    def of(self, sample: Followed) -> tuple[float, ...]:
        """The number whose time is at least that."""
        return (float(np.sum(sample.time >= float(self.at))),)

    def faults(self) -> Iterator[Fault]:
        """No more than there are."""
        if self.n is not None and int(self.count) > self.n:
            yield Fault("at_risk", f'"{self.count}"', f"at most {self.n}, the number of patients")

    @property
    def wording(self) -> str:
        """The number and the time."""
        return f"{self.count} at risk at {self.at}"


def _limits(low: str | None, high: str | None, level: str) -> str:
    return f" ({level} % CI {low} to {high})" if low is not None and high is not None else ""
