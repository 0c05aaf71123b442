"""Two whole numbers with a sum and a sum of squares in a window, against a list of all."""

from __future__ import annotations

import numpy as np

from mgbayes.latent_cohort.pairs import pair, pairs


def listed(total: int, low_square: float, high_square: float, low: int) -> list[tuple[int, int]]:
    pairs = [(x, total - x) for x in range(-60, 61)]
    return [
        (x, y)
        for x, y in pairs
        if min(x, y) >= low and low_square - 1e-9 <= x * x + y * y <= high_square + 1e-9
    ]


def test_they_are_those_of_a_list() -> None:
    rng = np.random.default_rng(1)
    total = rng.integers(-3, 30, 4000)
    low_square = rng.integers(-5, 500, 4000).astype(float)
    high_square = low_square + rng.integers(0, 60, 4000)
    for low in (0, 1, -4):
        expected = [listed(int(s), a, b, low) for s, a, b in zip(total, low_square, high_square, strict=True)]
        seen = 0
        for one, a, b, every in zip(total, low_square, high_square, expected, strict=True):
            least, count = pairs(one, a, b, low)
            assert sorted(pair(one, least, k) for k in range(count)) == every
            seen += count > 0
        assert 500 < seen < 3500
