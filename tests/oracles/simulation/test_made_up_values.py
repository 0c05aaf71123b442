"""Values of made-up patients: the printed digits come back."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from mgbayes.latent.digits import Moments, meeting_all, on_grid
from mgbayes.simulation.cohort import Cohort
from mgbayes.simulation.without_model import _values, completed
from mgbayes.study.statistics.means import MeanSD
from tests.oracles.latent_cohort.small_studies import stays

SAMPLES = [  # unit, patients, mean, SD
    (1.0, 12, "441.4", "336.6"),
    (1.0, 9, "230", "180.8"),
    (1.0, 16, "992", "783.9"),
    (1.0, 33, "1861", "953.4"),
    (1.0, 33, "35.9", "15.6"),
    (1.0, 33, "3.1", "1.3"),
    (0.1, 16, "2.8", "3.8"),
    (1.0, 2, "10.5", "0.7"),
]


def _printed(value: float, like: str) -> str:
    places = len(like.partition(".")[2])
    return str(Decimal(repr(round(float(value), 9))).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def _skewed(rng: np.random.Generator, n: int, mean: str, sd: str) -> np.ndarray:
    return _values(rng, n, MeanSD(mean, sd, n), positive=True)


@pytest.mark.parametrize("sample", SAMPLES)
def test_printed_digits_come_back_from_values_on_the_grid(sample: tuple[float, int, str, str]) -> None:
    unit, n, mean, sd = sample
    rng = np.random.default_rng(1)
    for _ in range(5):
        values = _skewed(rng, n, mean, sd)
        found = on_grid(rng, values, unit, Moments(MeanSD(mean, sd, n)))
        assert found is not None
        assert (found >= 0).all()
        assert np.allclose(found / unit, np.round(found / unit), atol=1e-6)
        assert (_printed(found.mean(), mean), _printed(found.std(ddof=1), sd)) == (mean, sd)


def test_the_grid_moves_no_value_far() -> None:
    rng = np.random.default_rng(2)
    values = _skewed(rng, 16, "992", "783.9")
    found = on_grid(rng, values, 1.0, Moments(MeanSD("992", "783.9", 16)))
    assert found is not None
    assert np.abs(found - values).max() < 3


def test_moments_that_whole_numbers_cannot_have_are_not_found() -> None:
    """Two whole numbers have a mean of whole or half numbers."""
    assert (
        on_grid(np.random.default_rng(3), np.array([3.0, 5.0]), 1.0, Moments(MeanSD("3.7", "1.4", 2))) is None
    )


def test_groups_that_overlap_are_met_at_once() -> None:
    rng = np.random.default_rng(4)
    part = np.arange(33) < 7
    whole, some = Moments(MeanSD("3.1", "1.3", 33), np.ones(33, bool)), Moments(MeanSD("3.7", "1.0", 7), part)
    found = meeting_all(rng, _skewed(rng, 33, "3.1", "1.3"), 1.0, [whole, some])
    assert found is not None
    for values, moments in ((found, whole), (found[part], some)):
        assert _printed(values.mean(), moments.published.mean) == moments.published.mean
        assert _printed(values.std(ddof=1), moments.published.sd) == moments.published.sd


@pytest.mark.parametrize(
    ("mean", "sd", "unit"), [("-0.4", "1.1", 0.1), ("0.0", "0.9", 0.1), ("-12", "3", 1.0)]
)
def test_values_that_may_be_negative_have_their_moments_too(mean: str, sd: str, unit: float) -> None:
    rng = np.random.default_rng(5)
    values = _values(rng, 12, MeanSD(mean, sd, 12), positive=False)
    assert values.mean() == pytest.approx(float(mean), abs=1e-12)
    assert values.std(ddof=1) == pytest.approx(float(sd))
    found = on_grid(rng, values, unit, Moments(MeanSD(mean, sd, 12)), -np.inf)
    assert found is not None
    assert (found < 0).any()
    assert (_printed(abs(found.mean()), mean), _printed(found.std(ddof=1), sd)) == (mean.strip("-"), sd)


def test_arms_far_apart_have_their_own_moments() -> None:
    study = stays(("29000", "15000"), ("1.0", "1"))
    values = completed(np.random.default_rng(6), study, Cohort((4, 3))).values["stays", None]
    for part, mean, sd in ((values[:4], "29000", "15000"), (values[4:], "1.0", "1")):
        assert (part >= 0).all()
        assert (_printed(part.mean(), mean), _printed(part.std(ddof=1), sd)) == (mean, sd)
