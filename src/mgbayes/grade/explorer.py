"""Draws that a reader can reweight: of each main outcome the effect and the estimand, under every evidence.

A subset of the draws is stored, chosen so that the effect has its smooth posterior (``robustness.effect_likelihood``)
in even steps; each comes with its estimand. Where the sampler's slopes do not tell that posterior, the subset lies at
even steps through the order of the estimand, so that its distribution is that of all draws. Other priors reweight it
(``reweighting.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.summary import better
from mgbayes.grade.findings import Finding
from mgbayes.inference.fit import Fit
from mgbayes.models.plan import Sensitivity
from mgbayes.models.priors import Prior
from mgbayes.robustness.effect_likelihood import quantiles, slopes
from mgbayes.robustness.reference_priors import ReferencePrior, reference_priors, user_priors
from mgbayes.robustness.reweighting import log_density

STORED = 4000


@dataclass(frozen=True)
class Evidence:
    """One analysis: the stored draws in the order of the estimand, and the prior of the effect in it.

    ``error`` is the largest Monte Carlo error of P(benefit) under the named priors where the stored effects follow a
    smooth posterior, and None where they are as they were drawn, with the error that the weights tell.
    """

    fit: Fit
    effect: np.ndarray
    contrast: np.ndarray
    own: Prior
    error: float | None = None


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
    fitted = [
        (fit, own)
        for fit in fits
        if fit.plan.id == row.plan.id and estimand in {known.id for known in fit.estimands}
        if (own := fit.effect_prior(varied.effect))
    ]
    if fitted:
        named = (*reference_priors(fitted[0][1], varied), *user_priors(varied))
        stored = (_stored(fit, varied.effect, own, row.summary.estimand, named) for fit, own in fitted)
        yield Explorable(row, varied, tuple(stored), named)


def _stored(
    fit: Fit, effect: str, own: Prior, estimand: Estimand, named: Sequence[ReferencePrior]
) -> Evidence:
    drawn, contrast = (
        values.transpose("chain", "draw").to_numpy()
        for values in (fit.posterior[effect], fit.contrasts[estimand.id])
    )
    slope = slopes(fit, effect, own)
    if slope is None:
        picked = np.argsort(contrast, axis=None, kind="stable")[_even(contrast.size)]
        return Evidence(fit, drawn.ravel()[picked], contrast.ravel()[picked], own)
    batches = [
        _smooth(drawn[chain, half], contrast[chain, half], slope[chain, half], own)
        for chain in range(len(drawn))
        for half in np.array_split(np.arange(drawn.shape[1]), 2)
    ]
    chances = [[_benefit(*batch, own, prior, estimand) for prior in named] for batch in batches]
    error = np.std(chances, axis=0, ddof=1).max() / len(batches) ** 0.5
    return Evidence(fit, *_smooth(drawn.ravel(), contrast.ravel(), slope.ravel(), own), own, float(error))


def _even(draws: int) -> np.ndarray:
    """Positions at even steps through so many, at most ``STORED`` of them."""
    size = min(STORED, draws)
    return ((np.arange(size) + 0.5) / size * draws).astype(int)


def _smooth(
    drawn: np.ndarray, contrast: np.ndarray, slope: np.ndarray, own: Prior
) -> tuple[np.ndarray, np.ndarray]:
    """Effects at even steps through their smooth posterior, each with the estimand of the draw nearest to it."""
    size = min(STORED, drawn.size)
    effect = quantiles(drawn, slope, own, (np.arange(size) + 0.5) / size)
    if np.allclose(np.exp(drawn), contrast):  # the estimand is a function of the effect alone
        return effect, np.exp(effect)
    order = np.argsort(drawn, kind="stable")
    nearest = order[np.searchsorted((drawn[order][:-1] + drawn[order][1:]) / 2, effect)]
    by_estimand = np.argsort(contrast[nearest], kind="stable")
    return drawn[nearest][by_estimand], contrast[nearest][by_estimand]


def _benefit(
    effect: np.ndarray, contrast: np.ndarray, own: Prior, prior: ReferencePrior, estimand: Estimand
) -> float:
    log_ratio = log_density(prior.prior, effect) - log_density(own, effect)
    weight = np.exp(log_ratio - log_ratio.max())
    return float(weight @ better(contrast, estimand, estimand.null) / weight.sum())
