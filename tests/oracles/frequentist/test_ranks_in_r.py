"""Another implementation: R's wilcox.test and coin; and brute force over every arrangement."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from mgbayes.frequentist.hodges_lehmann import pseudo_median, shift
from mgbayes.frequentist.ranks import mann_whitney, mann_whitney_exact, signed_rank, signed_rank_exact
from mgbayes.frequentist.samples import Pairs, TwoGroups
from tests.oracles.frequentist.figures import CLOSE, SLEEP, figures, infections, large_cell, two_groups

AGE = two_groups("ovarian", "age", "rx", 1, 2)
FIRST_TEN = Pairs(infections("time").first[:10], infections("time").later[:10])
TWO = {
    "ovarian_age": AGE,
    "veteran_karno": two_groups("veteran", "karno", "trt", 1, 2),
    "veteran_large_karno": large_cell(),
}
PAIRED = {
    "kidney_paired": infections("time"),
    "kidney_paired_first10": FIRST_TEN,
    "sleep_paired": SLEEP,
}


@pytest.mark.parametrize("name", TWO)
def test_mann_whitney_is_wilcox_test(name: str) -> None:
    r, outcome = figures()["wilcox"][name], mann_whitney(TWO[name])
    assert (outcome.statistic, outcome.p) == pytest.approx((r["statistic"], r["p"]), rel=CLOSE)


@pytest.mark.parametrize("name", PAIRED)
def test_signed_rank_is_wilcox_test(name: str) -> None:
    r, outcome = figures()["wilcox"][name], signed_rank(PAIRED[name])
    assert (outcome.statistic, outcome.p) == pytest.approx((r["statistic"], r["p"]), rel=CLOSE)


@pytest.mark.parametrize("name", ["ovarian_age", "veteran_large_karno"])
def test_exact_mann_whitney_with_ties_is_coins(name: str) -> None:
    assert mann_whitney_exact(TWO[name]).p == pytest.approx(figures()["wilcox_exact"][name]["p"], rel=1e-9)


@pytest.mark.parametrize("name", ["kidney_paired", "sleep_paired"])
def test_exact_signed_rank_with_ties_is_coins(name: str) -> None:
    assert signed_rank_exact(PAIRED[name]).p == pytest.approx(figures()["wilcox_exact"][name]["p"], rel=1e-9)


def test_hodges_lehmann_is_that_of_wilcox_test_without_ties() -> None:
    for outcome, name in (
        (shift(AGE.contrast, AGE.reference), "ovarian_age"),
        (pseudo_median(FIRST_TEN.change), "kidney_paired_first10"),
    ):
        r = figures()["wilcox"][name]
        assert (outcome.value, outcome.low, outcome.high) == pytest.approx(
            (r["estimate"], r["low"], r["high"]), rel=1e-9
        )


@pytest.mark.parametrize("name", ["veteran_karno", "veteran_large_karno"])
def test_hodges_lehmann_with_ties_is_r_s_up_to_its_root_search(name: str) -> None:
    # R solves for the limits with a tolerance of 1e-4, on scores in tens
    groups, r = TWO[name], figures()["wilcox"][name]
    estimate = shift(groups.contrast, groups.reference)
    assert estimate.value == pytest.approx(r["estimate"], abs=1e-3)
    assert estimate.low is not None
    assert estimate.low <= r["low"] + 1e-3


small = st.lists(st.integers(0, 4), min_size=1, max_size=5).map(lambda v: np.array(v, float))


@given(small, small)
@settings(max_examples=60, deadline=None)
def test_exact_mann_whitney_is_every_choice_of_patients(one: np.ndarray, other: np.ndarray) -> None:
    ranks = rankdata(np.concatenate([one, other]))
    n, size = len(other), len(ranks)
    expected = n * (size + 1) / 2
    sums = np.array([ranks[list(chosen)].sum() for chosen in combinations(range(size), n)])
    far = np.abs(sums - expected) >= abs(ranks[len(one) :].sum() - expected) - 1e-9
    assert mann_whitney_exact(TwoGroups(one, other)).p == pytest.approx(far.mean(), abs=1e-12)


@given(st.lists(st.integers(-4, 4).filter(bool), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_exact_signed_rank_is_every_choice_of_signs(changes: list[int]) -> None:
    change = np.array(changes, float)
    ranks = rankdata(np.abs(change))
    sums = np.array([ranks[np.array(risen)].sum() for risen in product([True, False], repeat=len(change))])
    seen, expected = ranks[change > 0].sum(), ranks.sum() / 2
    far = np.abs(sums - expected) >= abs(seen - expected) - 1e-9
    p = signed_rank_exact(Pairs(np.zeros_like(change), change)).p
    assert p == pytest.approx(far.mean(), abs=1e-12)


def test_the_interval_of_the_shift_is_the_shifts_that_the_exact_test_does_not_reject() -> None:
    def p(by: float) -> float:
        value = mann_whitney_exact(TwoGroups(AGE.reference + by, AGE.contrast)).p
        assert value is not None
        return value

    estimate = shift(AGE.contrast, AGE.reference)
    assert estimate.low is not None
    assert estimate.high is not None
    assert p(estimate.low + 1e-6) >= 0.05 > p(estimate.low - 1e-6)
    assert p(estimate.high - 1e-6) >= 0.05 > p(estimate.high + 1e-6)
