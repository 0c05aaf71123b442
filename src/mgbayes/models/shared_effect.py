r"""What a patient's remission and relapse say together, the effect that they share integrated out.

With b = b_0 + s u and u ~ Normal(0, 1), each outcome sees b through a straight line x = a + c u, and patient i
contributes

    log Σ_j w_j R(u_j) T(u_j),   u_j and w_j the rule of quadrature.py

    R = Φ(x_R)                      in remission
        Φ(-x_R) + S Φ(x_R)          not yet; S is the chance that one who ever remits has not by then
    T = exp(-x_T² / 2)              relapse at a known time, but for what does not hang on b
        Φ(-x_T)                     no relapse yet
        |Φ(x_U) - Φ(x_L)|           relapse between two visits; x_L and x_U have the slope of x_T

and 1 for an outcome that is not known. Of each Φ only the tail that is needed is worked out, so that neither loses
its digits; R T is held above 1e-300. Derivatives come with the value, from the same pass.

Shapes: all (arm, patient). Source: joint.py; held to the sum by scipy and to finite differences in tests/oracles.
"""

from math import erfc, exp, log, pi, sqrt
from typing import Any

import numpy as np
from numba.extending import register_jitable

from mgbayes.models import quadrature
from mgbayes.models.fused import Fused, Passes
from mgbayes.models.quadrature import rule

# A normal factor of variance 1 - λ² is the narrowest: at λ = 0.96 the error is below 2e-4 of a patient's density.
NODES, LOG_WEIGHTS = rule(4.8, 25)
_COUNT = len(NODES)
_LEAST = 1e-300

UNKNOWN = 0.0
REMITTED, NOT_REMITTED = 1.0, 2.0
RELAPSED, NOT_RELAPSED, BETWEEN = 1.0, 2.0, 3.0
"""What is known of an outcome."""


@register_jitable
def _below(x: float) -> float:
    return 0.5 * erfc(-x / sqrt(2.0))


@register_jitable
def _density(x: float) -> float:
    return exp(-0.5 * x * x) / sqrt(2 * pi)


@register_jitable
def _remission(known: float, x: float, later: float) -> tuple[float, float, float]:
    """R, and its derivatives in x and in S."""
    if known == UNKNOWN:
        return 1.0, 0.0, 0.0
    below, slope = _below(x), _density(x)
    if known == REMITTED:
        return below, slope, 0.0
    above = _below(-x) if x > 0 else 1.0 - below
    return above + later * below, slope * (later - 1.0), below


@register_jitable
def _between(lower: float, upper: float) -> tuple[float, float, float]:
    """|Φ(upper) - Φ(lower)| from the side where fewer lie beyond, and its derivatives in both."""
    inside = _below(-lower) - _below(-upper) if lower > 0 else _below(upper) - _below(lower)
    sign = 1.0 if inside >= 0 else -1.0
    return sign * inside, -sign * _density(lower), sign * _density(upper)


def integrated(
    seen: Any, a_r: Any, c_r: Any, later: Any, relapse: Any, a_t: Any, c_t: Any, a_l: Any, a_u: Any
) -> Any:
    """The log of each patient's integral, and its derivatives in a_R, c_R, S, a_T, c_T, a_L and a_U."""
    arms, patients = a_r.shape
    found = np.zeros((8, arms, patients))
    share, d, slopes = np.empty(_COUNT), np.empty((_COUNT, 5)), np.empty(7)
    for a in range(arms):
        for i in range(patients):
            if seen[a, i] == UNKNOWN and relapse[a, i] == UNKNOWN:
                continue
            remission = (seen[a, i], a_r[a, i], c_r[a, i], later[a, i])
            of_relapse = (relapse[a, i], a_t[a, i], c_t[a, i], a_l[a, i], a_u[a, i])
            found[0, a, i] = _one(remission, of_relapse, share, d, slopes)
            found[1:, a, i] = slopes
    return found[0], found[1], found[2], found[3], found[4], found[5], found[6], found[7]


def integrated_back(
    seen: Any,
    a_r: Any,
    c_r: Any,
    later: Any,
    relapse: Any,
    a_t: Any,
    c_t: Any,
    a_l: Any,
    a_u: Any,
    value: Any,
    by_a_r: Any,
    by_c_r: Any,
    by_later: Any,
    by_a_t: Any,
    by_c_t: Any,
    by_a_l: Any,
    by_a_u: Any,
    bar: Any,
) -> Any:
    """Cotangents of all but what is known."""
    return bar * by_a_r, bar * by_c_r, bar * by_later, bar * by_a_t, bar * by_c_t, bar * by_a_l, bar * by_a_u


@register_jitable
def _one(remission: Any, relapse: Any, share: Any, d: Any, slopes: Any) -> float:
    """One patient's log integral; fills slopes (7,). share (node,) and d (node, 5) are room to work in."""
    seen, a_r, c_r, later = remission
    known, a_t, c_t, a_l, a_u = relapse
    top = -np.inf
    for j in range(_COUNT):
        u = NODES[j]
        chance, d[j, 0], d[j, 1] = _remission(seen, a_r + c_r * u, later)
        x = a_t + c_t * u
        free, narrowed = 1.0, 0.0
        d[j, 2] = d[j, 3] = d[j, 4] = 0.0
        if known == RELAPSED:
            narrowed = -0.5 * x * x
            d[j, 2] = -x
        elif known == NOT_RELAPSED:
            free = _below(-x)
            d[j, 2] = -_density(x)
        elif known == BETWEEN:
            free, d[j, 3], d[j, 4] = _between(a_l + c_t * u, a_u + c_t * u)
        both = chance * free
        if both > _LEAST:
            d[j, 0], d[j, 1] = d[j, 0] / chance, d[j, 1] / chance
            if known != RELAPSED:
                d[j, 2], d[j, 3], d[j, 4] = d[j, 2] / free, d[j, 3] / free, d[j, 4] / free
        else:
            both = _LEAST
            d[j, 0] = d[j, 1] = d[j, 3] = d[j, 4] = 0.0
            if known != RELAPSED:
                d[j, 2] = 0.0
        share[j] = log(both) + narrowed + LOG_WEIGHTS[j]
        top = max(top, share[j])
    total = 0.0
    for j in range(_COUNT):
        share[j] = exp(share[j] - top)
        total += share[j]
    slopes[:] = 0.0
    for j in range(_COUNT):
        part, u = share[j] / total, NODES[j]
        slopes[0] += part * d[j, 0]
        slopes[1] += part * d[j, 0] * u
        slopes[2] += part * d[j, 1]
        slopes[3] += part * d[j, 2]
        slopes[4] += part * (d[j, 2] + d[j, 3] + d[j, 4]) * u
        slopes[5] += part * d[j, 3]
        slopes[6] += part * d[j, 4]
    return top + log(total)


INTEGRATED = Fused(
    Passes(
        integrated,
        integrated_back,
        shaped=(1,) * 8,
        axes=(2,) * 8,
        differentiable=(False, True, True, True, False, True, True, True, True),
        kept=frozenset(range(1, 8)),
        calls=(quadrature,),
    )
)
