r"""The prior at which the conclusion just fails (reverse Bayes), over its mean and its SD.

P(benefit) under a normal prior of the effect, as a surface over the prior's mean and SD. The model is fitted again
on a coarse grid; between its points draws are reweighted by the ratio of the priors, with weights smoothed by a
Pareto tail whose shape k is shown: above 0.7 the reweighted figure is not to be trusted.

Where prior and likelihood are both normal, estimate y (benefit positive) with standard error s, z = y / s, the
skeptical prior Normal(0, tau²) under which P(benefit) = Phi(z_a) has

    tau² = s² / ((z / z_a)² - 1),

and none exists when z <= z_a, since then even a flat prior falls short. Sources: Matthews (2001), J Stat Plan
Inference 94:43; Held (2019), J R Stat Soc A 182:431; Vehtari et al. (2024), JMLR 25:72 (Pareto k).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np

from mgbayes.sensitivity.reweighted import PARETO_K, smoothed

LEVELS = (0.95, 0.9, 0.8)


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
        p_benefit: (M, S); not a number where no refit is near.
        pareto_k: (M, S); 0 at a refit itself.
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


def reweighted(refit: Refit, mean: float, sd: float) -> tuple[float, float]:
    """P(benefit) under another normal prior, from the draws of a refit, and Pareto k of the weights."""
    log_ratio = _log_normal(refit.effect, mean, sd) - _log_normal(
        refit.effect, refit.prior_mean, refit.prior_sd
    )
    weight, k = smoothed(log_ratio)
    return float(weight @ refit.better / weight.sum()), k


def surface(refits: Sequence[Refit], means: np.ndarray, sds: np.ndarray) -> Surface:
    """P(benefit) at every mean and SD, each from the refit nearest to it that is at least as wide.

    A narrower prior than asked for says nothing of the tails that a wider one has; without a wider refit the
    nearest one is taken, and its Pareto k tells.
    """
    found = [[_nearest_figures(refits, float(mean), float(sd)) for sd in sds] for mean in means]
    values = np.array(found)
    return Surface(means, sds, values[..., 0], values[..., 1])


def tipping_sd(found: Surface, probability: float) -> float | None:
    """The SD at which a prior centred at no effect just gives ``probability``; None where none does.

    Between points of the surface P(benefit) is taken as linear in log SD. Points that are not trusted are left
    out. Raises ValueError when the surface has no row at a mean of 0.
    """
    rows = np.flatnonzero(np.isclose(found.means, 0))
    if not rows.size:
        raise ValueError("the surface has no row with a prior mean of 0")
    ok = found.trusted[rows[0]]
    log_sd, p = np.log(found.sds[ok]), found.p_benefit[rows[0]][ok]
    above = p >= probability
    crossing = np.flatnonzero(~above[:-1] & above[1:])
    if not crossing.size:
        return None
    i = crossing[0]
    share = (probability - p[i]) / (p[i + 1] - p[i])
    return exp(log_sd[i] + share * (log_sd[i + 1] - log_sd[i]))


def _nearest_figures(refits: Sequence[Refit], mean: float, sd: float) -> tuple[float, float]:
    if not refits:
        return float("nan"), float("nan")
    wide = [refit for refit in refits if refit.prior_sd >= sd * 0.999] or refits
    nearest = sorted(wide, key=lambda refit: _distance(refit, mean, sd))[:2]
    return min((reweighted(refit, mean, sd) for refit in nearest), key=lambda row: row[1])


def _distance(refit: Refit, mean: float, sd: float) -> float:
    """How far two normal priors are apart: in means by the wider SD, and in log SD."""
    return abs(refit.prior_mean - mean) / max(refit.prior_sd, sd) + abs(log(refit.prior_sd / sd))


def _log_normal(x: np.ndarray, mean: float, sd: float) -> np.ndarray:
    return -0.5 * np.square((x - mean) / sd) - log(sd)
