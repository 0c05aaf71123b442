"""What n values can have: settled by going through all of them, and never refused for true samples."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement
from math import inf

import numpy as np
import pytest

from mgbayes.study.rounding import exact_interval, rounding_interval
from mgbayes.study.statistics import MeanSD, QuantileDefinition, Quantiles, Support
from mgbayes.study.statistics.possible import definitions_that_allow, mean_bounds, sd_outside
from tests.oracles.statistics.as_reported import as_reported

CONVENTIONS = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)
TOP = 5
QUARTERS = (Fraction(0), Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), Fraction(1))


def printed(value: Fraction, places: int, convention: str) -> str:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return str(exact.quantize(Decimal(1).scaleb(-places), rounding=convention))


def five_numbers(x: tuple[int, ...], definition: QuantileDefinition) -> list[Fraction]:
    """Written anew, on sorted whole numbers, in exact arithmetic."""
    n = len(x)
    found = []
    for p in QUARTERS:
        if definition == "2":
            h = n * p
            at = h + Fraction(1, 2) if h.denominator == 1 else Fraction(h.__ceil__())
        elif definition == "6":
            at = (n + 1) * p
        elif definition == "7":
            at = (n - 1) * p + 1
        else:
            depth = {
                Fraction(1, 4): Fraction((n + 3) // 2, 2),
                Fraction(3, 4): n + 1 - Fraction((n + 3) // 2, 2),
            }
            at = depth.get(p, (n - 1) * p + 1)
        at = min(max(at, Fraction(1)), Fraction(n))
        low, high = x[at.__floor__() - 1], x[at.__ceil__() - 1]
        found.append(low + (at - at.__floor__()) * (high - low))
    return found


@cache
def every_print(
    n: int, places: int, mean_places: int, definition: QuantileDefinition
) -> frozenset[tuple[str, ...]]:
    """Five numbers and mean of every sample of n whole numbers from 0 to TOP, in every convention."""
    found = set()
    for x in combinations_with_replacement(range(TOP + 1), n):
        for one in CONVENTIONS:
            five = tuple(printed(q, places, one) for q in five_numbers(x, definition))
            found |= {(*five, printed(Fraction(sum(x), n), mean_places, other)) for other in CONVENTIONS}
    return frozenset(found)


def quantiles(row: tuple[str, ...], n: int, definition: QuantileDefinition) -> Quantiles:
    low, q1, median, q3, high, _ = row
    return Quantiles.of_texts(n, median, (q1, q3), (low, high), definitions=(definition,))


def moved(text: str, units: int) -> str:
    places = len(text.partition(".")[2])
    value = Decimal(text) + Decimal(units).scaleb(-places)
    return str(abs(value) if value == 0 else value)


CASES = [(3, 0, 1), (3, 2, 2), (4, 1, 2), (5, 0, 1), (5, 2, 1), (6, 1, 1)]


@pytest.mark.parametrize("definition", QuantileDefinition)
@pytest.mark.parametrize(("n", "places", "mean_places"), CASES)
def test_true_summaries_are_possible_and_altered_ones_where_some_sample_has_them(
    n: int, places: int, mean_places: int, definition: QuantileDefinition
) -> None:
    # Each number may have been rounded by its own convention, so quantiles are altered in the convention of the rest.
    true = every_print(n, places, mean_places, definition)
    rng = np.random.default_rng([3, n, places])
    rows = [sorted(true)[i] for i in rng.integers(len(true), size=40)]
    support, refused = Support(whole=True, low=0, high=TOP), 0
    for row in rows:
        assert definitions_that_allow(quantiles(row, n, definition), support, exact_interval(row[-1])), row
        k, units = int(rng.integers(6)), int(rng.choice((-2, -1, 1, 2)))
        altered = (*row[:k], moved(row[k], units), *row[k + 1 :])
        found = definitions_that_allow(
            quantiles(altered, n, definition), support, exact_interval(altered[-1])
        )
        exists = any_exists(altered, n, definition)
        assert bool(found) == exists, altered
        refused += not exists
    assert refused > 5  # altered ones that no sample has did occur


@pytest.mark.parametrize(("n", "with_range"), [(7, True), (7, False), (6, True)])
def test_means_beside_a_median_are_possible_where_some_sample_has_them(n: int, with_range: bool) -> None:
    """With values between the order statistics, whose sum is free between its ends."""
    top, by = 4, QuantileDefinition.type_7
    every = list(combinations_with_replacement(range(top + 1), n))
    support, counts = Support(whole=True, low=0, high=top), [0, 0]
    for low, median, high in ((0, "2", 4), (1, "1", 4), (0, "3.5", 4), (1, "2", 2)):
        limits = (str(low), str(high)) if with_range else ("2", "2")
        within = [exact_interval(text) for text in (limits[0], median, limits[1])]
        alike = [
            x
            for x in every
            if (not with_range or (x[0] in within[0] and x[-1] in within[2]))
            and Fraction(float(np.median(x))) in within[1]
        ]
        reported = Quantiles.of_texts(
            n, median, None, (str(low), str(high)) if with_range else None, (), (by,)
        )
        for total in range(n * top + 1):
            mean = f"{total / n:.3f}"
            found = bool(definitions_that_allow(reported, support, exact_interval(mean)))
            exists = any(Fraction(sum(x), n) in exact_interval(mean) for x in alike)
            assert found == exists, (low, median, high, mean)
            counts[exists] += 1
    assert min(counts) > 10


def any_exists(row: tuple[str, ...], n: int, definition: QuantileDefinition) -> bool:
    """Whether some sample has every number in some convention of its own."""
    texts = [Decimal(text) for text in row]
    places = [len(text.partition(".")[2]) for text in row]
    return any(
        all(
            any(Decimal(printed(value, place, one)) == text for one in CONVENTIONS)
            for value, place, text in zip(
                [*five_numbers(x, definition), Fraction(sum(x), n)], places, texts, strict=True
            )
        )
        for x in combinations_with_replacement(range(TOP + 1), n)
    )


@pytest.mark.parametrize(("n", "definition"), [(4, "7"), (5, "6"), (6, "2"), (5, "hinges")])
def test_no_sd_that_whole_numbers_have_lies_outside_its_bounds_and_these_are_near(
    n: int, definition: str
) -> None:
    by = QuantileDefinition(definition)
    sds: dict[tuple[str, ...], list[float]] = {}
    for x in combinations_with_replacement(range(9), n):
        five = tuple(printed(q, 2, ROUND_HALF_UP) for q in five_numbers(x, by))
        mean = printed(Fraction(sum(x), n), 2, ROUND_HALF_UP)
        sds.setdefault((*five, mean), []).append(float(np.std(x, ddof=1)))
    support, widths = Support(whole=True, low=0, high=8), []
    for row, found in list(sds.items())[::7]:
        reach = sd_outside(
            rounding_interval("1000"), rounding_interval(row[-1]), support, quantiles(row, n, by)
        )
        assert reach is not None
        assert reach.low <= min(found) + 1e-9
        assert max(found) - 1e-9 <= reach.high
        widths.append(reach.high - max(found))
    assert np.median(widths) < 0.5  # where the five numbers leave little, so do the bounds


SHAPES = ("normal", "lognormal", "whole", "few")


def sample(rng: np.random.Generator, shape: str, n: int) -> np.ndarray:
    if shape == "normal":
        return rng.normal(50, 10, n)
    if shape == "lognormal":
        return rng.lognormal(2, 1.5, n)
    return rng.integers(0, 400 if shape == "whole" else 4, n).astype(float)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("definition", QuantileDefinition)
def test_no_true_summary_of_a_generated_sample_is_refused(shape: str, definition: QuantileDefinition) -> None:
    rng = np.random.default_rng([4, SHAPES.index(shape), list(QuantileDefinition).index(definition)])
    support = Support(whole=shape in ("whole", "few"), low=-inf if shape == "normal" else 0.0)
    for _ in range(250):
        n, places = int(rng.integers(3, 60)), int(rng.integers(0, 3))
        x, convention = sample(rng, shape, n), str(rng.choice(CONVENTIONS))
        blank = Quantiles.of_texts(n, "0", ("0", "0"), ("0", "0"), definitions=(definition,))
        low, q1, median, q3, high = (
            str(Decimal(repr(round(float(q), 9))).quantize(Decimal(1).scaleb(-places), convention))
            for q in blank.of(x)
        )
        mean, sd = as_reported(MeanSD("0.00", "0.00", n), x)
        reported = Quantiles.of_texts(n, median, (q1, q3), (low, high), definitions=(definition,))
        assert list(reported.faults()) == []
        assert reported.allows(x)
        assert MeanSD(mean, sd, n).allows(x)
        assert definitions_that_allow(reported, support, exact_interval(mean)) == (definition,)
        assert rounding_interval(mean).meets(mean_bounds(reported, support))
        sd_interval = MeanSD(mean, sd, n).sd_interval
        assert sd_outside(sd_interval, rounding_interval(mean), support, reported) is None


def test_a_mean_above_the_maximum_and_an_sd_beyond_the_range_are_caught() -> None:
    reported = Quantiles.of_texts(20, "45", ("30", "62"), ("18", "77"))
    support = Support(low=0)
    assert definitions_that_allow(reported, support, exact_interval("48.0"))
    assert not definitions_that_allow(reported, support, exact_interval("78.1"))
    # 5 values at most 30, 10 at most 45, 15 at most 62 and one of 18: the mean is at most about 53.
    assert not definitions_that_allow(reported, support, exact_interval("56.0"))
    assert sd_outside(rounding_interval("31"), rounding_interval("46"), support, reported) is not None
    assert sd_outside(rounding_interval("18"), rounding_interval("46"), support, reported) is None
    assert sd_outside(rounding_interval("5"), rounding_interval("46"), support, reported) is not None
