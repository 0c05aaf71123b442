"""t tests from printed means and SDs: published tests, SciPy, and a dense grid over the rounding."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from scipy.stats import ttest_ind, ttest_ind_from_stats
from statsmodels.stats.weightstats import ttest_ind as sm_ttest_ind

from mgbayes.frequentist.published import PublishedTest
from mgbayes.frequentist.t_tests import TESTS, summary_p
from mgbayes.study.statistics.means import MeanSD

# Student's sleep data (R's data set `sleep`): extra hours of sleep under two drugs, ten patients each.
DRUG_1 = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
DRUG_2 = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])

TWO_SIDED = {"welch_t": False, "student_t": True}  # name: equal variances?


def _by_name(name: str) -> PublishedTest:
    return next(test for test in TESTS if test.name == name)


def _function(name: str) -> Callable[[float, float, int, float, int], np.ndarray]:
    return partial(summary_p, equal_variances=TWO_SIDED[name])


welch_t, student_t = (partial(summary_p, equal_variances=equal) for equal in (False, True))


# ------------------------------------------------------------------ the p value itself


@pytest.mark.parametrize(
    ("name", "p"),
    # R: t.test(extra ~ group, data = sleep): t = -1.8608, df = 17.776, p-value = 0.07939; with
    # var.equal = TRUE: df = 18, p-value = 0.07919.
    [("welch_t", 0.07939), ("student_t", 0.07919)],
)
def test_the_t_tests_of_students_sleep_data_come_out_as_in_r(name: str, p: float) -> None:
    # Means 0.75 and 2.33, SDs 1.789010 and 2.002249, as R prints them.
    assert _function(name)(0.75 - 2.33, 1.789010, 10, 2.002249, 10) == pytest.approx(p, abs=5e-6)
    printed = _by_name(name)(MeanSD("0.75", "1.79", 10), MeanSD("2.33", "2.00", 10))
    assert p in printed
    assert printed.high - printed.low < 0.01  # two decimals leave the second decimal of p


def test_the_raw_sleep_data_give_the_same_in_scipy_and_statsmodels() -> None:
    args = (DRUG_1.mean() - DRUG_2.mean(), DRUG_1.std(ddof=1), 10, DRUG_2.std(ddof=1), 10)
    assert welch_t(*args) == pytest.approx(ttest_ind(DRUG_1, DRUG_2, equal_var=False).pvalue, rel=1e-10)
    assert student_t(*args) == pytest.approx(ttest_ind(DRUG_1, DRUG_2).pvalue, rel=1e-10)
    assert welch_t(*args) == pytest.approx(sm_ttest_ind(DRUG_1, DRUG_2, usevar="unequal")[1], rel=1e-10)
    assert student_t(*args) == pytest.approx(sm_ttest_ind(DRUG_1, DRUG_2, usevar="pooled")[1], rel=1e-10)


@pytest.mark.parametrize(("name", "equal"), TWO_SIDED.items())
def test_the_p_value_is_scipys_for_random_summaries(name: str, equal: bool) -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        m1, m2 = rng.normal(0, 5, 2)
        s1, s2 = rng.uniform(0.1, 10, 2)
        n1, n2 = (int(n) for n in rng.integers(2, 60, 2))
        expected = ttest_ind_from_stats(m1, s1, n1, m2, s2, n2, equal_var=equal).pvalue
        assert _function(name)(m1 - m2, s1, n1, s2, n2) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", TWO_SIDED)
def test_a_t_of_one_with_one_degree_of_freedom_each_is_known_in_closed_form(name: str) -> None:
    # Two and two values, equal SDs: df = 2 for both tests, and P(|T| >= t) = 1 - t / sqrt(2 + t²).
    # Difference 1, SDs 1: t = 1 / sqrt(1/2 + 1/2) = 1, p = 1 - 1 / sqrt(3) = 0.42265.
    assert _function(name)(1.0, 1.0, 2, 1.0, 2) == pytest.approx(1 - 3**-0.5, rel=1e-12)


@pytest.mark.parametrize("name", TWO_SIDED)
def test_no_difference_gives_one_and_no_spread_gives_zero(name: str) -> None:
    assert _function(name)(0.0, 3.0, 8, 2.0, 9) == 1.0
    assert _function(name)(0.0, 0.0, 8, 0.0, 9) == 1.0
    assert _function(name)(0.1, 0.0, 8, 0.0, 9) == 0.0


# ------------------------------------------------------------------ over the rounding of the inputs


def _edges(printed: str) -> tuple[float, float]:
    """From half a unit below to a whole unit above (0.05 below and 0.1 above for one decimal)."""
    unit = 10.0 ** -len(printed.partition(".")[2])
    return float(printed) - unit / 2, float(printed) + unit


def _grid(first: MeanSD, second: MeanSD, *, equal: bool, sds: int) -> np.ndarray:
    """p from SciPy for every combination of values behind the print, both extreme differences included."""
    (a, b), (c, d) = _edges(first.mean), _edges(second.mean)
    difference = np.linspace(a - d, b - c, 9)
    if (a - d) < 0 < (b - c):
        difference = np.append(difference, 0.0)
    low1, high1 = _edges(first.sd)
    low2, high2 = _edges(second.sd)
    s1 = np.linspace(max(low1, 1e-9), high1, sds)
    s2 = np.linspace(max(low2, 1e-9), high2, sds)
    d_, s1_, s2_ = np.meshgrid(difference, s1, s2, indexing="ij")
    return ttest_ind_from_stats(d_, s1_, first.n, 0.0, s2_, second.n, equal_var=equal).pvalue


PAPER = [
    (MeanSD("441.4", "336.6", 12), MeanSD("230", "180.8", 9)),
    (MeanSD("46.8", "20.8", 17), MeanSD("30.9", "24.9", 16)),
    (MeanSD("11.8", "15.3", 17), MeanSD("9.5", "8.7", 16)),
    (MeanSD("17.9", "15.6", 17), MeanSD("2.8", "3.8", 16)),
    (MeanSD("3.6", "0.9", 7), MeanSD("2.5", "0.8", 10)),
    (MeanSD("3.6", "0.9", 7), MeanSD("2.5", "0.8", 26)),
]


@pytest.mark.parametrize(("name", "equal"), TWO_SIDED.items())
@pytest.mark.parametrize(("first", "second"), PAPER)
def test_the_range_for_the_index_study_is_that_of_the_grid(
    first: MeanSD, second: MeanSD, name: str, equal: bool
) -> None:
    grid = _grid(first, second, equal=equal, sds=33)
    found = _by_name(name)(first, second)
    assert found.low == pytest.approx(grid.min(), abs=1e-6)
    assert found.high == pytest.approx(grid.max(), abs=1e-6)


@pytest.mark.parametrize(("name", "equal"), TWO_SIDED.items())
def test_the_range_holds_every_p_of_the_grid_and_its_ends_are_reached(name: str, equal: bool) -> None:
    # 150 prints, down to SDs of one digit. An end on an edge of the box is met by the grid to second order.
    rng = np.random.default_rng(2)
    for _ in range(150):
        places = int(rng.integers(0, 3))
        one, other = (
            MeanSD(
                f"{rng.uniform(2, 20):.{places}f}",
                f"{rng.uniform(1.6, 10):.{places}f}",
                int(rng.integers(3, 30)),
            )
            for _ in range(2)
        )
        grid = _grid(one, other, equal=equal, sds=33)
        found = _by_name(name)(one, other)
        assert found.low <= grid.min() + 2e-5, (one, other)
        assert found.high >= grid.max() - 2e-5, (one, other)
        assert found.low == pytest.approx(grid.min(), abs=2e-4)
        assert found.high == pytest.approx(grid.max(), abs=2e-4)


@pytest.mark.parametrize(
    ("first", "second"),
    # Welch's degrees of freedom make p fall while an SD rises: the smallest p is on an edge of the SDs' box,
    # away from its corners (0.0223 against 0.0536 at the corners for the first).
    [
        (MeanSD("6.2", "1", 2), MeanSD("4.4", "1", 6)),
        (MeanSD("1.58", "1", 19), MeanSD("2.95", "1", 3)),
        (MeanSD("3", "1", 7), MeanSD("3", "1", 2)),
    ],
)
def test_the_range_of_welch_holds_p_values_that_no_corner_has(first: MeanSD, second: MeanSD) -> None:
    grid = _grid(first, second, equal=False, sds=129)
    found = _by_name("welch_t")(first, second)
    # Within 0.0005: printed p have two or three decimals, and both sides walk the edges in steps.
    assert found.low == pytest.approx(grid.min(), abs=5e-4)
    assert found.high == pytest.approx(grid.max(), abs=5e-4)


def test_overlapping_means_allow_a_p_of_one() -> None:
    found = _by_name("welch_t")(MeanSD("9.5", "8.7", 16), MeanSD("9.4", "8.0", 17))
    assert found.high == 1.0


def test_a_single_exact_point_gives_one_p() -> None:
    # Twelve decimals: the box is a point, and the range is SciPy's p.
    one = MeanSD("441.400000000000", "336.600000000000", 12)
    other = MeanSD("230.000000000000", "180.800000000000", 9)
    expected = ttest_ind_from_stats(441.4, 336.6, 12, 230, 180.8, 9, equal_var=False).pvalue
    found = _by_name("welch_t")(one, other)
    assert found.low == pytest.approx(expected, rel=1e-9)
    assert found.high == pytest.approx(expected, rel=1e-9)
    # The evidence has Welch 0.081 and Student 0.105 for these numbers.
    assert found.low == pytest.approx(0.081, abs=1e-3)
    assert _by_name("student_t")(one, other).low == pytest.approx(0.105, abs=1e-3)


# ------------------------------------------------------------------ the unstated conventions


@pytest.mark.parametrize("name", TWO_SIDED)
@pytest.mark.parametrize(("first", "second"), PAPER)
def test_a_one_sided_p_is_half_of_the_two_sided_one(name: str, first: MeanSD, second: MeanSD) -> None:
    both, one = _by_name(name)(first, second), _by_name(f"{name}_one_sided")(first, second)
    assert (one.low, one.high) == pytest.approx((both.low / 2, both.high / 2), rel=1e-12)


@pytest.mark.parametrize(("name", "equal"), TWO_SIDED.items())
def test_an_sd_read_as_a_standard_error_is_multiplied_by_the_root_of_n(name: str, equal: bool) -> None:
    one = MeanSD("46.8000000000", "20.8000000000", 17)
    other = MeanSD("30.9000000000", "24.9000000000", 16)
    expected = ttest_ind_from_stats(46.8, 20.8 * 17**0.5, 17, 30.9, 24.9 * 4, 16, equal_var=equal).pvalue
    found = _by_name(f"{name}_sd_as_se")(one, other)
    assert found.low == pytest.approx(expected, rel=1e-7)
    assert found.high == pytest.approx(expected, rel=1e-7)
