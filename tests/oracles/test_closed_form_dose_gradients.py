"""The fused arithmetic of the dose models: gradients against finite differences, and numba against plain Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
from scipy import special

from mgbayes.models import (
    along_factor,
    arm_means,
    bartlett,
    gamma_doses,
    hurdle_doses,
    normal_quantile,
    wishart,
)
from mgbayes.models.fused import Fused

RNG = np.random.default_rng(3)
VINE = RNG.uniform(-0.8, 0.8, (2, 3))
SCALE = RNG.uniform(0.1, 0.3, (2, 3))
W = np.array([[0.4, -1.2, 0.3], [-4.0, 0.2, -6.0]])  # some beyond the bend


def _bounds(low: float, high: float) -> np.ndarray:
    bounds = np.broadcast_to([-1.0, 1.0], (2, 3, 2)).copy()
    bounds[:, :2] = low, high
    return bounds


ROWS = (RNG.uniform(2, 5, (2, 3)), RNG.standard_normal((2, 3)), VINE)
CASES: dict[str, tuple[Fused, tuple[np.ndarray, ...]]] = {
    "rows, free": (bartlett._ROWS, (*ROWS, _bounds(-1, 1))),
    "rows, bounded": (bartlett._ROWS, (*ROWS, _bounds(0.1, 0.6))),
    "rows, bounded below": (bartlett._ROWS, (*ROWS, _bounds(-0.2, 1))),
    "growth": (arm_means._GROWTH, (W, SCALE, VINE)),
    "pooled": (arm_means._POOLED, (W, np.array([3.0, 0.7]), np.array([0.3]), np.array([0.6]))),
    "latent gamma": (
        gamma_doses._DOSES,
        (
            RNG.standard_normal((2, 13, 3)),
            np.array([13.0, 5.0]),
            np.array([[26.0, 19.0, 15.0], [30.9, 9.5, 2.8]]),
            np.array([[17.0, 17.0, 10.0], [24.9, 8.7, 3.8]]),
            RNG.uniform(0.5, 4, (2, 3)),
            RNG.uniform(0.02, 0.3, (2, 3)),
            VINE,
        ),
    ),
    "hurdle": (
        hurdle_doses._DENSITY,
        (
            RNG.gamma(2, 10, (2, 5, 3)) * (RNG.uniform(size=(2, 5, 3)) < 0.6),
            (RNG.uniform(size=(2, 5, 3)) < 0.7).astype(float),
            RNG.uniform(0.2, 0.8, (2, 3)),
            RNG.normal(3, 0.3, (2, 3)),
            np.array([0.5, 0.8]),
            np.array([0.4, 0.7]),
        ),
    ),
    "normal": (wishart._NORMAL, (W, RNG.standard_normal((2, 3)), SCALE + 1, VINE)),
}


def _several(found: Any) -> tuple[np.ndarray, ...]:
    return found if isinstance(found, tuple) else (found,)


@pytest.mark.parametrize("case", CASES)
def test_the_backward_pass_is_the_gradient_of_the_forward_pass(case: str) -> None:
    operation, inputs = CASES[case]
    passes = operation.passes
    outputs = _several(passes.forward(*inputs))
    weights = [RNG.standard_normal(out.shape) for i, out in enumerate(outputs) if i not in passes.kept]

    def total(*at: np.ndarray) -> float:
        found = [out for i, out in enumerate(_several(passes.forward(*at))) if i not in passes.kept]
        return float(sum((out * weight).sum() for out, weight in zip(found, weights, strict=True)))

    bars = iter(_several(passes.backward(*inputs, *outputs, *weights)))
    for i, differentiable in enumerate(passes.differentiable):
        if differentiable:
            numeric = _differences(total, inputs, i)
            # Central differences are off by step² and by rounding over step: 1e-6 of the largest term.
            bar = next(bars)
            np.testing.assert_allclose(bar, numeric, rtol=1e-6, atol=1e-6 * max(1.0, np.abs(bar).max()))


def _differences(f: Callable[..., float], at: tuple[np.ndarray, ...], which: int) -> np.ndarray:
    gradient = np.empty_like(at[which])
    for index in np.ndindex(gradient.shape):
        sides = []
        for step in (1e-5, -1e-5):
            moved = [value.copy() for value in at]
            moved[which][index] += step
            sides.append(f(*moved))
        gradient[index] = (sides[0] - sides[1]) / 2e-5
    return gradient


def test_compiled_and_plain_arithmetic_agree() -> None:
    operation, inputs = CASES["rows, bounded"]
    compiled = numba.njit(operation.passes.forward, error_model="numpy")
    for mine, plain in zip(compiled(*inputs), operation.passes.forward(*inputs), strict=True):
        np.testing.assert_allclose(mine, plain, rtol=1e-12)


def test_the_normal_quantile_is_scipys() -> None:
    p = np.concatenate([10.0 ** -np.linspace(0.31, 300, 500), np.linspace(0.0005, 0.9995, 500)])
    found = np.array([normal_quantile.quantile(each) for each in p])
    np.testing.assert_allclose(found, special.ndtri(p), rtol=1e-13, atol=1e-15)


def test_the_slope_of_the_bend_is_continuous() -> None:
    below, above = (along_factor._log_growth(-along_factor.BEND + step) for step in (-1e-9, 1e-9))
    np.testing.assert_allclose(below, above, atol=1e-8)
