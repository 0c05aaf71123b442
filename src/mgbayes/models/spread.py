r"""Values with a given mean and SD from directions: the arithmetic of `latent`, one summary at a time.

Notation and derivation are those of mgbayes.models.latent. For one summary of n values, with
x = (z - mean z) / ‖z - mean z‖, the forward pass finds p, the values y_i = m r_i and the weight

    W = Σ log y_i + (n - 2) log p - log(m s) - log(v' / (2 v)) + ½ log n + log A + log length factor,
    v' = dv/dp = (2/n) Σ x_i c_i,   c_i = r_i (r_i - 1 - v).

The backward pass takes cotangents ȳ of the values and W̄ of the weight to those of z, m and s. The
root p(x, v) is differentiated by the implicit function theorem,

    ∂p/∂x_i = -p c_i / Σ x c,   ∂p/∂log v = n v / (2 Σ x c).

Plain functions of arrays, compiled by numba inside a model and run as they stand in plain Python.
"""

from math import inf, isfinite, lgamma, nan, pi

import numpy as np
from numba.extending import register_jitable
from numpy import exp, log, log1p, sqrt
from numpy.typing import NDArray

LENGTH_DF = 30.0
"""Degrees of freedom of the length of z: enough that lengths stay within a third of their mean."""

_ENOUGH = 1e-12  # of log v: far inside the 1e-9 that the printed numbers are held to

Array = NDArray[np.float64]


@register_jitable
def direction(z: Array, mask: Array, x: Array) -> tuple[int, float]:
    """Fill ``x`` (L,) with the unit vector of z, 0 in padding; return n and ‖z - mean z‖²."""
    n, total, square = 0, 0.0, 0.0
    for i in range(z.size):
        if mask[i] > 0:
            n += 1
            total += z[i]
    for i in range(z.size):
        x[i] = z[i] - total / n if mask[i] > 0 else 0.0
        square += x[i] * x[i]
    if n >= 2:
        for i in range(z.size):
            x[i] /= sqrt(square)
    return n, square


@register_jitable
def relative_values(x: Array, mask: Array, n: int, p: float, r: Array) -> tuple[float, float, float]:
    """Fill ``r`` (L,) with exp(p x) over its mean, 1 in padding; return v(p), v'(p) and v''(p)."""
    top, total, centre = -inf, 0.0, 0.0
    for i in range(x.size):
        if mask[i] > 0 and x[i] > top:
            top = x[i]
    for i in range(x.size):
        r[i] = 1.0
        if mask[i] > 0:
            r[i] = exp(p * (x[i] - top))
            total += r[i]
            centre += x[i] * r[i]
    centre /= total
    v, slope, curve, change = 0.0, 0.0, 0.0, 0.0
    for i in range(x.size):
        if mask[i] > 0:
            r[i] *= n / total
            off = x[i] - centre
            v += (r[i] - 1) ** 2
            slope += r[i] * (r[i] - 1) * off
            curve += (r[i] * off) ** 2
            change += r[i] * off * off
    v /= n
    return v, 2 * slope / n, 4 * curve / n - 2 * (1 + v) * change / n


@register_jitable
def solve_spread(x: Array, mask: Array, n: int, log_v: float, r: Array) -> tuple[float, float]:
    """Solve log v(p) = log_v by Halley's method on log p inside a shrinking bracket.

    Fills ``r`` with the relative values at the root; returns p and v'(p).
    """
    low, high = -inf, inf
    u = _first_guess(x, n, log_v)
    p, slope = nan, nan
    for _ in range(200):
        p = exp(u)
        v, slope, curve = relative_values(x, mask, n, p, r)
        gap = log(v) - log_v if v > 0 else -inf
        if abs(gap) <= _ENOUGH:
            break
        low, high = (low, u) if gap > 0 else (u, high)
        proposal = _halley(u, gap, p * slope / v, p * p * curve / v) if v > 0 else nan
        if not low < proposal < high:
            proposal = 0.5 * (low + high) if isfinite(high - low) else u - 2.0 if gap > 0 else u + 2.0
        if proposal == u or high - low <= 1e-15 * abs(u):
            break
        u = proposal
    return p, slope


@register_jitable
def _first_guess(x: Array, n: int, log_v: float) -> float:
    """Log p of values that are log-normal, drawn in by their third moment."""
    p, third = sqrt(n * log1p(exp(log_v))), 0.0
    for i in range(x.size):
        third += x[i] * x[i] * x[i]
    return log(p) - 0.5 * log1p(max(p * third, -0.5))


@register_jitable
def _halley(u: float, gap: float, first: float, second: float) -> float:
    """One step of at most 2 on log p; v flattens where one value dominates.

    ``first`` and ``second`` are p v'/v and p² v''/v; the gap is that of log v.
    """
    if not first > 0:
        return nan
    bend = first + second - first * first
    step = -gap / (first - 0.5 * gap * bend / first) if first * first > abs(gap * bend) else -gap / first
    return u + min(max(step, -2.0), 2.0)


@register_jitable
def _length_exponent(n: int) -> float:
    """k of the length factor; two values have two directions only, and z must cross 0 between them."""
    return max(LENGTH_DF - (n - 1), 0.0) / 2 if n > 2 else 0.0


@register_jitable
def _log_weight(n: int, square: float, mean: float, sd: float, root: float, v: float, slope: float) -> float:
    """W, but for Σ log r_i."""
    df, k = n - 1, _length_exponent(n)
    # log A and the log length factor, whose Γ((n - 1)/2) cancel
    log_area = log(2) + df / 2 * log(pi) + k * log(square / 2) - lgamma(df / 2 + k)
    spread = (n - 2) * log(root) - log(slope / (2 * v))
    return spread + (n - 1) * log(mean) - log(sd) + 0.5 * log(n) + log_area


@register_jitable
def constrain(z: Array, mask: Array, mean: float, sd: float, y: Array) -> tuple[float, float]:
    """Fill ``y`` (L,) with values of this mean and SD, 1 in padding; return the weight and p.

    One value is its mean; none leaves nothing. Both have weight 0 and no p (nan). A z without a
    direction, all its entries alike, has no weight either (nan).
    """
    x = np.empty_like(z)
    n, square = direction(z, mask, x)
    if n < 2 or not square > 0:
        for i in range(z.size):
            y[i] = mean if mask[i] > 0 else 1.0
        return (0.0 if n < 2 else nan), nan
    weight, root = constrain_direction(x, mask, n, square, mean, sd, y)
    for i in range(z.size):
        if mask[i] > 0:
            y[i] *= mean
    return weight, root


@register_jitable
def constrain_direction(
    x: Array, mask: Array, n: int, square: float, mean: float, sd: float, r: Array
) -> tuple[float, float]:
    """Fill ``r`` (L,) with values over their mean, from their direction; return the weight and p."""
    v = (n - 1) * sd**2 / (n * mean**2)
    root, slope = solve_spread(x, mask, n, log(v), r)
    weight, first = _log_weight(n, square, mean, sd, root, v, slope), -1
    for i in range(x.size):
        if mask[i] > 0:
            first = i if first < 0 else first
            weight += log(r[first]) + root * (x[i] - x[first])
    return weight, root


@register_jitable
def constrain_back(
    z: Array,
    mask: Array,
    mean: float,
    sd: float,
    y: Array,
    root: float,
    y_bar: Array,
    weight_bar: float,
    z_bar: Array,
) -> tuple[float, float]:
    """Fill ``z_bar`` (L,) with the cotangent of z; return those of the mean and the SD."""
    x, r = np.empty_like(z), np.empty_like(z)
    n, square = direction(z, mask, x)
    values_bar = 0.0
    for i in range(z.size):
        r[i] = y[i] / mean
        z_bar[i] = y_bar[i] * y[i] if mask[i] > 0 else 0.0
        values_bar += z_bar[i]
    if n < 2:
        for i in range(z.size):
            z_bar[i] = 0.0
        return values_bar / mean, 0.0
    v = (n - 1) * sd**2 / (n * mean**2)
    log_v_bar = pull_back(x, mask, n, square, v, root, r, weight_bar, z_bar)
    mean_bar = (values_bar + weight_bar * (n - 1) - 2 * log_v_bar) / mean
    return mean_bar, (2 * log_v_bar - weight_bar) / sd


@register_jitable
def pull_back(
    x: Array,
    mask: Array,
    n: int,
    square: float,
    v: float,
    root: float,
    r: Array,
    weight_bar: float,
    z_bar: Array,
) -> float:
    """Turn ``z_bar`` (L,), the cotangent of log y, into that of z; return that of log v."""
    xc, moment, total = 0.0, 0.0, 0.0  # Σ x c and mean x r
    for i in range(x.size):
        if mask[i] > 0:
            xc += x[i] * r[i] * (r[i] - 1 - v)
            moment += x[i] * r[i] / n
    slope_bar = -weight_bar / xc  # of Σ x c

    # z_bar holds cotangents of log r_i, then of x_i, then of z_i.
    for i in range(x.size):
        if mask[i] > 0:
            z_bar[i] += weight_bar + slope_bar * x[i] * r[i] * (2 * r[i] - 1 - v)
            total += z_bar[i]
    root_bar = weight_bar * (n - 2) / root
    for i in range(x.size):
        if mask[i] > 0:
            z_bar[i] -= total / n * r[i]
            root_bar += z_bar[i] * x[i]
    along, centre = 0.0, 0.0
    for i in range(x.size):
        if mask[i] > 0:
            c = r[i] * (r[i] - 1 - v)
            z_bar[i] = root * z_bar[i] + (slope_bar - root_bar * root / xc) * c
            along += z_bar[i] * x[i]
            centre += z_bar[i] / n
    length = sqrt(square)
    outward = weight_bar * 2 * _length_exponent(n) - along
    for i in range(x.size):
        if mask[i] > 0:
            z_bar[i] = (z_bar[i] - centre + outward * x[i]) / length
    return root_bar * n * v / (2 * xc) + weight_bar - slope_bar * n * moment * v
