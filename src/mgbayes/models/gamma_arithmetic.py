r"""Latent gamma doses of printed means and SDs: the arithmetic of `gamma_doses`, arm by arm, and its gradient.

Notation is that of mgbayes.models.gamma_doses. The sampler's z' of a patient are tied, t = L z'; bent, z = H(t); and
become doses with the printed mean and SD (mgbayes.models.spread). With g(t) the log of the exponential quantile at
Φ(t), standardized, H = (1 - λ) t + λ g(t): the log of a gamma dose is about as skew as H(t) for λ = 1 / √shape, at
most 1. What `spread` adds for the length of z is taken out again where patients are enough to do without. With
e = Φ(-t) and w = -log e,

    g = (log w + γ) √6 / π,   g' = √6 / π · φ / (e w),   (log g')' = -t + φ / e - φ / (e w).

Plain functions of arrays, compiled by numba inside a model and run as they stand in plain Python.
"""

from math import erfc, exp, lgamma, log, log1p, pi, sqrt
from typing import Any

import numpy as np
from numba.extending import register_jitable

from mgbayes.models.gamma_score import digamma, score
from mgbayes.models.spread import LENGTH_DF, constrain, constrain_back, direction
from mgbayes.models.vine_factor import (
    factor,
    factor_back,
    solve,
    solve_transposed,
    times,
)

_ENOUGH_PATIENTS = 12
_EULER, _STRETCH = 0.5772156649015329, sqrt(6) / pi


@register_jitable
def skew(mean: float, sd: float) -> float:
    """λ of the bend, from the printed mean and SD."""
    return min(sd / mean, 1.0)


@register_jitable
def bend(t: float, weight: float) -> tuple[float, float, float]:
    """H(t), H'(t) and the slope of log H'(t)."""
    density = exp(-t * t / 2) / sqrt(2 * pi)
    above = erfc(t / sqrt(2.0)) / 2
    w = -log(above) if t > 0 else -log1p(-erfc(-t / sqrt(2.0)) / 2)
    slope = _STRETCH * density / (above * w)
    curve = slope * (-t + density / above - density / (above * w))
    total = 1 - weight + weight * slope
    return (1 - weight) * t + weight * _STRETCH * (log(w) + _EULER), total, weight * curve / total


@register_jitable
def _surplus(n: int) -> float:
    """The exponent of the length factor of mgbayes.models.spread, where n is large enough to do without."""
    return max(LENGTH_DF - (n - 1), 0.0) / 2 if n >= _ENOUGH_PATIENTS else 0.0


@register_jitable
def _length_factor(z: Any, mask: Any, x: Any) -> float:
    """The log of what `constrain` adds for the length of z, taken out again; x is overwritten."""
    n, square = direction(z, mask, x)
    k, df = _surplus(n), n - 1
    return k * log(square / 2) - lgamma(df / 2 + k) + lgamma(df / 2)


@register_jitable
def _tied(z: Any, vine: Any, n: int) -> Any:
    """t = L z' of n patients, (patient, visit); in padding z' itself."""
    t = z.copy()
    of = factor(vine[0], vine[1], vine[2])
    for i in range(n):
        t[i, 0], t[i, 1], t[i, 2] = times(of, z[i, 0], z[i, 1], z[i, 2])
    return t


def doses(z: Any, n: Any, printed_mean: Any, printed_sd: Any, shape: Any, rate: Any, vine: Any) -> Any:
    """Log density of each arm's printed means and SDs (arm,), doses, roots of their spread, scores and slopes.

    z: (arm, patient, visit). n: (arm,). printed_mean, printed_sd, shape, rate: (arm, visit). vine: (arm, pair).
    Doses are 1 in padding; roots are (arm, visit). Scores and their probabilities' derivatives by shape are like z.
    """
    arms, size, visits = z.shape
    log_density, y, roots = np.zeros(arms), np.ones_like(z), np.ones_like(shape)
    scores, by_shape = np.zeros_like(z), np.zeros_like(z)
    mask, row = np.zeros(size), np.empty(size)
    for a in range(arms):
        count = int(n[a])
        mask[:count], mask[count:] = 1.0, 0.0
        t = _tied(z[a], vine[a], count)
        for v in range(visits):
            weight = skew(printed_mean[a, v], printed_sd[a, v])
            z_row = np.zeros(size)
            for i in range(count):
                z_row[i], slope, _ = bend(t[i, v], weight)
                log_density[a] += log(slope) + (z[a, i, v] ** 2 - z_row[i] ** 2) / 2
            found, roots[a, v] = constrain(z_row, mask, printed_mean[a, v], printed_sd[a, v], row)
            y[a, :, v] = row
            log_density[a] += found - _length_factor(z_row, mask, row)
        log_density[a] += _copula(y[a], count, shape[a], rate[a], vine[a], scores[a], by_shape[a])
    return log_density, y, roots, scores, by_shape


@register_jitable
def _copula(y: Any, n: int, shape: Any, rate: Any, vine: Any, scores: Any, by_shape: Any) -> float:
    """Log density of n patients' doses (patient, visit), but for log |L|, which the ties t = L z' take away.

    Fills scores and the derivatives of their probabilities by shape.
    """
    of, total = factor(vine[0], vine[1], vine[2]), 0.0
    for v in range(3):
        total += n * (shape[v] * log(rate[v]) - lgamma(shape[v]))
    for i in range(n):
        for v in range(3):
            q, by_shape[i, v] = score(shape[v], rate[v] * y[i, v])
            total += (shape[v] - 1) * log(y[i, v]) - rate[v] * y[i, v] + q * q / 2
            scores[i, v] = q
        w1, w2, w3 = solve(of, scores[i, 0], scores[i, 1], scores[i, 2])
        total -= (w1 * w1 + w2 * w2 + w3 * w3) / 2
    return total


@register_jitable
def _copula_back(
    y: Any,
    n: int,
    shape: Any,
    rate: Any,
    vine: Any,
    scores: Any,
    by_shape: Any,
    bar: float,
    y_bar: Any,
    shape_bar: Any,
    rate_bar: Any,
) -> Any:
    """Fill cotangents of doses, shape and rate; return that of the vine's factor."""
    of = factor(vine[0], vine[1], vine[2])
    l21, l22, l31, l32, l33 = 0.0, 0.0, 0.0, 0.0, 0.0
    for v in range(3):
        shape_bar[v] = bar * n * (log(rate[v]) - digamma(shape[v]))
        rate_bar[v] = bar * n * shape[v] / rate[v]
    for i in range(n):
        w1, w2, w3 = solve(of, scores[i, 0], scores[i, 1], scores[i, 2])
        u1, u2, u3 = solve_transposed(of, w1, w2, w3)
        l21, l22, l31 = l21 + bar * u2 * w1, l22 + bar * u2 * w2, l31 + bar * u3 * w1
        l32, l33 = l32 + bar * u3 * w2, l33 + bar * u3 * w3
        for v in range(3):
            u = u1 if v == 0 else u2 if v == 1 else u3
            q = scores[i, v]
            pulled = (q - u) * sqrt(2 * pi) * exp(q * q / 2)  # by the probability below
            x = rate[v] * y[i, v]
            of_x = pulled * exp((shape[v] - 1) * log(x) - x - lgamma(shape[v]))
            y_bar[i, v] = bar * ((shape[v] - 1) / y[i, v] - rate[v] + of_x * rate[v])
            shape_bar[v] += bar * (log(y[i, v]) + pulled * by_shape[i, v])
            rate_bar[v] += bar * y[i, v] * (of_x - 1)
    return l21, l22, l31, l32, l33


def doses_back(
    z: Any,
    n: Any,
    printed_mean: Any,
    printed_sd: Any,
    shape: Any,
    rate: Any,
    vine: Any,
    log_density: Any,
    y: Any,
    roots: Any,
    scores: Any,
    by_shape: Any,
    bar: Any,
) -> Any:
    """Cotangents of z, shape, rate and vine."""
    arms, size, visits = z.shape
    z_bar, vine_bar = np.zeros_like(z), np.empty_like(vine)
    shape_bar, rate_bar = np.empty_like(shape), np.empty_like(rate)
    mask, z_row, row_bar, y_bar = np.zeros(size), np.zeros(size), np.empty(size), np.zeros((size, visits))
    x = np.empty(size)
    for a in range(arms):
        count = int(n[a])
        mask[:count], mask[count:] = 1.0, 0.0
        l21, l22, l31, l32, l33 = _copula_back(
            y[a],
            count,
            shape[a],
            rate[a],
            vine[a],
            scores[a],
            by_shape[a],
            bar[a],
            y_bar,
            shape_bar[a],
            rate_bar[a],
        )
        y_bar[count:] = 0.0
        t = _tied(z[a], vine[a], count)
        t_bar = np.zeros((size, visits))
        for v in range(visits):
            weight = skew(printed_mean[a, v], printed_sd[a, v])
            z_row[:] = 0.0
            for i in range(count):
                z_row[i], _, _ = bend(t[i, v], weight)
            constrain_back(
                z_row,
                mask,
                printed_mean[a, v],
                printed_sd[a, v],
                np.ascontiguousarray(y[a, :, v]),
                roots[a, v],
                np.ascontiguousarray(y_bar[:, v]),
                bar[a],
                row_bar,
            )
            _, square = direction(z_row, mask, x)
            for i in range(count):
                row_bar[i] -= bar[a] * 2 * _surplus(count) * x[i] / sqrt(square)
                _, slope, curve = bend(t[i, v], weight)
                t_bar[i, v] = (row_bar[i] - bar[a] * z_row[i]) * slope + bar[a] * curve
        of = factor(vine[a, 0], vine[a, 1], vine[a, 2])
        for i in range(count):
            b1, b2, b3 = t_bar[i, 0], t_bar[i, 1], t_bar[i, 2]
            z1, z2, z3 = z[a, i, 0], z[a, i, 1], z[a, i, 2]
            z_bar[a, i, 0] = b1 + of[0] * b2 + of[2] * b3 + bar[a] * z1
            z_bar[a, i, 1] = of[1] * b2 + of[3] * b3 + bar[a] * z2
            z_bar[a, i, 2] = of[4] * b3 + bar[a] * z3
            l21, l22, l31 = l21 + b2 * z1, l22 + b2 * z2, l31 + b3 * z1
            l32, l33 = l32 + b3 * z2, l33 + b3 * z3
        of_factor = factor_back(vine[a, 0], vine[a, 1], vine[a, 2], (l21, l22, l31, l32, l33))
        for v in range(3):
            vine_bar[a, v] = of_factor[v]
    return z_bar, shape_bar, rate_bar, vine_bar
