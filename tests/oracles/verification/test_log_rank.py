"""Hazard ratios from printed log-rank p values, and rank and log-rank tests on data sets."""

from __future__ import annotations

from itertools import combinations
from math import erfc, exp, log, sqrt

import numpy as np
import pytest
from scipy.stats import chi2, mannwhitneyu, norm
from statsmodels.duration.survfunc import survdiff

from mgbayes.frequentist.log_rank import log_rank
from mgbayes.frequentist.ranks import mann_whitney
from mgbayes.frequentist.samples import FollowUp, TwoGroups
from mgbayes.study.rounding import Interval
from mgbayes.study.statistics.p_value import ReportedP
from mgbayes.verification.log_rank import log_hazard_ratio


def mann_whitney_p(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return mann_whitney(TwoGroups(first, second)).p


def log_rank_p(time: np.ndarray, event: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    return log_rank(FollowUp(time, event.astype(bool), contrast.astype(bool))).p


# ------------------------------------------------------------------ Parmar's method


def test_the_worked_example_of_tierney_comes_out() -> None:
    # Tierney et al. 2007 on the trial of neoadjuvant chemotherapy for bladder cancer (Lancet 1999;354:533):
    # 485 deaths, log-rank p 0.075, so z = 1.78 (given in Trials 2013;14:391); the trial's own hazard ratio is
    # 0.85, 95 % interval 0.71 to 1.02. The deaths fall almost evenly on the arms: 229 and 256.
    effect = log_hazard_ratio(Interval(0.075, 0.075), 229, 256)
    assert effect.size.low * sqrt(229 * 256 / 485) == pytest.approx(1.78, abs=0.005)
    assert effect.hazard_ratio.low == pytest.approx(0.85, abs=0.005)
    ends = [exp(-effect.size.low + side * 1.96 * effect.standard_error) for side in (-1, 1)]
    assert ends == pytest.approx([0.71, 1.02], abs=0.006)


@pytest.mark.parametrize("p", [0.0001, 0.01, 0.05, 0.09, 0.5, 0.99])
@pytest.mark.parametrize(("d1", "d2"), [(10, 6), (12, 9), (1, 1), (100, 50)])
def test_the_log_hazard_ratio_is_the_closed_form(p: float, d1: int, d2: int) -> None:
    effect = log_hazard_ratio(Interval(p, p), d1, d2)
    variance = d1 * d2 / (d1 + d2)
    expected = norm.isf(p / 2) / sqrt(variance)  # z of p / 2, not half of z
    assert effect.size.low == effect.size.high == pytest.approx(expected, rel=1e-10)
    assert effect.standard_error == pytest.approx(1 / sqrt(variance), rel=1e-12)
    # And back: the size over its standard error has the p it came from.
    assert erfc(effect.size.low / effect.standard_error / sqrt(2)) == pytest.approx(p, rel=1e-9)


def test_the_printed_log_rank_p_of_the_index_study_stands_for_a_hazard_ratio_around_042() -> None:
    # By hand: V = 10 x 6 / 16 = 3.75, z(0.045) = 1.6954, log HR = 1.6954 / 1.9365 = 0.8755, HR = 0.4167.
    effect = log_hazard_ratio(ReportedP.parse("0.09").interval, 10, 6)
    assert 0.4167 in effect.hazard_ratio
    # The print covers p from 0.085 to 0.10: z 1.7224 and 1.6449.
    assert effect.hazard_ratio.low == pytest.approx(exp(-1.7224 / sqrt(3.75)), abs=1e-4)
    assert effect.hazard_ratio.high == pytest.approx(exp(-1.6449 / sqrt(3.75)), abs=1e-4)
    assert effect.standard_error == pytest.approx(0.5164, abs=1e-4)


def test_an_effect_beyond_twofold_is_flagged_as_strong() -> None:
    # The threshold is |log HR| 0.7, a hazard ratio of 2.01.
    assert log_hazard_ratio(ReportedP.parse("0.09").interval, 10, 6).is_strong
    assert not log_hazard_ratio(ReportedP.parse("0.50").interval, 10, 6).is_strong
    assert log(2.01) < 0.7 < log(2.02)


def test_an_arm_without_events_has_no_hazard_ratio() -> None:
    with pytest.raises(ValueError, match="event"):
        log_hazard_ratio(Interval(0.05, 0.05), 0, 6)


# ------------------------------------------------------------------ Mann-Whitney


def _row(first: list[float], second: list[float]) -> float:
    return float(mann_whitney_p(np.array([first], float), np.array([second], float))[0])


def test_the_placenta_example_of_hollander_and_wolfe_comes_out() -> None:
    # R, ?wilcox.test, permeability constants of the placenta: W = 35, p-value = 0.1272 for "greater"; no ties
    # and a symmetric null distribution, so the two-sided p is twice that.
    at_term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    at_12_weeks = [1.15, 0.88, 0.90, 0.74, 1.21]
    assert _row(at_term, at_12_weeks) == pytest.approx(2 * 0.1272, abs=1e-4)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (2, 3), (3, 3), (4, 3)])
def test_without_ties_the_p_is_enumerated_over_every_assignment_of_ranks(m: int, n: int) -> None:
    every = list(combinations(range(m + n), m))
    sums = np.array([sum(ranks) for ranks in every])
    for ranks in every:
        others = [r for r in range(m + n) if r not in ranks]
        at_most, at_least = (sums <= sum(ranks)).mean(), (sums >= sum(ranks)).mean()
        expected = min(1.0, 2 * min(at_most, at_least))
        assert _row([float(r) for r in ranks], [float(r) for r in others]) == pytest.approx(
            expected, rel=1e-9
        )


def test_with_ties_the_p_is_the_corrected_normal_approximation() -> None:
    # 1, 2, 2, 5 against 2, 3, 6: U = 2 halves (2 = 2 twice) + 2 (5 > 2, 5 > 3) = 3; one tie, of three twos.
    first, second = [1.0, 2.0, 2.0, 5.0], [2.0, 3.0, 6.0]
    u = sum((x > y) + 0.5 * (x == y) for x in first for y in second)
    assert u == 3.0
    total, tie = 7, 3**3 - 3
    variance = 4 * 3 / 12 * (total + 1 - tie / (total * (total - 1)))
    z = (abs(u - 6) - 0.5) / sqrt(variance)
    assert _row(first, second) == pytest.approx(erfc(z / sqrt(2)), rel=1e-9)


def test_every_row_is_that_of_scipy_with_the_method_that_r_would_choose() -> None:
    rng = np.random.default_rng(5)
    first = np.concatenate([rng.normal(size=(60, 9)), rng.integers(0, 6, (60, 9))])
    second = np.concatenate([rng.normal(0.5, 1, size=(60, 7)), rng.integers(0, 8, (60, 7))])
    together = mann_whitney_p(first, second)
    for i, (x, y) in enumerate(zip(first, second, strict=True)):
        tied = len(set(x) | set(y)) < 16
        method = "asymptotic" if tied else "exact"
        assert together[i] == pytest.approx(mannwhitneyu(x, y, method=method).pvalue, rel=1e-9)


def test_values_that_are_all_alike_give_no_difference() -> None:
    assert np.nan_to_num(_row([3.0, 3.0], [3.0, 3.0, 3.0]), nan=1.0) == 1.0


# ------------------------------------------------------------------ log-rank


def test_the_leukaemia_trial_of_freireich_has_its_published_log_rank_statistic() -> None:
    # Freireich et al. 1963: weeks in remission under 6-mercaptopurine (+ = still in remission) and placebo.
    # Kleinbaum and Klein, Survival Analysis: log-rank statistic 16.793. Times tie, also with censored ones.
    times = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    events = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    p = log_rank_p(
        np.array([times + placebo], float), np.array([events + [1] * 21]), np.array([[0] * 21 + [1] * 21])
    )
    assert chi2.isf(p[0], 1) == pytest.approx(16.793, abs=5e-4)


def test_a_log_rank_test_of_four_patients_can_be_done_by_hand() -> None:
    # Events at 1 (arm A) and 3 (arm B), censored at 2 (A) and 3 (B). At 1: 1 of 4 has the event, half at
    # risk are in B: E = 1/2, V = 1/4. At 3: both at risk are in B: E = 1, V = 0. O - E = 1 - 3/2 = -1/2,
    # so the statistic is (1/4) / (1/4) = 1 and p = P(Z² > 1) = 0.3173.
    p = log_rank_p(np.array([[1.0, 2.0, 3.0, 3.0]]), np.array([[1, 0, 1, 0]]), np.array([[0, 0, 1, 1]]))
    assert p[0] == pytest.approx(erfc(1 / sqrt(2)), rel=1e-12)


@pytest.mark.parametrize("distinct", [4, 12, 10_000])
def test_every_row_is_that_of_statsmodels_with_ties_and_censoring(distinct: int) -> None:
    rng = np.random.default_rng([6, distinct])
    time = rng.integers(1, distinct + 1, (60, 33)).astype(float)
    event = rng.random((60, 33)) < 0.6
    arm = np.broadcast_to(np.r_[np.zeros(17), np.ones(16)], (60, 33))
    together = log_rank_p(time, event, arm)
    for i in range(60):
        _, expected = survdiff(time[i], event[i].astype(int), arm[i])
        assert together[i] == pytest.approx(float(expected), rel=1e-8)


def test_no_event_gives_no_answer() -> None:
    p = log_rank_p(np.array([[1.0, 2.0, 3.0]]), np.zeros((1, 3)), np.array([[0, 1, 1]]))
    assert np.isnan(p[0])


def test_the_order_of_the_patients_does_not_matter() -> None:
    rng = np.random.default_rng(7)
    time, event = rng.integers(1, 9, (1, 20)).astype(float), rng.random((1, 20)) < 0.7
    arm = (rng.random((1, 20)) < 0.5).astype(float)
    order = rng.permutation(20)
    assert log_rank_p(time[:, order], event[:, order], arm[:, order])[0] == pytest.approx(
        log_rank_p(time, event, arm)[0], rel=1e-10
    )
