r"""Bayesian models of a measured outcome for many simulated studies: log likelihoods and priors.

Outcomes and baselines are first standardized by the mean and the SD of both arms together; arm a lies at the level
plus (a - ½) δ.

- normal: SD of each arm; level ~ Normal(0, 1), log SD ~ Normal(0, 0.7);
- analysis of covariance: y = level ± δ/2 + c baseline + error, one SD, c ~ Normal(0, 0.7);
- share at zero (of outcomes that are never negative): zero with a share of logit ± ζ/2, logit ~ Normal(-1, 1.5),
  ζ ~ Normal(0, 1), else log-normal with level ± δ/2 and one SD, δ ~ Normal(0, 1). Its effect is the log ratio of
  means, ρ = δ + log (1 - share₁) / (1 - share₀).

δ is drawn under Normal(0, 2) and reweighted to the named priors of the sensitivity analysis in units of √3 / π SDs;
the usual one is Normal(0, 1), the enthusiast expects half of the odds.

Sources: as mgbayes.models.continuous.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mgbayes.comparison.answers import Answers, Method
from mgbayes.comparison.bayesian import methods, under, usual_priors
from mgbayes.comparison.importance import Model
from mgbayes.comparison.tables import Floats
from mgbayes.comparison.values import Studies

UNIT = float(np.sqrt(3) / np.pi)
"""SDs that are worth one log odds."""
EXPECTED = 0.5
WIDE = 2.0
_NARROW = 0.15


def normal(studies: Studies, theta: Floats) -> Floats:
    """At θ = (level, log SD, log SD, δ), (study, draw, 4); means and SDs are sufficient."""
    level, *log_sds, effect = np.moveaxis(theta, -1, 0)
    centre, scale = _standard(studies.value)
    value = np.zeros_like(level)
    for a, (n, log_sd) in enumerate(zip((studies.m, studies.n), log_sds, strict=True)):
        mean = ((studies.means[a] - centre) / scale)[:, None]
        variance = (studies.variances[a] / scale**2)[:, None]
        squares = (n - 1) * variance + n * (mean - level - (a - 0.5) * effect) ** 2
        value = value - n * log_sd - squares / 2 * np.exp(-2 * log_sd)
    return value


def covariance(studies: Studies, theta: Floats) -> Floats:
    """At θ = (level, c, log SD, δ)."""
    level, slope, log_sd, effect = np.moveaxis(theta, -1, 0)
    y, x = _standardized(studies.value), _standardized(studies.baseline)
    squares = np.zeros_like(level)
    for a, arm in enumerate((slice(None, studies.m), slice(studies.m, None))):
        own = level + (a - 0.5) * effect
        n = y[:, arm].shape[1]
        yy, xx, xy = ((u[:, arm] * v[:, arm]).sum(1)[:, None] for u, v in ((y, y), (x, x), (x, y)))
        sy, sx = y[:, arm].sum(1)[:, None], x[:, arm].sum(1)[:, None]
        squares = (
            squares + yy - 2 * own * sy - 2 * slope * xy + n * own**2 + 2 * own * slope * sx + slope**2 * xx
        )
    return -y.shape[1] * log_sd - squares / 2 * np.exp(-2 * log_sd)


def share_at_zero(studies: Studies, theta: Floats) -> Floats:
    """At θ = (logit share, ζ, level, log SD, ρ), with the prior of δ in place of that of ρ."""
    logit, other, level, log_sd, ratio = np.moveaxis(theta, -1, 0)
    effect = ratio - np.logaddexp(0.0, logit - other / 2) + np.logaddexp(0.0, logit + other / 2)
    value = (ratio / WIDE) ** 2 / 2 - effect**2 / 2
    scale = np.maximum(studies.value.mean(1), 1e-300)
    for a, outcomes in enumerate(studies.arms):
        above = outcomes > 0
        logs = np.where(above, np.log(np.where(above, outcomes, 1.0) / scale[:, None]), 0.0)
        n, total, square = (x.sum(1)[:, None] for x in (above, logs, logs**2))
        at, own = logit + (a - 0.5) * other, level + (a - 0.5) * effect
        value = value + (outcomes.shape[1] - n) * at - outcomes.shape[1] * np.logaddexp(0.0, at)
        squares = square - 2 * own * total + n * own**2
        value = value - n * log_sd - squares / 2 * np.exp(-2 * log_sd)
    return value


def _standard(values: Floats) -> tuple[Floats, Floats]:
    """Mean and SD of each study's patients, (study,)."""
    return values.mean(1), np.maximum(values.std(1, ddof=1), 1e-300)


def _sd(studies: Studies) -> Floats:
    return _standard(studies.value)[1]


def _standardized(values: Floats) -> Floats:
    centre, scale = _standard(values)
    return (values - centre[:, None]) / scale[:, None]


_ZEROS, _SDS = (0.0,) * 4, (1.0, 0.7, 0.7, WIDE)
MODELS: Mapping[str, tuple[str, Model]] = {
    "normal": ("Bayesian normal", Model(normal, _ZEROS, _SDS, _NARROW, draws=64)),
    "covariance": ("Bayesian covariance", Model(covariance, _ZEROS, _SDS, _NARROW)),
}
SHARE_AT_ZERO = Model(share_at_zero, (-1.0, 0.0, 0.0, 0.0, 0.0), (1.5, 1.0, 1.0, 0.7, WIDE), draws=64)


def zeros(studies: Studies) -> Answers:
    """The model with a share at zero; none where a value is below zero or all are zero."""
    possible = (studies.value >= 0).all(1) & (studies.value > 0).any(1)
    p, side, k = np.full((3, len(possible)), np.nan)
    if possible.any():
        found = under(SHARE_AT_ZERO, SHARE_AT_ZERO.effect_prior, None, studies.rows(possible))
        p[possible], side[possible], k[possible] = found.p, found.side, found.pareto_k
    return Answers(p, side, pareto_k=k)


METHODS: Mapping[str, Method] = {
    **methods(MODELS, usual_priors(1.0, float(np.log(EXPECTED)) * UNIT, UNIT), "normal", _sd),
    "bayesian_share_at_zero": Method("Bayesian, share at zero", zeros, bayesian=True),
}
