r"""Latent values whose image under an increasing function has a published mean and SD.

A paper prints, for n values y_i = h(t_i), a mean m and an SD s (n - 1 in the denominator). With the latent t on a
line through a direction x of the unit sphere that is orthogonal to 1,

    t_i = a + b x_i,   b > 0,   x = (z - mean z) / ||z - mean z||,   z ~ Normal(0, I_n),

there is one (a, b) for each x: given b, the mean of y fixes a, and then the SD of y increases in b. With
dt = √n b^(n-2) da db dΩ, the density of (m, s²), where one value t has the density f, is the mean over z of
exp(weight) Π f(t_i),

    weight = (n - 2) log b - log |det ∂(m, s²) / ∂(a, b)| + a constant.

Here h is the softplus function (mgbayes.latent.softplus): max(0, t) would make the density jump wherever a value
comes to zero, and a gradient-based sampler cannot follow jumps. As b grows the SD tends to that of n m in one
patient and zero in all others, so that a root exists where 0 < s² < n m².

The root is an operation (mgbayes.latent.root); all else is symbolic. For another h only `roots` and the lines of h
change.

Only the direction of z matters. Near z = mean z it turns fast, which stops a gradient-based sampler at small n: a
factor ||z - mean z||^(2 j), whose mean over z is the same whatever the direction, makes its length that of more
values.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, log1p, sqrt
from typing import Any

import numpy as np
import pytensor.tensor as pt
from numba.extending import register_jitable

from mgbayes.latent import softplus
from mgbayes.latent.root import Root
from mgbayes.latent.softplus import WIDTH

_LENGTH_DF = 30.0
_PRECISION = 1e-13
_STEPS = 100
_QUICK_STEPS = 20
_FAR = 3.0


@dataclass(frozen=True)
class LatentValues:
    """Latent values ``t`` (row, n), 0 in padding, and their log weight (row,)."""

    t: Any
    log_weight: Any


def near_positive_part(z: Any, counted: Any, mean: Any, sd: Any) -> LatentValues:
    """Latent values t, of which h(t) has the mean and SD.

    Args:
        z: (row, n) of which only the direction matters, once its log density as standard normal is in the model.
        counted: (row, n) one for a patient, zero for padding.
        mean, sd: (row,) with 0 < sd² < n mean².
    """
    n = counted.sum(-1)
    away = counted * (z - ((z * counted).sum(-1) / n)[:, None])
    square = (away**2).sum(-1)
    x = away / pt.sqrt(square)[:, None]
    a, b = _ROOT.of(x, counted, mean, sd)
    t = a[:, None] + b[:, None] * x
    slope = counted * pt.sigmoid(t / WIDTH)
    off = slope * (WIDTH * pt.softplus(t / WIDTH) - mean[:, None])
    det = slope.sum(-1) * (off * x).sum(-1) - (slope * x).sum(-1) * off.sum(-1)
    weight = (n - 2) * pt.log(b) - pt.log(2 * det / (n * (n - 1)))
    weight += pt.maximum(_LENGTH_DF - (n - 1), 0.0) / 2 * pt.log(square)
    return LatentValues(counted * t, weight)


@register_jitable
def _sums(x: Any, a: float, b: float, mean: float) -> tuple[float, float, float, float, float, float]:
    """Sums over the values: h - m, (h - m)², h', h' x, (h - m) h', (h - m) h' x."""
    first = second = slope = slope_x = off = off_x = 0.0
    for i in range(x.size):
        scaled = (a + b * x[i]) / WIDTH
        small = exp(-abs(scaled))
        gap = WIDTH * (max(scaled, 0.0) + log1p(small)) - mean
        rise = (1.0 if scaled > 0 else small) / (1 + small)
        first += gap
        second += gap * gap
        slope += rise
        slope_x += rise * x[i]
        off += gap * rise
        off_x += gap * rise * x[i]
    return first, second, slope, slope_x, off, off_x


@register_jitable
def _quick_root(x: Any, mean: float, sd: float) -> tuple[float, float, bool]:
    """(a, b) by Newton in both at once, and whether it came to rest, as it mostly does within ten steps."""
    a, here, asked = mean, log(sd * sqrt(x.size - 1.0)), (x.size - 1) * sd * sd
    for _ in range(_QUICK_STEPS):
        b = exp(here)
        first, second, slope, slope_x, off, off_x = _sums(x, a, b, mean)
        left = (second - asked) / 2
        det = b * (slope * off_x - slope_x * off)
        if not det > 0:
            return a, b, False
        of_a = (b * slope_x * left - b * off_x * first) / det
        of_b = (off * first - slope * left) / det
        if abs(of_b) > _FAR or abs(of_a) > _FAR * (abs(a) + b):
            return a, b, False
        a, here = min(a + of_a, mean), here + of_b
        if abs(of_b) <= _PRECISION and abs(of_a) <= _PRECISION * (abs(a) + b):
            return a, exp(here), True
    return a, exp(here), False


@register_jitable
def _root(x: Any, mean: float, sd: float) -> tuple[float, float]:
    """(a, b): Newton in log b, kept within its bracket, and for each b Newton in a.

    The mean of h is convex in a and at least a, so that a never lies above the mean.
    """
    a, b, found = _quick_root(x, mean, sd)
    if found:
        return a, b
    a, low, high = mean, -np.inf, np.inf
    here = log(sd * sqrt(x.size - 1.0))
    for _ in range(_STEPS):
        b = exp(here)
        for _ in range(_STEPS):
            first, second, slope, slope_x, off, off_x = _sums(x, a, b, mean)
            move = -first / slope
            a = min(a + move, mean)
            if abs(move) <= _PRECISION * (abs(a) + b):
                break
        gap = log(second / ((x.size - 1) * sd * sd)) / 2
        if gap < 0:
            low = here
        else:
            high = here
        follow = -slope_x / slope * b
        rise_of_sd = (off_x * b + off * follow) / second
        step = -gap / rise_of_sd if rise_of_sd > 0 else -gap
        if abs(step) <= _PRECISION:
            break
        step = max(min(step, 2.0), -2.0)
        there = here + step
        if not low < there < high:
            there = (low + high) / 2
        a = min(a + follow * (there - here), mean)
        here = there
    return a, b


def roots(x: Any, counted: Any, mean: Any, sd: Any) -> Any:
    """(a, b) of each row, (2, row): directions x and ``counted`` (row, n), mean and sd (row,)."""
    found = np.empty((2, mean.size))
    for g in range(mean.size):
        found[0, g], found[1, g] = _root(x[g][counted[g] > 0], mean[g], sd[g])
    return found


def _equations(roots: Any, x: Any, counted: Any, mean: Any, sd: Any) -> list[Any]:
    """Σ (h - m), and half of Σ (h - m)² - (n - 1) s²."""
    a, b = roots
    gap = counted * (WIDTH * pt.softplus((a[:, None] + b[:, None] * x) / WIDTH) - mean[:, None])
    return [gap.sum(-1), ((gap**2).sum(-1) - (counted.sum(-1) - 1) * sd**2) / 2]


_ROOT = Root(roots, _equations, unknowns=2, calls=(softplus,))
