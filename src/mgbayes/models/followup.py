r"""Follow-up known only by its summary: a shifted gamma, integrated over.

The paper prints the mean and SD of follow-up and the least follow-up for inclusion, not the
follow-up of each patient. F is taken as minimum + Gamma with the printed mean and SD, the same
in both arms and independent of the outcome; with an SD of 0 all were followed alike. Where an event counts only once
a patient was followed for w beyond it (a waiting time in its definition), F is follow-up less w, and may be below 0:
such a patient cannot be seen to have the event. A patient seen to have the event at t was followed
beyond t, which has chance G(t) = P(F > t); a patient without it survived an unknown F, which has
chance E[S(F)].

Expectations over F are a generalised Gauss-Laguerre rule, exact for polynomials times the gamma
density; integrals of a density times G are a Gauss rule for the weight G. Nodes, weights and a table
of log G are data of a model, since they follow from the printed numbers alone.
Units: those of the endpoint. Source: the study's printed follow-up; rules: Golub and Welsch 1969.
"""

from math import log, sinh, sqrt
from typing import Any

import numpy as np
import pytensor.tensor as pt
from numba.extending import register_jitable
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import linalg, special

NODES, DENSITY_NODES = 20, 32
EDGE_NODES = 6
TABLE, TABLE_STEP = 256, 3.9 / 255
"""The table reaches to sinh(3.9)² = 610 scales beyond the minimum, where G is about 1e-260."""
_SMOOTH = 0.3  # scales of follow-up from day 0 to where rules for a density may begin
_WALL = 0.05
"""Where all were followed alike, G falls to 0 at their follow-up. The sampler sees it fall like a normal density of
this SD (over the follow-up) instead, and draws with a time beyond are dropped (``within_followup``): those that stay
have the exact density."""


def followup_data(minimum: float, mean: float, sd: float) -> dict[str, NDArray[np.float64]]:
    """The data of a model that integrates over follow-up.

    Returns:
        followup (3,): minimum, gamma shape, gamma scale; followup_days and followup_weights (NODES,): the rule
        for expectations over F; followup_density (2, DENSITY_NODES) and followup_cdf (2, 1 or 1 + EDGE_NODES):
        days and weights of ∫ f(t) G(t) dt = Σ weight · f(day) + Σ weight · P(T < day); followup_chance
        (2, TABLE): log G and its slope, at even steps of arsinh √((t - minimum) / scale).

    An SD of 0: all were followed for ``mean``, and followup is (mean, 1, 0).

    Raises:
        ValueError: if the mean does not exceed 0 and, unless the SD is 0, the minimum, or the SD is negative.
    """
    if not mean > 0 or not sd >= 0 or (sd > 0 and not mean > minimum):
        raise ValueError(
            f"follow-up of {mean} ± {sd} with a minimum of {minimum}: the mean must exceed 0 and "
            "the minimum, and the SD be 0 or more"
        )
    if sd == 0:
        return _same_for_all(mean)
    shape, scale = ((mean - minimum) / sd) ** 2, sd**2 / (mean - minimum)
    nodes, weights = special.roots_genlaguerre(NODES, shape - 1)
    density, cdf = _chance_rules(minimum, shape, scale)
    return {
        "followup": np.array([minimum, shape, scale]),
        "followup_days": minimum + scale * nodes,
        "followup_weights": weights / weights.sum(),
        "followup_density": density,
        "followup_cdf": cdf,
        "followup_chance": _chance_table(shape),
    }


def _same_for_all(length: float) -> dict[str, NDArray[np.float64]]:
    """The data where all were followed alike: every expectation is the value there."""
    density = np.stack([np.full(DENSITY_NODES, length), np.zeros(DENSITY_NODES)])
    return {
        "followup": np.array([length, 1.0, 0.0]),
        "followup_days": np.full(NODES, length),
        "followup_weights": np.full(NODES, 1 / NODES),
        "followup_density": density,
        "followup_cdf": np.array([[length], [1.0]]),
        "followup_chance": np.zeros((2, TABLE)),
    }


def within_followup(times: Any, followup: Any) -> NDArray[np.bool_]:
    """Which latent times (..., times) can have been seen: all, unless all patients were followed alike."""
    length, _, scale = np.asarray(followup)
    inside: NDArray[np.bool_] = (np.asarray(times) < length).all(axis=-1) | (scale > 0)
    return inside


def _chance_rules(
    minimum: float, shape: float, scale: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rules for ∫ f(t) G(t) dt, split where the density of a time is far enough from day 0 to be smooth.

    Below the split c the integral is taken by parts: G(c) P(T < c) + ∫ P(T < t) g(t) dt, with g the density of F.
    """
    split = max(0.0, _SMOOTH - minimum / scale)  # in scales beyond the minimum
    end = special.gammainccinv(shape, 1e-18) + 1
    x, dx = _legendre(np.linspace(split, end, 41))
    nodes, weights = _gauss(x, dx * special.gammaincc(shape, x), DENSITY_NODES)
    density = np.stack([minimum + scale * nodes, scale * weights])
    cdf = np.array([[minimum + scale * split], [special.gammaincc(shape, split)]])
    if split > 0:
        v, dv = _legendre(np.linspace(0, 1, 6))  # x = split · v^(1 / shape) takes the singularity out of g
        x = split * v ** (1 / shape)
        mass = dv * np.exp(shape * np.log(split) - x - special.gammaln(shape + 1))
        nodes, weights = _gauss(x, mass, EDGE_NODES)
        cdf = np.concatenate([cdf, np.stack([minimum + scale * nodes, weights])], axis=1)
    return density, cdf


def _legendre(edges: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights of twenty Gauss-Legendre points between each two edges."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + nodes)).ravel(), (half * weights).ravel()


def _gauss(
    x: NDArray[np.float64], mass: NDArray[np.float64], n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The Gauss rule of n nodes for a mass on many points, by the Stieltjes recursion."""
    diagonal, beside = np.empty(n), np.empty(n)
    before, now = np.zeros_like(x), np.full_like(x, mass.sum() ** -0.5)
    for k in range(n):
        diagonal[k] = np.sum(mass * x * now**2)
        after = (x - diagonal[k]) * now - (beside[k - 1] * before if k else 0.0)
        beside[k] = np.sqrt(np.sum(mass * after**2))
        before, now = now, after / beside[k]
    nodes, vectors = linalg.eigh_tridiagonal(diagonal, beside[:-1])
    return nodes, mass.sum() * vectors[0] ** 2


def _chance_table(shape: float) -> NDArray[np.float64]:
    """Log G and its derivative in u = arsinh √x, over x scales beyond the minimum."""
    u = TABLE_STEP * np.arange(TABLE)
    x = np.sinh(u) ** 2
    chance = np.maximum(special.gammaincc(shape, x), 1e-300)
    log_density = special.xlogy(shape - 1, np.maximum(x, 1e-12)) - x - special.gammaln(shape)
    return np.stack([np.log(chance), -np.exp(log_density) / chance * np.sinh(2 * u)])


@register_jitable
def log_chance(t: float, followup: Any, table: Any) -> tuple[float, float]:
    """Log G(t) and its derivative in log t, by cubic interpolation; G falls exponentially beyond the table."""
    if followup[2] == 0:
        beyond = (t / followup[0] - 1.0) / _WALL
        if beyond <= 0:
            return 0.0, 0.0
        return -0.5 * beyond * beyond, -beyond * t / (followup[0] * _WALL)
    x = (t - followup[0]) / followup[2]
    if x <= 0:
        return 0.0, 0.0
    s, h = sqrt(x), sqrt(1.0 + x)
    place = log(s + h) / TABLE_STEP
    i = int(place)
    last = table.shape[1] - 1
    if i >= last:
        beyond = x - sinh(TABLE_STEP * last) ** 2
        return table[0, last] - beyond, -t / followup[2]
    w = place - i
    low, high = table[0, i], table[0, i + 1]
    low_d, high_d = TABLE_STEP * table[1, i], TABLE_STEP * table[1, i + 1]
    a, b = 3 * (high - low) - 2 * low_d - high_d, low_d + high_d - 2 * (high - low)
    value = low + w * (low_d + w * (a + w * b))
    slope = (low_d + w * (2 * a + 3 * w * b)) / TABLE_STEP
    return value, slope * t / (2 * followup[2] * s * h)


def log_chance_followed(t: Any, followup: Any) -> Any:
    """Log G(t), symbolic: the log chance of being followed beyond t days."""
    minimum, shape, scale = followup[0], followup[1], followup[2]
    # At 0 excess the gradient of the gamma survival is 0 or infinite; G is 1 there anyway.
    excess = pt.maximum((t - minimum) / scale, 1e-12)
    return pt.log(pt.maximum(pt.gammaincc(shape, excess), 1e-300))


def draw_followup(rng: Generator, data: Any, size: Any) -> NDArray[np.float64]:
    """Draw follow-up times."""
    minimum, shape, scale = np.asarray(data["followup"])
    return minimum + rng.gamma(shape, scale, size)
