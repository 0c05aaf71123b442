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
from functools import cache

import numpy as np

from mgbayes.comparison.answers import Answers, Method, wald
from mgbayes.comparison.bayesian import methods, usual_priors
from mgbayes.comparison.importance import Model, laplace
from mgbayes.comparison.tables import Floats
from mgbayes.comparison.times import Studies

LEVEL_PRIOR = (float(np.log(np.log(2))), 1.0)
SHAPE_PRIOR = (0.0, 0.5)
WIDE = 2.5
EXPECTED = 0.5
CUTS = (0.5, 1.0)


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
    level, log_sd, beta = np.moveaxis(theta, -1, 0)
    precision = np.exp(-log_sd)
    middle = np.stack([level + beta / 2, level - beta / 2], axis=-1) @ np.stack(studies.arms, axis=1)
    u = (studies.log_time[:, None] - middle) * precision[..., None]
    seen = studies.event[..., None]
    value = ((u * u) @ seen)[..., 0] / -2 - studies.event.sum(1)[:, None] * log_sd
    return value + (_log_survival(u) @ (1 - seen))[..., 0]


def cure(studies: Studies, theta: Floats) -> Floats:
    """At θ = (logit share, level, log k, β)."""
    ever, level, log_shape, beta = np.moveaxis(theta, -1, 0)
    shape = np.exp(log_shape)
    hazard = np.exp(level[..., None] + shape[..., None] * studies.log_time[:, None])
    value = studies.event.sum(1)[:, None] * (level + log_shape) + shape * studies.log_event_times[:, None]
    value = value - (hazard @ studies.event[..., None])[..., 0]
    gone = np.expm1(-hazard)
    for a, (events, arm) in enumerate(zip(studies.events, studies.arms, strict=True)):
        share = 1 / (1 + np.exp(-(ever + (a - 0.5) * beta)))
        censored = ((1 - studies.event) * arm)[..., None]
        value = (
            value + events[:, None] * np.log(share) + (np.log1p(share[..., None] * gone) @ censored)[..., 0]
        )
    return value


@cache
def _normal_table() -> tuple[Floats, Floats]:
    """log Φ(-u) at -40, -39.99, ..., and its rise to the next."""
    from scipy.special import log_ndtr

    value = log_ndtr(-np.linspace(-40.0, 40.0, 8001))
    return value[:-1], np.diff(value)


def _log_survival(u: Floats) -> Floats:
    """log Φ(-u), linear between steps of 0.01: to 1e-5."""
    value, rise = _normal_table()
    place = np.clip(100 * u + 4000, 0.0, 7999.999)
    below = place.astype(np.int32)
    place -= below
    place *= rise[below]
    return place + value[below]


WEIBULL = Model(weibull, (LEVEL_PRIOR[0], 0.0, 0.0), (LEVEL_PRIOR[1], SHAPE_PRIOR[1], WIDE))
MODELS: Mapping[str, tuple[str, Model]] = {
    "weibull": ("Bayesian Weibull", WEIBULL),
    "piecewise": (
        "Bayesian piecewise",
        Model(piecewise, (LEVEL_PRIOR[0], 0.0, 0.0, 0.0), (LEVEL_PRIOR[1], 0.7, 0.7, WIDE)),
    ),
    "lognormal": ("Bayesian log-normal", Model(lognormal, (0.0, 0.0, 0.0), (1.0, 0.5, WIDE))),
    "cure": ("Bayesian cure", Model(cure, (1.0, LEVEL_PRIOR[0], 0.0, 0.0), (1.5, 1.0, 0.5, WIDE))),
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
