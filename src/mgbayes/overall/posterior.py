r"""Overall benefit: what the main outcomes say together.

With y_k the standardized contrast of outcome k (benefit positive), s_k its posterior SD and rho the correlation of
the estimates, which one cohort of patients stands behind,

    y ~ Normal(theta, S),   S_kl = s_k s_l (rho + (1 - rho) [k = l])
    theta_k ~ Normal(mu, tau²),   mu ~ Normal(0, m²),   tau ~ HalfNormal(a)

Given tau everything is normal: y ~ Normal(0, S + tau² I + m² 11'), and (theta, mu) has a closed posterior. tau is
integrated by Gauss-Legendre nodes. How many theta_k are positive is counted on Sobol points, the same for every
node, so that the answer is the same in every run.

Each y_k comes from a fit with its own weak prior, and is taken as if it were an estimate: the prior of the fit
and that of mu both act, towards no difference.
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
        tau_median, tau_low, tau_high: how much outcomes differ.
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
    """The posterior of mu, tau and every theta; ``tau`` replaces the half-normal rule."""
    if not 0 <= correlation < 1:
        raise ValueError(f"the correlation is {correlation}; it lies from 0 to below 1")
    y = np.array([row.mean for row in contrasts])
    sd = np.array([row.sd for row in contrasts])
    noise = np.outer(sd, sd) * (correlation + (1 - correlation) * np.eye(len(y)))
    rule = TauRule.half_normal(prior.tau_scale) if tau is None else tau
    parts = [_given_tau(y, noise, prior.mu_sd, node) for node in rule.nodes]
    log_weight = np.log(rule.weights) + [part.log_evidence for part in parts]
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    posterior = Normals(
        weight,
        np.array([part.mean for part in parts]),
        np.array([part.covariance for part in parts]),
    )
    return _summary(contrasts, posterior, TauRule(rule.nodes, weight))


@dataclass(frozen=True)
class Normals:
    """A mixture of normal distributions of (theta_1, ..., theta_K, mu), one a node of tau."""

    weight: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray

    def along(self, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of a linear combination, by node."""
        variance = np.einsum("i,tij,j->t", direction, self.covariance, direction)
        return self.mean @ direction, np.sqrt(variance)

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


@dataclass(frozen=True)
class _GivenTau:
    log_evidence: float
    mean: np.ndarray
    covariance: np.ndarray


def _given_tau(y: np.ndarray, noise: np.ndarray, mu_sd: float, tau: float) -> _GivenTau:
    """The posterior of (theta, mu) for one tau, and the log density of y."""
    k = len(y)
    before = np.full((k + 1, k + 1), mu_sd**2)
    before[:k, :k] += tau**2 * np.eye(k)
    total = noise + before[:k, :k]
    gain = np.linalg.solve(total, before[:k]).T
    return _GivenTau(
        log_evidence=float(-0.5 * (y @ np.linalg.solve(total, y) + np.linalg.slogdet(total)[1])),
        mean=gain @ y,
        covariance=before - gain @ before[:k],
    )


def _summary(contrasts: Sequence[Contrast], posterior: Normals, tau: TauRule) -> Overall:
    k = len(contrasts)
    unit = np.eye(k + 1)
    mean, sd = posterior.along(unit[k])
    mu_mean = float(posterior.weight @ mean)
    return Overall(
        outcomes=tuple(row.outcome for row in contrasts),
        p_separate=tuple(row.p_benefit for row in contrasts),
        mu_mean=mu_mean,
        mu_sd=float(np.sqrt(posterior.weight @ (sd**2 + np.square(mean - mu_mean)))),
        mu_low=posterior.quantile(unit[k], (1 - PROB) / 2),
        mu_high=posterior.quantile(unit[k], (1 + PROB) / 2),
        p_mu=posterior.positive(unit[k]),
        p_mean=posterior.positive(unit[:k].mean(axis=0)),
        p_each=tuple(posterior.positive(unit[i]) for i in range(k)),
        p_at_least=tuple(_at_least(posterior, k)),
        tau_median=tau.quantile(0.5),
        tau_low=tau.quantile((1 - PROB) / 2),
        tau_high=tau.quantile((1 + PROB) / 2),
    )


def _at_least(posterior: Normals, k: int) -> list[float]:
    """P(at least m of theta > 0) for m = 1 to k."""
    scores = _normal_points(k)
    number = np.zeros(k + 1)
    for weight, mean, covariance in zip(posterior.weight, posterior.mean, posterior.covariance, strict=True):
        theta = mean[:k] + scores @ _root(covariance[:k, :k])
        number += weight * np.bincount((theta > 0).sum(axis=1), minlength=k + 1) / len(scores)
    return [float(number[m:].sum()) for m in range(1, k + 1)]


def _root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric root; at tau = 0 the outcomes are one and the covariance is singular.

    It is unique. Eigenvectors alone are not where eigenvalues are close, and would differ between machines.
    """
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T)


@lru_cache(maxsize=8)
def _normal_points(k: int) -> np.ndarray:
    from scipy.special import ndtri
    from scipy.stats import qmc

    return np.asarray(ndtri(qmc.Sobol(k, rng=_SEED).random_base2(_POINTS)))
