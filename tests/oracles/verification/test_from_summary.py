"""Data sets made from a printed mean and SD have that mean and SD; whole numbers do so exactly."""

from __future__ import annotations

import numpy as np
import pytest

from mgbayes.reconstruction.from_summary import PrintedSample, constrained, samples
from tests.oracles.verification.enumeration import prints_as

SETS = 300


def _shapes(rng: np.random.Generator, n: int) -> np.ndarray:
    """Skewed, heavy-tailed, two-humped and plain rows of n numbers."""
    return np.concatenate(
        [
            rng.standard_normal((SETS, n)),
            rng.exponential(size=(SETS, n)),
            rng.standard_t(3, (SETS, n)),
            rng.standard_normal((SETS, n)) + 6 * (rng.random((SETS, n)) < 0.4),
        ]
    )


@pytest.mark.parametrize("n", [2, 3, 9, 33])
def test_mean_and_sd_hold_to_a_billionth(n: int) -> None:
    rng = np.random.default_rng([8, n])
    z = _shapes(rng, n)
    mean = rng.uniform(0.5, 1000, len(z))
    # A sample of positive numbers has s² / m² < n; the ratio stays clear of that edge: there one has all.
    sd = mean * rng.uniform(0.05, 0.7, len(z)) * np.sqrt(n)
    y = constrained(z, mean, sd, np.zeros(len(z), int))
    assert (y > 0).all()
    np.testing.assert_allclose(y.mean(axis=1), mean, rtol=1e-9)
    np.testing.assert_allclose(y.std(axis=1, ddof=1), sd, rtol=1e-9)


def test_the_values_keep_the_order_of_the_shape() -> None:
    rng = np.random.default_rng(9)
    z = rng.standard_normal((50, 12))
    y = constrained(z, np.full(50, 441.4), np.full(50, 336.6), np.zeros(50, int))
    assert (y.argsort(axis=1) == z.argsort(axis=1)).all()


def test_two_values_have_the_one_solution_there_is() -> None:
    # n = 2: m ± s / sqrt(2). Mean 10, SD 4: 7.1716 and 12.8284.
    y = constrained(np.array([[0.3, -1.0]]), np.array([10.0]), np.array([4.0]), np.array([0]))
    np.testing.assert_allclose(y, [[10 + 4 / np.sqrt(2), 10 - 4 / np.sqrt(2)]], rtol=1e-9)


@pytest.mark.parametrize("zeros", [1, 4, 8])
def test_zeros_take_the_smallest_values_and_the_others_carry_mean_and_sd(zeros: int) -> None:
    rng = np.random.default_rng([10, zeros])
    z = rng.standard_normal((SETS, 16))
    mean, sd = np.full(SETS, 9.5), np.full(SETS, 16.0)
    y = constrained(z, mean, sd, np.full(SETS, zeros))
    assert ((y == 0).sum(axis=1) == zeros).all()
    np.testing.assert_allclose(y.mean(axis=1), mean, rtol=1e-9)
    np.testing.assert_allclose(y.std(axis=1, ddof=1), sd, rtol=1e-9)
    smallest = z.argsort(axis=1)[:, :zeros]
    assert (np.take_along_axis(y, smallest, axis=1) == 0).all()


@pytest.mark.parametrize(("mean", "sd", "n"), [("9.5", "8.7", 16), ("2.8", "3.8", 16), ("17.9", "15.6", 17)])
def test_the_most_zeros_allowed_is_the_most_that_leave_room_for_the_sd(mean: str, sd: str, n: int) -> None:
    # k zeros and n - k values that are all alike have the least SD there is with k zeros:
    # SD² = n m² k / ((n - k) (n - 1)). One zero more than allowed must exceed the printed SD.
    most = PrintedSample(mean, sd, n).zeros_allowed()
    least = [float(mean) * np.sqrt(n * k / ((n - k) * (n - 1))) for k in range(n)]
    assert least[most] < float(sd) <= least[most + 1]


@pytest.mark.parametrize(
    "printed",
    [
        PrintedSample("441.4", "336.6", 12, whole=True),
        PrintedSample("230", "180.8", 9, whole=True),
        PrintedSample("992", "783.9", 16, whole=True),
        PrintedSample("2.5", "0.8", 10, whole=True),
        PrintedSample("3.1", "1.3", 33, whole=True),
        PrintedSample("0.4", "0.7", 10, whole=True),
    ],
)
def test_whole_numbers_print_exactly_as_given(printed: PrintedSample) -> None:
    # In whole-number arithmetic, rounded half up, half to even or cut off (enumeration.py).
    rng = np.random.default_rng(11)
    z = _shapes(rng, printed.n)
    values, good = samples(rng, printed, z, np.zeros(len(z), int))
    assert good.mean() > 0.5  # a search that mostly failed would show nothing
    wrong = []
    for row in values[good]:
        whole = [int(v) for v in row]
        assert whole == row.tolist()
        assert min(whole) >= 0
        if not prints_as(whole, printed.mean, printed.sd):
            wrong.append(whole)
    assert wrong == []


def test_real_numbers_print_as_given() -> None:
    rng = np.random.default_rng(12)
    printed = PrintedSample("46.8", "20.8", 17)
    values, good = samples(rng, printed, _shapes(rng, 17), np.zeros(4 * SETS, int))
    assert good.all()
    assert {f"{row.mean():.1f}" for row in values} == {"46.8"}
    assert {f"{row.std(ddof=1):.1f}" for row in values} == {"20.8"}


@pytest.mark.parametrize(
    "printed",
    [
        PrintedSample("1.50", "1.00", 3, whole=True),  # three whole numbers have no sum of 4.5
        PrintedSample("2.00", "1.30", 3, whole=True),  # 1, 2, 3 has 1.00; 1, 1, 4 and 0, 3, 3 have 1.73
        PrintedSample("2.0", "9.0", 4),  # numbers of zero or more have at most 2 sqrt(4) = 4
    ],
)
def test_where_no_data_set_exists_none_is_said_to_reproduce_the_print(printed: PrintedSample) -> None:
    rng = np.random.default_rng(13)
    _, good = samples(rng, printed, rng.standard_normal((200, printed.n)), np.zeros(200, int))
    assert not good.any()
