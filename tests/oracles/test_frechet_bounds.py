"""The bounds that hold whatever the dependence, against linear programming over all joint distributions."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import linprog

from mgbayes.overall.agreement import agreements, at_least, number_in_favour

chances = st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=5)


def extremes(m: int, p: list[float]) -> tuple[float, float]:
    """Lowest and highest P(at least m) over every joint distribution with these marginals."""
    atoms = np.array(list(product((0, 1), repeat=len(p))))
    favour = (atoms.sum(axis=1) >= m).astype(float)
    constraints = np.vstack([atoms.T, np.ones(len(atoms))])
    ends = [
        linprog(sign * favour, A_eq=constraints, b_eq=[*p, 1.0], bounds=(0, 1), method="highs").fun * sign
        for sign in (1, -1)
    ]
    return float(ends[0]), float(ends[1])


@settings(max_examples=150, deadline=None)
@given(chances, st.data())
def test_bounds_are_those_of_linear_programming(p: list[float], data: st.DataObject) -> None:
    m = data.draw(st.integers(1, len(p)))
    found = at_least(m, p)
    assert (found.low, found.high) == pytest.approx(extremes(m, p), abs=2e-6)


@given(chances)
def test_all_of_them_is_the_formula_of_frechet(p: list[float]) -> None:
    found = at_least(len(p), p)
    assert found.low == pytest.approx(max(0.0, sum(p) - (len(p) - 1)), abs=1e-12)
    assert found.high == pytest.approx(min(p), abs=1e-12)


def test_impossible_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 4 of 3"):
        at_least(4, [0.5, 0.5, 0.5])
    with pytest.raises(ValueError, match="between 0 and 1"):
        at_least(1, [0.5, 1.2])


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6])
def test_agreement_against_the_multivariate_normal(rho: float) -> None:
    p = [0.57, 0.87, 0.96]
    covariance = rho + (1 - rho) * np.eye(3)
    every = stats.multivariate_normal(np.zeros(3), covariance).cdf(stats.norm.ppf(p))
    none = stats.multivariate_normal(np.zeros(3), covariance).cdf(-stats.norm.ppf(p))
    found = number_in_favour(p, rho)
    assert (found[3], found[0]) == pytest.approx((every, none), abs=1e-5)
    assert found @ np.arange(4) == pytest.approx(sum(p), abs=1e-9)


@given(st.lists(st.floats(0.01, 0.99), min_size=2, max_size=5))
@settings(max_examples=40, deadline=None)
def test_every_correlation_lies_within_the_bounds(p: list[float]) -> None:
    for row in agreements(p, (0.0, 0.3, 0.6, 0.95)):
        for _, chance in row.by_correlation:
            assert row.bounds.low - 1e-9 <= chance <= row.bounds.high + 1e-9
