r"""Log means along the Cholesky factor, and what depends on them: arithmetic of `arm_means` and `wishart`.

Notation is that of mgbayes.models.arm_means, arm by arm; vine_factor has the factor's own passes. With u = L⁻ᵀ w
and w = L⁻¹ z, the log density -‖w‖² / 2 has derivative -u by z and u_i w_j by l_ij.

Plain functions of arrays, compiled by numba inside a model and run as they stand in plain Python.
"""

from math import log, log1p, pi
from typing import Any

import numpy as np
from numba.extending import register_jitable

from mgbayes.models.vine_factor import (
    factor,
    factor_back,
    half_log_determinant,
    half_log_determinant_back,
    solve,
    solve_transposed,
    times,
)

BEND = 0.5
LOG_BENT = log(1 - BEND)


@register_jitable
def _log_growth(x: float) -> tuple[float, float]:
    """log g(x) and its slope: log(1 + x), and its tangent below -BEND."""
    if x < -BEND:
        return LOG_BENT + (x + BEND) / (1 - BEND), 1 / (1 - BEND)
    return log1p(x), 1 / (1 + x)


def growth(w: Any, scale: Any, vine: Any) -> Any:
    """log g(h L w) (arm, visit), and the log of its Jacobian by w (arm,)."""
    found, log_jacobian = np.empty_like(w), np.empty(w.shape[0])
    for g in range(w.shape[0]):
        r12, r13, partial = vine[g, 0], vine[g, 1], vine[g, 2]
        along = times(factor(r12, r13, partial), w[g, 0], w[g, 1], w[g, 2])
        log_jacobian[g] = half_log_determinant(r12, r13, partial)
        for v in range(3):
            found[g, v], slope = _log_growth(scale[g, v] * along[v])
            log_jacobian[g] += log(slope * scale[g, v])
    return found, log_jacobian


def growth_back(
    w: Any, scale: Any, vine: Any, found: Any, log_jacobian: Any, bar: Any, jacobian_bar: Any
) -> Any:
    """Cotangents of w, scale and vine."""
    w_bar, scale_bar, vine_bar = np.empty_like(w), np.empty_like(w), np.empty_like(w)
    for g in range(w.shape[0]):
        r12, r13, partial = vine[g, 0], vine[g, 1], vine[g, 2]
        of = factor(r12, r13, partial)
        w1, w2, w3 = w[g, 0], w[g, 1], w[g, 2]
        along = times(of, w1, w2, w3)
        pulled = np.empty(3)
        for v in range(3):
            x = scale[g, v] * along[v]
            _, slope = _log_growth(x)
            x_bar = bar[g, v] * slope
            if x >= -BEND:
                x_bar -= jacobian_bar[g] * slope  # the log of 1 / (1 + x)
            pulled[v] = x_bar * scale[g, v]
            scale_bar[g, v] = x_bar * along[v] + jacobian_bar[g] / scale[g, v]
        w_bar[g, 0] = pulled[0] + of[0] * pulled[1] + of[2] * pulled[2]
        w_bar[g, 1] = of[1] * pulled[1] + of[3] * pulled[2]
        w_bar[g, 2] = of[4] * pulled[2]
        bars = (pulled[1] * w1, pulled[1] * w2, pulled[2] * w1, pulled[2] * w2, pulled[2] * w3)
        of_factor = factor_back(r12, r13, partial, bars)
        of_determinant = half_log_determinant_back(r12, r13, partial)
        for v in range(3):
            vine_bar[g, v] = of_factor[v] + jacobian_bar[g] * of_determinant[v]
    return w_bar, scale_bar, vine_bar


@register_jitable
def _scores(y: Any, mean: Any, sd: Any) -> tuple[float, float, float]:
    return (y[0] - mean[0]) / sd[0], (y[1] - mean[1]) / sd[1], (y[2] - mean[2]) / sd[2]


def normal(y: Any, mean: Any, sd: Any, vine: Any) -> Any:
    """Log density (row,) of y (row, visit) under a multivariate normal."""
    density = np.empty(y.shape[0])
    for g in range(y.shape[0]):
        r12, r13, partial = vine[g, 0], vine[g, 1], vine[g, 2]
        z1, z2, z3 = _scores(y[g], mean[g], sd[g])
        w1, w2, w3 = solve(factor(r12, r13, partial), z1, z2, z3)
        density[g] = -(w1 * w1 + w2 * w2 + w3 * w3) / 2 - half_log_determinant(r12, r13, partial)
        density[g] -= log(sd[g, 0] * sd[g, 1] * sd[g, 2]) + 1.5 * log(2 * pi)
    return density


def normal_back(y: Any, mean: Any, sd: Any, vine: Any, density: Any, bar: Any) -> Any:
    """Cotangents of mean, SD and vine."""
    mean_bar, sd_bar, vine_bar = np.empty_like(mean), np.empty_like(mean), np.empty_like(mean)
    for g in range(y.shape[0]):
        r12, r13, partial = vine[g, 0], vine[g, 1], vine[g, 2]
        z1, z2, z3 = _scores(y[g], mean[g], sd[g])
        of = factor(r12, r13, partial)
        w1, w2, w3 = solve(of, z1, z2, z3)
        u1, u2, u3 = solve_transposed(of, w1, w2, w3)
        of_factor = factor_back(r12, r13, partial, (u2 * w1, u2 * w2, u3 * w1, u3 * w2, u3 * w3))
        of_determinant = half_log_determinant_back(r12, r13, partial)
        for v, (u, z) in enumerate(((u1, z1), (u2, z2), (u3, z3))):
            mean_bar[g, v] = bar[g] * u / sd[g, v]
            sd_bar[g, v] = bar[g] * (u * z - 1) / sd[g, v]
            vine_bar[g, v] = bar[g] * (of_factor[v] - of_determinant[v])
    return mean_bar, sd_bar, vine_bar


def pooled(log_mean: Any, reference: Any, log_ratio: Any, log_ratio_sd: Any) -> Any:
    """Log density (1,) of log means (arm, visit), the contrast arm's about the reference arm's.

    reference: mean and SD (2,). log_ratio, log_ratio_sd: (1,).
    """
    centre, width, ratio, spread = reference[0], reference[1], log_ratio[0], log_ratio_sd[0]
    density = -3 * (log(2 * pi) + log(width * spread))
    for v in range(3):
        a, b = (log_mean[0, v] - centre) / width, (log_mean[1, v] - log_mean[0, v] - ratio) / spread
        density -= (a * a + b * b) / 2
    return np.full(1, density)


def pooled_back(
    log_mean: Any, reference: Any, log_ratio: Any, log_ratio_sd: Any, density: Any, bar: Any
) -> Any:
    """Cotangents of log means, log_ratio and log_ratio_sd."""
    centre, width, ratio, spread = reference[0], reference[1], log_ratio[0], log_ratio_sd[0]
    log_mean_bar, ratio_bar, spread_bar = np.empty_like(log_mean), np.zeros(1), np.full(1, -3 / spread)
    for v in range(3):
        a, b = (log_mean[0, v] - centre) / width, (log_mean[1, v] - log_mean[0, v] - ratio) / spread
        log_mean_bar[0, v] = bar[0] * (b / spread - a / width)
        log_mean_bar[1, v] = -bar[0] * b / spread
        ratio_bar[0] += b / spread
        spread_bar[0] += b * b / spread
    return log_mean_bar, ratio_bar * bar[0], spread_bar * bar[0]
