"""Other implementations: R's chisq.test, fisher.test, mcnemar.test; published tables; closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from mgbayes.frequentist.mcnemar import mcnemar_chi_square, mcnemar_exact, mcnemar_mid_p, sign_test
from mgbayes.frequentist.proportions import firth, fisher, pearson, risk_difference, yates
from mgbayes.frequentist.samples import Pairs, TwoGroups
from mgbayes.frequentist.two_by_two import Table
from tests.oracles.frequentist.figures import CLOSE, data, figures, infections, two_groups
from tests.oracles.frequentist.firth_regression import (
    firth_logistic,
    penalized_log_likelihood,
    profile_interval,
)


def yes_no(yes: int, n: int) -> np.ndarray:
    return np.repeat([1.0, 0.0], [yes, n - yes])


def ovarian_residual() -> TwoGroups:
    rows = two_groups("ovarian", "resid.ds", "rx", 1, 2)
    return TwoGroups((rows.reference == 2).astype(float), (rows.contrast == 2).astype(float))


TABLES = {
    "pbc_hepato": two_groups("pbc", "hepato", "trt", 1, 2),
    "pbc_ascites": two_groups("pbc", "ascites", "trt", 1, 2),
    "ovarian_residual": ovarian_residual(),
    "relapse": TwoGroups(yes_no(10, 17), yes_no(6, 16)),
}


@pytest.mark.parametrize("name", TABLES)
def test_chi_square_is_chisq_test(name: str) -> None:
    r = figures()["two_by_two"][name]
    for test, key in ((pearson, "pearson"), (yates, "yates")):
        outcome = test(TABLES[name])
        assert outcome.p == pytest.approx(r[key]["p"], rel=CLOSE)
        assert outcome.statistic == pytest.approx(r[key]["statistic"], rel=CLOSE, abs=1e-12)


@pytest.mark.parametrize("name", TABLES)
def test_fisher_is_fisher_test(name: str) -> None:
    r, outcome = figures()["two_by_two"][name]["fisher"], fisher(TABLES[name])
    assert outcome.p == pytest.approx(r["p"], rel=CLOSE)
    estimate = outcome.estimate
    assert estimate is not None
    # R finds the estimate and the limits by root search with a tolerance of about 1e-4
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
        (r["estimate"], r["low"], r["high"]), rel=1e-3
    )


def test_newcombes_interval_is_his_table() -> None:
    # Newcombe 1998, Table II, method 10: 56/70 v 48/80 and 9/10 v 3/10, the reference second there
    for table, low, high in ((Table(48, 80, 56, 70), 0.0524, 0.3339), (Table(3, 10, 9, 10), 0.1705, 0.8090)):
        estimate = risk_difference(table)
        assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=5e-5)


def test_mcnemar_is_that_of_r() -> None:
    r, pairs = figures()["mcnemar"]["kidney_status"], infections("status")
    exact, mid, corrected = mcnemar_exact(pairs), mcnemar_mid_p(pairs), mcnemar_chi_square(pairs)
    assert exact.p == pytest.approx(r["exact_p"], rel=CLOSE)
    assert mid.p == pytest.approx(r["mid_p"], rel=CLOSE)
    assert corrected.p == pytest.approx(r["corrected"]["p"], rel=CLOSE)
    assert corrected.statistic == pytest.approx(r["corrected"]["statistic"], rel=CLOSE)
    estimate = exact.estimate
    assert estimate is not None
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
        (r["odds_ratio"], r["odds_low"], r["odds_high"]), rel=CLOSE
    )


def test_the_sign_test_is_binom_test() -> None:
    r = figures()["binomial"]["signs_3_of_14"]
    change = np.concatenate([np.ones(3), -np.ones(11), np.zeros(4)])
    outcome = sign_test(Pairs(np.zeros(18), change))
    assert outcome.p == pytest.approx(r["p"], rel=CLOSE)
    assert outcome.estimate is not None
    assert (outcome.estimate.low, outcome.estimate.high) == pytest.approx((r["low"], r["high"]), rel=CLOSE)


def test_firth_under_separation_is_that_of_brglm2_and_the_published_one() -> None:
    rows, r = data("endometrial"), figures()["firth"]["endometrial"]
    design = np.column_stack([np.ones(len(rows)), rows[["NV", "PI", "EH"]].to_numpy(float)])
    y = rows["HG"].to_numpy(float)
    fit = firth_logistic(design, y)
    assert fit.coefficients == pytest.approx(r["coef"], rel=1e-5)
    assert fit.top == pytest.approx(r["penalized"], abs=1e-8)
    # Heinze and Schemper 2002, Table II: NV 2.929 (0.610 to 7.855), PI -0.035, EH -2.604
    assert fit.coefficients[1:] == pytest.approx([2.929, -0.035, -2.604], abs=5e-4)
    assert profile_interval(fit, design, y, 1) == pytest.approx((r["low"], r["high"]), abs=1e-4)
    null = firth_logistic(design, y, {1: 0.0})
    assert 2 * (fit.top - null.top) == pytest.approx(r["statistic"], abs=1e-6)


@pytest.mark.parametrize(
    ("name", "file", "y", "arm", "codes"),
    [("endometrial_nv", "endometrial", "HG", "NV", (0, 1)), ("pbc_ascites", "pbc", "ascites", "trt", (1, 2))],
)
def test_firth_of_two_arms_is_that_of_brglm2(
    name: str, file: str, y: str, arm: str, codes: tuple[int, int]
) -> None:
    r, outcome = figures()["firth"][name], firth(two_groups(file, y, arm, *codes))
    assert outcome.p == pytest.approx(r["p"], rel=1e-6)
    estimate = outcome.estimate
    assert estimate is not None
    assert np.log(estimate.value) == pytest.approx(r["coef"][1], abs=1e-6)
    assert np.log([estimate.low, estimate.high]) == pytest.approx([r["low"], r["high"]], abs=1e-6)


@pytest.mark.parametrize("table", [(0, 16, 7, 17), (6, 16, 10, 17), (16, 16, 17, 17), (0, 3, 4, 4)])
def test_firth_of_a_table_adds_a_half_to_each_cell(table: tuple[int, int, int, int]) -> None:
    x, m, y, n = table
    outcome = firth(TwoGroups(yes_no(y, n), yes_no(x, m)))
    assert outcome.estimate is not None
    closed = (x + 0.5) * (n - y + 0.5) / ((m - x + 0.5) * (y + 0.5))
    assert outcome.estimate.value == pytest.approx(closed, rel=1e-6)


def test_the_gradient_of_firths_likelihood_is_that_of_finite_differences() -> None:
    rows = data("endometrial")
    design = np.column_stack([np.ones(len(rows)), rows[["NV", "EH"]].to_numpy(float)])
    y, beta = rows["HG"].to_numpy(float), np.array([0.4, 1.1, -0.7])
    _, gradient = penalized_log_likelihood(beta, design, y)
    step = 1e-6 * np.eye(3)
    numeric = [
        (penalized_log_likelihood(beta + h, design, y)[0] - penalized_log_likelihood(beta - h, design, y)[0])
        / 2e-6
        for h in step
    ]
    assert gradient == pytest.approx(numeric, rel=1e-6)
