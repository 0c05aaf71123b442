"""Equivalence: the solver in Python and numba, its gradient and finite differences."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from mgbayes.latent import mean_sd

MASK = np.zeros((6, 12))
for row, count in enumerate((12, 9, 3, 2, 1, 0)):
    MASK[row, :count] = 1
MEAN = np.array([441.4, 230.0, 50.0, 100.0, 321.0, 1.0])
SD = np.array([336.6, 180.8, 80.0, 1.0, 1.0, 1.0])


def printed_score(mode):
    """Values, weights and a scalar of both with its gradient, as a compiled function."""
    z, mean, sd = pt.dmatrix(), pt.dvector(), pt.dvector()
    y = mean_sd.constrained(z, MASK, mean, sd)
    score = (pt.log(y.values) * pt.sin(np.arange(12.0))).sum() + y.log_weight.sum()
    outputs = [y.values, y.log_weight, score, *pytensor.grad(score, [z, mean, sd])]
    return pytensor.function([z, mean, sd], outputs, mode=mode)


@pytest.fixture(scope="module")
def in_python():
    return printed_score("FAST_COMPILE")


@pytest.fixture(scope="module")
def z():
    return np.random.default_rng(3).normal(size=MASK.shape)


@pytest.mark.long
def test_numba_equals_python(in_python, z):
    for compiled, plain in zip(printed_score("NUMBA")(z, MEAN, SD), in_python(z, MEAN, SD), strict=True):
        # Sums run in another order: rounding, enlarged by the SD of 1 % of the mean in one row.
        np.testing.assert_allclose(compiled, plain, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("argument", [0, 1, 2])
def test_gradient_equals_finite_differences(in_python, z, argument):
    at = [z, MEAN, SD]
    gradient = in_python(*at)[3 + argument]
    numeric = np.zeros_like(gradient)
    for index in np.ndindex(gradient.shape):
        h = 1e-5 * (at[argument][index] if argument else 1.0)
        above, below = ([a.copy() for a in at] for _ in range(2))
        above[argument][index] += h
        below[argument][index] -= h
        numeric[index] = (in_python(*above)[2] - in_python(*below)[2]) / (2 * h)
    # Step h errs by h² times a third derivative of order 10, and by rounding 1e-15 · 100 / h.
    np.testing.assert_allclose(numeric, gradient, rtol=1e-5, atol=1e-6)


def test_few_values_are_exact(in_python, z):
    values, weight, *_ = in_python(z, MEAN, SD)
    assert values[4, 0] == 321.0
    assert weight[4] == 0
    assert np.all(values[5] == 1)
    assert weight[5] == 0


@pytest.mark.parametrize("share", [1e-4, 0.1, 1.0, 0.9 * np.sqrt(8), 0.999 * np.sqrt(8)])
def test_constraint_holds_from_equal_to_nearly_impossible_spreads(share):
    """SD over mean of eight values reaches √8 when one has everything."""
    rng = np.random.default_rng(5)
    z = pt.dmatrix()
    y = mean_sd.constrained(z, np.ones((500, 8)), np.full(500, 3.0), np.full(500, 3.0 * share))
    values = y.values.eval({z: rng.normal(size=(500, 8))})
    np.testing.assert_allclose(values.mean(axis=1), 3.0, rtol=1e-9)
    np.testing.assert_allclose(values.std(axis=1, ddof=1), 3.0 * share, rtol=1e-9)
