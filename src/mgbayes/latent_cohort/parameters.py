r"""Parameters of an outcome on a scale without edges, their prior densities, and their update across chains.

Differential evolution (ter Braak 2006, Statistics and Computing 16:239): the chains of one half are moved along the
difference of two chains of the other half, θ_k + γ (θ_a - θ_b) + e in a random part of the coordinates, so that a
proposal has the scale and the correlations of the posterior, and nothing is tuned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.random import Generator
from scipy import special

from mgbayes.latent_cohort.table import Floats, Mask, Steps
from mgbayes.models.priors import Form, Prior

Values = Mapping[str, Floats]
"""By parameter its values, (chains, ...)."""
_JITTER = 1e-5
_LONG = 0.1
"""The share of proposals by the whole difference, which lead from one mode to another."""
_BASE = 2.38


@dataclass(frozen=True)
class _Scale:
    """A scale without edges: from it, to it, and the log prior density on it, up to a constant."""

    inverse: Callable[[Floats], Floats]
    transform: Callable[[Floats], Floats]
    log_prior: Callable[..., Floats]


_SCALES: Mapping[Form, _Scale] = {
    "normal": _Scale(lambda x: x, lambda y: y, lambda x, mean, sd: -(((x - mean) / sd) ** 2) / 2),
    "lognormal": _Scale(np.exp, np.log, lambda x, mean, sd: -(((x - mean) / sd) ** 2) / 2),
    "half_normal": _Scale(np.exp, np.log, lambda x, sd: x - (np.exp(x) / sd) ** 2 / 2),
    "beta": _Scale(
        special.expit, special.logit, lambda x, a, b: a * special.log_expit(x) + b * special.log_expit(-x)
    ),
}
FORMS = frozenset(_SCALES)
"""The forms of prior that a parameter can have here."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of some shape; its entries have the same prior and are independent."""

    name: str
    prior: Prior
    shape: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)


@dataclass(frozen=True)
class Layout:
    """The parameters of an outcome one after the other, in a vector of ``size`` numbers."""

    parameters: tuple[Parameter, ...]

    @cached_property
    def size(self) -> int:
        """The length of the vector."""
        return sum(one.size for one in self.parameters)

    @cached_property
    def _parts(self) -> tuple[tuple[Parameter, slice], ...]:
        ends = np.cumsum([one.size for one in self.parameters]).tolist()
        return tuple(
            (one, slice(end - one.size, end)) for one, end in zip(self.parameters, ends, strict=True)
        )

    @cached_property
    def _scales(self) -> tuple[tuple[_Scale, Steps, Floats], ...]:
        """Each scale with the places in a vector that have it, and the numbers of their priors."""
        priors = [one.prior for one in self.parameters for _ in range(one.size)]
        places = {
            form: np.flatnonzero([one.form == form for one in priors])
            for form in dict.fromkeys(one.form for one in priors)
        }
        return tuple(
            (_SCALES[form], at, np.array([priors[i].values for i in at], float).T)
            for form, at in places.items()
        )

    def values(self, theta: Floats) -> dict[str, Floats]:
        """The parameters (K, ...) of vectors (K, size)."""
        found = np.empty_like(theta)
        for scale, at, _ in self._scales:
            found[:, at] = scale.inverse(theta[:, at])
        return {one.name: found[:, part].reshape(len(theta), *one.shape) for one, part in self._parts}

    def log_prior(self, theta: Floats) -> Floats:
        """The log prior density (K,) on the scale of the vectors, up to a constant."""
        found = np.zeros(len(theta))
        for scale, at, numbers in self._scales:
            found += scale.log_prior(theta[:, at], *numbers).sum(axis=1)
        return found

    def draw(self, rng: Generator, chains: int) -> Floats:
        """Vectors drawn from the prior."""
        from mgbayes.models.parameters import draw_parameter

        theta = np.empty((chains, self.size))
        for one, part in self._parts:
            drawn = draw_parameter(rng, "it", {"it": one.prior}, size=(chains, one.size))
            theta[:, part] = _SCALES[one.prior.form].transform(drawn)
        return theta


def evolve(
    rng: Generator, theta: Floats, log_density: Callable[[Floats, Steps], Floats], log_here: Floats
) -> tuple[Floats, Floats, Mask]:
    """One update of every chain.

    Args:
        theta: (K, d) parameters.
        log_density: of parameters (K', d) and the chains (K',) that they are of, prior included.
        log_here: (K,) of the present ones.

    Returns:
        theta and its log density after the update, and which proposals were taken.
    """
    theta, log_here, taken = theta.copy(), log_here.copy(), np.zeros(len(theta), bool)
    halves = np.array_split(rng.permutation(len(theta)), 2)
    for one, other in (halves, halves[::-1]):
        proposed = theta[one] + _difference(rng, theta[other], len(one))
        log_there = log_density(proposed, one)
        take = np.log(rng.random(len(one))) < log_there - log_here[one]
        theta[one[take]], log_here[one[take]] = proposed[take], log_there[take]
        taken[one] = take
    return theta, log_here, taken


def _difference(rng: Generator, others: Floats, size: int) -> Floats:
    """Scaled differences of two of the other chains, in some of the coordinates."""
    d = others.shape[1]
    first = rng.integers(0, len(others), size)
    second = (first + rng.integers(1, len(others), size)) % len(others)
    share = np.where(rng.random(size) < 0.5, min(1.0, 2 / d), 1.0)
    moved = rng.random((size, d)) < share[:, None]
    moved[np.arange(size), rng.integers(0, d, size)] = True
    gamma = _BASE / np.sqrt(2 * moved.sum(axis=1)) * np.exp(rng.uniform(-0.7, 0.0, size))
    gamma = np.where(rng.random(size) < _LONG, 1.0, gamma)
    jitter = _JITTER * rng.standard_normal((size, d))
    return np.asarray(np.where(moved, gamma[:, None] * (others[first] - others[second]) + jitter, 0.0))
