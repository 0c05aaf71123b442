"""A digitized Kaplan-Meier curve, with the numbers at risk, marks and totals that the paper reports."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

SURVIVAL_ERROR = 0.002  # two pixels of a plot a thousand pixels high
TIME_ERROR = 0.002  # the same, as a share of the last time


@dataclass(frozen=True)
class Series:
    """Numbers by time from one file, each with the row that it stands in."""

    times: np.ndarray
    values: np.ndarray
    file: str = "the curve"
    rows: tuple[int, ...] = ()

    def place(self, i: int) -> str:
        """Where the i-th pair stands, for a message."""
        return f"{self.file}, row {self.rows[i] if self.rows else i + 1}"

    def __len__(self) -> int:
        """How many pairs there are."""
        return len(self.times)


def no_series() -> Series:
    """Nothing published, nothing drawn."""
    return Series(np.empty(0), np.empty(0))


@dataclass(frozen=True)
class DigitizedCurve:
    """One arm's curve: points (time, survival between 0 and 1) along the steps, in the order of drawing.

    Attributes:
        arm: the name of the arm.
        points: times and survival; (0, 1) may be left out. Points that share a time lie on one vertical line.
        n: how many patients the arm had.
        events: the published total of events, if there is one.
        at_risk: the published numbers at risk; a number counts the patients whose time is at or after its time.
        marks: times of the censoring marks on the curve; None when the figure has none or they were not read.
        survival_error: how far off a digitized survival may be, either way.
        time_error: how far off a digitized time may be, either way, in the unit of time.
        time_unit: the unit of all times.
    """

    arm: str
    points: Series
    n: int
    events: int | None = None
    at_risk: Series = field(default_factory=no_series)
    marks: Series | None = None
    survival_error: float = SURVIVAL_ERROR
    time_error: float = 0.0
    time_unit: str = "days"

    @property
    def end(self) -> float:
        """The last time at which somebody was still followed: of the drawing, or of the table."""
        followed = self.at_risk.times[self.at_risk.values > 0]
        return float(max([*self.points.times, *followed]))
