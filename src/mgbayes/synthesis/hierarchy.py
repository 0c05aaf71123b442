r"""Random effects across studies, integrated on a grid instead of sampled.

Study i has one number theta_i with a likelihood L_i(theta) of any shape (counts at a ceiling need no
correction):

    theta_i ~ Normal(mu, tau²),   mu ~ Normal(m, s²),   tau ~ HalfNormal(a)

The studies meet only through mu and tau, so that the posterior is a product of one-dimensional integrals,

    p(mu, tau | data) ∝ p(mu) p(tau) ∏_i ∫ L_i(theta) Normal(theta | mu, tau²) dtheta,

and the number theta* of a new study has the density ∫∫ Normal(theta* | mu, tau²) p(mu, tau | data). For each tau
the inner integral is a convolution on an even grid; tau has Gauss-Legendre nodes. For smooth likelihoods the
even grid errs by less than exp(-2 pi² (width / step)²), which is nothing once a likelihood is wider than a
step. A draw-free answer is the same in every run.

Source: Higgins, Thompson and Spiegelhalter (2009), J R Stat Soc A 172:137; Schmidli et al. (2014), Biometrics
70:1023, for the predictive distribution as a prior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgbayes.synthesis.distribution import GridDistribution

HALF_WIDTH = 20.0
STEP = 0.02
THETA = np.arange(-round(HALF_WIDTH / STEP), round(HALF_WIDTH / STEP) + 1) * STEP
"""The grid of theta and mu: log odds or log odds ratios from -20 to 20."""

_TAU_NODES = 60
_TAU_SCALES = 6.0


@dataclass(frozen=True)
class TauRule:
    """Nodes of tau and what each weighs a priori."""

    nodes: np.ndarray
    weights: np.ndarray

    @classmethod
    def half_normal(cls, scale: float) -> TauRule:
        """tau ~ HalfNormal(scale), to six scales (beyond them lie 2 in 10^9)."""
        x, w = np.polynomial.legendre.leggauss(_TAU_NODES)
        nodes = (x + 1) / 2 * _TAU_SCALES * scale
        weights = w * np.exp(-0.5 * np.square(nodes / scale))
        return cls(nodes, weights / weights.sum())

    @classmethod
    def fixed(cls, tau: float) -> TauRule:
        """tau known."""
        return cls(np.array([tau]), np.array([1.0]))

    def quantile(self, q: float) -> float:
        """A quantile, between nodes by straight lines through the middle of each node's weight."""
        middle = np.cumsum(self.weights) - self.weights / 2
        return float(np.interp(q, middle, self.nodes))


@dataclass(frozen=True)
class HierarchyPrior:
    """mu ~ Normal(mu_mean, mu_sd²) and tau ~ HalfNormal(tau_scale)."""

    mu_mean: float = 0.0
    mu_sd: float = 2.0
    tau_scale: float = 1.0

    def mu_weights(self) -> np.ndarray:
        """The prior of mu on the grid, adding up to one."""
        weight = np.exp(-0.5 * np.square((THETA - self.mu_mean) / self.mu_sd))
        return weight / weight.sum()

    @property
    def tau_rule(self) -> TauRule:
        """The nodes of tau."""
        return TauRule.half_normal(self.tau_scale)


@dataclass(frozen=True)
class Hierarchy:
    """What several studies say together.

    Attributes:
        mu: posterior of the average over studies.
        tau: nodes of the spread between studies, with their posterior weights.
        predictive: the number of a new study.
    """

    mu: GridDistribution
    tau: TauRule
    predictive: GridDistribution

    @property
    def tau_mean(self) -> float:
        """Posterior mean of tau."""
        return float(self.tau.nodes @ self.tau.weights)

    @property
    def tau_sd(self) -> float:
        """Posterior standard deviation of tau."""
        return float(np.sqrt(self.tau.weights @ np.square(self.tau.nodes - self.tau_mean)))


def hierarchy(
    log_likelihoods: Sequence[np.ndarray], prior: HierarchyPrior, tau: TauRule | None = None
) -> Hierarchy:
    """Integrate the model over the studies' log likelihoods, each an array over ``THETA``.

    ``tau`` replaces the half-normal rule of the prior. With no studies the prior comes back.
    """
    rule = prior.tau_rule if tau is None else tau
    shapes = [np.exp(row - row.max()) for row in log_likelihoods]
    kernels = [_kernel(node) for node in rule.nodes]
    joint = np.array(
        [
            weight * prior.mu_weights() * np.prod([_spread(row, kernel) for row in shapes], axis=0)
            for weight, kernel in zip(rule.weights, kernels, strict=True)
        ]
    )
    joint /= joint.sum()
    predictive = sum(_spread(row, kernel) for row, kernel in zip(joint, kernels, strict=True))
    return Hierarchy(
        mu=GridDistribution.normalized(THETA, joint.sum(axis=0)),
        tau=TauRule(rule.nodes, joint.sum(axis=1)),
        predictive=GridDistribution.normalized(THETA, np.asarray(predictive)),
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


def _spread(values: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Convolution with a kernel; what the transform leaves below zero is rounding."""
    from scipy.signal import fftconvolve

    return np.clip(fftconvolve(values, kernel, mode="same"), 0.0, None)
