r"""Bayesian models of times to an event for many simulated studies: log likelihoods and priors.

Times are in medians of the reference arm; arm a lies at the level plus (a - ½) β, β > 0 where the contrast arm has
the event more or sooner. Seen at t, a patient adds log h(t) + log S(t), else log S(t):

- Weibull: h = e^(level ± β/2) k t^(k-1); level ~ Normal(log log 2, 1), log k ~ Normal(0, 0.5);
- piecewise: the hazard e^(level ± β/2) changes by factors e^u at 0.5 and at 1; u ~ Normal(0, 0.7);
- log-normal: log t ~ Normal(level ∓ β/2, σ), level ~ Normal(0, 1), log σ ~ Normal(0, 0.5);
- cure: a share logit⁻¹(level ± β/2), level ~ Normal(1, 1.5), ever has the event, at Weibull times alike in both arms.

β is a log hazard ratio, a log ratio of times (reference over contrast) or a log odds ratio. It is drawn under
Normal(0, 2.5), and reweighted to the named priors of the sensitivity analysis; the enthusiast's expects a ratio of ½.

Sources: as mgbayes.models.proportional_hazards and mgbayes.models.cure.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mgbayes.comparison.answers import Answers, Method, wald
from mgbayes.comparison.bayesian import methods, usual_priors
from mgbayes.comparison.importance import Model, laplace
from mgbayes.comparison.tables import Floats
from mgbayes.comparison.times import Studies

LEVEL_PRIOR = (float(np.log(np.log(2))), 1.0)
SHAPE_PRIOR = (0.0, 0.5)
EVER_PRIOR = (1.0, 1.5)
WIDE = 2.5
EXPECTED = 0.5
CUTS = (0.5, 1.0)
_BEFORE = -1000.0
_STEP = 3.5
"""Of the quadrature over the share, times the square root of the patients: about 1.2 SDs of its posterior."""


def weibull(studies: Studies, theta: Floats) -> Floats:
    """At θ = (level, log k, β), (study, draw, 3), up to a constant."""
    level, log_shape, beta = np.moveaxis(theta, -1, 0)
    shape = np.exp(log_shape)
    sums = np.exp(shape[..., None] * studies.log_time[:, None]) @ np.stack(studies.arms, axis=-1)
    value = studies.event.sum(1)[:, None] * log_shape + shape * studies.log_event_times[:, None]
    for a, events in enumerate(studies.events):
        at = level + (a - 0.5) * beta
        value = value + events[:, None] * at - np.exp(at) * sums[..., a]
    return value


def piecewise(studies: Studies, theta: Floats) -> Floats:
    """At θ = (level, u, u', β)."""
    level, first, second, beta = np.moveaxis(theta, -1, 0)
    value = np.zeros_like(level)
    for a, arm in enumerate(studies.arms):
        half = (a - 0.5) * beta
        for k, at in enumerate((level, level + first, level + first + second)):
            start, end = (0.0, *CUTS, np.inf)[k : k + 2]
            events = (studies.event * arm * (studies.time > start) * (studies.time <= end)).sum(1)
            exposure = (arm * (np.clip(studies.time, start, end) - start)).sum(1)
            value = value + events[:, None] * (at + half) - exposure[:, None] * np.exp(at + half)
    return value


def lognormal(studies: Studies, theta: Floats) -> Floats:
    """At θ = (level, log σ, β)."""
    from scipy.special import ndtr

    level, log_sd, beta = np.moveaxis(theta, -1, 0)
    precision = np.exp(-log_sd)
    value = -studies.event.sum(1)[:, None] * log_sd
    for a, arm in enumerate(studies.arms):
        middle, seen = level - (a - 0.5) * beta, studies.event * arm
        n, total, square = ((seen * studies.log_time**k).sum(1)[:, None] for k in range(3))
        value = value - (square - 2 * middle * total + n * middle**2) * precision**2 / 2
        u = (_censored(studies, arm)[:, None] - middle[..., None]) * precision[..., None]
        # A product over patients, since a logarithm of each takes longer.
        value = value + np.log(np.maximum(ndtr(-u).prod(-1), 1e-300))
    return value


def cure(studies: Studies, theta: Floats) -> Floats:
    """At θ = (level, log k, β), with the share that ever has the event integrated out."""
    level, log_shape, beta = np.moveaxis(theta, -1, 0)
    shape = np.exp(log_shape)
    value = studies.event.sum(1)[:, None] * (level + log_shape) + shape * studies.log_event_times[:, None]
    powers = np.exp(shape[..., None] * studies.log_time[:, None])
    value = value - np.exp(level) * (powers @ studies.event[..., None])[..., 0]
    mean, sd = EVER_PRIOR
    ever = np.arange(mean - 3 * sd, mean + 3 * sd, _STEP / np.sqrt(studies.time.shape[1]))
    likelihood = np.exp(-(((ever - mean) / sd) ** 2) / 2) * np.ones((*level.shape, 1))
    for a, (events, arm) in enumerate(zip(studies.events, studies.arms, strict=True)):
        share = 1 / (1 + np.exp(-ever - (a - 0.5) * beta[..., None]))
        likelihood *= share ** events[:, None, None]
        hazard = np.exp(level[..., None] + shape[..., None] * _censored(studies, arm)[:, None])
        factor = np.empty_like(share)  # in place: new arrays of this size take most of the time
        for gone in np.moveaxis(np.expm1(-hazard), -1, 0):
            np.multiply(share, gone[..., None], out=factor)
            factor += 1
            likelihood *= factor
    return value + np.log(likelihood.sum(-1))


def _censored(studies: Studies, arm: Floats) -> Floats:
    """Log times of an arm's patients without an event, (study, patient), filled up with a time before all others."""
    mine = (1 - studies.event) * arm > 0
    first = np.argsort(~mine, axis=1, kind="stable")[:, : int(mine.sum(1).max())]
    return np.take_along_axis(np.where(mine, studies.log_time, _BEFORE), first, 1)


WEIBULL = Model(weibull, (LEVEL_PRIOR[0], 0.0, 0.0), (LEVEL_PRIOR[1], SHAPE_PRIOR[1], WIDE))
MODELS: Mapping[str, tuple[str, Model]] = {
    "weibull": ("Bayesian Weibull", WEIBULL),
    "piecewise": (
        "Bayesian piecewise",
        Model(piecewise, (LEVEL_PRIOR[0], 0.0, 0.0, 0.0), (LEVEL_PRIOR[1], 0.7, 0.7, WIDE)),
    ),
    "lognormal": ("Bayesian log-normal", Model(lognormal, (0.0, 0.0, 0.0), (1.0, 0.5, WIDE))),
    "cure": ("Bayesian cure", Model(cure, WEIBULL.means, WEIBULL.sds, draws=64)),
}
_FLAT = Model(lognormal, (0.0, 0.0, 0.0), (1e4, 1e4, 1e4))


def lognormal_wald(studies: Studies) -> Answers:
    """Log-normal regression by maximum likelihood, Wald's test; needs an event in each arm."""
    mode, factor = laplace(studies, _FLAT)
    known = (studies.events[0] > 0) & (studies.events[1] > 0) & (studies.event.sum(1) > 2)
    found = wald(np.where(known, mode[:, -1], np.nan), np.sqrt((factor[:, -1] ** 2).sum(-1)))
    return Answers(found.p, found.side)


METHODS: Mapping[str, Method] = {
    "lognormal": Method("Log-normal regression (Wald)", lognormal_wald),
    **methods(MODELS, usual_priors(1.0, float(np.log(EXPECTED))), "weibull"),
}
