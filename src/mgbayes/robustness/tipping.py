r"""Reverse Bayes: the prior at which the conclusion just fails, over its mean and its SD.

P(benefit) under a normal prior of the effect, as a surface over the prior's mean and SD. The model is fitted again
on a coarse grid of priors π_k; the n_k draws x of all fits together serve any prior π, with weights

    w ∝ π(x) / Σ_k n_k π_k(x) / Z_k,   Z_k ∝ Σ_x π_k(x) / Σ_j n_j π_j(x) / Z_j,

Z_k, the marginal likelihood under π_k, solved for by iteration. Weights are smoothed by a Pareto tail whose shape k
is shown: above 0.7 the figure is not to be trusted.

Sources: Matthews (2001), J Stat Plan Inference 94:43; Held (2019), J R Stat Soc A 182:431; Vehtari et al. (2024),
JMLR 25:72 (Pareto k); Shirts and Chodera (2008), J Chem Phys 129:124105 (the weights).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np

from mgbayes.cache import Cache, content_key
from mgbayes.estimands.summary import better
from mgbayes.inference.run import Fitter
from mgbayes.models.plan import Plan, Sensitivity
from mgbayes.robustness.cell import STOPPED, cell_key, fault, steady_fit
from mgbayes.robustness.reference_priors import normal_prior
from mgbayes.robustness.reweighting import PARETO_K, smoothed
from mgbayes.robustness.settings import Setting
from mgbayes.robustness.tasks import Kind
from mgbayes.study.schema import Study

LEVELS = (0.95, 0.9, 0.8)
COARSE_SDS = (0.15, 0.35, 0.8, 2.0, 5.0)
FINE_MEANS, FINE_SDS = 13, 16
_POOLED = 2000  # draws of each fit
_STEPS, _TOLERANCE = 300, 1e-6


@dataclass(frozen=True)
class Refit:
    """Draws of the effect under one normal prior, and whether the contrast arm does better in each.

    Both are empty for a fit that failed.
    """

    prior_mean: float
    prior_sd: float
    effect: tuple[float, ...] = ()
    better: tuple[bool, ...] = ()


@dataclass(frozen=True)
class Surface:
    """P(benefit) and Pareto k, (M, S), over ascending prior ``means`` and ``sds``; nan where there is no fit."""

    means: np.ndarray
    sds: np.ndarray
    p_benefit: np.ndarray
    pareto_k: np.ndarray

    @property
    def trusted(self) -> np.ndarray:
        """Where the figure may be used, (M, S)."""
        return np.isfinite(self.p_benefit) & (self.pareto_k <= PARETO_K)


@dataclass(frozen=True)
class Tipping:
    """The surface of one estimand, and the SDs at which a skeptical prior tips the conclusion.

    ``sds`` holds (P(benefit), SD), None where no prior centred at no effect gives it; ``failed`` counts refits
    that failed their diagnostics and are left out. Means and SDs of priors are on the log scale of a ratio, or in the
    unit of a difference.
    """

    plan: str
    varied: Sensitivity
    surface: Surface
    sds: tuple[tuple[float, float | None], ...]
    refits: int
    failed: int


def tipping_settings(study: Study, plan: Plan, varied: Sensitivity) -> tuple[Setting, ...]:
    """The coarse grid: prior means at, against and without the expected effect, by SDs."""
    e, why = abs(varied.size), "A point of a surface."
    priors = [normal_prior("tipping", m, sd * varied.unit, why) for m in (-e, 0.0, e) for sd in COARSE_SDS]
    return tuple(Setting(study, plan, varied, prior, plan.family) for prior in priors)


def tipping(settings: Sequence[Setting], refits: Sequence[Refit]) -> Tipping:
    """The surface from its refits, in the order of the settings; those that failed are left out."""
    varied = settings[0].varied
    usable = [refit for refit in refits if refit.effect]
    means = np.linspace(-abs(varied.size), abs(varied.size), FINE_MEANS)
    prior_surface = surface(
        usable, means, varied.unit * np.geomspace(COARSE_SDS[0], COARSE_SDS[-1], FINE_SDS)
    )
    return Tipping(
        plan=settings[0].plan.id,
        varied=varied,
        surface=prior_surface,
        sds=tuple((level, tipping_sd(prior_surface, level)) for level in LEVELS),
        refits=len(refits),
        failed=len(refits) - len(usable),
    )


def surface(refits: Sequence[Refit], means: np.ndarray, sds: np.ndarray) -> Surface:
    """P(benefit) at every mean and SD, from the draws of all fits together; nan without a fit."""
    figures = np.full((len(means), len(sds), 2), np.nan)
    if refits:
        effect, better, log_mixture = _pooled(refits)
        for at in np.ndindex(figures.shape[:2]):
            prior = _log_normal(effect, float(means[at[0]]), float(sds[at[1]]))
            weight, k = smoothed(prior - log_mixture)
            figures[at] = weight @ better / weight.sum(), k
    return Surface(means, sds, figures[..., 0], figures[..., 1])


def tipping_sd(prior_surface: Surface, probability: float) -> float | None:
    """The SD at which a prior centred at no effect just gives ``probability``; None where none does.

    Between points of the surface P(benefit) is linear in log SD. Points that are not trusted are left
    out. Raises ValueError when the surface has no row at a mean of 0.
    """
    sd, p = _at_no_effect(prior_surface)
    crossing = np.flatnonzero((p[:-1] < probability) & (p[1:] >= probability))
    if not crossing.size:
        return None
    i = crossing[0]
    return exp(np.interp(probability, p[i : i + 2], np.log(sd[i : i + 2])))


def always_above(prior_surface: Surface, probability: float) -> bool:
    """Whether every prior centred at no effect gives ``probability`` or more. Raises ValueError as ``tipping_sd``."""
    _, p = _at_no_effect(prior_surface)
    return bool(p.size and (p >= probability).all())


def _at_no_effect(prior_surface: Surface) -> tuple[np.ndarray, np.ndarray]:
    """Prior SDs and P(benefit) of the trusted points with a prior mean of 0."""
    rows = np.flatnonzero(np.isclose(prior_surface.means, 0))
    if not rows.size:
        raise ValueError("the surface has no row with a prior mean of 0")
    ok = prior_surface.trusted[rows[0]]
    return prior_surface.sds[ok], prior_surface.p_benefit[rows[0]][ok]


def _pooled(refits: Sequence[Refit]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The draws of all fits: effect, whether better, and the log density of the mixture that they came from."""
    from scipy.special import logsumexp

    thinned = [(refit, slice(None, None, max(1, len(refit.effect) // _POOLED))) for refit in refits]
    effect, better = (
        np.concatenate([np.asarray(getattr(refit, name))[step] for refit, step in thinned])
        for name in ("effect", "better")
    )
    log_sizes = np.log([len(refit.effect[step]) for refit, step in thinned])
    priors = np.stack([_log_normal(effect, refit.prior_mean, refit.prior_sd) for refit in refits])
    log_z, moved = np.zeros(len(refits)), np.inf
    for _ in range(_STEPS):
        log_mixture = logsumexp(priors + (log_sizes - log_z)[:, None], axis=0)
        if moved < _TOLERANCE:
            break
        log_marginal = logsumexp(priors - log_mixture, axis=1)
        moved, log_z = np.abs(log_marginal - log_marginal[0] - log_z).max(), log_marginal - log_marginal[0]
    return effect, better, log_mixture


def _log_normal(x: np.ndarray, mean: float, sd: float) -> np.ndarray:
    return -0.5 * np.square((x - mean) / sd) - log(sd)


def _refit(fitter: Fitter, setting: Setting) -> Refit:
    """Draws under one prior; none where the fit failed."""
    prior = setting.reference_prior
    try:
        fit = steady_fit(fitter, setting.refit())
    except STOPPED:
        return Refit(prior.mean, prior.sd)
    if fault(fit):
        return Refit(prior.mean, prior.sd)
    (estimand,) = (row for row in fit.declared if row.id == setting.varied.estimand)
    benefit = better(fit.contrasts[estimand.id].to_numpy().ravel(), estimand, estimand.null)
    effect = fit.posterior[setting.varied.effect].to_numpy().ravel()
    return Refit(prior.mean, prior.sd, tuple(effect.tolist()), tuple(benefit.tolist()))


def _key(fitter: Fitter, setting: Setting) -> str:
    return content_key(("robustness/tipping.py",), (), {"cell": cell_key(fitter, setting)})


REFITS: Kind[Refit] = Kind(Cache("refits", Refit), _key, _refit)
