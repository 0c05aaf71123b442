r"""Latent values whose image under a nondecreasing function has a published mean and SD.

A paper prints, for n values y_i = h(t_i), a mean m and an SD s (n - 1 in the denominator). With the latent t on a
line through a direction x of the unit sphere that is orthogonal to 1,

    t_i = a + b x_i,   b > 0,   x = (z - mean z) / ||z - mean z||,   z ~ Normal(0, I_n),

there is one (a, b) for each x: given b, the mean of y fixes a, and then the SD of y increases in b. With
dt = √n b^(n-2) da db dΩ, the density of (m, s²), where one value t has the density f, is the mean over z of
exp(weight) Π f(t_i),

    weight = (n - 2) log b - log |det ∂(m, s²) / ∂(a, b)| + a constant.

Here h is max(0, .). Let P be those k patients with t_i > 0, x_P their mean direction and S their sum of squares
about it. Mean and sum of squares of y give

    a + b x_P = n m / k,     b² S = (n - 1) s² + n m² - n² m² / k,     det = 2 k b S / (n (n - 1)),

and P holds the k largest x for the one k at which t is positive in P and nowhere else. As b grows the SD tends to
that of n m in one patient and zero in all others, so that a root exists where 0 < s² < n m².

The root is found by `root`, an operation; its gradient is that of the two equations (implicit function theorem: with
P fixed they hold in a neighbourhood). All else is symbolic. For another h only `root` and `_line` change.

Only the direction of z matters. Near z = mean z it turns fast, which stops a gradient-based sampler at small n: a
factor ||z - mean z||^(2 j), whose mean over z is the same whatever the direction, makes its length that of more
values.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import pytensor.tensor as pt
from numba.extending import register_jitable

from mgbayes.models.fused import Fused, Passes

_LENGTH_DF = 30.0


@dataclass(frozen=True)
class LatentValues:
    """Latent values ``t`` (row, n), 0 in padding, and their log weight (row,)."""

    t: Any
    log_weight: Any


def positive_part(z: Any, counted: Any, mean: Any, sd: Any) -> LatentValues:
    """Latent values, of which max(0, t) has the mean and SD.

    Args:
        z: (row, n) of which only the direction matters, once its log density as standard normal is in the model.
        counted: (row, n) one for a patient, zero for padding.
        mean, sd: (row,) with 0 < sd² < n mean².
    """
    n = counted.sum(-1)
    away = counted * (z - ((z * counted).sum(-1) / n)[:, None])
    square = (away**2).sum(-1)
    x = away / pt.sqrt(square)[:, None]
    a, b, k, about = _ROOT.of(x, counted, mean, sd)
    weight = (n - 3) * pt.log(b) - pt.log(k) - pt.log(about)
    weight += pt.maximum(_LENGTH_DF - (n - 1), 0.0) / 2 * pt.log(square)
    return LatentValues(counted * (a[:, None] + b[:, None] * x), weight)


@register_jitable
def _line(x: Any, inside: Any, n: float, mean: float, sd: float) -> tuple[float, float, float, float]:
    """(a, b, k, S) where those ``inside`` are above zero."""
    k = inside.sum()
    centre = (x * inside).sum() / k
    about = (inside * (x - centre) ** 2).sum()
    square = (n - 1) * sd * sd + n * mean * mean - (n * mean) ** 2 / k
    b = sqrt(max(square, 0.0) / max(about, 1e-300))
    return n * mean / k - b * centre, b, k, about


def root(x: Any, counted: Any, mean: Any, sd: Any) -> Any:
    """(a, b, k, S) of each row, (row,): directions x and ``counted`` (row, n), mean and sd (row,)."""
    a, b, k, about = np.empty_like(mean), np.empty_like(mean), np.empty_like(mean), np.empty_like(mean)
    for g in range(mean.size):
        n = counted[g].sum()
        order = np.argsort(np.where(counted[g] > 0, -x[g], np.inf))
        inside = np.zeros_like(x[g])
        inside[order[0]] = 1.0
        for i in range(1, int(n)):
            inside[order[i]] = 1.0
            a[g], b[g], k[g], about[g] = _line(x[g], inside, n, mean[g], sd[g])
            if i + 1 == n or a[g] + b[g] * x[g, order[i + 1]] <= 0:
                break
    return a, b, k, about


def root_back(
    x: Any,
    counted: Any,
    mean: Any,
    sd: Any,
    a: Any,
    b: Any,
    k: Any,
    about: Any,
    a_bar: Any,
    b_bar: Any,
    k_bar: Any,
    about_bar: Any,
) -> Any:
    """Cotangents of x, mean and sd; k is a number of patients and has none.

    From b² S = Q - n² m² / k and a = n m / k - b x_P, Q = (n - 1) s² + n m².
    """
    x_bar, mean_bar, sd_bar = np.zeros_like(x), np.empty_like(mean), np.empty_like(mean)
    for g in range(mean.size):
        n = counted[g].sum()
        inside = counted[g] * (a[g] + b[g] * x[g] > 0)
        centre = (x[g] * inside).sum() / k[g]
        of_b = b_bar[g] - a_bar[g] * centre
        of_square = of_b / (2 * b[g] * about[g])
        of_about = about_bar[g] - of_b * b[g] / (2 * about[g])
        x_bar[g] = inside * (2 * of_about * (x[g] - centre) - a_bar[g] * b[g] / k[g])
        mean_bar[g] = a_bar[g] * n / k[g] + of_square * 2 * n * mean[g] * (1 - n / k[g])
        sd_bar[g] = of_square * 2 * (n - 1) * sd[g]
    return x_bar, mean_bar, sd_bar


_ROOT = Fused(
    Passes(root, root_back, shaped=(2, 2, 2, 2), axes=(1,) * 4, differentiable=(True, False, True, True))
)
