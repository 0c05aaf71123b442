"""A mixture in place of a distribution on a grid, fitted by expectation and maximization (EM).

The grid stands for the distribution itself, so that each step is weighted maximum likelihood and the fit
minimizes the Kullback-Leibler divergence from the grid to the mixture; there is no sampling noise in it.
Components start at equal slices of the distribution. Betas have no closed maximization step: theirs matches
the two mean logs by Newton's method on the digamma equations.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mgbayes.synthesis.distribution import GridDistribution
from mgbayes.synthesis.mixtures import BetaMixture, Mixture, NormalMixture, as_rows

COMPONENTS = 3
_STEPS = 3000
_TOLERANCE = 1e-8
_NEGLIGIBLE = 1e-12
_NEWTON_STEPS = 60

Maximize = Callable[[np.ndarray, np.ndarray], np.ndarray]


def normal_mixture(grid: GridDistribution, components: int = COMPONENTS) -> NormalMixture:
    """The mixture of normals nearest to a distribution on a grid."""
    x, mass = _support(grid.values, grid.mass)
    return _fit(NormalMixture, x, mass, components, _normal_step)


def beta_mixture(chance: np.ndarray, mass: np.ndarray, components: int = COMPONENTS) -> BetaMixture:
    """The mixture of betas nearest to a distribution of a chance, given at points with their weights."""
    x, mass = _support(chance, mass)
    return _fit(BetaMixture, x, mass, components, _beta_step)


def _support(x: np.ndarray, mass: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    kept = mass > _NEGLIGIBLE
    return x[kept], mass[kept] / mass[kept].sum()


def _fit[M: Mixture](
    make: type[M], x: np.ndarray, mass: np.ndarray, components: int, maximize: Maximize
) -> M:
    part = mass * _slices(mass, components)
    fit = _mixture(make, x, part, maximize)
    score = -np.inf
    for _ in range(_STEPS):
        fit = _mixture(make, x, mass * fit.shares(x), maximize)
        before, score = score, float(mass @ fit.log_density(x))
        if score - before < _TOLERANCE:
            break
    return fit


def _slices(mass: np.ndarray, components: int) -> np.ndarray:
    """Which equal slice of the distribution each point lies in, (component, x)."""
    slice_of = np.minimum((np.cumsum(mass) * components).astype(int), components - 1)
    return (slice_of == np.arange(components)[:, None]).astype(float)


def _mixture[M: Mixture](make: type[M], x: np.ndarray, part: np.ndarray, maximize: Maximize) -> M:
    weights = part.sum(axis=1)
    return make(as_rows(weights, np.array([maximize(x, row / row.sum()) for row in part])))


def _normal_step(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    mean = weight @ x
    return np.array([mean, np.sqrt(weight @ np.square(x - mean))])


def _beta_step(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Solve digamma(a) - digamma(a + b) = E log x and the same for b and 1 - x, from the moments."""
    from scipy.special import digamma, polygamma

    target = np.array([weight @ np.log(x), weight @ np.log1p(-x)])
    mean = weight @ x
    size = mean * (1 - mean) / (weight @ np.square(x - mean)) - 1
    log_ab = np.log(np.array([mean, 1 - mean]) * size)
    for _ in range(_NEWTON_STEPS):
        ab = np.exp(log_ab)
        miss = digamma(ab) - digamma(ab.sum()) - target
        slope = (np.diag(polygamma(1, ab)) - polygamma(1, ab.sum())) * ab
        move = np.clip(np.linalg.solve(slope, miss), -1, 1)
        log_ab = log_ab - move
        if np.abs(move).max() < _TOLERANCE:
            break
    return np.exp(log_ab)
