r"""The rows of a scatter matrix from its free coordinates: the arithmetic of `bartlett`, and its gradient.

Notation and derivation are those of mgbayes.models.bartlett. A bounded coordinate is a = Φ⁻¹(Φ(low) + Φ(z) M),
M = Φ(high) - Φ(low), so that with φ the standard normal density

    φ(a) da = φ(low) Φ(-z) dlow + Φ(z) φ(high) dhigh + M φ(z) dz,   d log M = (φ(high) dhigh - φ(low) dlow) / M.

Plain functions of arrays, compiled by numba inside a model and run as they stand in plain Python.
"""

from math import exp, log, pi, sqrt
from typing import Any

import numpy as np
from numba.extending import register_jitable

from mgbayes.models.normal_quantile import cdf, quantile
from mgbayes.models.vine_factor import factor, factor_back

FAR = 30.0
"""A standard normal beyond this has no mass in double precision."""


@register_jitable
def between(z: float, low: float, high: float) -> tuple[float, float]:
    """Map a standard normal z to one truncated to (low, high); also the log mass of (low, high).

    Each half of the line is mapped by its own tail, so that nothing far out is lost to rounding.
    """
    lower, upper = cdf(low), cdf(-high)
    mass = cdf(-low) - upper if low > 0 else cdf(high) - lower
    below, above = lower + cdf(z) * mass, upper + cdf(-z) * mass
    return (quantile(below) if below < above else -quantile(above)), log(mass)


@register_jitable
def between_back(
    z: float, low: float, high: float, a: float, log_mass: float, a_bar: float, log_mass_bar: float
) -> tuple[float, float, float]:
    """Cotangents of z, low and high."""
    mass, square = exp(log_mass), a * a / 2
    z_bar = a_bar * mass * exp(square - z * z / 2)
    of_mass = log_mass_bar / (mass * sqrt(2 * pi))
    low_bar = a_bar * cdf(-z) * exp(square - low * low / 2) - of_mass * exp(-low * low / 2)
    high_bar = a_bar * cdf(z) * exp(square - high * high / 2) + of_mass * exp(-high * high / 2)
    return z_bar, low_bar, high_bar


@register_jitable
def _limit(r: float, others: float, offset: float, slope: float) -> float:
    """Where a puts x / √(x² + others²) at r, with x = offset + slope a; far out where nowhere."""
    if abs(r) >= 1:
        return FAR if r > 0 else -FAR
    return min(max((others * r / sqrt(1 - r * r) - offset) / slope, -FAR), FAR)


@register_jitable
def _limit_back(
    r: float, others: float, slope: float, limit: float, bar: float
) -> tuple[float, float, float]:
    """Cotangents of others, offset and slope."""
    if abs(r) >= 1 or abs(limit) >= FAR:
        return 0.0, 0.0, 0.0
    scaled = bar / slope
    return scaled * r / sqrt(1 - r * r), -scaled, -scaled * limit


@register_jitable
def bounded(
    z: float, r_low: float, r_high: float, others: float, offset: float, slope: float
) -> tuple[float, float]:
    """Map z so that x = offset + slope · a keeps x / √(x² + others²) within (r_low, r_high)."""
    if r_low <= -1 and r_high >= 1:
        return z, 0.0
    return between(z, _limit(r_low, others, offset, slope), _limit(r_high, others, offset, slope))


@register_jitable
def _bounded_back(
    z: float,
    r_low: float,
    r_high: float,
    others: float,
    offset: float,
    slope: float,
    a: float,
    log_mass: float,
    a_bar: float,
    log_mass_bar: float,
) -> tuple[float, float, float, float]:
    """Cotangents of z, others, offset and slope."""
    if r_low <= -1 and r_high >= 1:
        return a_bar, 0.0, 0.0, 0.0
    low, high = _limit(r_low, others, offset, slope), _limit(r_high, others, offset, slope)
    z_bar, low_bar, high_bar = between_back(z, low, high, a, log_mass, a_bar, log_mass_bar)
    of_low = _limit_back(r_low, others, slope, low, low_bar)
    of_high = _limit_back(r_high, others, slope, high, high_bar)
    return z_bar, of_low[0] + of_high[0], of_low[1] + of_high[1], of_low[2] + of_high[2]


def rows(diagonal: Any, below: Any, vine: Any, bounds: Any) -> Any:
    """Norms (arm, visit), log probability of the bounds (arm, pair), correlations (arm, pair), and a (arm, pair).

    diagonal: a_vv (arm, visit). below: standard normals (arm, pair). vine: (arm, pair). bounds: (arm, pair, 2).
    """
    norms, log_p = np.empty_like(diagonal), np.zeros_like(diagonal)
    r, a = np.empty_like(diagonal), np.empty_like(diagonal)
    for g in range(diagonal.shape[0]):
        l21, l22, l31, l32, l33 = factor(vine[g, 0], vine[g, 1], vine[g, 2])
        y2, y32, y33 = l22 * diagonal[g, 1], l32 * diagonal[g, 1] + l33 * below[g, 2], l33 * diagonal[g, 2]
        y3, at2 = sqrt(y32 * y32 + y33 * y33), l21 * diagonal[g, 0]
        a[g, 0], log_p[g, 0] = bounded(below[g, 0], bounds[g, 0, 0], bounds[g, 0, 1], y2, at2, l22)
        a[g, 2] = below[g, 2]
        at3 = l31 * diagonal[g, 0] + l32 * a[g, 0]
        a[g, 1], log_p[g, 1] = bounded(below[g, 1], bounds[g, 1, 0], bounds[g, 1, 1], y3, at3, l33)
        x2, x3 = at2 + l22 * a[g, 0], at3 + l33 * a[g, 1]
        norms[g, 0], norms[g, 1], norms[g, 2] = (
            diagonal[g, 0],
            sqrt(x2 * x2 + y2 * y2),
            sqrt(x3 * x3 + y3 * y3),
        )
        r[g, 0], r[g, 1] = x2 / norms[g, 1], x3 / norms[g, 2]
        r[g, 2] = (x2 * x3 + y2 * y32) / (norms[g, 1] * norms[g, 2])
    return norms, log_p, r, a


def rows_back(
    diagonal: Any,
    below: Any,
    vine: Any,
    bounds: Any,
    norms: Any,
    log_p: Any,
    r: Any,
    a: Any,
    norms_bar: Any,
    log_p_bar: Any,
) -> Any:
    """Cotangents of the diagonal, the elements below it and the vine."""
    diagonal_bar, below_bar, vine_bar = np.empty_like(a), np.empty_like(a), np.empty_like(a)
    for g in range(a.shape[0]):
        a1, a2, a3, t3 = diagonal[g, 0], diagonal[g, 1], diagonal[g, 2], below[g, 2]
        l21, l22, l31, l32, l33 = factor(vine[g, 0], vine[g, 1], vine[g, 2])
        y2, y32, y33 = l22 * a2, l32 * a2 + l33 * t3, l33 * a3
        y3, at2 = sqrt(y32 * y32 + y33 * y33), l21 * a1
        at3 = l31 * a1 + l32 * a[g, 0]
        x2_bar, x3_bar = norms_bar[g, 1] * r[g, 0], norms_bar[g, 2] * r[g, 1]
        y2_bar, y3_bar = norms_bar[g, 1] * y2 / norms[g, 1], norms_bar[g, 2] * y3 / norms[g, 2]

        z_bar, others, offset, slope = _bounded_back(
            below[g, 1],
            bounds[g, 1, 0],
            bounds[g, 1, 1],
            y3,
            at3,
            l33,
            a[g, 1],
            log_p[g, 1],
            x3_bar * l33,
            log_p_bar[g, 1],
        )
        below_bar[g, 1], y3_bar = z_bar, y3_bar + others
        at3_bar, l33_bar = x3_bar + offset, x3_bar * a[g, 1] + slope
        l31_bar, l32_bar = at3_bar * a1, at3_bar * a[g, 0]

        z_bar, others, offset, slope = _bounded_back(
            below[g, 0],
            bounds[g, 0, 0],
            bounds[g, 0, 1],
            y2,
            at2,
            l22,
            a[g, 0],
            log_p[g, 0],
            x2_bar * l22 + at3_bar * l32,
            log_p_bar[g, 0],
        )
        below_bar[g, 0], y2_bar = z_bar, y2_bar + others
        at2_bar, l22_bar = x2_bar + offset, x2_bar * a[g, 0] + slope + y2_bar * a2

        y32_bar, y33_bar = y3_bar * y32 / y3, y3_bar * y33 / y3
        below_bar[g, 2] = y32_bar * l33
        diagonal_bar[g, 0] = norms_bar[g, 0] + at3_bar * l31 + at2_bar * l21
        diagonal_bar[g, 1] = y2_bar * l22 + y32_bar * l32
        diagonal_bar[g, 2] = y33_bar * l33
        l32_bar += y32_bar * a2
        l33_bar += y32_bar * t3 + y33_bar * a3
        bars = (at2_bar * a1, l22_bar, l31_bar, l32_bar, l33_bar)
        vine_bar[g, 0], vine_bar[g, 1], vine_bar[g, 2] = factor_back(vine[g, 0], vine[g, 1], vine[g, 2], bars)
    return diagonal_bar, below_bar, vine_bar
