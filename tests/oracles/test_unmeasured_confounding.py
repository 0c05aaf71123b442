"""E-values and bias priors against published figures, closed forms and counted cohorts."""

from __future__ import annotations

from itertools import product
from math import exp, log, pi, sqrt

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import expon, norm

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.bias_prior import Confounder, Confounding, NormalNumbers
from mgbayes.robustness.bias import (
    Better,
    bias_draws,
    confounder_bias,
    p_benefit,
    tipping_bias,
    tipping_confounder,
)
from mgbayes.robustness.e_value import (
    SD_TO_LOG_RISK_RATIO,
    Conversion,
    Measure,
    e_value,
    effect_of,
    nearer_limit,
)


def bounding_factor(with_arm: float, with_outcome: float) -> float:
    """B, the largest factor by which a confounder of these two risk ratios can bias an estimate."""
    return with_arm * with_outcome / (with_arm + with_outcome - 1)


RISK_RATIO = Estimand("risk_ratio", "risk ratio", "", 1.0, "higher")


@pytest.mark.parametrize(
    ("estimate", "low", "high", "point", "limit"),
    [
        # VanderWeele and Ding (2017), Ann Intern Med 167:268, breastfeeding and respiratory deaths
        (3.9, 1.8, 8.7, 7.26, 3.0),
        # the same paper, leukemia; the figures of the R package EValue 4.1.3 for evalues.RR(0.80, 0.71, 0.91)
        (0.80, 0.71, 0.91, 1.81, 1.43),
        # vignette "unmeasured-confounding" of the R package EValue: smoking and lung cancer
        (10.73, 8.02, 14.36, 20.94777, 15.52336),
    ],
)
def test_published_e_values(estimate: float, low: float, high: float, point: float, limit: float) -> None:
    conversion = Conversion(Measure.ratio)
    end = nearer_limit(low, high, 1.0)
    digits = {7.26: 0.005, 1.81: 0.005, 20.94777: 5e-6}[point]
    assert conversion.strength(effect_of(estimate, RISK_RATIO)) == pytest.approx(point, abs=digits)
    assert conversion.strength(effect_of(end, RISK_RATIO)) == pytest.approx(limit, abs=max(digits, 5e-6))


def test_published_e_value_of_an_odds_ratio_of_a_common_outcome() -> None:
    """The R package EValue, help page of OR(): evalue(OR(3, rare = FALSE)) has the risk ratio 1.732051."""
    common, rare = (Conversion(Measure.odds_ratio, rare_outcome=rare) for rare in (False, True))
    assert common.risk_ratio(log(3)) == pytest.approx(1.732051, abs=5e-7)
    assert common.strength(log(3)) == pytest.approx(2.86, abs=0.01)
    assert rare.risk_ratio(log(3)) == pytest.approx(3)


def test_the_limit_of_an_interval_that_includes_the_null_has_the_e_value_1() -> None:
    assert e_value(nearer_limit(0.7, 1.3, 1.0)) == 1
    assert e_value(nearer_limit(1.0, 1.3, 1.0)) == 1


@pytest.mark.parametrize("ratio", [1.05, 1.8, 4.0, 0.3])
def test_the_e_value_is_the_equal_pair_whose_bound_is_the_risk_ratio(ratio: float) -> None:
    wanted = max(ratio, 1 / ratio)
    pair = brentq(lambda r: bounding_factor(r, r) - wanted, 1, 100, xtol=1e-12)
    assert e_value(ratio) == pytest.approx(pair, rel=1e-9)


def test_no_binary_confounder_biases_by_more_than_the_bounding_factor() -> None:
    shares = np.linspace(0.02, 1, 50)
    p0, p1 = (grid.ravel() for grid in np.meshgrid(shares, shares))
    p0, p1 = p0[p1 >= p0], p1[p1 >= p0]
    for with_outcome in (1.3, 2.0, 6.0):
        bias = np.exp(confounder_bias(p0, p1, np.full(p0.shape, log(with_outcome)), ratio=True))
        bound = bounding_factor(p1 / p0, with_outcome)  # type: ignore[arg-type]
        assert (bias <= bound * (1 + 1e-12)).all()
        at_one = p1 == 1
        assert bias[at_one] == pytest.approx(np.asarray(bound)[at_one], rel=1e-12)


@pytest.mark.parametrize("ratio", [0.35, 0.9, 2.5])
def test_conversions_are_those_of_two_arms_on_either_side_of_a_common_outcome(ratio: float) -> None:
    """Odds on either side of 1; hazards on either side of that at which half have the event."""
    odds = sqrt(ratio)
    risks = odds / (1 + odds), (1 / odds) / (1 + 1 / odds)
    assert Conversion(Measure.odds_ratio).risk_ratio(log(ratio)) == pytest.approx(risks[0] / risks[1])
    hazards = log(2) * sqrt(ratio), log(2) / sqrt(ratio)
    events = [expon.cdf(1.0, scale=1 / hazard) for hazard in hazards]
    found = Conversion(Measure.hazard_ratio).risk_ratio(log(ratio))
    assert found == pytest.approx(events[0] / events[1], rel=1e-12)


def test_a_difference_in_sds_is_an_odds_ratio_of_a_logistic_outcome_cut_in_the_middle() -> None:
    found = Conversion(Measure.difference, outcome_sd=4.0).risk_ratio(2.0)
    assert found == pytest.approx(exp(0.5 * SD_TO_LOG_RISK_RATIO))
    assert pi / sqrt(3) / 2 == pytest.approx(SD_TO_LOG_RISK_RATIO, abs=0.005)
    assert Conversion(Measure.difference).strength(2.0) is None


def test_the_bias_of_a_confounder_is_that_of_a_counted_cohort() -> None:
    """1000 patients an arm, no effect of the arm: the outcome depends on the confounder alone."""
    for with_it, times, base in product(((0.2, 0.6), (0.7, 0.3)), (2.0, 0.5), (0.1, 0.4)):
        risks = [share * base * times + (1 - share) * base for share in with_it]
        means = [share * (base + times) + (1 - share) * base for share in with_it]
        p0, p1 = (np.array([share]) for share in with_it)
        ratio = confounder_bias(p0, p1, np.array([log(times)]), ratio=True)
        difference = confounder_bias(p0, p1, np.array([times]), ratio=False)
        assert ratio == pytest.approx(log(risks[1] / risks[0]))
        assert difference == pytest.approx(means[1] - means[0])


def test_the_tipping_confounder_gives_the_tipping_bias() -> None:
    for p0, p1, bias in ((0.2, 0.6, 0.5), (0.2, 0.6, -0.6), (0.6, 0.2, 0.3)):
        found = tipping_confounder(p0, p1, bias)
        assert found is not None
        again = confounder_bias(np.array([p0]), np.array([p1]), np.array([log(found)]), ratio=True)
        assert again == pytest.approx(bias)
    # the prevalences differ threefold, so that no ratio biases by more than a factor of 3
    assert tipping_confounder(0.2, 0.6, log(3.01)) is None
    assert tipping_confounder(0.2, 0.6, log(0.49)) is None
    assert tipping_confounder(0.3, 0.3, 0.1) is None


@pytest.mark.parametrize("better", ["higher", "lower"])
@pytest.mark.parametrize(("mean", "sd"), [(0.0, 0.3), (0.2, 0.1), (-0.4, 0.0)])
def test_a_normal_posterior_and_a_normal_bias_have_a_closed_form(
    better: Better, mean: float, sd: float
) -> None:
    m, s, q, size = 0.5, 0.4, 0.95, 200_000
    effect = np.random.default_rng(3).normal(m, s, size)
    prior = Confounding(estimand="x", bias=NormalNumbers(mean=mean, sd=sd), why="toy")
    bias = bias_draws(prior, size, ratio=True, seed=4)
    assert bias is not None
    spread, sign = sqrt(s**2 + sd**2), 1 if better == "higher" else -1
    exact = norm.cdf(sign * (m - mean) / spread)
    se = sqrt(exact * (1 - exact) / size)
    assert p_benefit(effect, bias, better) == pytest.approx(exact, abs=4 * se)
    tip = tipping_bias(effect - (bias - mean), q, better)
    # SE of a quantile: sqrt(q (1 - q) / n) over the density there
    error = sqrt(q * (1 - q) / size) / norm.pdf(norm.ppf(q), scale=1) * spread
    assert tip == pytest.approx(m - sign * norm.ppf(q) * spread, abs=4 * error)
    assert p_benefit(effect, tipping_bias(effect, q, better), better) == pytest.approx(q, abs=1e-4)


def test_draws_of_a_confounder_are_those_of_its_priors() -> None:
    """The mean of (p1 - p0) d with independent parts is the product of the means; its variance follows too."""
    numbers = NormalNumbers(mean=3.0, sd=1.0)
    confounder = Confounder(prevalence_reference=(2, 6), prevalence_contrast=(6, 4), difference=numbers)
    size = 200_000
    bias = bias_draws(Confounding(estimand="x", confounder=confounder, why="toy"), size, ratio=False, seed=7)
    assert bias is not None
    gap = 0.6 - 0.25
    variance_of_gap = 0.6 * 0.4 / 11 + 0.25 * 0.75 / 9
    variance = (variance_of_gap + gap**2) * (1.0 + 9.0) - (3 * gap) ** 2
    assert bias.mean() == pytest.approx(3 * gap, abs=4 * sqrt(variance / size))
    assert bias.var() == pytest.approx(variance, rel=0.03)
