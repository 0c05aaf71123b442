"""GRIM and DEBIT against enumeration, decimals taken from whole-number arithmetic (enumeration.py)."""

from __future__ import annotations

import pytest

from mgbayes.study.statistics.whole_numbers import debit, grim, grim_has_power, grimmer
from tests.oracles.verification.enumeration import MIXES, mean_prints, sd_prints, shifted, text


@pytest.mark.parametrize("places", [0, 1, 2, 3])
def test_grim_accepts_exactly_the_means_that_some_sum_prints(places: int) -> None:
    unit = 10**places
    for n in [*range(1, 41), 66, 67, 100]:
        prints = set().union(*(mean_prints(total, n, places) for total in range(3 * n + 1)))
        # Means from 1 to 2: every sum that could print so lies between 0 and 3 n.
        asked = [text(units, places) for units in range(unit, 2 * unit + 1, max(1, unit // 200))]
        assert [mean for mean in asked if grim(mean, n)] == [mean for mean in asked if mean in prints]


@pytest.mark.parametrize("places", [0, 1, 2])
def test_grim_has_power_exactly_where_some_mean_cannot_be_printed(places: int) -> None:
    unit = 10**places
    for n in range(1, 101):
        prints = set().union(*(mean_prints(total, n, places) for total in range(3 * n + 1)))
        some_print_is_missing = any(text(u, places) not in prints for u in range(unit, 2 * unit))
        assert grim_has_power(text(unit, places), n) == some_print_is_missing, n


def test_the_first_example_of_the_grim_paper_is_impossible() -> None:
    # Brown and Heathers 2017: 28 whole numbers with the mean 5.19. 145 / 28 = 5.179, 146 / 28 = 5.214.
    assert not grim("5.19", 28)
    assert grim("5.18", 28)
    assert grim("5.21", 28)


def test_grim_has_no_power_at_33_patients_and_one_decimal() -> None:
    assert not grim_has_power("35.9", 33)
    assert grim_has_power("35.91", 33)


@pytest.mark.parametrize(("mean_places", "sd_places"), MIXES)
def test_debit_accepts_exactly_what_zeros_and_ones_print(mean_places: int, sd_places: int) -> None:
    for n in (2, 3, 4, 5, 8, 16, 17, 33, 40):
        possible = {
            (mean, sd)
            for total in range(n + 1)
            for mean in mean_prints(total, n, mean_places)
            for sd in sd_prints(total, total, n, sd_places)
        }
        asked = {
            (shifted(m, i), shifted(s, j)) for m, s in possible for i in range(-2, 3) for j in range(-2, 3)
        }
        asked = {pair for pair in asked if "-" not in pair[0] + pair[1]}
        assert {pair for pair in asked if debit(*pair, n)} == possible


def test_debit_knows_the_sd_of_ten_relapses_in_seventeen() -> None:
    # sqrt(10 x 7 / (17 x 16)) = 0.5073 (closed form: S (n - S) / (n (n - 1))).
    assert debit("0.588", "0.507", 17)
    assert not debit("0.588", "0.492", 17)  # n instead of n - 1 in the denominator
    assert not debit("0.6", "0.6", 17)


def test_what_debit_accepts_grimmer_accepts_too() -> None:
    for total in range(18):
        for mean in mean_prints(total, 17, 2):
            for sd in sd_prints(total, total, 17, 3):
                assert debit(mean, sd, 17)
                assert grimmer(mean, sd, 17)
