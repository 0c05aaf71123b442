r"""Random-effects meta-analysis by quadrature.

Study i has one number theta_i with a likelihood L_i(theta) of any shape:

    theta_i ~ Normal(mu, tau²),   mu ~ Normal(m, s²),   tau ~ HalfNormal(a)

    p(mu, tau | data) ∝ p(mu) p(tau) ∏_i ∫ L_i(theta) Normal(theta | mu, tau²) dtheta

The number of a new study has the density ∫∫ Normal(theta | mu, tau²) p(mu, tau | data). For each tau the inner
integral is a convolution on an even grid, whose error is below exp(-2 pi² (width / step)²) for a likelihood of that
width; tau has Gauss-Legendre nodes.

Sources: Higgins, Thompson and Spiegelhalter (2009), J R Stat Soc A 172:137; Schmidli et al. (2014), Biometrics
70:1023, for the predictive distribution as a prior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mgbayes.estimands.summary import PROB

STEP = 0.02
THETA = np.arange(-1000, 1001) * STEP
"""The grid of theta and mu: log odds or log odds ratios from -20 to 20."""

_TAU_NODES = 60
_TAU_SCALES = 6.0  # beyond them lie 2 in 10^9


@dataclass(frozen=True)
class GridDistribution:
    """A distribution with probability ``mass`` in the cells around ``values``, which are evenly spaced.

    The density is constant within a cell; with cells of width h a probability errs by h² p'(x) / 24.
    """

    values: np.ndarray
    mass: np.ndarray

    @classmethod
    def normalized(cls, values: np.ndarray, weight: np.ndarray) -> GridDistribution:
        """The distribution with these weights, whatever their sum."""
        return cls(values, weight / weight.sum())

    @property
    def mean(self) -> float:
        """The mean."""
        return float(self.mass @ self.values)

    @property
    def sd(self) -> float:
        """The standard deviation."""
        return float(np.sqrt(self.mass @ np.square(self.values - self.mean)))

    @cached_property
    def _edges(self) -> np.ndarray:
        half = (self.values[1] - self.values[0]) / 2
        return np.append(self.values - half, self.values[-1] + half)

    @cached_property
    def _cumulative(self) -> np.ndarray:
        return np.concatenate([[0.0], np.cumsum(self.mass)])

    def cdf(self, x: float) -> float:
        """The probability of a value up to x."""
        return float(np.interp(x, self._edges, self._cumulative))

    def above(self, x: float) -> float:
        """The probability of a value above x."""
        return 1.0 - self.cdf(x)

    def quantile(self, q: float) -> float:
        """The quantile of order q."""
        return float(np.interp(q, self._cumulative, self._edges))

    @property
    def median(self) -> float:
        """The median."""
        return self.quantile(0.5)

    @property
    def interval(self) -> tuple[float, float]:
        """The central 95 % interval."""
        return self.quantile((1 - PROB) / 2), self.quantile((1 + PROB) / 2)


@dataclass(frozen=True)
class TauRule:
    """Quadrature nodes of tau and their probabilities."""

    nodes: np.ndarray
    weights: np.ndarray

    @classmethod
    def half_normal(cls, scale: float) -> TauRule:
        """tau ~ HalfNormal(scale)."""
        x, w = np.polynomial.legendre.leggauss(_TAU_NODES)
        nodes = (x + 1) / 2 * _TAU_SCALES * scale
        weights = w * np.exp(-0.5 * np.square(nodes / scale))
        return cls(nodes, weights / weights.sum())

    def quantile(self, q: float) -> float:
        """A quantile, linear between the middles of the nodes' weights."""
        return float(np.interp(q, np.cumsum(self.weights) - self.weights / 2, self.nodes))


@dataclass(frozen=True)
class HierarchyPrior:
    """mu ~ Normal(mu_mean, mu_sd²) and tau ~ HalfNormal(tau_scale)."""

    mu_mean: float = 0.0
    mu_sd: float = 2.0
    tau_scale: float = 1.0

    @property
    def log_mu(self) -> np.ndarray:
        """The log density of mu on the grid, up to a constant."""
        return -0.5 * np.square((THETA - self.mu_mean) / self.mu_sd)


@dataclass(frozen=True)
class Hierarchy:
    """Posterior of the average ``mu`` and of the between-study SD ``tau``; ``predictive`` is of a new study."""

    mu: GridDistribution
    tau: TauRule
    predictive: GridDistribution


def hierarchy(
    log_likelihoods: Sequence[np.ndarray], prior: HierarchyPrior, tau: TauRule | None = None
) -> Hierarchy:
    """Pool the log likelihoods of studies, each an array over ``THETA``; ``tau`` replaces the half-normal prior."""
    rule = tau or TauRule.half_normal(prior.tau_scale)
    kernels = np.array([_kernel(node) for node in rule.nodes])
    joint = rule.weights[:, None] * np.exp(prior.log_mu)
    for row in log_likelihoods:
        joint *= _convolved(np.exp(row - row.max())[None], kernels)
    joint /= joint.sum()
    return Hierarchy(
        mu=GridDistribution.normalized(THETA, joint.sum(axis=0)),
        tau=TauRule(rule.nodes, joint.sum(axis=1)),
        predictive=GridDistribution.normalized(THETA, _convolved(joint, kernels).sum(axis=0)),
    )


def _kernel(tau: float) -> np.ndarray:
    """Normal(0, tau²) on the grid; below one step three points with the same variance stand for it."""
    if tau < STEP:
        aside = (tau / STEP) ** 2 / 2
        weight = np.zeros(len(THETA))
        weight[len(THETA) // 2 + np.array([-1, 0, 1])] = aside, 1 - 2 * aside, aside
        return weight
    weight = np.exp(-0.5 * np.square(THETA / tau))
    return weight / weight.sum()


def _convolved(values: np.ndarray, kernels: np.ndarray) -> np.ndarray:
    """Each row convolved with each kernel; what falls below zero is rounding."""
    from scipy.signal import fftconvolve

    return np.clip(fftconvolve(kernels, values, mode="same", axes=1), 0.0, None)
