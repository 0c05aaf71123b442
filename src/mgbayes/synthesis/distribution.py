"""A distribution of one number, held as probabilities on a fine, even grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PROB = 0.95


@dataclass(frozen=True)
class GridDistribution:
    """Probabilities ``mass`` of the cells around ``values``, which are evenly spaced.

    Each value stands for the cell that reaches half a step to either side, so that distribution function
    and quantiles are those of a density that is constant within a cell; with cells of width h a probability
    errs by h² p'(x) / 24.
    """

    values: np.ndarray
    mass: np.ndarray

    @classmethod
    def normalized(cls, values: np.ndarray, weight: np.ndarray) -> GridDistribution:
        """The distribution with these weights, whatever they add up to."""
        return cls(values, weight / weight.sum())

    @property
    def step(self) -> float:
        """The width of a cell."""
        return float(self.values[1] - self.values[0])

    @property
    def density(self) -> np.ndarray:
        """The density at the values."""
        return self.mass / self.step

    @property
    def mean(self) -> float:
        """The mean."""
        return float(self.mass @ self.values)

    @property
    def sd(self) -> float:
        """The standard deviation."""
        return float(np.sqrt(self.mass @ np.square(self.values - self.mean)))

    def cdf(self, x: float) -> float:
        """The probability of a value up to x."""
        return float(np.interp(x, self._edges, self._cumulative))

    def above(self, x: float) -> float:
        """The probability of a value beyond x."""
        return 1.0 - self.cdf(x)

    def quantile(self, q: float) -> float:
        """The value below which a share q lies."""
        return float(np.interp(q, self._cumulative, self._edges))

    @property
    def median(self) -> float:
        """The middle value."""
        return self.quantile(0.5)

    @property
    def interval(self) -> tuple[float, float]:
        """The central interval that holds 95 %."""
        return self.quantile((1 - PROB) / 2), self.quantile((1 + PROB) / 2)

    @property
    def _edges(self) -> np.ndarray:
        half = self.step / 2
        return np.append(self.values - half, self.values[-1] + half)

    @property
    def _cumulative(self) -> np.ndarray:
        return np.concatenate([[0.0], np.cumsum(self.mass)])
