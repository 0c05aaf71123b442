"""Normal scores of hazards and log tail chances: by scipy over the whole range, and only where asked for."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest
from scipy import special

from mgbayes.models import tail_scores as of

LOG_HAZARDS = np.concatenate([np.linspace(-300, -20, 57), np.linspace(-20, 6.5, 400)])[None]
AT = np.concatenate([np.linspace(-40, 24.9, 300), np.linspace(25.1, 400, 100)])[None]
ALL = np.ones_like(LOG_HAZARDS), np.ones_like(AT)


def test_the_score_has_the_chance_of_the_hazard() -> None:
    z, _ = of.hazard_scores(ALL[0], LOG_HAZARDS)
    hazard = np.exp(LOG_HAZARDS)
    low = hazard < np.log(2)
    # log Φ(z) of the smaller chance, to 1e-13 of itself
    assert special.log_ndtr(z)[low] == pytest.approx(np.log(-np.expm1(-hazard))[low], rel=1e-13)
    assert special.log_ndtr(-z)[~low] == pytest.approx(-hazard[~low], rel=1e-13)


def test_the_log_chance_is_that_of_scipy() -> None:
    value, _ = of.logs_above(ALL[1], AT)
    assert value == pytest.approx(special.log_ndtr(-AT), rel=1e-12, abs=1e-300)


@pytest.mark.parametrize(("forward", "at"), [(of.hazard_scores, LOG_HAZARDS), (of.logs_above, AT)])
def test_slopes_are_derivatives(forward: Any, at: Any) -> None:
    wanted, step = np.ones_like(at), 1e-5
    _, slope = forward(wanted, at)
    ahead, behind = forward(wanted, at + step)[0], forward(wanted, at - step)[0]
    assert slope == pytest.approx((ahead - behind) / (2 * step), rel=2e-6, abs=1e-9)


@pytest.mark.parametrize(("forward", "at"), [(of.hazard_scores, LOG_HAZARDS), (of.logs_above, AT)])
def test_what_is_not_asked_for_is_zero_and_compiled_it_is_the_same(forward: Any, at: Any) -> None:
    wanted = (np.arange(at.size) % 2).astype(float)[None]
    plain = forward(wanted, at)
    assert all((part[wanted == 0] == 0).all() for part in plain)
    for found, expected in zip(numba.njit(forward, error_model="numpy")(wanted, at), plain, strict=True):
        assert found == pytest.approx(expected, rel=1e-13, abs=1e-300)


def test_beyond_the_range_of_numbers_scores_end_without_a_slope() -> None:
    far = np.array([[-1e4, 7.0, 50.0]])
    z, slope = of.hazard_scores(np.ones_like(far), far)
    assert np.isfinite(z).all()
    assert (np.abs(z) > 37).all()
    assert (slope == 0).all()
