r"""Posteriors of an effect in many simulated studies at once, by importance sampling given the effect.

A model is its log likelihood at parameters θ = (ν, β) and independent normal priors of θ, of which the last is the
effect β. Newton's method with finite differences finds the mode of every study under the effect's own prior and
under a narrow one. Both lie on the curve of the conditional modes of ν, so that between them, and along their
tangents beyond, ν given β is about normal with known mean and covariance. At nodes β_i, the same draws z_j of a
Student t of 5 degrees of freedom at Sobol points give the marginal likelihood

    L(β_i) = mean_j p(y, ν_ij) / q(ν_ij),   ν_ij = mean(β_i) + 1.2 factor(β_i) z_j,

whose logarithm is interpolated in between. Another prior of the effect multiplies it. The shape k of the tail of the
weights is estimated where fewer than half of the draws count (effective sample size): otherwise no few draws can
matter, and k is 0. Above 0.7 the weights give no answer.

Sources: Owen and Zhou (2000), JASA 95:135; Rue, Martino and Chopin (2009), JRSS B 71:319; Zhang and Stephens (2009),
Technometrics 51:316; Vehtari et al. (2024), JMLR 25:72.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mgbayes.comparison.answers import Answers
from mgbayes.comparison.tables import LEVEL, Floats
from mgbayes.models.priors import Prior
from mgbayes.robustness.reweighting import PARETO_K, log_density

NODES = 16
"""Of the effect."""
_BETWEEN = 8
"""Steps from one node to the next."""
_DF = 5.0
_NEWTON = 25
_STEP = 1e-3
_NEAR = 0.01
_SHORTER = np.array([1.0, 0.3])
_LEAST_CURVATURE = 0.02
_WIDER, _MUCH_WIDER, _WIDEST = 1.2, 1.6, 2.2
"""Proposals over curvature, so that tails of skewed posteriors are reached; where k is above _GOOD, the second."""
_MANY = 1024
_GOOD = 0.2
_ENOUGH = 0.5
"""Share of the draws that count."""
_AT_END, _AT_ONE = 1e-3, 0.2
"""Largest shares of the posterior."""
_REACH = 8.0
_REACH_OF_PRIOR = 5.5
"""How far nodes go, in SDs."""
_DEEPEST = 200.0
"""Below the largest log marginal likelihood nothing counts."""
_GRID = np.linspace(-60.0, 60.0, 24001)
_TOGETHER = 50
"""Studies that are worked on at a time: small enough for a processor's cache."""


@dataclass(frozen=True)
class Model:
    """``log_likelihood(studies, θ)`` at θ (study, draw, parameter); means and SDs of the priors, the effect's last.

    ``narrow``: SD of about the narrowest prior of the effect that it is asked for; ``draws``: of ν at each node, a
    power of two.
    """

    log_likelihood: Callable[[Any, Floats], Floats]
    means: tuple[float, ...]
    sds: tuple[float, ...]
    narrow: float = 0.3
    draws: int = 32

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


def log_ratio(prior: Prior, own: Prior) -> Callable[[Floats], Floats]:
    """Log ratio of two densities, from a table of its values; beyond the table, that at its end."""
    values = log_density(prior, _GRID) - log_density(own, _GRID)
    return lambda effect: np.interp(effect, _GRID, values)


@dataclass(frozen=True)
class Draws:
    """Values of the effect, the smallest first, and the log of what each is worth, (study, value).

    ``within``: weights of the draws at every so many of them, (study, node, draw), of sum one at each.
    """

    effect: Floats
    log_weight: Floats
    within: Floats | None = None

    def under(self, prior: Prior, own: Prior) -> Draws:
        """With another prior of the effect."""
        return replace(self, log_weight=self.log_weight + log_ratio(prior, own)(self.effect))

    @property
    def weight(self) -> Floats:
        """Of sum one, (study, value)."""
        weight = np.exp(self.log_weight - self.log_weight.max(1, keepdims=True))
        return weight / weight.sum(1, keepdims=True)

    def share_that_counts(self, weight: Floats) -> Floats:
        """Effective sample size over size, (study,); at nodes, the mean over the posterior of the effect."""
        if self.within is None:
            return 1 / (weight**2).sum(1) / weight.shape[1]
        return (_at_nodes(weight) / (self.within**2).mean(2)).sum(1) / self.within.shape[2] ** 2

    def pareto_k(self, weight: Floats) -> Floats:
        """The shape of the tail of all weights, (study,); 0 where enough of the draws count.

        Infinite where the posterior lies at an end of the values, or between two of them.
        """
        few = self.share_that_counts(weight) < _ENOUGH
        if self.within is None:
            return pareto_k(weight, few)
        missed = (weight[:, [0, -1]].max(1) > _AT_END) | (weight.max(1) > _AT_ONE)
        joint = (_at_nodes(weight)[..., None] * self.within).reshape(len(weight), -1)
        return np.where(missed, np.inf, pareto_k(joint, few))

    def answers(self) -> Answers:
        """P(effect > 0) as 2 min(P, 1 - P), median and central interval; none where the weights cannot be trusted."""
        weight = self.weight
        below = np.cumsum(weight, axis=1) - weight / 2
        above = 1 - np.clip(_interpolated(0.0, self.effect, below), 0.0, 1.0)
        k = self.pareto_k(weight)
        known = k <= PARETO_K
        at = (0.5, (1 - LEVEL) / 2, (1 + LEVEL) / 2)
        found = (
            2 * np.minimum(above, 1 - above),
            np.sign(above - 0.5),
            *(_interpolated(q, below, self.effect) for q in at),
        )
        p, side, middle, low, high = (np.where(known, values, np.nan) for values in found)
        return Answers(p, side, middle, low, high, k)


def _at_nodes(weight: Floats) -> Floats:
    """Weights of the nodes alone, of sum one, (study, node)."""
    weight = weight[:, ::_BETWEEN]
    return weight / weight.sum(1, keepdims=True)


@lru_cache(maxsize=4)
def posterior(studies: Any, model: Model) -> Draws:
    """Of the model's own priors; kept for the methods that share it."""
    found = _sampled(studies, model, _WIDER)
    k = _largest_k(found, model)
    poor = np.flatnonzero(k > _GOOD)
    if len(poor):
        again = _sampled(studies.rows(poor), model, _MUCH_WIDER)
        better = _largest_k(again, model) < k[poor]
        for old, new in zip(vars(found).values(), vars(again).values(), strict=True):
            old[poor[better]] = new[better]
    return found


def more_draws(studies: Any, model: Model) -> Draws:
    """The same from many draws of yet wider proposals, which takes 50 times as long."""
    return _sampled(studies, replace(model, draws=_MANY), _WIDEST)


def _largest_k(draws: Draws, model: Model) -> Floats:
    """Under the effect's own prior and a narrow one, (study,)."""
    narrow = Prior("normal", (model.means[-1], model.narrow), "about the narrowest")
    both = (draws, draws.under(narrow, model.effect_prior))
    return np.maximum(*(it.pareto_k(it.weight) for it in both))


def _sampled(studies: Any, model: Model, wider: float) -> Draws:
    starts = range(0, len(studies), _TOGETHER)
    parts = [_marginal(studies.rows(slice(start, start + _TOGETHER)), model, wider) for start in starts]
    return Draws(*map(np.concatenate, zip(*parts, strict=True)))


def _marginal(studies: Any, model: Model, wider: float) -> tuple[Floats, Floats, Floats]:
    """Values of the effect, log posterior density times spacing, and the weights of the draws at each node."""
    wide = laplace(studies, model)
    narrow = laplace(studies, replace(model, sds=(*model.sds[:-1], model.narrow)), start=wide[0])
    modes = _Conditional.of(*narrow), _Conditional.of(*wide)
    effect, spacing = _values(*modes, _REACH_OF_PRIOR * model.sds[-1])
    nodes = effect[:, ::_BETWEEN]
    centre, factor = _between(*modes, nodes)
    z, log_t = student_points(centre.shape[2], model.draws)
    nuisance = centre[:, :, None] + wider * z @ factor.swapaxes(2, 3)
    theta = np.concatenate([nuisance, np.broadcast_to(nodes[..., None, None], (*nuisance.shape[:3], 1))], 3)
    value = model.log_posterior(studies, theta.reshape(len(nodes), -1, theta.shape[3]))
    scale = np.log(np.diagonal(factor, axis1=2, axis2=3)).sum(2)
    log_weight = np.nan_to_num(value.reshape(theta.shape[:3]) - log_t + scale[..., None], nan=-np.inf)
    top = np.maximum(log_weight.max(2, keepdims=True), -1e300)
    within = np.exp(log_weight - top)
    total = within.sum(2, keepdims=True)
    log_marginal = (top + np.log(np.maximum(total, 1e-300)))[..., 0]
    log_marginal = np.maximum(log_marginal, log_marginal.max(1, keepdims=True) - _DEEPEST)
    return effect, log_marginal @ _interpolation() + np.log(spacing), within / np.maximum(total, 1e-300)


@dataclass(frozen=True)
class _Conditional:
    """About a mode: its ν and β, and of ν given β the slope of the mean and a factor of the covariance; SD of β."""

    nuisance: Floats
    effect: Floats
    slope: Floats
    factor: Floats
    sd: Floats

    @classmethod
    def of(cls, mode: Floats, factor: Floats) -> _Conditional:
        covariance = factor @ factor.swapaxes(1, 2)
        variance = covariance[:, -1:, -1]
        slope = covariance[:, :-1, -1] / variance
        rest = covariance[:, :-1, :-1] - slope[:, :, None] * covariance[:, None, :-1, -1]
        return cls(mode[:, :-1], mode[:, -1:], slope, np.linalg.cholesky(rest), np.sqrt(variance))

    def centre(self, effect: Floats) -> Floats:
        """The mean of ν at each value of the effect, (study, value, parameter)."""
        return self.nuisance[:, None] + self.slope[:, None] * (effect - self.effect)[..., None]


def _values(narrow: _Conditional, wide: _Conditional, reach: float) -> tuple[Floats, Floats]:
    """Values of the effect, (study, value), close about the narrow mode and ever farther beyond; their spacing."""
    low, high = (
        np.clip(side(*(it.effect + sign * _REACH * it.sd for it in (narrow, wide))), -reach, reach)
        for side, sign in ((np.minimum, -1), (np.maximum, 1))
    )
    first, last = (np.arcsinh((end - narrow.effect) / narrow.sd) for end in (low, high))
    at = first + (last - first) * np.linspace(0, 1, (NODES - 1) * _BETWEEN + 1)
    return narrow.effect + narrow.sd * np.sinh(at), (last - first) * narrow.sd * np.cosh(at)


def _between(narrow: _Conditional, wide: _Conditional, effect: Floats) -> tuple[Floats, Floats]:
    """Mean and factor of ν at each value of the effect: from one mode to the other, and as there beyond."""
    gap = wide.effect - narrow.effect
    share = np.clip((effect - narrow.effect) / np.where(np.abs(gap) < _NEAR, np.inf, gap), 0.0, 1.0)[
        ..., None
    ]
    centre = (1 - share) * narrow.centre(effect) + share * wide.centre(effect)
    share = share[..., None]
    return centre, (1 - share) * narrow.factor[:, None] + share * wide.factor[:, None]


@cache
def _interpolation() -> Floats:
    """Values at all steps from those at nodes, (node, step): piecewise cubic, with slopes from the neighbours."""
    from scipy.interpolate import CubicHermiteSpline

    each, nodes = np.eye(NODES), np.arange(NODES)
    steps = np.linspace(0, NODES - 1, (NODES - 1) * _BETWEEN + 1)
    found: Floats = CubicHermiteSpline(nodes, each, np.gradient(each, axis=0))(steps).T
    return found


def laplace(studies: Any, model: Model, start: Floats | None = None) -> tuple[Floats, Floats]:
    """The mode θ, (study, parameter), and a factor F of its covariance F Fᵀ, (study, parameter, parameter)."""
    theta = np.tile(np.array(model.means), (len(studies), 1)) if start is None else start.copy()
    factor = np.empty((*theta.shape, theta.shape[1]))
    moving = np.arange(len(theta))
    for _ in range(_NEWTON):
        step, factor[moving] = _newton(studies.rows(moving), model, theta[moving])
        theta[moving] += step
        moving = moving[np.abs(step).max(1) >= _NEAR]
        if not len(moving):
            break
    return theta, factor


def _newton(studies: Any, model: Model, theta: Floats) -> tuple[Floats, Floats]:
    """One step up, of at most one in any parameter, and a factor of the inverse of the curvature."""
    d = theta.shape[1]
    one, two = np.triu_indices(d, 1)
    unit = _STEP * np.eye(d)
    around = np.concatenate([np.zeros((1, d)), unit, -unit, unit[one] + unit[two]])
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
    tried = step[:, None] * _SHORTER[:, None]
    value = np.nan_to_num(model.log_posterior(studies, theta[:, None] + tried), nan=-np.inf)
    return tried[range(len(theta)), value.argmax(1)], factor


@cache
def student_points(d: int, size: int) -> tuple[Floats, Floats]:
    """Independent Student t values, (point, d), at scrambled Sobol points of a fixed seed; their log density."""
    from scipy.special import stdtrit
    from scipy.stats.qmc import Sobol

    z = stdtrit(_DF, Sobol(d, rng=np.random.default_rng(11)).random(size))
    return z, log_student(z)


def log_student(z: Floats) -> Floats:
    """Log density of independent Student t values, (..., d), up to a constant."""
    return -(_DF + 1) / 2 * np.log1p(z**2 / _DF).sum(-1)


def _interpolated(at: float, x: Floats, y: Floats) -> Floats:
    """y where x, which rises along each row, is so large, (study,)."""
    rows = np.arange(len(x))
    after = np.clip((x < at).sum(1), 1, x.shape[1] - 1)
    low, high = x[rows, after - 1], x[rows, after]
    share = np.clip((at - low) / np.maximum(high - low, 1e-300), 0.0, 1.0)
    found: Floats = y[rows, after - 1] * (1 - share) + y[rows, after] * share
    return found


def pareto_k(weight: Floats, few: NDArray[np.bool_]) -> Floats:
    """The shape of the tail of weights that sum to one, (study,), of those in which few count; else 0."""
    found = np.zeros(len(weight))
    if few.any():
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
