"""The posterior of an effect from slopes: closed forms, and far closer to them than the draws are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from mgbayes.models.priors import Prior
from mgbayes.robustness.effect_likelihood import quantiles

OWN = Prior("normal", (0.3, 1.0), "toy")
LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
RUNS, DRAWS = 40, 4000


def _runs(skew: float) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of each run by slopes and by draws, (run, level).

    The likelihood of the effect is normal, that of exp(skew effect) being so where skew is not 0; one more parameter
    makes the slopes of equal effects differ.
    """
    rng = np.random.default_rng(1)
    by_slope, by_draw = [], []
    for _ in range(RUNS):
        grid = np.linspace(-6, 8, 20_001)
        mass = np.exp(_log_likelihood(grid, skew) + norm.logpdf(grid, *OWN.values))
        drawn = np.interp(rng.random(DRAWS), np.cumsum(mass) / mass.sum(), grid)
        slope = _slope(drawn, skew) + rng.normal(0, 0.5, DRAWS)
        by_slope.append(quantiles(drawn, slope, OWN, LEVELS))
        by_draw.append(np.quantile(drawn, LEVELS))
    return np.array(by_slope), np.array(by_draw)


def _log_likelihood(effect: np.ndarray, skew: float) -> np.ndarray:
    return -((_scale(effect, skew) - 1.2) ** 2) / 2 / 0.7**2


def _slope(effect: np.ndarray, skew: float) -> np.ndarray:
    return -(_scale(effect, skew) - 1.2) / 0.7**2 * np.exp(skew * effect)


def _scale(effect: np.ndarray, skew: float) -> np.ndarray:
    return np.expm1(skew * effect) / skew if skew else effect


def _exact(skew: float) -> np.ndarray:
    grid = np.linspace(-6, 8, 200_001)
    mass = np.exp(_log_likelihood(grid, skew) + norm.logpdf(grid, *OWN.values))
    return np.interp(LEVELS, np.cumsum(mass) / mass.sum(), grid)


def test_a_normal_likelihood_gives_the_quantiles_of_the_conjugate_posterior() -> None:
    precision = 1 / 0.7**2 + 1
    posterior = norm((1.2 / 0.7**2 + 0.3) / precision, precision**-0.5)
    assert _exact(0) == pytest.approx(posterior.ppf(LEVELS), abs=1e-4)
    by_slope, _ = _runs(0)
    error = by_slope.std(axis=0, ddof=1) / RUNS**0.5
    assert (abs(by_slope.mean(axis=0) - posterior.ppf(LEVELS)) < 4 * error).all()


@pytest.mark.parametrize("skew", [0.0, 0.3, -0.3])
def test_quantiles_err_less_than_half_as_much_as_those_of_the_draws(skew: float) -> None:
    by_slope, by_draw = _runs(skew)
    error = [np.sqrt(np.mean((found - _exact(skew)) ** 2, axis=0)) for found in (by_slope, by_draw)]
    assert (error[0] < error[1] / 2).all()
