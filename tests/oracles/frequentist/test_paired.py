"""Tests of the same patients twice: published values, binomial enumeration, statsmodels, simulated pairs."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from math import comb, erfc, sqrt

import numpy as np
import pytest
from scipy.stats import ttest_rel
from statsmodels.stats.contingency_tables import mcnemar

from mgbayes.frequentist.mcnemar import chi_square as mcnemar_chi_square
from mgbayes.frequentist.mcnemar import chi_square_corrected as mcnemar_chi_square_corrected
from mgbayes.frequentist.mcnemar import discordant_pairs
from mgbayes.frequentist.mcnemar import exact as mcnemar_exact
from mgbayes.frequentist.mcnemar import mid_p as mcnemar_mid_p
from mgbayes.frequentist.t_tests import paired_t_interval
from mgbayes.study.statistics.means import MeanSD

SPLITS = [(lost, gained) for lost in range(13) for gained in range(13)]
UNEVEN = [split for split in SPLITS if split[0] != split[1]]


# ------------------------------------------------------------------ McNemar: published values


@pytest.mark.parametrize(
    ("test", "split", "p", "tolerance"),
    [
        # Fagerland, Lydersen and Laake 2013, airway hyper-responsiveness before and after stem cell
        # transplantation (Bentur et al.): 1 v 7 of 21 children changed.
        (mcnemar_exact, (1, 7), 0.0703, 5e-5),
        (mcnemar_mid_p, (1, 7), 0.0391, 5e-5),
        (mcnemar_chi_square, (1, 7), 0.0339, 5e-5),
        (mcnemar_chi_square_corrected, (1, 7), 0.0771, 5e-5),
        # The same authors' R package contingencytables, its tests: complete response before and after
        # consolidation therapy (Cavo et al.), 6 v 16 of 161 patients changed.
        (mcnemar_exact, (6, 16), 0.052479, 5e-7),
        (mcnemar_mid_p, (6, 16), 0.034690, 5e-7),
        (mcnemar_chi_square, (6, 16), 0.033006, 5e-7),
        (mcnemar_chi_square_corrected, (6, 16), 0.055009, 5e-7),
    ],
)
def test_published_mcnemar_p_values_come_out(
    test, split: tuple[int, int], p: float, tolerance: float
) -> None:
    assert test(*split) == pytest.approx(p, abs=tolerance)
    assert test(*reversed(split)) == pytest.approx(p, abs=tolerance)


# ------------------------------------------------------------------ McNemar: enumeration


def _chance(k: int, changed: int) -> Fraction:
    return Fraction(comb(changed, k), 2**changed)


def _further(lost: int, gained: int, *, tied: Fraction) -> Fraction:
    """The chance of a split further from even than the one seen; one as far counts ``tied``."""
    changed = lost + gained
    p = Fraction(0)
    for k in range(changed + 1):
        distance = abs(2 * k - changed) - abs(lost - gained)
        p += _chance(k, changed) * (1 if distance > 0 else tied if distance == 0 else 0)
    return p


def test_the_exact_test_is_the_chance_of_a_split_at_least_as_far_from_even() -> None:
    for split in SPLITS:
        assert mcnemar_exact(*split) == pytest.approx(float(_further(*split, tied=Fraction(1))), rel=1e-12)


def test_the_mid_p_of_an_uneven_split_counts_splits_as_far_from_even_by_half() -> None:
    for split in UNEVEN:
        assert mcnemar_mid_p(*split) == pytest.approx(float(_further(*split, tied=Fraction(1, 2))), rel=1e-12)


def test_the_mid_p_of_an_even_split_is_one_less_half_of_its_chance() -> None:
    # Fagerland, Lydersen and Laake 2013, supplement: if n12 = n21, the mid-p-value equals 1 - 0.5 binompdf.
    # 1 v 1: 1 - 0.5 x 0.5 = 0.75.
    assert mcnemar_mid_p(1, 1) == pytest.approx(0.75, rel=1e-12)
    for k in range(1, 13):
        expected = 1 - Fraction(comb(2 * k, k), 2 ** (2 * k)) / 2
        assert mcnemar_mid_p(k, k) == pytest.approx(float(expected), rel=1e-12)
        assert _further(k, k, tied=Fraction(1, 2)) == expected


def test_the_chi_squares_are_the_closed_forms() -> None:
    for lost, gained in SPLITS[1:]:
        changed, apart = lost + gained, abs(lost - gained)
        plain = erfc(sqrt(apart**2 / changed / 2))
        corrected = erfc(sqrt(max(apart - 1, 0) ** 2 / changed / 2))
        assert mcnemar_chi_square(lost, gained) == pytest.approx(plain, rel=1e-9)
        assert mcnemar_chi_square_corrected(lost, gained) == pytest.approx(corrected, rel=1e-9)


def test_mcnemar_is_that_of_statsmodels() -> None:
    # (Even splits are left out: there statsmodels corrects away from zero, R not at all.)
    for lost, gained in UNEVEN:
        table = np.array([[5, lost], [gained, 5]])
        assert mcnemar_exact(lost, gained) == pytest.approx(mcnemar(table, exact=True).pvalue, rel=1e-9)
        plain = mcnemar(table, exact=False, correction=False).pvalue
        corrected = mcnemar(table, exact=False, correction=True).pvalue
        assert mcnemar_chi_square(lost, gained) == pytest.approx(plain, rel=1e-9)
        assert mcnemar_chi_square_corrected(lost, gained) == pytest.approx(corrected, rel=1e-9)


@pytest.mark.parametrize(
    "test", [mcnemar_exact, mcnemar_mid_p, mcnemar_chi_square, mcnemar_chi_square_corrected]
)
def test_nobody_changed_gives_one(test: Callable[[int, int], float]) -> None:
    assert test(0, 0) == 1.0


# ------------------------------------------------------------------ who may have changed


def _pairs(before: int, after: int, n: int) -> list[tuple[int, int]]:
    lost, gained = discordant_pairs(before, after, n)
    return list(zip(lost.tolist(), gained.tolist(), strict=True))


@pytest.mark.parametrize("n", range(1, 8))
def test_the_discordant_pairs_are_those_of_every_way_to_pair_the_patients(n: int) -> None:
    # Brute force: every assignment of (before, after) to n patients, 4^n of them as counts of the four kinds.
    seen: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for both, lost, gained in product(range(n + 1), repeat=3):
        if both + lost + gained <= n:
            seen.setdefault((both + lost, both + gained), set()).add((lost, gained))
    for before, after in product(range(n + 1), repeat=2):
        pairs = _pairs(before, after, n)
        assert len(pairs) == len(set(pairs))
        assert set(pairs) == seen[before, after]


def test_the_bounds_for_the_steroid_sparing_drugs_follow_from_the_margins() -> None:
    # 18 to 8 of 33: 10 to 18 stopped and 0 to 8 started. Fewest changes: 10 v 0, p = 2 / 2^10 = 0.00195.
    # Most: 18 v 8, p = 2 P(X <= 8 | 26, 1/2) = 0.0755.
    pairs = _pairs(18, 8, 33)
    assert pairs[0] == (10, 0)
    assert pairs[-1] == (18, 8)
    ps = [mcnemar_exact(*pair) for pair in pairs]
    assert min(ps) == pytest.approx(2 / 2**10, rel=1e-12)
    assert max(ps) == pytest.approx(2 * sum(comb(26, k) for k in range(9)) / 2**26, rel=1e-12)


# ------------------------------------------------------------------ paired t


def _pairs_with(
    rng: np.random.Generator, n: int, mean1: float, sd1: float, mean2: float, sd2: float, r: float
) -> tuple[np.ndarray, np.ndarray]:
    """n simulated pairs that have exactly these means, SDs and correlation."""
    z = rng.standard_normal((n, 2))
    z -= z.mean(axis=0)
    q, _ = np.linalg.qr(z)  # two orthonormal columns, each with the mean 0
    x, y = (q * np.sqrt(n - 1)).T
    return mean1 + sd1 * x, mean2 + sd2 * (r * x + np.sqrt(max(1 - r * r, 0)) * y)


@pytest.mark.parametrize(
    ("mean1", "sd1", "mean2", "sd2", "n"),
    [
        ("46.8", "20.8", "11.8", "15.3", 17),
        ("30.9", "24.9", "9.5", "8.7", 16),
        ("5.0", "2.0", "4.6", "3.1", 9),
    ],
)
def test_the_range_of_the_paired_t_is_that_of_simulated_pairs_over_all_correlations(
    mean1: str, sd1: str, mean2: str, sd2: str, n: int
) -> None:
    # Twelve decimals leave the correlation as the only thing unknown.
    one = MeanSD(mean1 + "0" * 11, sd1 + "0" * 11, n)
    other = MeanSD(mean2 + "0" * 11, sd2 + "0" * 11, n)
    found = paired_t_interval(one, other)
    rng = np.random.default_rng(3)
    ps = [
        ttest_rel(*_pairs_with(rng, n, float(mean1), float(sd1), float(mean2), float(sd2), r)).pvalue
        for r in np.linspace(-1, 1, 81)
    ]
    assert found.low == pytest.approx(min(ps), rel=1e-6)  # r = 1
    assert found.high == pytest.approx(max(ps), rel=1e-6)  # r = -1
    assert all(found.low * (1 - 1e-6) <= p <= found.high * (1 + 1e-6) for p in ps)


def test_the_range_of_the_paired_t_holds_every_rounding_and_correlation() -> None:
    rng = np.random.default_rng(4)
    found = paired_t_interval(MeanSD("30.9", "24.9", 16), MeanSD("9.5", "8.7", 16))
    ps = []
    for _ in range(400):
        shift = rng.uniform(-0.05, 0.1, 4)
        corner = rng.random(4) < 0.5
        shift = np.where(corner, rng.choice([-0.05, 0.1], 4), shift)
        m1, s1, m2, s2 = np.array([30.9, 24.9, 9.5, 8.7]) + shift
        r = rng.choice([-1.0, 1.0, rng.uniform(-1, 1)])
        ps.append(ttest_rel(*_pairs_with(rng, 16, m1, s1, m2, s2, r)).pvalue)
    assert all(found.low * (1 - 1e-6) <= p <= found.high * (1 + 1e-6) for p in ps)


def test_students_sleep_data_lie_in_the_range_of_their_margins() -> None:
    # R: t.test(extra ~ group, data = sleep, paired = TRUE): t = -4.0621, df = 9, p-value = 0.002833.
    found = paired_t_interval(MeanSD("0.75", "1.79", 10), MeanSD("2.33", "2.00", 10))
    assert 0.002833 in found
    # At r = -1 the SD of the change is 1.79 + 2.00: t = 1.58 / (3.79 / sqrt(10)) = 1.318, p = 0.22.
    # The rounding of the four numbers adds less than 0.01 to that.
    assert 0.22 < found.high < 0.23


def test_equal_spread_and_full_correlation_leave_no_error() -> None:
    found = paired_t_interval(MeanSD("5.0", "2.0", 9), MeanSD("4.0", "2.0", 9))
    assert found.low == 0.0


def test_overlapping_means_allow_no_change_at_all() -> None:
    assert paired_t_interval(MeanSD("5.0", "2.0", 9), MeanSD("5.1", "3.0", 9)).high == 1.0


def test_pairs_need_the_same_patients_twice() -> None:
    with pytest.raises(ValueError, match="same patients"):
        paired_t_interval(MeanSD("5.0", "2.0", 9), MeanSD("5.1", "3.0", 8))
