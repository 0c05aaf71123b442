"""Draws that a reader can reweight: of each main outcome the effect and the estimand, under every evidence.

A subset of the draws is stored, at even steps through the order of the estimand, so that its distribution under the
plan's own prior is that of all draws to one part in their number. Other priors reweight them (``reweighting.py``).
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

STORED = 4000


@dataclass(frozen=True)
class Evidence:
    """One analysis: the stored draws in the order of the estimand, and the prior of the effect in it."""

    fit: Fit
    effect: np.ndarray
    contrast: np.ndarray
    own: Prior


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
    order = np.argsort(contrast, kind="stable")
    size = min(STORED, order.size)
    picked = order[((np.arange(size) + 0.5) * order.size / size).astype(int)]
    return Evidence(fit, drawn[picked], contrast[picked], own)
