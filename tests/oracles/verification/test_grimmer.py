"""Exact GRIMMER against brute force: what whole numbers can print, and nothing else, is accepted.

The oracle is enumeration: every sum and sum of squares that n numbers can have, printed under half up,
half to even and cutting off with whole-number arithmetic (enumeration.py).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations_with_replacement

import numpy as np
import pytest
from numpy.random import Generator

from mgbayes.study.statistics.whole_numbers import grimmer
from tests.oracles.verification.enumeration import (
    CUT_OFF,
    HALF_EVEN,
    HALF_UP,
    MIXES,
    Prints,
    mean_units,
    reachable,
    sd_units,
    shifted,
    text,
)

SEED = 20201017


# ------------------------------------------------------------------ the oracle itself


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_the_enumerated_sums_are_those_of_every_multiset(n: int) -> None:
    values = range(-2, 5)
    every = {(sum(x), sum(v * v for v in x)) for x in combinations_with_replacement(values, n)}
    assert {(total, q) for total, squares in reachable(n, values).items() for q in squares} == every


def test_the_oracle_prints_as_numpy_and_decimal_do() -> None:
    # 1, 2, 4: mean 7/3 = 2.333..., SD sqrt(7/3) = 1.5275...
    assert [text(u, 3) for u in mean_units(7, 3, 3)] == ["2.333", "2.333", "2.333"]
    assert [text(u, 2) for u in sd_units(7, 21, 3, 2)] == ["1.53", "1.53", "1.52"]
    # 0, 1: mean 1/2 stands on the half of a unit. 2, 3: mean 5/2 likewise, above an even 2.
    assert mean_units(1, 2, 0) == (1, 0, 0)
    assert mean_units(5, 2, 0) == (3, 2, 2)
    assert mean_units(-5, 2, 0) == (-3, -2, -2)
    # 0, 1, 2, 3, 4: SD sqrt(2.5) = 1.58113883...
    assert [text(u, 3) for u in sd_units(10, 30, 5, 3)] == ["1.581", "1.581", "1.581"]
    assert text(round(np.std([0, 1, 2, 3, 4], ddof=1) * 1000), 3) == "1.581"


# ------------------------------------------------------------------ both directions, exactly


def _candidates(prints: Prints, limit: int) -> list[tuple[str, str]]:
    """Possible prints, spread over all there are, each with its neighbours two units around it."""
    pairs = prints.pairs()
    chosen = pairs[:: max(1, len(pairs) // limit)]
    around = {
        (shifted(mean, i), shifted(sd, j)) for mean, sd in chosen for i in range(-2, 3) for j in range(-2, 3)
    }
    return sorted(pair for pair in around if not pair[1].startswith("-"))


def _disagreements(
    prints: Prints, candidates: list[tuple[str, str]], *, nonnegative: bool = True
) -> list[tuple]:
    return [
        (mean, sd, prints.n)
        for mean, sd in candidates
        if prints.settles(mean, sd)
        and grimmer(mean, sd, prints.n, nonnegative=nonnegative) != ((mean, sd) in prints)
    ]


@pytest.mark.parametrize(("mean_places", "sd_places"), MIXES)
def test_two_to_five_whole_numbers_print_exactly_what_every_multiset_prints(
    mean_places: int, sd_places: int
) -> None:
    for n in (2, 3, 4, 5):
        prints = Prints(n, range(11), mean_places, sd_places)
        candidates = [pair for pair in _candidates(prints, 40) if not pair[0].startswith("-")]
        assert sum(prints.settles(*pair) for pair in candidates) >= 20
        assert _disagreements(prints, candidates) == []


@pytest.mark.parametrize(("mean_places", "sd_places"), MIXES)
def test_whole_numbers_of_either_sign_print_exactly_what_every_multiset_prints(
    mean_places: int, sd_places: int
) -> None:
    for n in (2, 3, 4):
        prints = Prints(n, range(-7, 8), mean_places, sd_places)
        candidates = _candidates(prints, 40)
        assert sum(prints.settles(*pair) for pair in candidates) >= 20
        assert _disagreements(prints, candidates, nonnegative=False) == []


@pytest.mark.parametrize(("mean_places", "sd_places"), MIXES)
def test_ten_to_forty_whole_numbers_print_exactly_what_enumeration_prints(
    mean_places: int, sd_places: int
) -> None:
    # Sums of n - 3 to n + 3 numbers of at most 7; the SDs asked for stop where an 8 could take part.
    for n in (10, 17, 33, 40):
        prints = Prints(n, range(8), mean_places, sd_places, sums=range(n - 3, n + 4))
        beyond = {text(u, mean_places) for s in (n - 4, n + 4) for u in mean_units(s, n, mean_places)}
        means = sorted(prints.sds.keys() - beyond)
        sds = [text(units, sd_places) for units in range(10**sd_places + 1)]
        grid = [(mean, sd) for mean in means for sd in sds[:: max(1, len(sds) // 150)]]
        assert _disagreements(prints, grid) == []


# ------------------------------------------------------------------ no false rejection

Shape = Callable[[Generator, int], np.ndarray]

SHAPES: dict[str, Shape] = {
    "even": lambda rng, n: rng.integers(0, 6, n),
    "counts": lambda rng, n: rng.poisson(3, n),
    "skewed": lambda rng, n: rng.geometric(0.1, n) - 1,
    "days": lambda rng, n: np.rint(rng.lognormal(5.5, 0.8, n)).astype(int),
    "two humps": lambda rng, n: rng.choice([0, 1, 30, 31], n),
    "one outlier": lambda rng, n: np.r_[rng.integers(40, 45, n - 1), rng.integers(200, 900)],
    "mostly zero": lambda rng, n: rng.integers(0, 60, n) * (rng.random(n) < 0.3),
    "all alike": lambda rng, n: np.full(n, rng.integers(0, 90)),
}

SAMPLES_PER_MIX = 240  # 16 mixes x 240 = 3840 true samples, 480 of each shape


def _print(values: list[int], mean_places: int, sd_places: int, convention: int) -> tuple[str, str]:
    n, total, squares = len(values), sum(values), sum(v * v for v in values)
    mean = text(mean_units(total, n, mean_places)[convention], mean_places)
    return mean, text(sd_units(total, squares, n, sd_places)[convention], sd_places)


@pytest.mark.parametrize(("mean_places", "sd_places"), MIXES)
def test_no_true_sample_is_ever_rejected(mean_places: int, sd_places: int) -> None:
    rng = np.random.default_rng([SEED, mean_places, sd_places])
    rejected = []
    for i in range(SAMPLES_PER_MIX):
        shape = list(SHAPES.values())[i % len(SHAPES)]
        values = [int(v) for v in shape(rng, int(rng.integers(2, 41)))]
        convention = int(rng.integers(3))
        mean, sd = _print(values, mean_places, sd_places, convention)
        accepted = grimmer(mean, sd, len(values))
        if convention in (HALF_UP, HALF_EVEN):
            accepted &= grimmer(mean, sd, len(values), nearest_only=True)
        if not accepted:
            rejected.append((mean, sd, values))
    assert rejected == []


@pytest.mark.parametrize(("mean_places", "sd_places"), MIXES)
def test_no_true_sample_of_changes_is_ever_rejected(mean_places: int, sd_places: int) -> None:
    # Changes from baseline: whole numbers of either sign.
    rng = np.random.default_rng([SEED, 7, mean_places, sd_places])
    rejected = []
    for _ in range(40):
        values = [int(v) for v in np.rint(rng.normal(rng.uniform(-5, 5), 4, rng.integers(2, 41)))]
        mean, sd = _print(values, mean_places, sd_places, int(rng.integers(3)))
        if not grimmer(mean, sd, len(values), nonnegative=False):
            rejected.append((mean, sd, values))
    assert rejected == []


def test_the_usual_shortcut_denies_a_quarter_of_true_samples_and_exact_grimmer_none() -> None:
    # The shortcut looks at the whole number nearest to n x mean alone, with every sum of squares of its
    # parity. At n = 33, one decimal in the mean and two in the SD, it denies up to 34 % of true data.
    rng = np.random.default_rng(SEED)
    n, rejected, missed = 33, 0, 0
    for _ in range(300):
        values = [int(v) for v in rng.integers(0, 6, n)]
        mean, sd = _print(values, 1, 2, HALF_UP)
        total = round(float(mean) * n)
        least = -(-total * total // n)
        squares = [q for q in range(least, 33 * 25 + 1) if (q - total) % 2 == 0]
        rejected += sd not in {text(sd_units(total, q, n, 2)[HALF_UP], 2) for q in squares}
        missed += not grimmer(mean, sd, n)
    print("SHARE", rejected / 300)
    assert 0.15 < rejected / 300 < 0.45
    assert missed == 0


# ------------------------------------------------------------------ altered samples are rejected


def test_samples_altered_so_that_no_data_set_fits_are_rejected() -> None:
    # A true sample of small numbers, its SD moved by up to 9 units of the third decimal until the
    # enumeration has no data set for it; the proof is that enumeration.
    rng = np.random.default_rng(SEED)
    wrongly_accepted, altered = [], 0
    for n in range(5, 41, 5):
        prints = {places: Prints(n, range(8), places, 3, sums=range(n - 6, n + 7)) for places in (2, 3)}
        for _ in range(30):
            values = _values_with_sum(rng, n, n + int(rng.integers(-2, 3)))
            places = int(rng.integers(2, 4))
            mean, sd = _print(values, places, 3, CUT_OFF)
            for units in (int(u) for u in rng.permutation([-9, -6, -3, 3, 6, 9])):
                wrong = shifted(sd, units)
                if (mean, wrong) not in prints[places] and prints[places].settles(mean, wrong):
                    altered += 1
                    if grimmer(mean, wrong, n):
                        wrongly_accepted.append((mean, wrong, n))
                    break
    assert altered >= 150
    assert wrongly_accepted == []


def _values_with_sum(rng: Generator, n: int, total: int) -> list[int]:
    """0 to 3 at random, then single units moved until the sum is right."""
    values = rng.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
    while values.sum() != total:
        i = rng.integers(n)
        values[i] = np.clip(values[i] + np.sign(total - values.sum()), 0, 3)
    return [int(v) for v in values]


@pytest.mark.parametrize(
    ("mean", "sd", "n", "why"),
    [
        ("0.5", "0.5", 2, "0 and 1 have the SD 0.707, and no other two numbers average 0.5 to 0.6"),
        (
            "2.00",
            "0.50",
            4,
            "the squared deviations of four whole numbers with the sum 8 add up to an even number, not 0.75",
        ),
        ("3.33", "0.60", 3, "sum 10: 3, 3, 4 have 0.577, the next spread, 2, 4, 4, has 1.155"),
        ("5.18", "0.20", 28, "sum 145 = 28 x 5 + 5: the least SD is that of 23 fives and 5 sixes, 0.390"),
        (
            "1.0",
            "4.5",
            17,
            "sums 17 and 18 of numbers of zero or more: the greatest SD is 18/sqrt(17) = 4.366",
        ),
    ],
)
def test_a_print_that_can_be_refuted_by_hand_is_rejected(mean: str, sd: str, n: int, why: str) -> None:
    assert not grimmer(mean, sd, n), why


def test_a_mean_that_no_convention_prints_so_is_not_taken_for_it() -> None:
    # Of three numbers with a mean that prints as 0 (sums 0, 1, 2) the SDs are 0, 0.577, 0.577, 1.155. Only
    # 0, 1, 2 has the SD 1.0, and its mean, 1, prints as 1 under every convention.
    assert not grimmer("0", "1.0", 3)


def test_an_sd_that_no_convention_prints_so_is_not_taken_for_it() -> None:
    # 1, 2, 3 has the SD 1 exactly, which is never printed 0.9; 2, 2, 2 has 0 and 1, 1, 4 has 1.732.
    assert not grimmer("2.00", "0.9", 3)


def test_numbers_of_zero_or_more_have_no_negative_sum() -> None:
    # Mean 0.0 of 33 numbers of zero or more: sums 0 to 3, and the SDs of those below 0.39 are 0, 0.17, 0.24,
    # 0.29 (ones only) and 0.348 (one 2). -2 and 1 and 31 zeros have 0.395, but are not of zero or more.
    assert not grimmer("0.0", "0.39", 33)
    assert grimmer("0.0", "0.39", 33, nonnegative=False)
    assert not grimmer("-1.0", "1.0", 5)
    assert grimmer("-1.0", "1.0", 5, nonnegative=False)


def test_one_number_has_its_own_mean_and_no_spread() -> None:
    assert grimmer("7", "0", 1)
    assert not grimmer("7.5", "0.0", 1)
    assert not grimmer("7", "1", 1)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(("mean", "sd", "n"), [("12345", "5432.1", 4), ("12345.6", "5432.12", 5)])
def test_large_numbers_of_few_patients_are_decided_in_seconds(mean: str, sd: str, n: int) -> None:
    # Costs of four patients: 4 Q - S² is a sum of three squares for five in six Q, so data sets abound.
    assert grimmer(mean, sd, n)
