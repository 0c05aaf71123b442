"""The marginal likelihood of published means and SDs of normal outcomes, unpublished correlations integrated out.

Means and SDs are sufficient: the means are normal, and the SDs have the density of a Wishart scatter whose sample
correlations are integrated by Gauss-Legendre quadrature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from mgbayes.models.evidence import Moments
from mgbayes.models.visits import matrices

_NODES = 64  # of the correlation of two visits


def log_likelihood(flat: Mapping[str, NDArray[Any]], data: Moments) -> np.ndarray:
    """Log likelihood (S,) of published means and SDs at each draw, up to a constant."""
    draws, visits = flat["mean"].shape[0], flat["mean"].shape[2]
    pairs = flat.get("correlation", np.zeros((draws, 2, 0)))
    total = np.zeros(draws)
    for arm, n in enumerate(data["n"]):
        sd = flat["sd"][:, arm]
        sigma = matrices(pairs[:, arm], visits) * sd[:, :, None] * sd[:, None, :]
        off = np.asarray(data["printed_mean"])[arm] - flat["mean"][:, arm]
        total -= 0.5 * np.linalg.slogdet(sigma)[1]
        total -= 0.5 * n * np.einsum("sa,sab,sb->s", off, np.linalg.inv(sigma), off)
        total += LOG_DENSITY_OF_SDS[visits](np.asarray(data["printed_sd"], float)[arm], int(n), sigma)
    return total


def _of_one_sd(printed: np.ndarray, n: int, sigma: np.ndarray) -> np.ndarray:
    """The same at one visit: (n - 1) s² / σ² is chi-square."""
    variance = sigma[:, 0, 0]
    return np.asarray(-0.5 * (n - 1) * (np.log(variance) + printed[0] ** 2 / variance))


def _of_two_sds(printed: np.ndarray, n: int, sigma: np.ndarray) -> np.ndarray:
    """The same at two visits."""
    two, _, weight = _wishart_of_two(printed, n, sigma)
    return np.asarray(special.logsumexp(two + np.log(weight), axis=1))


def log_density_of_sds(printed: np.ndarray, n: int, sigma: np.ndarray) -> np.ndarray:
    """Log density of the SDs of n patients at three visits, (S,), up to a constant.

    The first two SDs and their correlation r have a Wishart density of two visits. Given these, the third sum of
    squares over its residual variance is noncentral chi-square with n - 1 degrees of freedom; r is integrated by
    Gauss-Legendre quadrature.

    Args:
        printed: (3,) SDs, with n - 1 in the denominator.
        n: patients, at least 4.
        sigma: (S, 3, 3) covariances.
    """
    df = n - 1
    two, scatter, weight = _wishart_of_two(printed, n, sigma[:, :2, :2])
    inverse = np.linalg.inv(sigma[:, :2, :2])
    slope = np.einsum("sab,sb->sa", inverse, sigma[:, :2, 2])
    residual = (sigma[:, 2, 2] - np.einsum("sa,sa->s", slope, sigma[:, :2, 2]))[:, None]
    away = np.maximum(np.einsum("sa,mab,sb->sm", slope, scatter, slope), 0) / residual
    third = stats.ncx2.logpdf(df * printed[2] ** 2 / residual, df, away) - np.log(residual)
    return np.asarray(special.logsumexp(two + third + np.log(weight), axis=1))


def _wishart_of_two(
    printed: np.ndarray, n: int, sigma: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log density (S, node) of two SDs and their correlation, the scatter (node, 2, 2) and weights of the nodes."""
    r, weight = np.polynomial.legendre.leggauss(_NODES)
    df = n - 1
    between = df * r * printed[0] * printed[1]
    scatter = np.empty((_NODES, 2, 2))
    scatter[:, 0, 0], scatter[:, 1, 1] = df * printed[0] ** 2, df * printed[1] ** 2
    scatter[:, 0, 1] = scatter[:, 1, 0] = between
    two = 0.5 * (df - 3) * np.log1p(-(r**2)) - 0.5 * np.einsum("sab,mab->sm", np.linalg.inv(sigma), scatter)
    return two - 0.5 * df * np.linalg.slogdet(sigma)[1][:, None], scatter, weight


LOG_DENSITY_OF_SDS: Mapping[int, Callable[[np.ndarray, int, np.ndarray], np.ndarray]] = {
    1: _of_one_sd,
    2: _of_two_sds,
    3: log_density_of_sds,
}
"""By number of visits."""
