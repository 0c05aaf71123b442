"""The integral over the effect that a patient's outcomes share: by scipy, by finite differences, by numba."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest
from scipy import special

from mgbayes.models import shared_effect as of

SHAPE = (2, 40)
SLOPES = ("a_r", "c_r", "later", "a_t", "c_t", "a_l", "a_u")


@pytest.fixture(scope="module", name="given")
def _given() -> dict[str, Any]:
    """Every pair of what can be known of two outcomes, far lines included."""
    rng = np.random.default_rng(3)
    lower = rng.normal(0, 2, SHAPE)
    return {
        "seen": rng.integers(0, 3, SHAPE).astype(float),
        "a_r": rng.normal(0, 2, SHAPE),
        "c_r": rng.normal(0, 1, SHAPE),
        "later": rng.uniform(0, 1, SHAPE),
        "relapse": rng.integers(0, 4, SHAPE).astype(float),
        "a_t": rng.normal(0, 2, SHAPE),
        "c_t": rng.normal(0, 1, SHAPE),
        "a_l": lower,
        "a_u": lower + rng.exponential(1, SHAPE),
    }


def by_scipy(given: dict[str, Any]) -> Any:
    """The log of the sum, term by term from log chances."""
    seen, relapse = given["seen"][..., None], given["relapse"][..., None]
    x, t = (given[f"a_{one}"][..., None] + given[f"c_{one}"][..., None] * of.NODES for one in ("r", "t"))
    lower, upper = (given[one][..., None] + given["c_t"][..., None] * of.NODES for one in ("a_l", "a_u"))
    later = given["later"][..., None]
    not_yet = np.logaddexp(special.log_ndtr(-x), np.log(later) + special.log_ndtr(x))
    remission = np.select([seen == of.REMITTED, seen == of.NOT_REMITTED], [special.log_ndtr(x), not_yet])
    far = np.where(lower > 0, special.log_ndtr(-lower), special.log_ndtr(upper))
    near = np.where(lower > 0, special.log_ndtr(-upper), special.log_ndtr(lower))
    choices = {
        of.RELAPSED: -(t**2) / 2,
        of.NOT_RELAPSED: special.log_ndtr(-t),
        of.BETWEEN: far + np.log1p(-np.exp(near - far)),
    }
    kinds, values = zip(*choices.items(), strict=True)
    free = np.select([relapse == kind for kind in kinds], values)
    return special.logsumexp(of.LOG_WEIGHTS + remission + free, axis=-1)


def test_the_sum_is_that_of_log_chances(given: dict[str, Any]) -> None:
    assert of.integrated(**given)[0] == pytest.approx(by_scipy(given), abs=1e-11)


def test_nothing_known_says_nothing(given: dict[str, Any]) -> None:
    nothing = (given["seen"] == of.UNKNOWN) & (given["relapse"] == of.UNKNOWN)
    assert nothing.any()
    assert all((part[nothing] == 0).all() for part in of.integrated(**given))


@pytest.mark.parametrize("name", SLOPES)
def test_derivatives_are_those_of_the_sum(given: dict[str, Any], name: str) -> None:
    found = of.integrated(**given)[1 + SLOPES.index(name)]
    step = 1e-6
    difference = (
        by_scipy(given | {name: given[name] + step}) - by_scipy(given | {name: given[name] - step})
    ) / (2 * step)
    assert found == pytest.approx(difference, abs=1e-7, rel=1e-7)


def test_two_visits_take_turns_being_the_lower_one(given: dict[str, Any]) -> None:
    turned = given | {"a_l": given["a_u"], "a_u": given["a_l"]}
    assert of.integrated(**turned)[0] == pytest.approx(of.integrated(**given)[0], abs=1e-9)


def test_compiled_it_is_the_same(given: dict[str, Any]) -> None:
    compiled = numba.njit(of.integrated, error_model="numpy")(*given.values())
    for found, plain in zip(compiled, of.integrated(**given), strict=True):
        assert found == pytest.approx(plain, rel=1e-12, abs=1e-300)


def test_an_impossible_patient_has_a_finite_density_without_a_slope() -> None:
    one: dict[str, Any] = {name: np.zeros((1, 1)) for name in SLOPES}
    one |= {"a_r": np.full((1, 1), -60.0), "later": np.full((1, 1), 0.5)}
    order = ("seen", "a_r", "c_r", "later", "relapse", "a_t", "c_t", "a_l", "a_u")
    one |= {"seen": np.full((1, 1), of.REMITTED), "relapse": np.full((1, 1), of.NOT_RELAPSED)}
    value, *slopes = of.integrated(*(one[name] for name in order))
    assert np.isfinite(value).all()
    assert all((part == 0).all() for part in slopes)
