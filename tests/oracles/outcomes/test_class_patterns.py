"""Patients of one pattern of classes are worked out once, and nothing is lost by it."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest
from scipy import special

from mgbayes.models import class_patterns as of
from mgbayes.models.quadrature import LOG_WEIGHTS

VISITS, CLASSES, PATIENTS = 3, 4, 90


@pytest.fixture(scope="module", name="level")
def _level() -> Any:
    """Classes of two arms; some not known, and the last patients of the second arm are padding."""
    rng = np.random.default_rng(4)
    level = rng.integers(0, CLASSES, (2, PATIENTS, VISITS)).astype(float)
    level[rng.uniform(size=level.shape) < 0.2] = np.nan
    level[1, -10:] = np.nan
    return level


@pytest.fixture(scope="module", name="log_chance")
def _log_chance() -> Any:
    rng = np.random.default_rng(5)
    raw = rng.normal(0, 3, (2, VISITS, CLASSES, len(LOG_WEIGHTS)))
    return np.asarray(raw - special.logsumexp(raw, axis=2, keepdims=True))


def by_patient(level: Any, log_chance: Any) -> Any:
    """The log of the sum, patient by patient."""
    found = np.zeros(level.shape[:2])
    for a, i in np.ndindex(found.shape):
        known = [v for v in range(VISITS) if np.isfinite(level[a, i, v])]
        found[a, i] = special.logsumexp(
            LOG_WEIGHTS + sum(log_chance[a, v, int(level[a, i, v])] for v in known)
        )
    return found


def test_every_patient_has_its_own_sum(level: Any, log_chance: Any) -> None:
    patterns, which = of.patterns_of(level, CLASSES)
    found = of.integrated(patterns, log_chance)[np.array([[0], [1]]), which]
    assert found == pytest.approx(by_patient(level, log_chance), abs=1e-11)


def test_there_are_no_more_patterns_than_classes_allow(level: Any) -> None:
    many = np.tile(level, (1, 50, 1))
    assert of.patterns_of(many, CLASSES)[0].shape == (2, (CLASSES + 1) ** VISITS, VISITS)
    assert of.patterns_of(level, CLASSES)[0].shape == (2, PATIENTS, VISITS)


def test_the_cotangent_is_the_derivative(level: Any, log_chance: Any) -> None:
    patterns, _ = of.patterns_of(level, CLASSES)
    rng = np.random.default_rng(6)
    bar = rng.normal(size=patterns.shape[:2])
    bar[0, :5] = 0.0
    back = of.integrated_back(patterns, log_chance, of.integrated(patterns, log_chance), bar)
    for _ in range(20):
        direction = rng.normal(size=log_chance.shape)
        step = 1e-5
        ahead, behind = (of.integrated(patterns, log_chance + s * direction) for s in (step, -step))
        assert (back * direction).sum() == pytest.approx(
            (bar * (ahead - behind)).sum() / (2 * step), rel=1e-6, abs=1e-6
        )


def test_compiled_it_is_the_same(level: Any, log_chance: Any) -> None:
    patterns, _ = of.patterns_of(level, CLASSES)
    plain = of.integrated(patterns, log_chance)
    bar = np.ones_like(plain)
    compiled = numba.njit(of.integrated, error_model="numpy")(patterns, log_chance)
    assert compiled == pytest.approx(plain, rel=1e-12)
    back = numba.njit(of.integrated_back, error_model="numpy")(patterns, log_chance, plain, bar)
    assert back == pytest.approx(of.integrated_back(patterns, log_chance, plain, bar), rel=1e-11, abs=1e-14)
