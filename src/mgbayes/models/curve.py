"""A curve that a model can draw in clinical units: which, over what, and how to read it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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


FIVE_YEARS = tuple(np.linspace(1.0, 1825.0, 77).tolist())
