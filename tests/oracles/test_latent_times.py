"""Equivalence: latent times against the constraint, and what they show against numpy.

Their gradients are held to finite differences with those of their density (test_published_times.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor.tensor as pt
import pytest

from mgbayes.latent import mean_sd
from mgbayes.latent.times import LatentTimes, latent_times, slots

MEAN, SD = [441.4, 230.0], [336.6, 180.8]
SUMMARIES: dict[str, tuple[list[int], list[float], list[float]]] = {
    "by arm": ([12, 9], MEAN, SD),
    "over both arms": ([10, 6], [992.0], [783.9]),
    "one and two": ([1, 2], MEAN, SD),
    "none and one": ([0, 1], MEAN, SD),
}


def _given(events: list[int], mean: list[float], sd: list[float]) -> dict[str, Any]:
    given = {"timed": np.array(events), "time_mean": np.array(mean), "time_sd": np.array(sd)}
    return {name: pt.as_tensor(value) for name, value in given.items()}


def _drawn(name: str) -> tuple[LatentTimes, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The latent times of a draw of z; that draw, and the events, mean and SD of each summary."""
    events, mean, sd = SUMMARIES[name]
    counts = np.array(events if len(mean) > 1 else [sum(events)])
    z = np.random.default_rng(8).normal(size=(len(mean), slots(counts.max()).size))
    return latent_times(pt.as_tensor(z), _given(events, mean, sd)), z, counts, np.array(mean), np.array(sd)


@pytest.mark.parametrize("name", SUMMARIES)
def test_times_and_weights_are_those_of_the_constraint(name: str) -> None:
    found, z, counts, mean, sd = _drawn(name)
    mask = (np.arange(z.shape[1]) < counts[:, None]).astype(float)
    expected = mean_sd.constrained(z, mask, mean, sd)
    np.testing.assert_allclose(found.times.eval(), expected.values.eval(), rtol=1e-12)
    np.testing.assert_allclose(found.log_weight.eval(), expected.log_weight.eval(), rtol=1e-12)
    assert found.counted.eval() == pytest.approx(mask)
    for row, n, m, s in zip(found.times.eval(), counts, mean, sd, strict=True):
        if n:
            assert row[:n].mean() == pytest.approx(m, rel=1e-9)
        if n > 1:
            assert row[:n].std(ddof=1) == pytest.approx(s, rel=1e-9)


@pytest.mark.parametrize("name", SUMMARIES)
def test_centre_variance_and_shortfall_are_those_of_the_log_times(name: str) -> None:
    found, _, counts, mean, sd = _drawn(name)
    logs = [np.log(row[:n]) for row, n in zip(found.times.eval(), counts, strict=True)]
    centres = [row.mean() if row.size else np.log(m) for row, m in zip(logs, mean, strict=True)]
    assert found.suggested.centre.eval() == pytest.approx(centres[0], rel=1e-9)
    assert found.suggested.step.eval() == pytest.approx(centres[-1] - centres[0], abs=1e-9)
    scatter = sum(((row - centre) ** 2).sum() for row, centre in zip(logs, centres, strict=True))
    pooled = (1 + scatter) / (1 + np.maximum(counts - 1, 0).sum())
    cap = 8 * np.log1p((sd / mean) ** 2).mean()
    assert found.suggested.variance.eval() == pytest.approx(
        pooled / np.sqrt(1 + (pooled / cap) ** 2), rel=1e-9
    )
    below = sum((np.log(m) - row).sum() for row, m in zip(logs, mean, strict=True))
    assert found.suggested.shortfall.eval() == pytest.approx((0.5 + below) / (1 + counts.sum()), rel=1e-9)


def test_more_events_than_slots_have_no_density() -> None:
    given = _given([12, 9], MEAN, SD)
    weight = latent_times(pt.as_tensor(np.random.default_rng(1).normal(size=(2, 8))), given).log_weight.eval()
    assert np.isnan(weight).all()


def test_slots_come_in_fours() -> None:
    assert [slots(most).size for most in (0, 1, 4, 5, 16, 17)] == [4, 4, 4, 8, 16, 20]


@pytest.mark.parametrize("name", ["by arm", "over both arms"])
def test_times_have_the_gradient_of_differences(name: str) -> None:
    """A density that is written with the times themselves moves with z."""
    import pytensor

    events, mean, sd = SUMMARIES[name]
    rng, most = np.random.default_rng(2), max(events) if len(mean) > 1 else sum(events)
    z, weight = pt.matrix("z"), rng.normal(size=(len(mean), slots(most).size))
    total = (latent_times(z, _given(events, mean, sd)).times * weight).sum()
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        value, slope = pytensor.function([z], total), pytensor.function([z], pytensor.grad(total, z))
    at = rng.normal(size=weight.shape)
    found = slope(at)
    assert np.abs(found).max() > 1
    for g, i in ((0, 0), (0, 3), (len(mean) - 1, 5)):
        step = np.zeros_like(at)
        step[g, i] = 1e-5
        assert found[g, i] == pytest.approx((value(at + step) - value(at - step)) / 2e-5, rel=1e-5, abs=1e-4)
