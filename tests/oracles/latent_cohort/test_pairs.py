"""Two whole numbers with a sum and a sum of squares in a window, against a list of all."""

from __future__ import annotations

from collections import Counter

import numpy as np
from scipy import stats

from mgbayes.latent_cohort.pairs import Pairs


def listed(total: int, low_square: float, high_square: float, low: int) -> list[tuple[int, int]]:
    pairs = [(x, total - x) for x in range(-60, 61)]
    return [
        (x, y)
        for x, y in pairs
        if min(x, y) >= low and low_square - 1e-9 <= x * x + y * y <= high_square + 1e-9
    ]


def test_their_number_is_that_of_a_list() -> None:
    rng = np.random.default_rng(1)
    total = rng.integers(-3, 30, 4000)
    low_square = rng.integers(-5, 500, 4000).astype(float)
    high_square = low_square + rng.integers(0, 60, 4000)
    for low in (0, 1, -4):
        found = Pairs.of(total, low_square, high_square, low).count
        expected = [
            len(listed(int(s), a, b, low)) for s, a, b in zip(total, low_square, high_square, strict=True)
        ]
        assert found.tolist() == expected
        assert 500 < np.count_nonzero(found) < 3500


def test_each_is_as_likely() -> None:
    one = np.full(200_000, 12)
    pairs = Pairs.of(one, np.full(200_000, 70.0), np.full(200_000, 110.0), 0)
    drawn = Counter(zip(*(x.tolist() for x in pairs.draw(np.random.default_rng(2))), strict=True))
    assert set(drawn) == set(listed(12, 70, 110, 0))
    assert stats.chisquare(list(drawn.values())).pvalue > 1e-3
