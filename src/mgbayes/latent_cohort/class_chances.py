r"""Chances of ordered classes at several visits given a patient's own effect, compiled.

With the log odds x_k of less than class k and an effect v of SD s, P(class k | v) = σ(x_{k+1} - s v) - σ(x_k - s v),
computed as σ(h) σ(-l) (1 - e^{l - h}), in which nothing cancels.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from mgbayes.latent_cohort.table import Floats, Steps

_FAR = 300.0
"""Log odds that are as good as certainty."""


@njit(error_model="numpy")
def class_chances(edges: Floats, sd: Floats, nodes: Floats) -> Floats:
    """The chance of each class given the effect at nodes, (K, arm, visit, class, node).

    ``edges`` (K, arm, visit, class + 1): the log odds of less than each class and of all; ``sd`` (K,).
    """
    chains, arms, visits, ends = edges.shape
    chance = np.empty((chains, arms, visits, ends - 1, len(nodes)))
    for k in range(chains):
        moved = np.exp(-sd[k] * nodes)
        for a in range(arms):
            for v in range(visits):
                x = edges[k, a, v]
                odds = np.exp(np.minimum(np.maximum(x, -_FAR), _FAR))
                for j in range(len(nodes)):
                    above = 1.0  # σ(-x) of the lower edge
                    for one in range(ends - 1):
                        z = odds[one + 1] * moved[j]
                        chance[k, a, v, one, j] = z / (1 + z) * above
                        above = 1 / (1 + z)
                for one in range(1, ends - 2):
                    chance[k, a, v, one] *= -np.expm1(x[one] - x[one + 1])
    return chance


@njit(error_model="numpy")
def log_average(chance: Floats, arm: Steps, y: Steps, nodes: Floats, shift: Floats, c: Floats) -> Floats:
    """The log (K, r) of the chance of all of a patient's classes y (K, r, visit), averaged over the effect.

    The effect is normal with the mean ``shift`` (K, r) and the SD ``c`` (K,); ``arm`` (K, r).
    """
    chains, patients, visits = y.shape
    found = np.empty((chains, patients))
    step = (nodes[1] - nodes[0]) / np.sqrt(2 * np.pi)
    for k in range(chains):
        for i in range(patients):
            both = np.exp(-(((nodes - shift[k, i]) / c[k]) ** 2) / 2)
            for v in range(visits):
                both *= chance[k, arm[k, i], v, y[k, i, v]]
            found[k, i] = np.log(both.sum() * step / c[k])
    return found
