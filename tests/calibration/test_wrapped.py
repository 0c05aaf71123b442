"""Stored calibration of fits given reported p values and on imputations: of the models as they are, and uniform."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mgbayes.calibrate.evidence import load, outdated
from mgbayes.calibrate.sbc import MAX_FAILED
from tests.calibration.imputations import MEMBERS, OnImputations
from tests.calibration.reported_p import BOUNDS, WIDTH
from tests.calibration.wrapped import CASES, FOLDER, REPLICATES, WAITING, path, setting

HELD = [name for name in CASES if name not in WAITING]
every = pytest.mark.parametrize("name", HELD)


@every
def test_the_evidence_is_of_the_model_as_it_is(name: str) -> None:
    ended = outdated(path(name), setting(name).basis())
    assert not ended, f"{'; '.join(ended)}. Run `python -m tests.calibration {name}`"


@every
def test_the_ranks_are_uniform(name: str) -> None:
    result = load(path(name))
    assert result.replicates >= REPLICATES
    assert result.uniform(), result.verdict()
    assert result.failed <= MAX_FAILED * result.replicates, result.verdict()


def test_nothing_is_stored_that_nobody_holds_to_account() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == set(HELD)


def test_a_simulated_p_is_that_of_the_simulated_patients() -> None:
    """The doses of the patients are drawn again with the same seed, and tested here."""
    it = setting("prednisone-paired-t")
    _, data = it.model.simulate(np.random.default_rng(5), it.template, it.family, it.priors)
    _, patients = it.model.model.simulate_patients(
        np.random.default_rng(5), it.template, it.family, it.priors
    )
    for a, n in enumerate(data["n"]):
        doses = patients["value"][a, :n]
        r = np.corrcoef(doses.T)[0, 1:]
        low, high = data["bounds"][a, : len(r)].T
        assert (low <= r).all()
        assert (r <= high).all()
        for at, (least, most) in enumerate(zip(low, high, strict=True), start=1):
            ends = [_paired_p(doses[:, 0], doses[:, at], bound) for bound in (least, most) if abs(bound) < 1]
            assert all(min(p % WIDTH, WIDTH - p % WIDTH) < 1e-6 or p == pytest.approx(1) for p in ends)


def _paired_p(one: np.ndarray, other: np.ndarray, r: float) -> float:
    """P of the paired t test, were the correlation r, from its formula."""
    n, s, t = len(one), one.std(ddof=1), other.std(ddof=1)
    error = np.sqrt((s**2 + t**2 - 2 * r * s * t) / n)
    return float(2 * stats.t.sf(abs(other.mean() - one.mean()) / error, n - 1))


@pytest.mark.parametrize("name", ["relapse-log-rank", "remission-mann-whitney"])
def test_the_interval_of_a_p_holds_that_of_the_patients(name: str) -> None:
    it, found = setting(name), 0
    for seed in range(20):
        _, patients = it.model.model.simulate_patients(
            np.random.default_rng(seed), it.template, it.family, it.priors
        )
        groups = [
            (patients["time"][a][:n], patients["event"][a][:n] == 1) for a, n in enumerate(it.template["n"])
        ]
        if np.isfinite(p := it.model.test(groups)):
            _, data = it.model.simulate(np.random.default_rng(seed), it.template, it.family, it.priors)
            low, high = (float(data[end]) for end in BOUNDS)
            assert 0 <= low <= p <= high <= 1
            assert high - low <= WIDTH + 1e-12
            found += 1
    assert found >= 10


def test_imputed_patients_are_as_many_and_have_the_totals_of_the_cohort() -> None:
    it = setting("relapse-imputations")
    model: OnImputations = it.model
    _, patients = model.model.simulate_patients(
        np.random.default_rng(3), model.published, it.family, it.priors
    )
    _, data = model.simulate(np.random.default_rng(3), {}, it.family, it.priors)
    assert data["imputed_time"].shape == (MEMBERS, *patients["time"].shape)
    for member in range(MEMBERS):
        np.testing.assert_array_equal(
            data["imputed_event"][member].sum(axis=1), patients["event"].sum(axis=1)
        )
        np.testing.assert_array_equal(
            data["imputed_present"][member].sum(axis=1), patients["present"].sum(axis=1)
        )
        seen = [
            (
                data["imputed_time"][member][a][data["imputed_event"][member][a] == 1],
                patients["time"][a][patients["event"][a] == 1],
            )
            for a in (0, 1)
        ]
        for imputed, known in seen:
            assert np.sort(imputed) == pytest.approx(np.sort(known), rel=0.01, abs=0.005 * known.max())
