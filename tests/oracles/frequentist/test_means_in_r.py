"""Another implementation: R's t.test and coin's permutation test of means."""

from __future__ import annotations

import numpy as np
import pytest

from mgbayes.frequentist.permutation import RESAMPLES, permutation_changes, permutation_means
from mgbayes.frequentist.result import Result
from mgbayes.frequentist.samples import Pairs, TwoGroups
from mgbayes.frequentist.t_tests import paired_t, student, welch
from tests.oracles.frequentist.figures import CLOSE, SLEEP, figures, infections, large_cell, two_groups

AGE = two_groups("ovarian", "age", "rx", 1, 2)
OUTCOMES = {
    "ovarian_welch": lambda: welch(AGE),
    "ovarian_student": lambda: student(AGE),
    "veteran_welch": lambda: welch(two_groups("veteran", "karno", "trt", 1, 2)),
    "kidney_paired": lambda: paired_t(infections("time")),
    "sleep_paired": lambda: paired_t(SLEEP),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_t_is_t_test(name: str) -> None:
    r = figures()["t"][name]
    outcome: Result = OUTCOMES[name]()
    assert (outcome.statistic, outcome.p) == pytest.approx((r["statistic"], r["p"]), rel=CLOSE)
    estimate = outcome.estimate
    assert estimate is not None
    assert (estimate.low, estimate.high) == pytest.approx((r["low"], r["high"]), rel=CLOSE)
    printed = r["estimate"]
    assert estimate.value == pytest.approx(printed[0] - printed[1] if isinstance(printed, list) else printed)


def test_the_permutation_of_means_is_the_exact_one_of_coin() -> None:
    exact = figures()["permutation"]["veteran_large_karno"]["p"]
    error = np.sqrt(exact * (1 - exact) / RESAMPLES)
    assert permutation_means(large_cell()).p == pytest.approx(exact, abs=4 * error)


def test_few_patients_are_gone_through_one_arrangement_at_a_time() -> None:
    # 3 v 3 with complete separation: 2 of the 20 arrangements are as far apart
    outcome = permutation_means(TwoGroups(np.array([1.0, 2, 3]), np.array([7.0, 8, 9])))
    assert outcome.p == pytest.approx(2 / 20)
    assert outcome.note == "all 20 rearrangements"


def test_few_changes_are_gone_through_one_sign_at_a_time() -> None:
    # all four fell: 2 of 16 arrangements of the signs are as far from zero
    outcome = permutation_changes(Pairs(np.array([5.0, 6, 7, 8]), np.array([1.0, 1, 1, 1])))
    assert outcome.p == pytest.approx(2 / 16)
