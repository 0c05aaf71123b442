r"""Correlations of one patient's outcomes at V visits, as a canonical vine rooted at the first visit.

The vine holds, for visits i < j, the partial correlation p_ij of i and j given the visits before i, in the order
(1,2), (1,3), ..., (2,3), ... Each ranges freely over (-1, 1). With R = L Lᵀ, L lower triangular,

    L_ji = p_ij Π_{k<i} √(1 - p_kj²),     L_jj = Π_{k<j} √(1 - p_kj²),     log |R| = Σ log(1 - p_ij²),

and |∂R / ∂p| = Π_{i<j} (1 - p_ij²)^((V-1-i)/2). A matrix is LKJ(η) where the (1 + p_ij)/2 are independent Beta(s, s)
with s = η + (V-1-i)/2, i counted from 1. With one visit the vine is empty.

The density of published means m and SDs s of n patients, multivariate normal with means μ, SDs σ and correlations Ω,
in the coordinates (m, s, vine of the sample correlations R):

    m ~ Normal(μ, D(σ) Ω D(σ) / n),     W = (n - 1) D(s) R D(s) ~ Wishart(D(σ) Ω D(σ), n - 1),
    |∂W / ∂(s, R)| = 2^V (n - 1)^(V(V+1)/2) Π s_v^V.

It needs n - 1 >= V. Functions take the vine on the last axis; those of plain arithmetic work on numpy arrays and
PyTensor tensors alike.

Sources: Lewandowski, Kurowicka and Joe (2009), J Multivariate Analysis 100:1989, section 2.4; Wishart (1928),
Biometrika 20A:32; Anderson, An Introduction to Multivariate Statistical Analysis, 3rd ed., section 7.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import log, pi
from typing import Any

import numpy as np
import pytensor.tensor as pt

Array = Any  # a numpy array or a PyTensor variable


def pairs(visits: int) -> list[tuple[int, int]]:
    """The pairs of visits in the order of the vine."""
    return list(combinations(range(visits), 2))


def pair_labels(visits: Sequence[str]) -> list[str]:
    """Names of the pairs."""
    return [f"{visits[i]}, {visits[j]}" for i, j in pairs(len(visits))]


def lkj_shape(visits: int) -> np.ndarray:
    """What is added to η to give the Beta shape of each coordinate of the vine."""
    return np.array([(visits - 2 - i) / 2 for i, _ in pairs(visits)])


def cholesky(vine: Array, visits: int) -> list[list[Array]]:
    """Rows of L, each up to its diagonal; L_11 is 1.0."""
    place = {pair: k for k, pair in enumerate(pairs(visits))}
    rows: list[list[Array]] = []
    for j in range(visits):
        row, left = [], 1.0
        for i in range(j):
            p = vine[..., place[i, j]]
            row.append(p * left)
            left = left * (1 - p**2) ** 0.5
        rows.append([*row, left])
    return rows


def whiten(vine: Array, x: Sequence[Array]) -> list[Array]:
    """Solve L w = x, element by element."""
    w: list[Array] = []
    for row, value in zip(cholesky(vine, len(x)), x, strict=True):
        known = sum((part * of for part, of in zip(row, w, strict=False)), 0.0)
        w.append((value - known) / row[-1])
    return w


def tie(vine: Array, z: Sequence[Array]) -> list[Array]:
    """L z, element by element: independent standard normals to correlated ones."""
    return [sum((part * of for part, of in zip(row, z, strict=False)), 0.0) for row in cholesky(vine, len(z))]


def correlated(vine: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Independent standard normals z (..., V) turned into normals with the vine's correlations."""
    return np.stack(tie(vine, list(np.moveaxis(z, -1, 0))), axis=-1)


def correlations(vine: Array, visits: int) -> list[Array]:
    """The correlations, in the order of the pairs."""
    rows = cholesky(vine, visits)
    return [sum(a * b for a, b in zip(rows[i], rows[j], strict=False)) for i, j in pairs(visits)]


def matrices(r: np.ndarray, visits: int) -> np.ndarray:
    """Correlation matrices (..., V, V) of the correlations (..., pair)."""
    found = np.broadcast_to(np.eye(visits), (*r.shape[:-1], visits, visits)).copy()
    for k, (i, j) in enumerate(pairs(visits)):
        found[..., i, j] = found[..., j, i] = r[..., k]
    return found


def from_correlations(r: np.ndarray, visits: int) -> np.ndarray:
    """The vine (..., pair) of correlations (..., pair)."""
    factor = np.linalg.cholesky(matrices(r, visits))
    vine = np.empty(r.shape)
    for k, (i, j) in enumerate(pairs(visits)):
        left = np.sqrt(1 - (factor[..., j, :i] ** 2).sum(-1))
        vine[..., k] = factor[..., j, i] / left
    return vine


def normal_logp(y: Any, mean: Any, sd: Any, vine: Any, visits: int) -> Any:
    """Log density of y (..., V) under a multivariate normal with correlations given as a vine."""
    z = (y - mean) / sd
    w = whiten(vine, [z[..., v] for v in range(visits)])
    square = sum(each**2 for each in w)
    return -square / 2 - visits / 2 * log(2 * pi) - pt.log(sd).sum(-1) - _half_log_det(vine)


def sds_logp(s: Any, n: Any, sample_vine: Any, sd: Any, vine: Any, visits: int) -> Any:
    """Log density of published SDs s (arm, V) and of the sample correlations' vine, n (arm,) patients."""
    nu, k = n - 1, visits
    half_det_r, log_s = _half_log_det(sample_vine), pt.log(s).sum(-1)
    log_det_w = k * pt.log(nu) + 2 * (log_s + half_det_r)
    wishart = (nu - k - 1) / 2 * log_det_w - nu / 2 * _trace(s / sd, sample_vine, vine, k)
    wishart -= nu * k / 2 * log(2) + nu * (pt.log(sd).sum(-1) + _half_log_det(vine))
    wishart -= k * (k - 1) / 4 * log(pi) + sum(pt.gammaln((nu - i) / 2) for i in range(k))
    to_sds = k * log(2) + k * (k + 1) / 2 * pt.log(nu) + k * log_s
    shape = lkj_shape(k)
    return wishart + to_sds + (shape * pt.log1p(-(sample_vine**2))).sum(-1)


def _half_log_det(vine: Any) -> Any:
    return (pt.log1p(-(vine**2)) / 2).sum(-1)


def _trace(ratio: Any, sample_vine: Any, vine: Any, visits: int) -> Any:
    """tr(Σ⁻¹ D(s) R D(s)) with ratio = s / σ: the squared norm of L(Ω)⁻¹ D(ratio) L(R), column by column."""
    rows = cholesky(sample_vine, visits)
    zero = pt.zeros_like(ratio[..., 0])
    total = zero
    for column in range(visits):
        x = [ratio[..., j] * rows[j][column] if j >= column else zero for j in range(visits)]
        total = total + sum(w**2 for w in whiten(vine, x))
    return total
