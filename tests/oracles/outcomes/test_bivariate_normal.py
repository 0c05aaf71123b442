"""The bivariate normal chance: Owen's T by scipy, the closed form on the diagonal, and finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from mgbayes.models import bivariate_normal as of


def both_below(h: float, k: float, rho: float, sign: float = 1.0) -> float:
    table = np.empty(of.TABLE)
    of.fill(table, rho)
    return of.both_below(h, k, rho, sign, table)


def by_owen(h: Any, k: Any, rho: float) -> Any:
    """Owen 1956, Ann Math Stat 27:1075, equation 3.1; h and k not 0."""
    width = np.sqrt(1 - rho**2)
    t = special.owens_t(h, (k / h - rho) / width) + special.owens_t(k, (h / k - rho) / width)
    return (special.ndtr(h) + special.ndtr(k)) / 2 - t - np.where(h * k > 0, 0.0, 0.5)


@pytest.mark.parametrize(
    ("rho", "error"), [(0.2, 1e-15), (0.6, 1e-15), (0.9, 1e-15), (0.95, 1e-14), (0.98, 1e-11)]
)
def test_it_is_owens(rho: float, error: float) -> None:
    rng = np.random.default_rng(1)
    for h, k in rng.normal(0, 2, (300, 2)):
        for r in (rho, -rho):
            assert both_below(h, k, r) == pytest.approx(by_owen(h, k, r), abs=error)
            assert both_below(h, k, rho, np.sign(r)) == pytest.approx(by_owen(h, k, r), abs=error)


def test_around_the_middle_it_is_an_angle() -> None:
    for rho in np.linspace(-0.98, 0.98, 15):
        assert both_below(0.0, 0.0, rho) == pytest.approx(0.25 + np.arcsin(rho) / (2 * np.pi), abs=1e-15)


def test_independent_it_is_the_product() -> None:
    assert both_below(0.4, -1.3, 0.0) == pytest.approx(special.ndtr(0.4) * special.ndtr(-1.3), rel=1e-15)


def test_the_density_is_scipys_and_the_slope_in_the_correlation() -> None:
    step = 1e-6
    for h, k, rho in ((0.3, -0.8, 0.5), (-2.0, -1.0, -0.9), (1.5, 1.4, 0.95)):
        normal = stats.multivariate_normal(cov=[[1, rho], [rho, 1]])
        assert of.joint_density(h, k, rho) == pytest.approx(normal.pdf([h, k]), rel=1e-12)
        slope = (both_below(h, k, rho + step) - both_below(h, k, rho - step)) / (2 * step)
        assert of.joint_density(h, k, rho) == pytest.approx(slope, rel=1e-6)
