"""Draws that a reader can reweight: of each main outcome the effect and the estimand, under every evidence.

A subset of the draws is stored, at even steps through the order of the estimand, so that its distribution under the
plan's own prior is that of all draws to one part in their number. Other priors reweight them (``reweighting.py``).
Where a model gives the likelihood of the effect itself (``effect_likelihood``), points of the exact posterior at the
same steps are stored in place of draws, and no Monte Carlo error is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mgbayes.grade.findings import Finding
from mgbayes.inference.fit import Fit
from mgbayes.models.plan import Sensitivity
from mgbayes.models.priors import Prior
from mgbayes.robustness.reference_priors import ReferencePrior, reference_priors, user_priors
from mgbayes.robustness.reweighting import log_density

STORED = 4000


@dataclass(frozen=True)
class Evidence:
    """One analysis: the stored draws in the order of the estimand, and the prior of the effect in it.

    ``exact``: they are quantiles of the exact posterior.
    """

    fit: Fit
    effect: np.ndarray
    contrast: np.ndarray
    own: Prior
    exact: bool = False


@dataclass(frozen=True)
class Explorable:
    """A finding whose effect has a prior that can be moved, the evidence to choose from, and the named priors."""

    finding: Finding
    varied: Sensitivity
    evidence: tuple[Evidence, ...]
    priors: tuple[ReferencePrior, ...]


def explorables(findings: Sequence[Finding], fits: Sequence[Fit]) -> tuple[Explorable, ...]:
    """Every main finding that the plan names an effect for, in each analysis in which that has a prior of its own."""
    return tuple(found for row in findings if row.main for found in _of(row, fits))


def _of(row: Finding, fits: Sequence[Fit]) -> Iterator[Explorable]:
    varied, estimand = row.plan.varied(row.summary.estimand.id), row.summary.estimand.id
    if varied is None:
        return
    evidence = tuple(
        _stored(fit, varied.effect, own, estimand)
        for fit in fits
        if fit.plan.id == row.plan.id and estimand in {known.id for known in fit.estimands}
        if (own := fit.effect_prior(varied.effect))
    )
    if evidence:
        own = evidence[0].own
        yield Explorable(row, varied, evidence, (*reference_priors(own, varied), *user_priors(varied)))


def _stored(fit: Fit, effect: str, own: Prior, estimand: str) -> Evidence:
    drawn = fit.posterior[effect].transpose("chain", "draw").to_numpy().ravel()
    contrast = fit.contrasts[estimand].transpose("chain", "draw").to_numpy().ravel()
    size = min(STORED, contrast.size)
    steps = (np.arange(size) + 0.5) / size
    if np.allclose(np.exp(drawn), contrast) and (points := _quantiles(fit, effect, own, steps)) is not None:
        return Evidence(fit, points, np.exp(points), own, exact=True)
    picked = np.argsort(contrast, kind="stable")[(steps * contrast.size).astype(int)]
    return Evidence(fit, drawn[picked], contrast[picked], own)


def _quantiles(fit: Fit, effect: str, own: Prior, steps: np.ndarray) -> np.ndarray | None:
    """Quantiles of the exact posterior of an effect; None where its model gives no likelihood of it.

    The grid has 9 SDs to each side of the draws, in steps of 0.01 SD.
    """
    of_model = getattr(fit.module, "effect_likelihood", None)
    if of_model is None or fit.agreement:
        return None
    drawn = fit.posterior[effect].to_numpy()
    grid = drawn.mean() + drawn.std() * np.linspace(-9, 9, 1801)
    likelihood = of_model(fit.posterior, fit.data, fit.family, fit.priors, effect, grid)
    if likelihood is None:
        return None
    log_mass = likelihood + log_density(own, grid)
    below = np.cumsum(np.exp(log_mass - log_mass.max()))
    return np.interp(steps * below[-1], below[:-1], (grid[:-1] + grid[1:]) / 2)
