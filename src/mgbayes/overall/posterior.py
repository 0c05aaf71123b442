r"""Overall benefit: the posterior of the main outcomes together.

With y_k the standardized contrast of outcome k (benefit positive), s_k its posterior SD and rho the correlation of
the estimates, which come from one cohort of patients,

    y ~ Normal(theta, S),   S_kl = s_k s_l (rho + (1 - rho) [k = l])
    theta_k ~ Normal(mu, tau²),   mu ~ Normal(0, m²),   tau ~ HalfNormal(a)

Given tau, y ~ Normal(0, S + tau² I + m² 11'), and (theta, mu) is normal. tau is integrated by Gauss-Legendre nodes.
The number of positive theta_k is counted on Sobol points, the same for every node.

Each y_k comes from a fit with its own weak prior, and is taken as an estimate: the prior of the fit and that of mu
both shrink towards no difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mgbayes.estimands.summary import PROB
from mgbayes.overall.contrasts import Contrast
from mgbayes.synthesis.hierarchy import TauRule

_POINTS = 13  # 2^13 Sobol points
_SEED = 20200216


@dataclass(frozen=True)
class OverallPrior:
    """mu ~ Normal(0, mu_sd²), tau ~ HalfNormal(tau_scale), in standard deviations of an outcome.

    The average benefit lies within two standard deviations of an outcome; those of single outcomes mostly lie
    within one of the average.
    """

    mu_sd: float = 1.0
    tau_scale: float = 0.5

    def scaled(self, factor: float) -> OverallPrior:
        """The same prior on a scale whose numbers are larger by this factor."""
        return OverallPrior(self.mu_sd * factor, self.tau_scale * factor)


@dataclass(frozen=True)
class Overall:
    """The posterior over all outcomes.

    Attributes:
        p_separate: P(theta_k > 0), by outcome, from each fit by itself.
        mu_mean, mu_sd, mu_low, mu_high: the average benefit, with its central 95 % interval.
        p_mu: P(mu > 0), for outcomes like these.
        p_mean: P(mean of theta > 0), for these outcomes.
        p_each: P(theta_k > 0), by outcome, after sharing information.
        p_at_least: P(at least m of theta > 0), for m = 1 to K.
        tau_median, tau_low, tau_high: the SD between outcomes.
    """

    outcomes: tuple[str, ...]
    p_separate: tuple[float, ...]
    mu_mean: float
    mu_sd: float
    mu_low: float
    mu_high: float
    p_mu: float
    p_mean: float
    p_each: tuple[float, ...]
    p_at_least: tuple[float, ...]
    tau_median: float
    tau_low: float
    tau_high: float


def combine(
    contrasts: Sequence[Contrast], prior: OverallPrior, correlation: float, tau: TauRule | None = None
) -> Overall:
    """The posterior of mu, tau and every theta; ``tau`` replaces the half-normal prior."""
    if not 0 <= correlation < 1:
        raise ValueError(f"the correlation is {correlation}; it lies from 0 to below 1")
    rule = tau or TauRule.half_normal(prior.tau_scale)
    normals = _given_tau(contrasts, prior.mu_sd, correlation, rule)
    k = len(contrasts)
    unit = np.eye(k + 1)
    mean, sd = normals.along(unit[k])
    mu_mean = float(normals.weight @ mean)
    low, high = (normals.quantile(unit[k], q) for q in ((1 - PROB) / 2, (1 + PROB) / 2))
    weights = TauRule(rule.nodes, normals.weight)
    return Overall(
        outcomes=tuple(row.outcome for row in contrasts),
        p_separate=tuple(row.p_benefit for row in contrasts),
        mu_mean=mu_mean,
        mu_sd=float(np.sqrt(normals.weight @ (sd**2 + np.square(mean - mu_mean)))),
        mu_low=low,
        mu_high=high,
        p_mu=normals.positive(unit[k]),
        p_mean=normals.positive(unit[:k].mean(axis=0)),
        p_each=tuple(normals.positive(row) for row in unit[:k]),
        p_at_least=normals.at_least(k),
        tau_median=weights.quantile(0.5),
        tau_low=weights.quantile((1 - PROB) / 2),
        tau_high=weights.quantile((1 + PROB) / 2),
    )


@dataclass(frozen=True)
class _Normals:
    """A mixture of normal distributions of (theta_1, ..., theta_K, mu), one a node of tau."""

    weight: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray

    def along(self, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of a linear combination, by node."""
        return self.mean @ direction, np.sqrt(self.covariance @ direction @ direction)

    def positive(self, direction: np.ndarray) -> float:
        """The probability that a linear combination is above zero."""
        from scipy.special import ndtr

        mean, sd = self.along(direction)
        return float(self.weight @ ndtr(mean / sd))

    def quantile(self, direction: np.ndarray, q: float) -> float:
        """A quantile of a linear combination."""
        from scipy.optimize import brentq
        from scipy.special import ndtr

        mean, sd = self.along(direction)
        reach = 10 * sd.max() + np.abs(mean).max()
        return float(brentq(lambda x: self.weight @ ndtr((x - mean) / sd) - q, -reach, reach))

    def at_least(self, k: int) -> tuple[float, ...]:
        """P(at least m of theta > 0) for m = 1 to k.

        Points are drawn with the symmetric root of the covariance, which is unique; eigenvectors alone are not where
        eigenvalues are close. At tau = 0 the covariance is singular.
        """
        scores = _normal_points(k)
        values, vectors = np.linalg.eigh(self.covariance[:, :k, :k])
        root = (vectors * np.sqrt(np.clip(values, 0, None))[:, None, :]) @ vectors.swapaxes(1, 2)
        number = np.zeros(k + 1)
        for weight, mean, matrix in zip(self.weight, self.mean[:, :k], root, strict=True):
            count = (mean + scores @ matrix > 0).sum(axis=1)
            number += weight * np.bincount(count, minlength=k + 1) / len(scores)
        return tuple(float(number[m:].sum()) for m in range(1, k + 1))


def _given_tau(contrasts: Sequence[Contrast], mu_sd: float, correlation: float, rule: TauRule) -> _Normals:
    """The posterior of (theta, mu) at each node of tau, and the weight of each node."""
    y, sd = np.array([[row.mean, row.sd] for row in contrasts]).T
    k = len(y)
    noise = np.outer(sd, sd) * (correlation + (1 - correlation) * np.eye(k))
    before = np.full((len(rule.nodes), k + 1, k + 1), mu_sd**2)
    before[:, :k, :k] += np.square(rule.nodes)[:, None, None] * np.eye(k)
    total = noise + before[:, :k, :k]
    gain = np.linalg.solve(total, before[:, :k]).swapaxes(1, 2)
    deviance = np.linalg.solve(total, np.broadcast_to(y[:, None], (*total.shape[:2], 1)))[..., 0] @ y
    log_weight = np.log(rule.weights) - 0.5 * (deviance + np.linalg.slogdet(total)[1])
    weight = np.exp(log_weight - log_weight.max())
    return _Normals(weight / weight.sum(), gain @ y, before - gain @ before[:, :k])


@lru_cache(maxsize=8)
def _normal_points(k: int) -> np.ndarray:
    from scipy.special import ndtri
    from scipy.stats import qmc

    return np.asarray(ndtri(qmc.Sobol(k, rng=_SEED).random_base2(_POINTS)))
