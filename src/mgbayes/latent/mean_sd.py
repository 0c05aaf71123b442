r"""Latent values that reproduce a published mean and SD exactly.

A paper prints, for n positive values, a mean m and an SD s (n - 1 in the denominator). The values themselves are
integrated over. With z ~ Normal(0, I_n) and the unit vector x = (z - mean z) / ||z - mean z||, put

    y_i = m r_i,   r_i = exp(p x_i) / mean_j exp(p x_j),

where p > 0 is the only root of

    v(p) = mean_i (r_i - 1)² = (n - 1) s² / (n m²).

v increases from 0 to n - 1 in p, so the root exists whenever s²/m² < n, which every positive sample meets. Then y has
mean m and SD s. The change of variables log y = a 1 + p x gives dy = Π y_i · √n p^(n-2) da dp dΩ, with dΩ the surface
of the unit sphere of dimension n - 2, and (a, p) maps to (m, s) with Jacobian m s v'(p) / (2 v). The density of the
published pair (m, s) under any density f of one value is therefore the mean over z of exp(weight) Π f(y_i), with

    weight = Σ log y_i + (n - 2) log p - log(m s) - log(v'(p) / (2 v)) + ½ log n + log A,
    A = 2 π^((n-1)/2) / Γ((n-1)/2),   v'(p) = (2/n) Σ x_i r_i (r_i - 1 - v).

Only the direction of z matters. Near z = mean z it turns fast, which stops a gradient-based sampler at small n, so
the weight carries a factor ||z - mean z||^(2k) over its expectation, k such that for n > 2 the length is distributed
as chi with at least LENGTH_DF degrees of freedom. The mean of the factor over z is 1 whatever the direction, so the
density is unchanged.

One value is its published mean (weight 0); none leaves no summary (weight 0, nothing counted). Values are padded to a
fixed length, so that one compiled model serves any count.

Shapes: G summaries (one per arm, or one for both arms), L slots for the values of each.
Source: the derivation above; checked by brute-force rejection in tests/oracles.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, isfinite, log, log1p, nan, pi, sqrt
from typing import Any

import numpy as np
import pytensor.tensor as pt
from numba.extending import register_jitable
from pytensor.gradient import disconnected_grad

from mgbayes.latent.root import Root

LENGTH_DF = 30.0
"""Degrees of freedom of the length of z: enough that lengths stay within a third of their mean."""

_ENOUGH = 1e-12  # of log v: far inside the 1e-9 that the published numbers are held to


@dataclass(frozen=True)
class Latent:
    """Values that reproduce their summaries: log_values (G, L), 0 in padding; log_weight (G,).

    log_values are centre (G,) plus root (G,) times a unit vector; of fewer than two values the root is 0.
    """

    log_values: Any
    log_weight: Any
    centre: Any
    root: Any

    @property
    def values(self) -> Any:
        """(G, L), 1 in padding."""
        return pt.exp(self.log_values)


def constrained(z: Any, counted: Any, mean: Any, sd: Any) -> Latent:
    """Turn standard normal z into values with the published mean and SD.

    Args:
        z: (G, L) standard normal variables of the model.
        counted: (G, L) one for a slot in use, zero for padding.
        mean: (G,) published means; ignored where no slot is in use.
        sd: (G,) published SDs; ignored where fewer than two slots are in use.
    """
    counted, mean, sd = (pt.as_tensor(a) for a in (counted, mean, sd))
    n = counted.sum(-1)
    several, n_safe = n > 1, pt.maximum(n, 2.0)
    away = counted * (z - (z * counted).sum(-1, keepdims=True) / pt.maximum(n, 1.0)[:, None])
    square = pt.switch(several, (away**2).sum(-1), 1.0)
    x = away / pt.sqrt(square)[:, None]
    v = pt.switch(several, (n - 1) * sd**2 / (n_safe * mean**2), 1.0)
    (p,) = _ROOT.of(x, counted, v)
    off, log_scale = _relative(p, x, counted)  # r - 1, and log of mean exp(p x)
    slope = pt.switch(several, (counted * x * (1 + off) * (off - v[:, None])).sum(-1) / n_safe, v)
    log_r = counted * (p[:, None] * x - log_scale[:, None])
    # log A and the log length factor, whose Γ((n - 1)/2) cancel
    df = n_safe - 1
    k = pt.switch(n > 2, pt.maximum(LENGTH_DF - df, 0.0) / 2, 0.0)
    log_area = log(2) + df / 2 * log(pi) + k * pt.log(square / 2) - pt.gammaln(df / 2 + k)
    weight = log_r.sum(-1) + (n - 2) * pt.log(p) - pt.log(slope / v)
    weight += df * pt.log(mean) - pt.log(sd) + 0.5 * pt.log(n_safe) + log_area
    centre = pt.log(mean) - pt.switch(several, log_scale, 0.0)
    return Latent(
        log_values=counted * pt.log(mean)[:, None] + pt.switch(several[:, None], log_r, 0.0),
        log_weight=pt.switch(several, weight, 0.0),
        centre=centre,
        root=pt.switch(several, p, 0.0),
    )


def _relative(p: Any, x: Any, counted: Any) -> tuple[Any, Any]:
    """r - 1 (G, L), 0 in padding, and log mean exp(p x) (G,); small p lose no digits."""
    n = pt.maximum(counted.sum(-1), 1.0)
    top = disconnected_grad((p[:, None] * x).max(-1))  # any number would do
    less = counted * pt.expm1(p[:, None] * x - top[:, None])
    mean = less.sum(-1) / n
    return counted * (less - mean[:, None]) / (1 + mean)[:, None], top + pt.log1p(mean)


def _equation(roots: Any, x: Any, counted: Any, v: Any) -> list[Any]:
    """v(p) less what is asked; p itself where there are fewer than two values."""
    off, _ = _relative(roots[0], x, counted)
    n = counted.sum(-1)
    return [pt.switch(n > 1, (off**2).sum(-1) / pt.maximum(n, 1.0) - v, roots[0] - 1.0)]


def roots(x: Any, counted: Any, v: Any) -> Any:
    """p of each row (1, G), 1 where there are fewer than two values; nan where x has no direction."""
    found = np.ones((1, v.size))
    for g in range(v.size):
        direction = x[g][counted[g] > 0]
        if direction.size > 1:
            found[0, g] = _solve(direction, log(v[g]))
    return found


@register_jitable
def _v(x: Any, p: float) -> tuple[float, float, float]:
    """v(p), v'(p) and v''(p)."""
    n, top, total, centre = x.size, -inf, 0.0, 0.0
    for i in range(n):
        top = max(top, x[i])
    for i in range(n):
        e = exp(p * (x[i] - top))
        total += e
        centre += x[i] * e
    centre /= total
    v, slope, curve, change = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        r = exp(p * (x[i] - top)) * n / total
        off = x[i] - centre
        v += (r - 1) ** 2
        slope += r * (r - 1) * off
        curve += (r * off) ** 2
        change += r * off * off
    v /= n
    return v, 2 * slope / n, 4 * curve / n - 2 * (1 + v) * change / n


@register_jitable
def _solve(x: Any, log_v: float) -> float:
    """Solve log v(p) = log_v by Halley's method on log p inside a shrinking bracket."""
    low, high, u = -inf, inf, _first_guess(x, log_v)
    for _ in range(200):
        p = exp(u)
        v, slope, curve = _v(x, p)
        gap = log(v) - log_v if v > 0 else -inf
        if abs(gap) <= _ENOUGH:
            break
        if gap > 0:
            high = u
        else:
            low = u
        proposal = _halley(u, gap, p * slope / v, p * p * curve / v) if v > 0 else nan
        if not low < proposal < high:
            outward = u - 2.0 if gap > 0 else u + 2.0
            proposal = 0.5 * (low + high) if isfinite(high - low) else outward
        if proposal == u or high - low <= 1e-15 * abs(u):
            break
        u = proposal
    return exp(u)


@register_jitable
def _first_guess(x: Any, log_v: float) -> float:
    """Log p of values that are log-normal, drawn in by their third moment."""
    p, third = sqrt(x.size * log1p(exp(log_v))), 0.0
    for i in range(x.size):
        third += x[i] ** 3
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


def values_along(direction: Any, mean: float, sd: float) -> Any:
    """Values (n,) with this mean and SD along a direction (n,), in numbers."""
    away = direction - direction.mean()
    x = away / np.linalg.norm(away)
    v = (x.size - 1) * sd**2 / (x.size * mean**2)
    r = np.exp(roots(x[None], np.ones((1, x.size)), np.array([v]))[0, 0] * x)
    return mean * r / r.mean()


_ROOT = Root(roots, _equation, unknowns=1)
