"""Tipping points in closed form, and what reweighted draws make of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

from mgbayes.robustness.tipping import Refit, Surface, surface, tipping_sd
from tests.oracles.normal_priors import normal_p_benefit, normal_tipping_sd

Y, S = 0.8, 0.35


def _refit(mean: float, sd: float, draws: int = 20_000) -> Refit:
    """The quantiles of the posterior under a normal prior, in place of draws."""
    precision = 1 / S**2 + 1 / sd**2
    centre = (Y / S**2 + mean / sd**2) / precision
    effect = stats.norm.ppf((np.arange(draws) + 0.5) / draws, centre, precision**-0.5)
    return Refit(mean, sd, effect, effect > 0)


@pytest.mark.parametrize("probability", [0.95, 0.9, 0.8])
def test_at_the_tipping_sd_the_probability_is_the_one_asked_for(probability: float) -> None:
    sd = normal_tipping_sd(Y, S, probability)
    assert sd is not None
    assert normal_p_benefit(Y, S, 0.0, sd) == pytest.approx(probability, abs=1e-12)
    searched = brentq(lambda tau: normal_p_benefit(Y, S, 0.0, tau) - probability, 0.01, 50)
    assert sd == pytest.approx(searched, rel=1e-9)


def test_no_skeptical_prior_tips_what_a_flat_one_does_not_reach() -> None:
    assert normal_tipping_sd(0.5, 0.35, 0.95) is None
    assert normal_p_benefit(0.5, 0.35, 0.0, 1e6) < 0.95


def test_the_normal_probability_is_the_integral_of_prior_times_likelihood() -> None:
    x = np.linspace(-8, 8, 400_001)
    weight = stats.norm.pdf(x, -0.4, 0.6) * stats.norm.pdf(Y, x, S)
    assert normal_p_benefit(Y, S, -0.4, 0.6) == pytest.approx(weight[x > 0].sum() / weight.sum(), abs=1e-5)


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 0.4), (0.5, 0.5), (-0.5, 0.5), (0.0, 1.5), (0.0, 2.0)])
def test_reweighted_draws_of_one_fit_give_the_closed_form(mean: float, sd: float) -> None:
    found = surface([_refit(0.0, 2.0)], np.array([mean]), np.array([sd]))
    assert found.trusted.all()
    assert found.p_benefit[0, 0] == pytest.approx(normal_p_benefit(Y, S, mean, sd), abs=0.01)


def test_draws_of_many_fits_together_give_the_closed_form_more_closely() -> None:
    rng = np.random.default_rng(6)
    refits = []
    for mean in (-0.5, 0.0, 0.5):
        for sd in (0.15, 0.35, 0.8, 2.0, 5.0):
            precision = 1 / S**2 + 1 / sd**2
            effect = rng.normal((Y / S**2 + mean / sd**2) / precision, precision**-0.5, 2000)
            refits.append(Refit(mean, sd, effect, effect > 0))
    means, sds = np.linspace(-0.5, 0.5, 5), np.geomspace(0.15, 5, 8)
    found = surface(refits, means, sds)
    exact = np.array([[normal_p_benefit(Y, S, mean, sd) for sd in sds] for mean in means])
    assert found.trusted.all()
    # Each figure has the worth of at least 3 000 draws: an SE of at most 0.009
    assert np.abs(found.p_benefit - exact).max() < 0.03


def test_a_prior_far_from_every_draw_is_not_trusted() -> None:
    found = surface([_refit(0.0, 0.1)], np.array([-3.0, 0.0, 3.0]), np.array([0.1, 0.2]))
    assert found.trusted[1, 0]
    assert not found.trusted[0].any()
    assert not found.trusted[2].any()


def test_the_tipping_sd_of_a_surface_is_the_closed_form() -> None:
    refits = [_refit(mean, sd) for mean in (-0.5, 0.0, 0.5) for sd in (0.15, 0.35, 0.8, 2.0, 5.0)]
    found = surface(refits, np.linspace(-0.5, 0.5, 5), np.geomspace(0.15, 5, 16))
    exact = [[normal_p_benefit(Y, S, mean, sd) for sd in found.sds] for mean in found.means]
    assert found.p_benefit == pytest.approx(np.array(exact), abs=0.015)
    for level in (0.95, 0.9):
        # 16 points over the range: linear in log SD between neighbours 26 % apart
        assert tipping_sd(found, level) == pytest.approx(normal_tipping_sd(Y, S, level), rel=0.05)
    below = normal_tipping_sd(Y, S, 0.8)
    assert below is not None
    assert below < found.sds[0]
    assert tipping_sd(found, 0.8) is None


def test_the_crossing_is_interpolated_in_log_sd() -> None:
    sds = np.array([0.1, 1.0, 10.0])
    found = Surface(np.array([0.0]), sds, np.array([[0.5, 0.7, 0.9]]), np.zeros((1, 3)))
    assert tipping_sd(found, 0.8) == pytest.approx(10**0.5)
    assert tipping_sd(found, 0.95) is None
    assert tipping_sd(found, 0.4) is None


def test_a_surface_without_a_row_at_no_effect_is_refused() -> None:
    found = Surface(np.array([1.0]), np.array([1.0]), np.array([[0.5]]), np.zeros((1, 1)))
    with pytest.raises(ValueError, match="mean of 0"):
        tipping_sd(found, 0.9)
