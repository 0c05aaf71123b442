"""Values of made-up patients: the printed digits come back, and what is left open has the law that it should have."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from scipy import stats

from mgbayes.latent.digits import Moments, meeting_all, on_grid
from mgbayes.simulation.cohort import Times
from mgbayes.simulation.doses import correlated_doses, positive
from mgbayes.simulation.followup import Gamma, Outcome, draw_followup
from mgbayes.study.statistics.means import MeanSD
from mgbayes.study.time_to_event import Followup

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
    z = rng.standard_normal(n)
    return positive((z - z.mean()) / np.linalg.norm(z - z.mean()), float(mean), float(sd))


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


def test_doses_have_the_moments_and_correlations_asked_for() -> None:
    rng = np.random.default_rng(5)
    mean, sd = np.array([30.9, 9.5, 2.8]), np.array([24.9, 8.7, 3.8])
    wanted = np.array([[1, 0.4, -0.1], [0.4, 1, 0.3], [-0.1, 0.3, 1]])
    for _ in range(5):
        doses = correlated_doses(rng, mean, sd, wanted, 16)
        assert doses is not None
        assert (doses > 0).all()
        assert np.allclose(doses.mean(axis=0), mean, rtol=1e-6)
        assert np.allclose(doses.std(axis=0, ddof=1), sd, rtol=1e-6)
        assert np.abs(np.corrcoef(doses, rowvar=False) - wanted).max() < 0.006


def test_doses_that_cannot_be_are_not_made() -> None:
    """Three values cannot all be opposed to each other."""
    wanted = np.where(np.eye(3) == 1, 1.0, -0.9)
    doses = correlated_doses(np.random.default_rng(6), np.full(3, 10.0), np.full(3, 8.0), wanted, 16)
    assert doses is None


@pytest.mark.long
def test_followup_has_the_law_of_brute_force_rejection() -> None:
    """Five patients: one with an event, four without. Simulated cohorts near the print are kept, as they come."""
    printed = Followup("1500", "700", "300")
    gamma, days = Gamma.of(printed), np.linspace(0, 8000, 400)
    free = np.exp(-days / 5000)
    event = np.array([1.0, 0, 0, 0, 0])
    outcome = Outcome(Times(event, np.where(event == 1, 1200.0, np.nan)), days, np.stack([free, free**2]))
    arm = np.array([0, 0, 0, 1, 1])

    rng = np.random.default_rng(7)
    followed = 300 + stats.gamma.rvs(gamma.shape, scale=gamma.scale, size=(2_000_000, 5), random_state=rng)
    chance = np.where(followed[:, 0] > 1200, 1.0, 0.0)
    for i in range(1, 5):
        chance *= np.interp(followed[:, i], days, free ** (1 + arm[i]))
    near = np.hypot(followed.mean(axis=1) - 1500, followed.std(axis=1, ddof=1) - 700) < 25
    kept = followed[near & (rng.random(len(followed)) < chance)]
    assert len(kept) > 500

    drawn = [draw_followup(rng, gamma, [outcome], arm, printed) for _ in range(250)]
    made = np.stack([one for one in drawn if one is not None])
    assert len(made) == 250
    for column in range(5):
        error = np.sqrt(kept[:, column].var() / len(kept) + made[:, column].var() / len(made))
        assert abs(kept[:, column].mean() - made[:, column].mean()) < 4 * error
    first = stats.ks_2samp(kept[:, 0], made[:, 0])
    assert first.pvalue > 0.001
