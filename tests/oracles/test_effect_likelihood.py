"""The posterior of an effect from slopes: closed forms, and far closer to them than the draws are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import norm

from mgbayes.models.priors import Prior
from mgbayes.robustness.effect_likelihood import quantiles

OWN = Prior("normal", (0.3, 1.0), "toy")
LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
RUNS, DRAWS = 40, 4000


@dataclass(frozen=True)
class Likelihood:
    """The logarithm of a likelihood of the effect, and its slope."""

    log: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]

    def posterior(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """A grid, and the probability up to each of its points."""
        grid = np.linspace(-6, 8, size)
        mass = np.exp(self.log(grid) + norm.logpdf(grid, *OWN.values))
        return grid, np.cumsum(mass) / mass.sum()

    def exact(self) -> np.ndarray:
        grid, below = self.posterior(200_001)
        return np.interp(LEVELS, below, grid)


NORMAL = Likelihood(lambda x: -((x - 1.2) ** 2) / 2 / 0.7**2, lambda x: -(x - 1.2) / 0.7**2)


def _skewed(skew: float) -> Likelihood:
    """That of exp(skew effect) is normal."""

    def scale(x: np.ndarray) -> np.ndarray:
        return np.expm1(skew * x) / skew

    return Likelihood(lambda x: NORMAL.log(scale(x)), lambda x: NORMAL.slope(scale(x)) * np.exp(skew * x))


LEVELLING_OFF = Likelihood(
    lambda x: -np.log(np.cosh(2 * (x - 0.5))) - 0.5 * x, lambda x: -2 * np.tanh(2 * (x - 0.5)) - 0.5
)
"""Its slope is as one with censored times: it levels off on both sides."""


def _runs(likelihood: Likelihood) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of each run by slopes and by draws, (run, level).

    One more parameter makes the slopes of equal effects differ.
    """
    rng = np.random.default_rng(1)
    by_slope, by_draw = [], []
    grid, below = likelihood.posterior(20_001)
    for _ in range(RUNS):
        drawn = np.interp(rng.random(DRAWS), below, grid)
        slope = likelihood.slope(drawn) + rng.normal(0, 0.5, DRAWS)
        by_slope.append(quantiles(drawn, slope, OWN, LEVELS))
        by_draw.append(np.quantile(drawn, LEVELS))
    return np.array(by_slope), np.array(by_draw)


def test_a_normal_likelihood_gives_the_quantiles_of_the_conjugate_posterior() -> None:
    precision = 1 / 0.7**2 + 1
    posterior = norm((1.2 / 0.7**2 + 0.3) / precision, precision**-0.5)
    assert NORMAL.exact() == pytest.approx(posterior.ppf(LEVELS), abs=1e-4)
    by_slope, _ = _runs(NORMAL)
    error = by_slope.std(axis=0, ddof=1) / RUNS**0.5
    assert (abs(by_slope.mean(axis=0) - posterior.ppf(LEVELS)) < 4 * error).all()


@pytest.mark.parametrize(
    "likelihood",
    [NORMAL, _skewed(0.3), _skewed(-0.3), LEVELLING_OFF],
    ids=["normal", "skewed to the left", "skewed to the right", "levelling off"],
)
def test_quantiles_err_less_than_half_as_much_as_those_of_the_draws(likelihood: Likelihood) -> None:
    by_slope, by_draw = _runs(likelihood)
    error = [np.sqrt(np.mean((found - likelihood.exact()) ** 2, axis=0)) for found in (by_slope, by_draw)]
    assert (error[0] < error[1] / 2).all()
