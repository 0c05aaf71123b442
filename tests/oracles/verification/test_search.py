"""The search for possible p values, where every data set can be enumerated instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations_with_replacement, permutations, product

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from statsmodels.duration.survfunc import survdiff

from mgbayes.reconstruction.from_summary import PrintedSample
from mgbayes.study.statistics.p_value import ReportedP
from mgbayes.verification.search import Censoring, Found, search_log_rank, search_mann_whitney
from tests.oracles.verification.enumeration import CONVENTIONS, NEAREST, prints_as

CENSORING = Censoring(1861.0, 953.4, 365.0)


Sample = tuple[int, ...]


def _data_sets(printed: PrintedSample, conventions: Iterable[int] = CONVENTIONS) -> list[Sample]:
    """Every sample of whole numbers that prints so (none has a number above 16: Samuelson's inequality)."""
    every = combinations_with_replacement(range(17), printed.n)
    return [values for values in every if prints_as(values, printed.mean, printed.sd, conventions)]


def _mann_whitney(x: Sample, y: Sample) -> float:
    """Exact without ties, else the normal approximation with tie and continuity correction, as R does."""
    tied = len({*x, *y}) < len(x) + len(y)
    return min(1.0, float(mannwhitneyu(x, y, method="asymptotic" if tied else "exact").pvalue))


FIRST, SECOND = PrintedSample("2", "1", 3, whole=True), PrintedSample("5", "2", 3, whole=True)


def _possible(
    test: Callable[[Sample, Sample], float], conventions: Iterable[int] = CONVENTIONS
) -> list[float]:
    """Every p of three whole numbers with 2 ± 1 against three with 5 ± 2."""
    pairs = product(_data_sets(FIRST, conventions), _data_sets(SECOND, conventions))
    return sorted({round(test(x, y), 10) for x, y in pairs})


def _check(found: Found, test: Callable[[Sample, Sample], float], printed: ReportedP) -> None:
    """All that was found exists, and both ends of what rounding to nearest allows were found."""
    possible, rounded = _possible(test), _possible(test, NEAREST)
    assert len(rounded) > 5
    assert any(p == pytest.approx(found.p.low, abs=1e-9) for p in possible)
    assert any(p == pytest.approx(found.p.high, abs=1e-9) for p in possible)
    assert found.p.low <= rounded[0] + 1e-9
    assert found.p.high >= rounded[-1] - 1e-9
    assert found.reached == any(p in printed.interval for p in possible)


@pytest.mark.parametrize("p", ["0.10", "0.03"])
def test_the_mann_whitney_search_of_three_against_three_finds_both_ends_of_what_is_possible(p: str) -> None:
    # 0.10 is possible. 0.03 is not: 2 / C(6, 3) = 0.1 is the least exact p, 0.07 the least with ties.
    printed = ReportedP.parse(p)
    found = search_mann_whitney(np.random.default_rng(14), FIRST, SECOND, printed)
    _check(found, _mann_whitney, printed)
    assert found.reached == (p != "0.03")
    assert (found.share > 0) == (p != "0.03")
    assert found.sets > 1000


@pytest.mark.parametrize(
    "impossible",
    [
        PrintedSample("1.50", "1.00", 3, whole=True),  # no whole sum: GRIM
        PrintedSample("2.0", "1.3", 3, whole=True),  # no whole squares: GRIMMER
    ],
)
def test_summaries_that_no_data_set_has_give_no_p_at_all(impossible: PrintedSample) -> None:
    assert _data_sets(impossible) == []
    found = search_mann_whitney(np.random.default_rng(16), impossible, SECOND, ReportedP.parse("0.50"))
    assert found.sets == 0
    assert not found.reached
    assert found.share == 0


def test_the_log_rank_search_without_censoring_finds_both_ends_of_what_is_possible() -> None:
    arm, everyone = np.r_[np.zeros(3), np.ones(3)], np.ones(6, int)

    def log_rank(x: Sample, y: Sample) -> float:
        return float(survdiff(np.array([*x, *y], float), everyone, arm)[1])

    printed = ReportedP.parse("0.02")
    found = search_log_rank(np.random.default_rng(17), (FIRST, SECOND), (3, 3), (3, 3), CENSORING, printed)
    _check(found, log_rank, printed)
    assert found.reached


def test_the_log_rank_search_varies_who_is_in_which_arm_where_only_the_total_is_printed() -> None:
    # Four whole times with 5 ± 3, two of them in each arm: every data set in every order.
    together = PrintedSample("5", "3", 4, whole=True)
    arm = np.array([0.0, 0.0, 1.0, 1.0])
    orders = {order for values in _data_sets(together) for order in permutations(values)}
    ps = [float(survdiff(np.array(o, float), np.ones(4, int), arm)[1]) for o in orders if len(set(o)) > 1]
    found = search_log_rank(
        np.random.default_rng(18), (together,), (2, 2), (2, 2), CENSORING, ReportedP.parse("0.30")
    )
    assert found.p.low == pytest.approx(min(ps), rel=1e-8)
    assert found.p.high == pytest.approx(max(ps), rel=1e-8)


def test_the_follow_up_drawn_has_the_printed_mean_and_sd_and_none_below_the_least() -> None:
    # 200 000 draws: the standard error of the mean is 953.4 / 447 = 2.1 days, of the SD about as much.
    days = CENSORING.days(np.random.default_rng(19).standard_normal(200_000))
    assert days.min() >= 365
    assert (days == np.rint(days)).all()
    assert days.mean() == pytest.approx(1861, abs=10)
    assert days.std() == pytest.approx(953.4, abs=10)


def test_the_same_seed_finds_the_same() -> None:
    runs = [
        search_mann_whitney(np.random.default_rng(20), FIRST, SECOND, ReportedP.parse("0.10"))
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
