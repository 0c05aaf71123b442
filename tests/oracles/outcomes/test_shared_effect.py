"""What two outcomes of a patient say together: by integrating their effect, by finite differences, by numba."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest
from scipy import special

from mgbayes.models import shared_effect as of

SHAPE = (2, 60)
SLOPES = ("h", "later", "k", "lower", "upper", "rho")
U = np.linspace(-9.5, 9.5, 4001)
WEIGHTS = np.exp(-(U**2) / 2) / np.sqrt(2 * np.pi) * (U[1] - U[0])


@pytest.fixture(scope="module", name="given")
def _given() -> dict[str, Any]:
    """Every pair of what can be known of two outcomes, far and strongly tied scores included."""
    rng = np.random.default_rng(3)
    lower = rng.normal(0, 1.5, SHAPE)
    return {
        "seen": np.resize([of.UNKNOWN, of.HAD, of.NOT_YET], SHAPE),
        "h": rng.normal(0, 1.5, SHAPE),
        "later": rng.uniform(0, 1, SHAPE),
        "second": np.repeat([of.UNKNOWN, of.AT, of.AFTER, of.BETWEEN], 15)[None].repeat(2, 0),
        "k": rng.normal(0, 1.5, SHAPE),
        "lower": lower,
        "upper": lower + rng.exponential(1, SHAPE),
        "rho": rng.uniform(-0.9, 0.9, SHAPE),
    }


def by_integral(given: dict[str, Any]) -> Any:
    """The log of the integral over an effect that both scores have a correlation of √|ρ| with (or minus that).

    A second at a known time enters by its density given the effect, over its density.
    """
    each = {name: values[..., None] for name, values in given.items()}
    tie = np.sqrt(np.abs(each["rho"]))
    rest = np.sqrt(1 - tie**2)
    turned = np.sign(each["rho"])

    def below(score: Any, sign: Any) -> Any:
        return special.ndtr((score - sign * tie * U) / rest)

    has_it = below(each["h"], 1.0)
    not_yet = special.ndtr(-(each["h"] - tie * U) / rest) + each["later"] * has_it
    first = np.select([each["seen"] == of.HAD, each["seen"] == of.NOT_YET], [has_it, not_yet], 1.0)
    z = (each["k"] - turned * tie * U) / rest
    second = np.select(
        [each["second"] == kind for kind in (of.AT, of.AFTER, of.BETWEEN)],
        [
            np.exp((each["k"] ** 2 - z**2) / 2) / rest,
            special.ndtr(-z),
            np.abs(below(each["upper"], turned) - below(each["lower"], turned)),
        ],
        1.0,
    )
    return np.log((WEIGHTS * first * second).sum(-1))


def test_it_is_the_integral_over_the_effect(given: dict[str, Any]) -> None:
    assert of.integrated(**given)[0] == pytest.approx(by_integral(given), abs=1e-10)


def test_nothing_known_says_nothing(given: dict[str, Any]) -> None:
    nothing = (given["seen"] == of.UNKNOWN) & (given["second"] != of.AFTER) & (given["second"] != of.BETWEEN)
    assert nothing.any()
    assert all((part[nothing] == 0).all() for part in of.integrated(**given))


@pytest.mark.parametrize("name", SLOPES)
def test_derivatives_are_those_of_the_integral(given: dict[str, Any], name: str) -> None:
    found = of.integrated(**given)[1 + SLOPES.index(name)]
    step = 1e-5
    difference = (
        by_integral(given | {name: given[name] + step}) - by_integral(given | {name: given[name] - step})
    ) / (2 * step)
    assert np.abs(difference).max() > 0.1
    assert found == pytest.approx(difference, abs=1e-6, rel=1e-6)


def test_two_visits_take_turns_being_the_lower_one(given: dict[str, Any]) -> None:
    turned = given | {"lower": given["upper"], "upper": given["lower"]}
    for found, other in zip(of.integrated(**turned)[:4], of.integrated(**given)[:4], strict=True):
        assert found == pytest.approx(other, abs=1e-9)


def test_far_below_visits_keep_their_digits() -> None:
    one: dict[str, Any] = {name: np.zeros((1, 1)) for name in ("seen", "h", "later", "second", "k")}
    one |= {"second": np.full((1, 1), of.BETWEEN), "lower": np.full((1, 1), -10.0)}
    one |= {"upper": np.full((1, 1), -9.9), "rho": np.zeros((1, 1))}
    chance = special.ndtr(-9.9) - special.ndtr(-10.0)
    assert of.integrated(**one)[0] == pytest.approx(np.log(chance), abs=1e-9)


def test_compiled_it_is_the_same(given: dict[str, Any]) -> None:
    compiled = numba.njit(of.integrated, error_model="numpy")(*given.values())
    for found, plain in zip(compiled, of.integrated(**given), strict=True):
        assert found == pytest.approx(plain, rel=1e-12, abs=1e-15)


def test_an_impossible_patient_has_a_finite_density_without_a_slope() -> None:
    one: dict[str, Any] = {name: np.zeros((1, 1)) for name in SLOPES}
    one |= {"h": np.full((1, 1), -60.0), "later": np.full((1, 1), 0.5), "rho": np.full((1, 1), 0.3)}
    one |= {"seen": np.full((1, 1), of.HAD), "second": np.full((1, 1), of.AFTER)}
    value, *slopes = of.integrated(**one)
    assert np.isfinite(value).all()
    assert all((part == 0).all() for part in slopes)
