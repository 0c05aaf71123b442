"""Mixtures of normal and of beta distributions, as frozen values that can say themselves.

For a mixture p(x) = Σ w_k f_k(x) the local information is

    -d² log p / dx² = (Σ r_k g_k)² - Σ r_k (h_k + g_k²),

with r_k the share of component k at x and g_k, h_k the first two derivatives of its log density.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

Rows = tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Mixture(ABC):
    """Components (weight, first parameter, second parameter); the weights add up to one."""

    components: Rows
    name: ClassVar[str]

    @property
    def weights(self) -> np.ndarray:
        """The weight of each component."""
        return np.array([row[0] for row in self.components])

    @property
    def parameters(self) -> np.ndarray:
        """The parameters, (component, 2)."""
        return np.array([row[1:] for row in self.components])

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """The log density at x."""
        return np.asarray(np.logaddexp.reduce(self._log_parts(x), axis=0))

    def density(self, x: np.ndarray) -> np.ndarray:
        """The density at x."""
        return np.exp(self.log_density(x))

    def shares(self, x: np.ndarray) -> np.ndarray:
        """How much of the density at x each component makes up, (component, x)."""
        parts = self._log_parts(x)
        return np.exp(parts - np.logaddexp.reduce(parts, axis=0))

    def information(self, x: np.ndarray) -> np.ndarray:
        """The local information of the density, minus the second derivative of its log."""
        share, slope, bend = self.shares(x), self.slopes(x), self.bends(x)
        return np.square((share * slope).sum(axis=0)) - (share * (bend + np.square(slope))).sum(axis=0)

    @property
    def mean(self) -> float:
        """The mean."""
        return float(self.weights @ self.means)

    @property
    def sd(self) -> float:
        """The standard deviation."""
        return float(np.sqrt(self.weights @ (self.variances + np.square(self.means - self.mean))))

    def __str__(self) -> str:
        """``0.63 Normal(1.9, 0.8) + 0.37 Normal(1.6, 2.1)``."""
        return " + ".join(f"{w:.3g} {self.name}({a:.3g}, {b:.3g})" for w, a, b in self.components)

    def _log_parts(self, x: np.ndarray) -> np.ndarray:
        return np.log(self.weights)[:, None] + self.log_components(x)

    @abstractmethod
    def log_components(self, x: np.ndarray) -> np.ndarray:
        """The log density of each component, (component, x)."""

    @abstractmethod
    def slopes(self, x: np.ndarray) -> np.ndarray:
        """The first derivative of each component's log density, (component, x)."""

    @abstractmethod
    def bends(self, x: np.ndarray) -> np.ndarray:
        """The second derivative of each component's log density, (component, x)."""

    @property
    @abstractmethod
    def means(self) -> np.ndarray:
        """The mean of each component."""

    @property
    @abstractmethod
    def variances(self) -> np.ndarray:
        """The variance of each component."""


@dataclass(frozen=True)
class NormalMixture(Mixture):
    """Components (weight, mean, standard deviation)."""

    name = "Normal"

    def log_components(self, x: np.ndarray) -> np.ndarray:
        """The log density of each normal."""
        mean, sd = self._columns
        return -0.5 * np.square((x - mean) / sd) - np.log(sd) - 0.5 * np.log(2 * np.pi)

    def slopes(self, x: np.ndarray) -> np.ndarray:
        """-(x - mean) / sd²."""
        mean, sd = self._columns
        return -(x - mean) / np.square(sd)

    def bends(self, x: np.ndarray) -> np.ndarray:
        """-1 / sd²."""
        return -1 / np.square(self._columns[1]) + 0 * x

    def cdf(self, x: float) -> float:
        """The probability of a value up to x."""
        from scipy.special import ndtr

        return float(self.weights @ ndtr((x - self.parameters[:, 0]) / self.parameters[:, 1]))

    @property
    def means(self) -> np.ndarray:
        """The means of the normals."""
        return self.parameters[:, 0]

    @property
    def variances(self) -> np.ndarray:
        """The variances of the normals."""
        return np.square(self.parameters[:, 1])

    @property
    def _columns(self) -> np.ndarray:
        return self.parameters.T[:, :, None]


@dataclass(frozen=True)
class BetaMixture(Mixture):
    """Components (weight, a, b)."""

    name = "Beta"

    def log_components(self, x: np.ndarray) -> np.ndarray:
        """The log density of each beta."""
        from scipy.special import betaln, xlog1py, xlogy

        a, b = self._columns
        return xlogy(a - 1, x) + xlog1py(b - 1, -x) - betaln(a, b)

    def slopes(self, x: np.ndarray) -> np.ndarray:
        """(a - 1) / x - (b - 1) / (1 - x)."""
        a, b = self._columns
        return (a - 1) / x - (b - 1) / (1 - x)

    def bends(self, x: np.ndarray) -> np.ndarray:
        """-(a - 1) / x² - (b - 1) / (1 - x)²."""
        a, b = self._columns
        return -(a - 1) / np.square(x) - (b - 1) / np.square(1 - x)

    def updated(self, y: int, n: int) -> BetaMixture:
        """The posterior after y of n: each component conjugate, its weight times its predictive chance."""
        from scipy.special import betaln

        a, b = self.parameters.T
        log_weight = np.log(self.weights) + betaln(a + y, b + n - y) - betaln(a, b)
        weight = np.exp(log_weight - log_weight.max())
        return BetaMixture(as_rows(weight / weight.sum(), np.stack([a + y, b + n - y], axis=1)))

    @property
    def means(self) -> np.ndarray:
        """a / (a + b)."""
        a, b = self.parameters.T
        return a / (a + b)

    @property
    def variances(self) -> np.ndarray:
        """m (1 - m) / (a + b + 1)."""
        return self.means * (1 - self.means) / (self.parameters.sum(axis=1) + 1)

    @property
    def _columns(self) -> np.ndarray:
        return self.parameters.T[:, :, None]


def as_rows(weights: np.ndarray, parameters: np.ndarray) -> Rows:
    """Weights and (component, 2) parameters as the rows of a mixture, heaviest first."""
    order = np.argsort(-weights, kind="stable")
    return tuple((float(weights[k]), float(parameters[k, 0]), float(parameters[k, 1])) for k in order)


def robust[M: Mixture](mixture: M, vague: tuple[float, float], weight: float) -> M:
    """The mixture with a vague component of this weight, as the last row. Raises ValueError outside 0 to 1."""
    if not 0 <= weight <= 1:
        raise ValueError(f"the weight of the vague component is {weight}; it lies between 0 and 1")
    kept = tuple((row[0] * (1 - weight), *row[1:]) for row in mixture.components)
    rows = [row for row in (*kept, (weight, *vague)) if row[0] > 0]
    make: Callable[[Rows], M] = type(mixture)
    return make(tuple(rows))
