r"""The posterior of one study from what its paper prints: means, SDs, counts, and a p value.

The patients are imagined: of each arm many sets of patients are drawn that have the printed numbers, and

    L(θ) = Σ_ij w_i f(set i | θ) w_j f(set j | θ) [the test of sets i and j gives the printed p],

where i are sets of the reference and j of the contrast arm, and w their weights. Values of a printed mean and SD
come from directions (mgbayes.latent.mean_sd); those who had no event are followed for a time drawn from the
follow-up. Without a printed p the bracket is one. Sets are drawn again in proportion to what they are worth near the
mode, each weight divided by that. θ is sampled by importance about the modes of imagined cohorts.

Times have the Weibull model of mgbayes.comparison.bayesian_times. Measured outcomes are log-normal, in units in which
the typical one is 1: log y ~ Normal(level ± δ/2, σ), level ~ Normal(0, 1), log σ ~ Normal(log 0.7, 0.5),
δ ~ Normal(0, 0.7).

Sources: mgbayes.latent.mean_sd; Parmar, Torri and Stewart (1998), Stat Med 17:2815 (log hazard ratio from a p value).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.random import Generator

from mgbayes.comparison import bayesian_times, times, values
from mgbayes.comparison.importance import Draws, Model, laplace, log_student, student_points
from mgbayes.comparison.tables import Floats

SETS = 256
_POINTS = 1024
_DRAWN = 2048
_COHORTS = 4
_LOOKED_AT = 32
_WIDER = 1.5
_LEAST = 1e-12
FEWEST_PAIRS = 50
"""Pairs of sets with the printed p; of fewer, nothing can be said."""


@dataclass(frozen=True)
class Moments:
    """What is printed of one arm: how many values, their mean and SD; ``others`` have none, as they had no event."""

    n: int
    mean: float
    sd: float
    others: int = 0


@dataclass(frozen=True)
class Published:
    """Both arms, reference first; p between two bounds; first and last follow-up of times, None of outcomes."""

    arms: tuple[Moments, Moments]
    p: tuple[float, float] | None = None
    followed: tuple[float, float] | None = None
    horizon: float = 1.0


@dataclass(frozen=True)
class Sets:
    """Imagined patients of one arm: values, those who had none last, (set, patient); log weights (set,)."""

    value: Floats
    seen: int
    log_weight: Floats

    def rows(self, rows: Any) -> Sets:
        """Some of the sets."""
        return Sets(self.value[rows], self.seen, self.log_weight[rows])


@dataclass(frozen=True)
class Fitted:
    """The posterior, its θ (draw, parameter), and the sets with what each pair is worth: enough to draw cohorts."""

    draws: Draws
    theta: Floats
    sets: tuple[Sets, Sets]
    pairs: Floats
    published: Published
    model: Model

    def cohorts(self, rng: Generator, size: int) -> tuple[Any, Floats]:
        """Studies that have the printed numbers, from the posterior, and the θ of each."""
        chosen = rng.choice(self.draws.weight.shape[1], size, p=self.draws.weight[0])
        theta = self.theta[chosen]
        worth = [np.exp(_scaled(of_set(self.published, part, theta, a))) for a, part in enumerate(self.sets)]
        places = []
        for one, other in zip(*worth, strict=True):
            joint = (one[:, None] * self.pairs * other).ravel()
            places.append(rng.choice(joint.size, p=joint / joint.sum()))
        i, j = np.divmod(places, self.pairs.shape[1])
        return cohort(self.published, self.sets[0].rows(i), self.sets[1].rows(j)), theta


def fit(published: Published, rng: Generator) -> Fitted | None:
    """The posterior of one study; None where too few pairs of imagined sets have the printed p."""
    model = LOGNORMAL if published.followed is None else bayesian_times.WEIBULL
    pilot = [imagined(arm, published.followed, rng, _DRAWN) for arm in published.arms]
    some = [part.rows(rng.integers(_DRAWN, size=_COHORTS)) for part in pilot]
    mode, factor = laplace(cohort(published, *some), model)
    theta, log_proposal = _proposed(mode, factor)
    sets = (_worthy(published, pilot[0], theta, 0, rng), _worthy(published, pilot[1], theta, 1, rng))
    pairs = _agreeing(published, *sets)
    if pairs.sum() < FEWEST_PAIRS:
        return None
    one, other = (of_set(published, part, theta, a) for a, part in enumerate(sets))
    top = one.max(1) + other.max(1)
    with np.errstate(divide="ignore"):
        log_likelihood = top + np.log(((np.exp(_scaled(one)) @ pairs) * np.exp(_scaled(other))).sum(1))
    log_weight = log_likelihood + model.log_prior(theta) - log_proposal
    return Fitted(Draws(theta[None, :, -1], log_weight[None]), theta, sets, pairs, published, model)


def _proposed(modes: Floats, factors: Floats) -> tuple[Floats, Floats]:
    """θ (draw, parameter) in the order of the effect, as many about each mode, and the log density of all there."""
    parts, d = modes.shape
    # Points of their own for each mode: modes may be alike.
    z = student_points(d, _POINTS)[0].reshape(parts, -1, d)
    theta = np.concatenate(
        [mode + _WIDER * one @ factor.T for mode, factor, one in zip(modes, factors, z, strict=True)]
    )
    theta = theta[np.argsort(theta[:, -1])]
    away = np.einsum("cij,ctj->cti", np.linalg.inv(factors), theta - modes[:, None]) / _WIDER
    log_parts = log_student(away) - np.log(np.abs(np.linalg.det(factors)))[:, None]
    return theta, np.logaddexp.reduce(log_parts)


def imagined(arm: Moments, followed: tuple[float, float] | None, rng: Generator, size: int) -> Sets:
    """Sets of patients with the printed numbers; those without an event are followed evenly over the follow-up."""
    z = rng.standard_normal((size, arm.n))
    value, log_weight = _with_moments(z, arm.mean, arm.sd)
    if followed is not None:
        first, last = followed
        # An event was seen: its patient was followed for longer.
        width = max(last - first, _LEAST)
        share = np.clip((last - value) / width, 0.0, 1.0)
        with np.errstate(divide="ignore"):
            log_weight = log_weight + np.log(share).sum(1)
        value = np.concatenate([value, rng.uniform(first, last, (size, arm.others))], axis=1)
    return Sets(np.maximum(value, _LEAST), arm.n, np.where(np.isfinite(log_weight), log_weight, -1e300))


def _with_moments(z: Floats, mean: float, sd: float) -> tuple[Floats, Floats]:
    """Values of this mean and SD in the direction of each row of z, and their log weights."""
    n = z.shape[1]
    if n < 2:
        return np.full_like(z, mean), np.zeros(len(z))
    away = z - z.mean(1, keepdims=True)
    # Directions alone: the length of z is the same for all.
    away = away * np.sqrt(2 / (away**2).sum(1, keepdims=True))
    full = np.ones(len(z))
    value, log_weight = _constrained()(away, np.ones_like(z), mean * full, sd * full)
    return value, log_weight


@cache
def _constrained() -> Callable[..., tuple[Floats, Floats]]:
    import pytensor
    import pytensor.tensor as pt

    from mgbayes.latent.mean_sd import constrained

    given = [pt.dmatrix(), pt.dmatrix(), pt.dvector(), pt.dvector()]
    latent = constrained(*given)
    function: Callable[..., tuple[Floats, Floats]] = pytensor.function(
        given, [latent.values, latent.log_weight]
    )
    return function


def of_set(published: Published, sets: Sets, theta: Floats, arm: int) -> Floats:
    """Log of weight times likelihood of each set at each θ (draw, parameter), (draw, set)."""
    level, log_scale, effect = (column[:, None] for column in theta.T)
    at, logs = level + (arm - 0.5) * effect, np.log(sets.value)
    total, d = logs[:, : sets.seen].sum(1), sets.seen
    if published.followed is None:
        squares = (logs**2).sum(1) - 2 * at * total + d * at**2
        return sets.log_weight - total - d * log_scale - squares / 2 * np.exp(-2 * log_scale)
    shape = np.exp(log_scale)
    # A draw at a time: sets and patients fill the processor's cache.
    with np.errstate(over="ignore"):  # so steep a hazard that the likelihood is zero
        sums = np.exp(at) * np.stack([np.exp(k * logs).sum(1) for k in shape[:, 0]])
    return sets.log_weight + d * (at + log_scale) + (shape - 1) * total - sums


def log_normal(studies: values.Studies, theta: Floats) -> Floats:
    """The model of measured outcomes on patients, at θ = (level, log σ, δ), (study, draw, 3)."""
    level, log_sd, effect = np.moveaxis(theta, -1, 0)
    value = np.zeros_like(level)
    for a, outcomes in enumerate(studies.arms):
        at, logs = level + (a - 0.5) * effect, np.log(outcomes)
        n, total, square = outcomes.shape[1], logs.sum(1)[:, None], (logs**2).sum(1)[:, None]
        value = value - n * log_sd - (square - 2 * at * total + n * at**2) / 2 * np.exp(-2 * log_sd)
    return value


LOGNORMAL = Model(log_normal, (0.0, float(np.log(0.7)), 0.0), (1.0, 0.5, 0.7), draws=64)


def printed(p: float) -> tuple[float, float]:
    """The p values that are printed like this one: two decimals, three below 0.01, or below 0.001."""
    if p < 0.001:
        return 0.0, 0.001
    decimals = 3 if p < 0.01 else 2
    half = 0.5 * 10.0**-decimals
    return round(p, decimals) - half, round(p, decimals) + half


def _worthy(published: Published, sets: Sets, theta: Floats, arm: int, rng: Generator) -> Sets:
    """Sets drawn again in proportion to their mean worth at some of the θ, by which their weights are divided."""
    worth = _scaled(of_set(published, sets, theta[:: len(theta) // _LOOKED_AT], arm))
    log_mean = np.log(np.maximum(np.exp(worth - worth.max()).mean(0), 1e-300))
    share = np.exp(log_mean) / np.exp(log_mean).sum()
    steps = (np.arange(SETS) + rng.uniform()) / SETS
    chosen = np.minimum(np.searchsorted(np.cumsum(share), steps), len(share) - 1)
    found = sets.rows(chosen)
    return Sets(found.value, found.seen, found.log_weight - log_mean[chosen])


def _scaled(log_values: Floats) -> Floats:
    """Without a scale where all are minus infinity."""
    most = log_values.max(1, keepdims=True)
    return log_values - np.where(np.isfinite(most), most, 0.0)


def _agreeing(published: Published, one: Sets, other: Sets) -> Floats:
    """One for each pair of sets whose test gives the printed p, (set, set)."""
    if published.p is None:
        return np.ones((SETS, SETS))
    i, j = np.divmod(np.arange(SETS**2), SETS)
    low, high = published.p
    test = values.mann_whitney if published.followed is None else times.log_rank
    p = test(cohort(published, one.rows(i), other.rows(j))).p
    return ((low <= p) & (p <= high)).reshape(SETS, SETS).astype(float)


def cohort(published: Published, one: Sets, other: Sets) -> Any:
    """Studies of the patients of sets, one of each arm."""
    value = np.concatenate([one.value, other.value], axis=1)
    m = one.value.shape[1]
    if published.followed is None:
        return values.Studies(np.zeros_like(value), value, m)
    event = np.concatenate([np.arange(part.value.shape[1]) < part.seen for part in (one, other)])
    return times.Studies.of(value, np.broadcast_to(event, value.shape), m, published.horizon)
