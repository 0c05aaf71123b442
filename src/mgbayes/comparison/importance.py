r"""Posteriors of many simulated studies at once, by importance sampling about the mode.

A model is its log likelihood at parameters θ and independent normal priors of θ, of which the last is the effect.
Newton's method with finite differences finds the mode of every study. Draws come from a Student t of 5 degrees of
freedom about it, in each coordinate, scaled by the curvature there, at Sobol points that serve all studies; each
counts by posterior over proposal density. Another prior of the effect multiplies the weights. Where the tail of the
weights has a Pareto shape k above 0.7, a study has no answer. The shape is estimated where fewer than half of the
draws count (effective sample size): otherwise no few draws can matter, and k is 0.

Sources: Owen and Zhou (2000), JASA 95:135; Zhang and Stephens (2009), Technometrics 51:316; Vehtari et al. (2024),
JMLR 25:72.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cache, lru_cache
from typing import Any

import numpy as np

from mgbayes.comparison.answers import Answers
from mgbayes.comparison.tables import LEVEL, Floats
from mgbayes.models.priors import Prior
from mgbayes.robustness.reweighting import PARETO_K, log_density

POINTS = 1024
_DF = 5.0
_NEWTON = 25
_STEP = 1e-3
_NEAR = 0.01
_LEAST_CURVATURE = 0.02
_WIDER = 1.3
"""Proposals over curvature: tails of skewed posteriors are reached."""
_GOOD = 0.5
_ADAPTED = 2
_LEAST_VARIANCE = 1e-6
_GRID = np.linspace(-60.0, 60.0, 24001)
_TOGETHER = 25
"""Studies whose draws are worked on at a time: small enough for a processor's cache."""


@dataclass(frozen=True)
class Model:
    """``log_likelihood(studies, θ)`` at θ (study, draw, parameter); means and SDs of the priors, the effect's last.

    ``of``: what the posterior is asked about, a function of θ; the last parameter where it is None. ``narrow``: SD of
    about the narrowest prior of the effect that draws are reweighted to.
    """

    log_likelihood: Callable[[Any, Floats], Floats]
    means: tuple[float, ...]
    sds: tuple[float, ...]
    of: Callable[[Floats], Floats] | None = None
    narrow: float = 0.3

    @property
    def effect_prior(self) -> Prior:
        """Of the last parameter."""
        return Prior("normal", (self.means[-1], self.sds[-1]), "the effect")

    def log_prior(self, theta: Floats) -> Floats:
        """Up to a constant, (study, draw)."""
        return -(((theta - np.array(self.means)) / np.array(self.sds)) ** 2).sum(-1) / 2

    def log_posterior(self, studies: Any, theta: Floats) -> Floats:
        """Up to a constant, (study, draw)."""
        return self.log_likelihood(studies, theta) + self.log_prior(theta)


@dataclass(frozen=True)
class Draws:
    """Draws of the effect, the smallest first, their log weights, (study, draw), and parameters, one axis more."""

    effect: Floats
    log_weight: Floats
    theta: Floats

    def under(self, prior: Prior, own: Prior) -> Draws:
        """With another prior of the effect."""
        ratio = log_density(prior, _GRID) - log_density(own, _GRID)
        return replace(self, log_weight=self.log_weight + np.interp(self.effect, _GRID, ratio))

    @property
    def weight(self) -> Floats:
        """Of sum one, (study, draw)."""
        weight = np.exp(self.log_weight - self.log_weight.max(1, keepdims=True))
        return weight / weight.sum(1, keepdims=True)

    def answers(self) -> Answers:
        """P(effect > 0) as 2 min(P, 1 - P), median and central interval; none where the weights cannot be trusted."""
        weight = self.weight
        above = np.clip((weight * (self.effect > 0)).sum(1), 0.0, 1.0)
        k = pareto_k(weight)
        known = k <= PARETO_K
        found = (
            2 * np.minimum(above, 1 - above),
            np.sign(above - 0.5),
            *quantiles(self.effect, weight, (0.5, (1 - LEVEL) / 2, (1 + LEVEL) / 2)),
        )
        p, side, middle, low, high = (np.where(known, values, np.nan) for values in found)
        return Answers(p, side, middle, low, high, k)


@dataclass(frozen=True)
class Proposal:
    """A mixture of Student t: centres (study, component, parameter), factors of covariances, one axis more."""

    centre: Floats
    factor: Floats

    @classmethod
    def of(cls, parts: list[Proposal]) -> Proposal:
        """All components of several."""
        return cls(
            *(np.concatenate([getattr(part, name) for part in parts], 1) for name in ("centre", "factor"))
        )

    def rows(self, rows: Any) -> Proposal:
        """Of some studies."""
        return Proposal(self.centre[rows], self.factor[rows])

    def draw(self, rows: slice) -> tuple[Floats, Floats]:
        """θ (study, draw, parameter), as many of each component, and the log density of the mixture there."""
        centre, factor = self.centre[rows], self.factor[rows]
        parts, d = centre.shape[1:]
        # Points of their own for each component: components may be alike.
        standard = np.resize(_points(d), (parts, -(-POINTS // parts), d))
        theta = centre[:, :, None] + standard @ factor.swapaxes(2, 3)
        theta = theta.reshape(len(centre), -1, d)[:, :POINTS]
        density = 0.0
        for c in range(parts):
            inverse = np.linalg.inv(factor[:, c])
            away = (theta - centre[:, c, None]) @ inverse.swapaxes(1, 2)
            log_t = -(_DF + 1) / 2 * np.log1p(away**2 / _DF).sum(-1)
            density = density + np.exp(log_t) * np.abs(np.linalg.det(inverse))[:, None]
        return theta, np.log(density)


@lru_cache(maxsize=4)
def posterior(studies: Any, model: Model) -> Draws:
    """Of the model's own priors; kept for the methods that share it.

    Proposals lie about the modes under the effect's own prior and under a narrow one. Where their weights cannot be
    trusted, others follow, with the mean and the covariance of the weighted draws.
    """
    narrow = replace(model, sds=(*model.sds[:-1], model.narrow))
    both = [laplace(studies, prior) for prior in (model, narrow)]
    proposal = Proposal.of([Proposal(mode[:, None], _WIDER * factor[:, None]) for mode, factor in both])
    found = _sampled(studies, model, proposal)
    for _ in range(_ADAPTED):
        weights = [found.weight, found.under(narrow.effect_prior, model.effect_prior).weight]
        poor = np.flatnonzero(np.maximum(*map(pareto_k, weights)) > _GOOD)
        if not len(poor):
            break
        parts = [proposal.rows(poor), *(_moments(found.theta[poor], weight[poor]) for weight in weights)]
        again = _sampled(studies.rows(poor), model, Proposal.of(parts))
        for old, new in zip(vars(found).values(), vars(again).values(), strict=True):
            old[poor] = new
    return found


def _moments(theta: Floats, weight: Floats) -> Proposal:
    """The mean and the covariance of weighted draws."""
    centre = (weight[..., None] * theta).sum(1)
    away = theta - centre[:, None]
    covariance = (weight[..., None] * away).swapaxes(1, 2) @ away + _LEAST_VARIANCE * np.eye(theta.shape[2])
    return Proposal(centre[:, None], _factor(covariance)[:, None])


def _sampled(studies: Any, model: Model, proposal: Proposal) -> Draws:
    parts = []
    for start in range(0, len(proposal.centre), _TOGETHER):
        rows = slice(start, start + _TOGETHER)
        theta, log_proposal = proposal.draw(rows)
        log_weight = model.log_posterior(studies.rows(rows), theta) - log_proposal
        parts.append(in_order(theta[..., -1] if model.of is None else model.of(theta), log_weight, theta))
    return Draws(*(np.concatenate([getattr(part, row.name) for part in parts]) for row in fields(Draws)))


def in_order(effect: Floats, log_weight: Floats, theta: Floats) -> Draws:
    """Draws by the size of the effect."""
    order = np.argsort(effect, axis=1)
    return Draws(
        np.take_along_axis(effect, order, 1),
        np.take_along_axis(np.where(np.isfinite(log_weight), log_weight, -1e300), order, 1),
        np.take_along_axis(theta, order[..., None], 1),
    )


def laplace(studies: Any, model: Model) -> tuple[Floats, Floats]:
    """The mode θ, (study, parameter), and a factor F of its covariance F Fᵀ, (study, parameter, parameter)."""
    d = len(model.means)
    one, two = np.triu_indices(d, 1)
    unit = _STEP * np.eye(d)
    around = np.concatenate([np.zeros((1, d)), unit, -unit, unit[one] + unit[two]])
    theta = np.tile(np.array(model.means), (len(studies), 1))
    for _ in range(_NEWTON):
        value = model.log_posterior(studies, theta[:, None] + around)
        top, up, down, both = np.split(value, [1, 1 + d, 1 + 2 * d], axis=1)
        slope = (up - down) / (2 * _STEP)
        precision = np.zeros((len(theta), d, d))
        mixed = -(both - up[:, one] - up[:, two] + top) / _STEP**2
        precision[:, one, two] = precision[:, two, one] = mixed
        precision[:, range(d), range(d)] = -(up + down - 2 * top) / _STEP**2
        length, axis = np.linalg.eigh(np.where(np.isfinite(precision), precision, 0.0))
        # Far from the top the curvature may turn.
        factor = axis / np.sqrt(np.maximum(np.abs(length), _LEAST_CURVATURE))[:, None]
        step = (factor @ (factor.swapaxes(1, 2) @ np.nan_to_num(slope)[..., None]))[..., 0]
        step = step / np.maximum(np.abs(step).max(1, keepdims=True), 1.0)
        theta = theta + step
        if np.abs(step).max() < _NEAR:
            break
    return theta, _factor(factor @ factor.swapaxes(1, 2))


@cache
def _points(d: int) -> Floats:
    """Independent Student t values, (point, d), at scrambled Sobol points of a fixed seed."""
    from scipy.special import stdtrit
    from scipy.stats.qmc import Sobol

    return stdtrit(_DF, Sobol(d, rng=np.random.default_rng(11)).random(POINTS))


def _factor(covariance: Floats) -> Floats:
    """F with F Fᵀ the covariance, of which the last coordinate alone moves the effect: its draws are even."""
    return np.linalg.cholesky(covariance[:, ::-1, ::-1])[:, ::-1, ::-1]


def quantiles(values: Floats, weight: Floats, at: tuple[float, ...]) -> list[Floats]:
    """Of values in their order with weights of sum one, (study, draw), between the middles of their steps."""
    below = np.cumsum(weight, axis=1) - weight / 2
    rows = np.arange(len(values))
    found = []
    for q in at:
        after = np.clip((below < q).sum(1), 1, values.shape[1] - 1)
        low, high = below[rows, after - 1], below[rows, after]
        share = np.clip((q - low) / np.maximum(high - low, 1e-300), 0.0, 1.0)
        found.append(values[rows, after - 1] * (1 - share) + values[rows, after] * share)
    return found


def pareto_k(weight: Floats) -> Floats:
    """The shape of the tail of weights that sum to one, (study,); 0 where half of the draws or more count."""
    found = np.zeros(len(weight))
    few = np.flatnonzero(1 / (weight**2).sum(1) < weight.shape[1] / 2)
    if len(few):
        size = int(np.ceil(min(weight.shape[1] / 5, 3 * np.sqrt(weight.shape[1]))))
        tail = np.sort(weight[few], axis=1)[:, -size - 1 :]
        found[few] = _generalized_pareto(tail[:, 1:] - tail[:, :1])
    return found


def _generalized_pareto(x: Floats) -> Floats:
    """The shape k of excesses in their order, (study, excess), with a weak prior of 0.5 worth ten of them."""
    n = x.shape[1]
    m = 30 + int(np.sqrt(n))
    scale = np.maximum(x, 1e-300)
    grid = 1 - np.sqrt(m / (np.arange(1, m + 1) - 0.5))
    b = grid / (3 * scale[:, int(n / 4 + 0.5) - 1, None]) + 1 / scale[:, -1:]
    k = np.log1p(-b[:, :, None] * x[:, None]).mean(2)
    with np.errstate(divide="ignore", invalid="ignore"):
        profile = n * (np.log(-b / k) - k - 1)
    profile = np.where(np.isfinite(profile), profile, -np.inf)
    density = np.exp(profile - profile.max(1, keepdims=True))
    at = (b * density).sum(1) / density.sum(1)
    found = np.log1p(-at[:, None] * x).mean(1)
    return np.where(np.isfinite(found), (n * found + 10 * 0.5) / (n + 10), np.inf)
