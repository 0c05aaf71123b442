"""A printed number stands for every value that some usual convention prints so, and for no other."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mgbayes.study.rounding import Interval, decimals, possible_sums, rounding_interval
from mgbayes.study.statistics.p_value import ReportedP

CONVENTIONS = st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN])
PLACES = st.integers(0, 4)


def _print(value: Decimal, places: int, convention: str) -> str:
    return str(value.quantize(Decimal(1).scaleb(-places), rounding=convention))


# ------------------------------------------------------------------ the interval of a print


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.floats(-1e6, 1e6), PLACES, CONVENTIONS)
@example(0.07, 1, ROUND_DOWN)
@example(-0.07, 1, ROUND_DOWN)  # cut off to -0.0
@example(2.5, 0, ROUND_HALF_EVEN)
@example(-2.5, 0, ROUND_HALF_UP)
@example(46.85, 1, ROUND_HALF_UP)
def test_a_value_lies_in_the_interval_of_its_print(value: float, places: int, convention: str) -> None:
    # Decimal(value) is the float exactly, so that the printing is right to the last bit.
    assert value in rounding_interval(_print(Decimal(value), places, convention))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.floats(-1e6, 1e6), PLACES, st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]))
def test_a_rounded_value_lies_in_the_interval_of_the_nearest(
    value: float, places: int, convention: str
) -> None:
    assert value in rounding_interval(_print(Decimal(value), places, convention), nearest_only=True)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.integers(-(10**7), 10**7), PLACES, st.floats(0.001, 0.999))
def test_every_value_inside_the_interval_has_that_print(units: int, places: int, share: float) -> None:
    printed = str(Decimal(units).scaleb(-places))
    around = rounding_interval(printed)
    value = Decimal(around.low + share * (around.high - around.low))
    prints = {
        Decimal(_print(value, places, rounding)) for rounding in (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)
    }
    assert Decimal(printed) in prints


@pytest.mark.parametrize(
    ("printed", "low", "high"),
    [
        ("46.8", 46.75, 46.9),
        ("230", 229.5, 231.0),
        ("0.05", 0.045, 0.06),
        ("-2.3", -2.4, -2.25),
        ("46.80", 46.795, 46.81),
    ],
)
def test_the_interval_runs_from_half_a_unit_towards_zero_to_a_unit_away_from_it(
    printed: str, low: float, high: float
) -> None:
    assert rounding_interval(printed) == Interval(low, high)


@pytest.mark.parametrize("printed", ["0.0", "-0.0"])
def test_a_printed_zero_stands_for_both_signs(printed: str) -> None:
    # 0.07 and -0.07 are both cut off to zero; whether a minus is shown depends on the software.
    assert rounding_interval(printed) == Interval(-0.1, 0.1)


def test_trailing_zeros_are_information() -> None:
    assert decimals("46.80") == 2
    assert decimals("46.8") == 1
    assert decimals("230") == 0


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.integers(-500, 500), st.integers(1, 60), st.integers(0, 3), CONVENTIONS)
def test_the_sum_of_a_sample_is_among_the_possible_sums_of_its_mean(
    total: int, n: int, places: int, convention: str
) -> None:
    # 50 digits: total / n for n up to 60 is never mistaken for a tie.
    mean = Decimal(total) / Decimal(n)
    assert total in possible_sums(_print(mean, places, convention), n)


@pytest.mark.parametrize(
    ("mean", "n", "sums"),
    [
        ("0", 3, [-2, -1, 0, 1, 2]),  # 3 / 3 = 1 prints as 1
        ("1", 3, [2, 3, 4, 5]),  # 1.5 / 3 rounds up to 1, 6 / 3 = 2 prints as 2
        ("0.4", 10, [4]),  # 5 / 10 prints as 0.5 under every convention
        ("-1", 2, [-3, -2, -1]),
        ("3.33", 3, [10]),
        ("1.50", 3, []),
    ],
)
def test_the_possible_sums_are_those_that_print_so(mean: str, n: int, sums: list[int]) -> None:
    assert list(possible_sums(mean, n)) == sums
    for total in range(-40, 41):
        exact = Fraction(total, n)
        digits = Decimal(exact.numerator) / Decimal(exact.denominator)
        prints = {
            Decimal(_print(digits, decimals(mean), how))
            for how in (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)
        }
        assert (total in sums) == (Decimal(mean) in prints)


# ------------------------------------------------------------------ printed p values


@pytest.mark.parametrize(
    ("text", "relation", "number", "places"),
    [
        ("0.049", "=", "0.049", 3),
        ("=0.22", "=", "0.22", 2),
        ("<.001", "<", "0.001", 3),
        ("< 0.01", "<", "0.01", 2),
        ("<=0.05", "<", "0.05", 2),
        (">0.05", ">", "0.05", 2),
        (">= .10", ">", "0.10", 2),
        (" 0.4 ", "=", "0.4", 1),
        ("1", "=", "1", 2),
        ("0", "=", "0", 2),
        ("1.00", "=", "1.00", 2),
        ("0.000", "=", "0.000", 3),
    ],
)
def test_a_p_value_is_read_as_printed(text: str, relation: str, number: str, places: int) -> None:
    assert ReportedP.parse(text) == ReportedP(relation, number, places)


@pytest.mark.parametrize("text", ["", "n.s.", "1.2", "-0.1", "0,05", "p<0.05", "2", "0.05 (t test)", "1e-3"])
def test_what_is_not_a_p_value_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a p value"):
        ReportedP.parse(text)


def test_a_bare_one_is_read_with_the_decimals_usual_in_the_paper() -> None:
    assert ReportedP.parse("1", usual_places=2).interval == Interval(0.995, 1.0)
    assert ReportedP.parse("1", usual_places=3).interval == Interval(0.9995, 1.0)


@pytest.mark.parametrize(
    ("text", "p_low", "p_high", "agrees"),
    [
        ("0.22", 0.2206, 0.2206, True),
        ("0.22", 0.2277, 0.2277, True),  # cut off
        ("0.22", 0.215, 0.215, True),  # half up
        ("0.22", 0.2149, 0.2149, False),
        ("0.22", 0.2301, 0.2301, False),
        ("0.22", 0.10, 0.30, True),  # a range that runs across
        ("0.22", 0.23001, 0.30, False),
        ("<0.01", 0.0091, 0.0091, True),
        ("<0.01", 0.0102, 0.02, False),
        ("<0.01", 0.0, 1.0, True),
        (">0.05", 0.051, 0.051, True),
        (">0.05", 0.01, 0.049, False),
        ("0.002", 0.0016, 0.0016, True),
        ("1", 0.996, 0.996, True),
        ("1", 0.62, 0.62, False),
        ("0.99", 0.993, 0.993, True),
        ("0.99", 1.0, 1.0, False),  # exact tests do give 1, and 1 is never printed as 0.99
        ("0.49", 0.5, 0.5, False),
        ("0.000", 0.0004, 0.0004, True),
    ],
)
def test_a_p_agrees_with_a_print_that_it_could_have(
    text: str, p_low: float, p_high: float, agrees: bool
) -> None:
    assert ReportedP.parse(text).agrees(p_low, p_high) is agrees


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.floats(0, 1), st.integers(1, 4), CONVENTIONS)
def test_every_p_agrees_with_its_own_print(p: float, places: int, convention: str) -> None:
    # The float 0.7 is 0.69999999999999996: who cuts it off means 0.7, so such p are left out.
    assume(p == 0 or abs(p * 10**places - round(p * 10**places)) > 1e-4)
    assert ReportedP.parse(_print(Decimal(p), places, convention)).agrees(p, p)


# ------------------------------------------------------------------ intervals


def test_an_interval_holds_its_ends_and_meets_what_touches_it() -> None:
    around = Interval(0.25, 0.5)
    assert 0.25 in around
    assert 0.5 in around
    assert 0.51 not in around
    assert around.meets(Interval(0.5, 0.75))
    assert around.meets(Interval(0.0, 1.0))
    assert not around.meets(Interval(0.51, 0.75))
