r"""A published number against draws: how many Monte Carlo errors of both sides lie between them.

The error of a statistic of our draws (mean, SD, quantile) is its SD over `BATCHES` batches of successive draws,
divided by the square root of their number. That of a published statistic is taken as printed, where it is; else it is
ours at the number of independent draws that the published run is worth,

    e_published = e_ours √(N_ours / N_published),   N_ours = (SD / error of the mean)²,

and none where the published posterior is a closed form. Half a unit of the last printed digit is rounding. Draws may
be weighted to the published prior (mgbayes.robustness.reweighting). Source: Flegal, Haran and Jones 2008, Stat Sci
23:250 (batch means).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from math import hypot, inf, sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BATCHES = 40
LARGEST = 3.0
"""Monte Carlo errors that may lie between two estimates of one number."""


@dataclass(frozen=True)
class Printed:
    """A published number, as printed, of a run worth so many independent draws; its error, where that is printed."""

    quantity: str
    statistic: str
    value: str
    draws: float = inf
    error: float | None = None

    @property
    def rounding(self) -> float:
        """Half a unit of the last digit."""
        return 0.5 * 10 ** int(Decimal(self.value).as_tuple().exponent)


@dataclass(frozen=True)
class Row:
    """A published number and what the project gives."""

    printed: Printed
    here: float
    error: float

    @property
    def errors_apart(self) -> float:
        """The difference that rounding does not explain, in Monte Carlo errors of both sides."""
        apart = abs(self.here - float(self.printed.value)) - self.printed.rounding
        return max(apart, 0.0) / self.error

    @property
    def agrees(self) -> bool:
        """Whether Monte Carlo error and rounding explain the difference."""
        return self.errors_apart <= LARGEST


def _mean(x: Array, w: Array) -> float:
    return float(np.average(x, weights=w))


def _sd(x: Array, w: Array) -> float:
    return sqrt(np.average(np.square(x - _mean(x, w)), weights=w))


def _statistic(name: str) -> Callable[[Array, Array], float]:
    """``mean``, ``sd``, or a quantile by its percentage: ``2.5 %``."""
    if name in ("mean", "sd"):
        return {"mean": _mean, "sd": _sd}[name]
    q = float(name.removesuffix("%")) / 100

    def quantile(x: Array, w: Array) -> float:
        order = np.argsort(x)
        mass = np.cumsum(w[order]) - w[order] / 2
        return float(np.interp(q, mass / w.sum(), x[order]))

    return quantile


def compared(printed: Printed, draws: Array, weight: Array) -> Row:
    """One published number against draws and their weights, each (chain, draw)."""
    x, w = (np.stack(np.array_split(part.ravel(), BATCHES)) for part in (draws, weight))

    def found(statistic: Callable[[Array, Array], float]) -> tuple[float, float]:
        batches = [statistic(*batch) for batch in zip(x, w, strict=True)]
        return statistic(x.ravel(), w.ravel()), float(np.std(batches, ddof=1)) / sqrt(BATCHES)

    here, ours = found(_statistic(printed.statistic))
    _, of_mean = found(_mean)
    worth = (_sd(x.ravel(), w.ravel()) / of_mean) ** 2
    published = ours * sqrt(worth / printed.draws) if printed.error is None else printed.error
    return Row(printed, here, hypot(ours, published))
