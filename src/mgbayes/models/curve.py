"""A curve that a model can draw in clinical units: which, over what, and how to read it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgbayes.models.outcome import Outcome


@dataclass(frozen=True)
class Curve:
    """A quantity by arm over a grid.

    Attributes:
        variable: its name in what the model's ``curves`` returns, with dimensions arm and ``over``.
        over: the grid's dimension.
        grid: the grid's values.
        x_label, y_label: axes, with units.
        scale: what to multiply by for the axis (100 for percent).
        caption: what the reader should see.
        crosses: which of the numbers that are checked stand beside it: those whose name ends so.
    """

    variable: str
    over: str
    grid: tuple[float, ...]
    x_label: str
    y_label: str
    scale: float
    caption: str
    crosses: str = "mean"


def over_follow_up(outcome: Outcome, *, variable: str, y_label: str, caption: str) -> Curve:
    """A share of patients by time, to the end of what the plan compares."""
    end = outcome.restricted_to or max(outcome.horizons, default=1.0)
    return Curve(
        variable=variable,
        over="time",
        grid=tuple(np.linspace(end / 1825, end, 77).tolist()),
        x_label=f"{outcome.unit} since {outcome.time_zero}",
        y_label=y_label,
        scale=100.0,
        caption=caption,
    )
