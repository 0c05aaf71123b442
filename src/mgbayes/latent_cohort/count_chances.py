r"""Chances of counts on both sides of a count, Poisson or negative binomial, compiled.

With mean μ and variance μ + κ μ² (κ = 0: Poisson) the chances of k + 1 and k events have the ratio
μ (1 + κ k) / ((k + 1) (1 + κ μ)): the shorter tail is summed from the count on, in which nothing cancels.
"""

from __future__ import annotations

from math import exp, lgamma, log, log1p

import numpy as np
from numba import njit

from mgbayes.latent_cohort.table import Floats

_TERMS = 100_000
_SMALL = 1e-17


@njit(error_model="numpy")
def log_chance_of_count(y: float, mean: float, kappa: float) -> float:
    """The log of the chance of y events."""
    if kappa == 0.0:
        return y * log(mean) - mean - lgamma(y + 1)
    shape, more = 1 / kappa, mean * kappa
    ways = lgamma(y + shape) - lgamma(shape) - lgamma(y + 1)
    return ways + y * log(more / (1 + more)) - log1p(more) * shape


@njit(error_model="numpy")
def log_chances_of_counts(y: Floats, mean: Floats, kappa: Floats) -> Floats:
    """The same of patients (K, r); ``kappa`` (K,)."""
    found = np.empty(mean.shape)
    for k in range(mean.shape[0]):
        for i in range(mean.shape[1]):
            found[k, i] = log_chance_of_count(y[k, i], mean[k, i], kappa[k])
    return found


@njit(error_model="numpy")
def around_counts(y: Floats, mean: Floats, kappa: Floats) -> Floats:
    """P(< y), P(≥ y), P(≤ y) and P(> y), (4, K, r)."""
    found = np.empty((4, *mean.shape))
    for k in range(mean.shape[0]):
        for i in range(mean.shape[1]):
            at, m, more = y[k, i], mean[k, i], kappa[k]
            chance = exp(log_chance_of_count(at, m, more))
            upper = at >= m
            term, total, j = chance, 0.0, at
            for _ in range(_TERMS):
                if not upper and j <= 0.0:
                    break
                if upper:
                    term *= m * (1 + more * j) / ((j + 1) * (1 + more * m))
                    j += 1
                else:
                    term *= j * (1 + more * m) / (m * (1 + more * (j - 1)))
                    j -= 1
                total += term
                if not term > _SMALL * total:
                    break
            below, above = (1 - total - chance, total) if upper else (total, 1 - total - chance)
            found[0, k, i] = 0.0 if at <= 0.0 else max(below, 0.0)
            found[1, k, i] = above + chance
            found[2, k, i] = below + chance
            found[3, k, i] = max(above, 0.0)
    return found
