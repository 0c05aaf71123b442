"""Other implementations: MASS's glm.nb, R's poisson.test and p.adjust; SciPy for Brunner and Munzel."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import brunnermunzel, nbinom

from mgbayes.frequentist.brunner_munzel import brunner_munzel
from mgbayes.frequentist.holm import holm
from mgbayes.frequentist.rates import negative_binomial, poisson_exact
from mgbayes.frequentist.samples import TwoGroups
from tests.oracles.frequentist.figures import CLOSE, bladder, figures, large_cell

Z = 1.959963984540054


def test_negative_binomial_rates_are_glm_nb() -> None:
    r, outcome = figures()["glm_nb"]["bladder"], negative_binomial(bladder())
    estimate = outcome.estimate
    assert estimate is not None
    slope, error = r["coef"][1], r["se"][1]
    assert np.log(estimate.value) == pytest.approx(slope, abs=1e-6)
    assert np.log([estimate.low, estimate.high]) == pytest.approx(
        [slope - Z * error, slope + Z * error], abs=1e-5
    )
    assert (outcome.statistic, outcome.p) == pytest.approx((r["statistic"], r["p"]), abs=1e-6)
    assert outcome.note == f"dispersion {1 / r['theta']:.2f}"


def test_without_extra_spread_the_rates_are_poissons_with_their_closed_form() -> None:
    # equal counts within a group: the likelihood ratio of two Poisson rates
    one, other = np.full(8, 2.0), np.full(6, 3.0)
    outcome = negative_binomial(TwoGroups(one, other, np.ones(8), np.ones(6)))
    total = one.sum() + other.sum()
    pooled = total / 14
    closed = 2 * (one.sum() * np.log(2 / pooled) + other.sum() * np.log(3 / pooled))
    assert outcome.statistic == pytest.approx(closed, rel=1e-6)
    assert outcome.estimate is not None
    assert outcome.estimate.value == pytest.approx(1.5, rel=1e-6)


@pytest.mark.long
def test_rates_that_lie_a_million_apart_are_compared() -> None:
    """At some dispersions no fit is found; the top is where a grid over the dispersion has it (SciPy's density)."""
    y, exposure = np.array([1.0, 1e6, 1.0, 1.0]), np.array([1927.0, 1.5, 659.0, 2239.0])
    found = negative_binomial(TwoGroups(y[:2], y[2:], exposure[:2], exposure[2:]))

    def top(groups: list[slice]) -> float:
        def at(log_rate: float, spread: float, rows: slice) -> float:
            mean = exposure[rows] * np.exp(log_rate)
            return float(nbinom.logpmf(y[rows], 1 / spread, 1 / (1 + spread * mean)).sum())

        def best(spread: float) -> float:
            grid = np.linspace(-10, 15, 500)
            places = [grid[np.argmax([at(v, spread, rows) for v in grid])] for rows in groups]
            return sum(
                -float(minimize_scalar(lambda v, r=rows: -at(v, spread, r), (v0 - 0.1, v0 + 0.1)).fun)
                for v0, rows in zip(places, groups, strict=True)
            )

        return max(best(spread) for spread in np.exp(np.linspace(0, 5, 101)))

    expected = 2 * (top([slice(0, 2), slice(2, 4)]) - top([slice(0, 4)]))
    assert found.statistic == pytest.approx(expected, abs=0.02)


def test_exact_poisson_rates_are_poisson_test() -> None:
    small = TwoGroups(np.array([11.0]), np.array([3.0]), np.array([25.0]), np.array([30.0]))
    for groups, name in ((bladder(), "bladder"), (small, "small")):
        r, outcome = figures()["poisson_test"][name], poisson_exact(groups)
        assert (outcome.statistic, outcome.p) == pytest.approx((r["statistic"], r["p"]), rel=CLOSE)
        estimate = outcome.estimate
        assert estimate is not None
        assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
            (r["estimate"], r["low"], r["high"]), rel=CLOSE
        )


def test_holm_is_p_adjust_and_leaves_out_what_is_missing() -> None:
    r = figures()["holm"]
    assert holm(r["p"]) == pytest.approx(r["adjusted"], rel=1e-12)
    with_gaps = holm([None, *r["p"], None])
    assert with_gaps[0] is None
    assert with_gaps[-1] is None
    assert with_gaps[1:-1] == pytest.approx(r["adjusted"], rel=1e-12)


def test_brunner_munzel_is_that_of_scipy_and_its_estimate_is_counted() -> None:
    groups = large_cell()
    outcome = brunner_munzel(groups)
    scipys = brunnermunzel(groups.reference, groups.contrast)
    assert outcome.p == pytest.approx(float(scipys.pvalue), rel=1e-9)
    higher = np.subtract.outer(groups.contrast, groups.reference)
    assert outcome.estimate is not None
    assert outcome.estimate.value == pytest.approx(((higher > 0) + (higher == 0) / 2).mean())
