r"""Importance sampling of a PyMC model's posterior, by its log density alone, without a draw of another sampler.

On the unbounded scale x of the model's values, the proposal q is Student's t of `_DF` degrees of freedom, at first
about the mode with the inverse Hessian there as its scale, then `_ROUNDS` times moved to the weighted mean and
covariance of its own draws. Of the last round

    w ∝ p(x) / q(x),   E[g] ≈ Σ w g(x) / Σ w,

with the Pareto tail of w smoothed, whose shape k is at most `_LARGEST_K`. Sources: Cappé et al. 2008, Stat Comput
18:447 (adaptation); Vehtari et al. 2024, JMLR 25:72 (k).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import optimize, stats

from mgbayes.robustness.reweighting import smoothed

Array = NDArray[np.float64]
_DF = 5
_ROUNDS = 6
_OF_A_ROUND = 4000
_LAST = 60_000
_LARGEST_K = 0.7
_STEP = 1e-4


def importance_sample(model: Any, seed: int) -> tuple[xr.Dataset, Array]:
    """Values of every named variable, (chain, draw, ...) with one chain, and their weights, (1, draw).

    Raises RuntimeError where the proposal does not cover the posterior.
    """
    rng = np.random.default_rng(seed)
    space = _Space(model)
    density = space.density
    proposal = _about_mode(space)
    for _ in range(_ROUNDS):
        x, log_weight = _weighted(density, proposal, _OF_A_ROUND, rng)
        weight, _ = smoothed(log_weight)
        covariance = np.atleast_2d(np.cov(x.T, aweights=weight))
        proposal = stats.multivariate_t(np.average(x, axis=0, weights=weight), covariance, df=_DF)
    x, log_weight = _weighted(density, proposal, _LAST, rng)
    weight, k = smoothed(log_weight)
    if k > _LARGEST_K:
        raise RuntimeError(f"importance sampling: Pareto k {k:.2f}")
    return _variables(model, space, x), weight[None]


class _Space:
    """A model's values as one vector."""

    def __init__(self, model: Any) -> None:
        point = model.initial_point()
        self.shapes = {value.name: np.shape(point[value.name]) for value in model.value_vars}
        self.start = np.concatenate([np.ravel(point[name]) for name in self.shapes]).astype(float)
        self._log_density = model.compile_logp()
        self._slope = model.compile_dlogp()

    def point(self, x: Array) -> dict[str, Array]:
        """A vector as the model's values."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes.values()])
        parts = np.split(x, ends[:-1])
        return {
            name: part.reshape(shape) for part, (name, shape) in zip(parts, self.shapes.items(), strict=True)
        }

    def density(self, x: Array) -> float:
        """The log density on the unbounded scale."""
        return float(self._log_density(self.point(x)))

    def cost(self, x: Array) -> float:
        """What is small where the density is high, and finite everywhere."""
        density = self.density(x)
        return -density if np.isfinite(density) else 1e100

    def slope(self, x: Array) -> Array:
        """Its gradient."""
        return np.asarray(self._slope(self.point(x)), float)


def _about_mode(space: _Space) -> Any:
    """The density's peak and curvature there; a direction without either is taken as one SD wide."""
    # A simplex first: far from the peak a density can be so steep that no slope leads anywhere.
    near = optimize.minimize(space.cost, space.start, method="Nelder-Mead", options={"adaptive": True}).x
    found = optimize.minimize(space.cost, near, jac=lambda x: -space.slope(x), method="BFGS")
    steps = _STEP * np.eye(len(found.x))
    hessian = np.array([space.slope(found.x - step) - space.slope(found.x + step) for step in steps]) / (
        2 * _STEP
    )
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    scale = vectors @ np.diag(1 / np.where(values > 0.01, values, 1.0)) @ vectors.T
    return stats.multivariate_t(found.x, scale, df=_DF)


def _weighted(
    density: Callable[[Array], float], proposal: Any, draws: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    x = np.reshape(proposal.rvs(draws, random_state=rng), (draws, -1))
    log_density = np.array([density(row) for row in x])
    return x, np.where(np.isfinite(log_density), log_density, -np.inf) - proposal.logpdf(x)


def _variables(model: Any, space: _Space, x: Array) -> xr.Dataset:
    variables = model.unobserved_value_vars
    values_of = model.compile_fn(variables, inputs=model.value_vars, point_fn=True, on_unused_input="ignore")
    rows = [values_of(space.point(row)) for row in x]
    found = {}
    for k, variable in enumerate(variables):
        values = np.stack([row[k] for row in rows])[None]
        named = model.named_vars_to_dims.get(variable.name)
        dims = named or [f"{variable.name}_dim_{d}" for d in range(values.ndim - 2)]
        found[variable.name] = (("chain", "draw", *dims), values)
    coords = {name: list(labels) for name, labels in model.coords.items()}
    dataset = xr.Dataset(found)
    return dataset.assign_coords({name: coords[name] for name in dataset.dims if name in coords})
