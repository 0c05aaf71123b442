r"""Bayesian Weibull regression of many simulated studies at once, by importance sampling about the mode.

Hazards e^(a ± β / 2) k t^(k-1), a ~ Normal(log log 2, 1), log k ~ Normal(0, 0.5), with times in medians of the
reference arm, and a normal prior of the log hazard ratio β. Draws come from a Student t of 5 degrees of freedom about
the mode, scaled by the curvature there, at Sobol points that serve all studies. A study of which fewer than a tenth
of the draws count (effective sample size) has no answer.

Source: Owen and Zhou (2000), JASA 95:135.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from mgbayes.comparison.answers import Answers
from mgbayes.comparison.tables import LEVEL, Floats
from mgbayes.comparison.times import Studies

LEVEL_PRIOR = (float(np.log(np.log(2))), 1.0)
SHAPE_PRIOR = (0.0, 0.5)
LEAST_SHARE = 0.1
_POINTS = 1024
_DF = 5.0
_STEPS = 30
_SIDES = (-0.5, 0.5)
_TOGETHER = 200
"""Studies whose draws are in memory at a time."""


def bayesian_weibull(mean: float, sd: float) -> Callable[[Studies], Answers]:
    """P(β > 0) and the central 95 % interval under β ~ Normal(mean, sd); 2 min(P, 1 - P) stands for p."""
    priors = Priors(mean, sd)

    def answers(studies: Studies) -> Answers:
        parts = [_answers(part, priors) for part in studies.parts(_TOGETHER)]
        return Answers(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    return answers


@dataclass(frozen=True)
class Priors:
    """Normal priors of a, log k and β."""

    mean: float
    sd: float

    @property
    def centre(self) -> Floats:
        """Means, (3,)."""
        return np.array([LEVEL_PRIOR[0], SHAPE_PRIOR[0], self.mean])

    @property
    def precision(self) -> Floats:
        """One over the variances, (3, 3)."""
        return np.diag([1 / LEVEL_PRIOR[1] ** 2, 1 / SHAPE_PRIOR[1] ** 2, 1 / self.sd**2])

    def log_density(self, theta: Floats) -> Floats:
        """Up to a constant, of (..., 3)."""
        return -(((theta - self.centre) ** 2) @ np.diag(self.precision)) / 2


def _answers(studies: Studies, priors: Priors) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """p, side, median and limits of each study."""
    mode, precision = _mode(studies, priors)
    factor = np.linalg.inv(np.linalg.cholesky(precision)).swapaxes(1, 2)
    standard = _points()
    theta = mode[:, None] + np.einsum("rij,sj->rsi", factor, standard)
    log_weight = _log_likelihood(studies, theta) + priors.log_density(theta)
    log_weight = log_weight + (_DF + 3) / 2 * np.log1p((standard**2).sum(1) / _DF)
    weight = np.exp(log_weight - log_weight.max(1, keepdims=True))
    weight = weight / weight.sum(1, keepdims=True)
    beta, enough = theta[..., 2], 1 / (weight**2).sum(1) >= LEAST_SHARE * _POINTS
    above = (weight * (beta > 0)).sum(1)
    found = (
        2 * np.minimum(above, 1 - above),
        np.sign(above - 0.5),
        *_quantiles(beta, weight, (0.5, (1 - LEVEL) / 2, (1 + LEVEL) / 2)),
    )
    p, side, middle, low, high = (np.where(enough, values, np.nan) for values in found)
    return p, side, middle, low, high


@cache
def _points() -> Floats:
    """Student t draws, (point, 3), at scrambled Sobol points of a fixed seed."""
    from scipy.special import chdtri, ndtri
    from scipy.stats.qmc import Sobol

    uniform = Sobol(4, rng=np.random.default_rng(11)).random(_POINTS)
    return ndtri(uniform[:, :3]) / np.sqrt(chdtri(_DF, uniform[:, 3:]) / _DF)


def _log_likelihood(studies: Studies, theta: Floats) -> Floats:
    """At θ = (a, log k, β), (study, draw, 3), up to a constant."""
    a, log_shape, beta = np.moveaxis(theta, -1, 0)
    shape, log_time = np.exp(log_shape), np.log(studies.time)
    powers = np.exp(shape[..., None] * log_time[:, None])
    total = studies.event.sum(1)[:, None]
    value = total * log_shape + (shape - 1) * (studies.event * log_time).sum(1)[:, None]
    for side, events, arm in zip(
        _SIDES, studies.events, (1 - studies.contrast, studies.contrast), strict=True
    ):
        level = a + side * beta
        value = value + events[:, None] * level - np.exp(level) * np.einsum("rsn,rn->rs", powers, arm)
    return value


def _mode(studies: Studies, priors: Priors) -> tuple[Floats, Floats]:
    """θ at the top, (study, 3), and the curvature there with its sign turned, (study, 3, 3)."""
    log_time, logs = np.log(studies.time), (studies.event * np.log(studies.time)).sum(1)
    arms, total = (1 - studies.contrast, studies.contrast), studies.event.sum(1)
    prior_precision, centre = priors.precision, priors.centre
    theta = np.tile(centre, (len(total), 1))
    precision = np.tile(prior_precision, (len(total), 1, 1))
    for _ in range(_STEPS):
        a, log_shape, beta = theta.T
        shape = np.exp(log_shape)
        powers = np.exp(shape[:, None] * log_time)
        slope = -(theta - centre) @ prior_precision
        slope[:, 1] += total + shape * logs
        precision = np.tile(prior_precision, (len(total), 1, 1))
        precision[:, 1, 1] -= shape * logs
        for side, events, arm in zip(_SIDES, studies.events, arms, strict=True):
            sums = [(arm * powers * log_time**order).sum(1) for order in (0, 1, 2)]
            rate = np.exp(a + side * beta)
            due, first, second = rate * sums[0], rate * shape * sums[1], rate * shape**2 * sums[2]
            along = np.array([1.0, 0.0, side])
            slope += (events - due)[:, None] * along
            slope[:, 1] -= first
            precision += due[:, None, None] * np.outer(along, along)
            precision[:, 1, 1] += first + second
            precision[:, (0, 2), 1] += first[:, None] * along[[0, 2]]
            precision[:, 1, (0, 2)] += first[:, None] * along[[0, 2]]
        # Far from the top the curvature may turn: never less than the prior's.
        precision[:, 1, 1] = np.maximum(precision[:, 1, 1], prior_precision[1, 1])
        step = np.linalg.solve(precision, slope[..., None])[..., 0]
        theta = theta + np.clip(step, -0.7, 0.7)
    return theta, precision


def _quantiles(values: Floats, weight: Floats, at: tuple[float, ...]) -> list[Floats]:
    order = np.argsort(values, axis=1)
    ranked, held = (np.take_along_axis(x, order, 1) for x in (values, weight))
    below = np.cumsum(held, axis=1) - held / 2
    return [
        np.array([np.interp(q, row, value) for row, value in zip(below, ranked, strict=True)]) for q in at
    ]
