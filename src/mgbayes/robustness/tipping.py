r"""The prior at which the conclusion just fails (reverse Bayes), over its mean and its SD.

P(benefit) under a normal prior of the effect, as a surface over the prior's mean and SD. The model is fitted again
on a coarse grid of priors π_k; the n_k draws x of all fits together serve any prior π, with weights

    w ∝ π(x) / Σ_k n_k π_k(x) / Z_k,   Z_k ∝ Σ_x π_k(x) / Σ_j n_j π_j(x) / Z_j,

Z_k, the chance of the data under π_k, solved for by iteration. Weights are smoothed by a Pareto tail whose shape k is
shown: above 0.7 the figure is not to be trusted.

Where prior and likelihood are both normal, estimate y (benefit positive) with standard error s, z = y / s, the
skeptical prior Normal(0, tau²) under which P(benefit) = Phi(z_a) has

    tau² = s² / ((z / z_a)² - 1),

and none exists when z <= z_a, since then even a flat prior falls short. Sources: Matthews (2001), J Stat Plan
Inference 94:43; Held (2019), J R Stat Soc A 182:431; Vehtari et al. (2024), JMLR 25:72 (Pareto k); Shirts and Chodera
(2008), J Chem Phys 129:124105 (the weights).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np

from mgbayes.robustness.reweighted import PARETO_K, smoothed

LEVELS = (0.95, 0.9, 0.8)
_POOLED = 2000  # draws of each fit
_STEPS = 300
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Refit:
    """Draws under one normal prior of the effect.

    ``effect`` holds the draws of the effect and ``better`` whether the contrast arm does better, in each draw; of a
    fit that failed both are empty.
    """

    prior_mean: float
    prior_sd: float
    effect: np.ndarray
    better: np.ndarray

    @property
    def usable(self) -> bool:
        """Whether the fit holds."""
        return self.effect.size > 0


@dataclass(frozen=True)
class Surface:
    """P(benefit) over prior means and SDs.

    Attributes:
        means, sds: of the prior, (M,) and (S,), ascending.
        p_benefit: (M, S); not a number where there is no fit.
        pareto_k: (M, S).
    """

    means: np.ndarray
    sds: np.ndarray
    p_benefit: np.ndarray
    pareto_k: np.ndarray

    @property
    def trusted(self) -> np.ndarray:
        """Where the figure may be used, (M, S)."""
        return np.isfinite(self.p_benefit) & (self.pareto_k <= PARETO_K)


def normal_tipping_sd(estimate: float, se: float, probability: float) -> float | None:
    """The SD of the skeptical prior at which P(benefit) is just ``probability``, in the normal case.

    Args:
        estimate: of the effect, benefit positive.
        se: its standard error.
        probability: above 0.5.

    Returns None when no skeptical prior is wide enough.
    """
    from scipy.special import ndtri

    z, asked = estimate / se, float(ndtri(probability))
    return se / sqrt((z / asked) ** 2 - 1) if z > asked else None


def normal_p_benefit(estimate: float, se: float, prior_mean: float, prior_sd: float) -> float:
    """P(effect > 0) under a normal prior and a normal likelihood."""
    from scipy.special import ndtr

    precision = 1 / se**2 + 1 / prior_sd**2
    return float(ndtr((estimate / se**2 + prior_mean / prior_sd**2) / sqrt(precision)))


@dataclass(frozen=True)
class _Pool:
    """The draws of all fits: effect, whether better, and the log density of the mixture that they came from."""

    effect: np.ndarray
    better: np.ndarray
    log_mixture: np.ndarray


def surface(refits: Sequence[Refit], means: np.ndarray, sds: np.ndarray) -> Surface:
    """P(benefit) at every mean and SD, from the draws of all fits together; not a number without a fit."""
    shape = len(means), len(sds)
    if not refits:
        return Surface(means, sds, np.full(shape, np.nan), np.full(shape, np.nan))
    pool = _pool(refits)
    found = np.array([[_figures(pool, float(mean), float(sd)) for sd in sds] for mean in means])
    return Surface(means, sds, found[..., 0], found[..., 1])


def tipping_sd(found: Surface, probability: float) -> float | None:
    """The SD at which a prior centred at no effect just gives ``probability``; None where none does.

    Between points of the surface P(benefit) is taken as linear in log SD. Points that are not trusted are left
    out. Raises ValueError when the surface has no row at a mean of 0.
    """
    sd, p = _at_no_effect(found)
    log_sd, above = np.log(sd), p >= probability
    crossing = np.flatnonzero(~above[:-1] & above[1:])
    if not crossing.size:
        return None
    i = crossing[0]
    share = (probability - p[i]) / (p[i + 1] - p[i])
    return exp(log_sd[i] + share * (log_sd[i + 1] - log_sd[i]))


def always_above(found: Surface, probability: float) -> bool:
    """Whether every prior centred at no effect gives ``probability`` or more. Raises ValueError as ``tipping_sd``."""
    _, p = _at_no_effect(found)
    return bool(p.size and (p >= probability).all())


def _at_no_effect(found: Surface) -> tuple[np.ndarray, np.ndarray]:
    """Prior SDs and P(benefit) of the trusted points with a prior mean of 0."""
    rows = np.flatnonzero(np.isclose(found.means, 0))
    if not rows.size:
        raise ValueError("the surface has no row with a prior mean of 0")
    ok = found.trusted[rows[0]]
    return found.sds[ok], found.p_benefit[rows[0]][ok]


def _figures(pool: _Pool, mean: float, sd: float) -> tuple[float, float]:
    """P(benefit) under one prior, and Pareto k of the weights."""
    weight, k = smoothed(_log_normal(pool.effect, mean, sd) - pool.log_mixture)
    return float(weight @ pool.better / weight.sum()), k


def _pool(refits: Sequence[Refit]) -> _Pool:
    from scipy.special import logsumexp

    thinned = [(refit.effect[:: _step(refit)], refit.better[:: _step(refit)]) for refit in refits]
    effect, better = (np.concatenate(parts) for parts in zip(*thinned, strict=True))
    sizes = np.array([len(part) for part, _ in thinned])
    priors = np.stack([_log_normal(effect, refit.prior_mean, refit.prior_sd) for refit in refits])
    log_z = np.zeros(len(refits))
    for _ in range(_STEPS):
        log_mixture = logsumexp(priors + (np.log(sizes) - log_z)[:, None], axis=0)
        found = logsumexp(priors - log_mixture, axis=1)
        moved, log_z = np.abs(found - found[0] - log_z).max(), found - found[0]
        if moved < _TOLERANCE:
            break
    return _Pool(effect, better, logsumexp(priors + (np.log(sizes) - log_z)[:, None], axis=0))


def _step(refit: Refit) -> int:
    return max(1, refit.effect.size // _POOLED)


def _log_normal(x: np.ndarray, mean: float, sd: float) -> np.ndarray:
    return -0.5 * np.square((x - mean) / sd) - log(sd)
