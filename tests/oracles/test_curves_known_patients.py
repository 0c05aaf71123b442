"""Reconstructed members against the known patients, the curve by an independent implementation (statsmodels)."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight

from mgbayes.reconstruction.digitized import DigitizedCurve
from mgbayes.reconstruction.ensemble import Ensemble
from mgbayes.reconstruction.from_curve import reconstruct
from mgbayes.reconstruction.kaplan_meier import kaplan_meier
from tests.oracles.known_patients import bench

COHORTS = list(bench.cohorts(24, seed=7))
SMALL = [arms for arms in COHORTS if sum(len(arm.time) for arm in arms) <= 80]


def _members(curve: DigitizedCurve, members: int = 6) -> Ensemble:
    return reconstruct([curve], members=members, seed=3)


def _distance(time: np.ndarray, event: np.ndarray, curve: DigitizedCurve) -> float:
    """The largest distance of a digitized point from statsmodels' Kaplan-Meier curve, point by point."""
    table = SurvfuncRight(time, event)
    worst = 0.0
    for t, s in zip(curve.points.times, curve.points.values, strict=True):
        seen = [1.0, *table.surv_prob]
        drops = [0.0, *table.surv_times]
        before = [v for d, v in zip(drops, seen, strict=True) if d < t - curve.time_error - 1e-9 or d == 0.0]
        until = [v for d, v in zip(drops, seen, strict=True) if d <= t + curve.time_error + 1e-9]
        worst = max(worst, s - before[-1], until[-1] - s)
    return worst


def test_kaplan_meier_is_that_of_statsmodels() -> None:
    for arms in COHORTS:
        for arm in arms:
            ours, theirs = kaplan_meier(arm.time, arm.event), SurvfuncRight(arm.time, arm.event)
            died = theirs.n_events > 0
            np.testing.assert_array_equal(ours.times, theirs.surv_times[died])
            np.testing.assert_allclose(ours.survival, theirs.surv_prob[died], atol=1e-12)


def test_the_hazard_ratio_of_the_benchmark_is_that_of_statsmodels() -> None:
    for one, other in COHORTS:
        time, event = (
            np.concatenate([getattr(arm, name) for arm in (one, other)]) for name in ("time", "event")
        )
        arm = np.repeat([0.0, 1.0], [len(one.time), len(other.time)])[:, None]
        fitted = PHReg(time, arm, status=event.astype(int), ties="efron").fit()
        assert bench.log_hazard_ratio(one, other) == pytest.approx(fitted.params[0], abs=1e-5)


@pytest.mark.parametrize("digitizing", ["exact", "vector", "noise"])
@pytest.mark.parametrize(
    "printed",
    [{"table": True, "totals": True}, {"totals": True}, {"table": True, "totals": True, "marks": True}, {}],
)
def test_every_member_fits_the_curve_the_table_and_the_totals(
    digitizing: str, printed: dict[str, bool]
) -> None:
    setting = bench.Setting(digitizing, **printed)
    for i, arms in enumerate(SMALL):
        rng = np.random.default_rng([17, i])
        for arm in arms:
            curve = bench.digitized(arm, "a", setting, rng)
            made = _members(curve)
            for time, event in zip(made.data["time"].values, made.data["event"].values, strict=True):
                assert len(time) == len(arm.time)
                assert _distance(time, event, curve) <= curve.survival_error + 1e-8
                if setting.totals:
                    assert event.sum() == arm.event.sum()
                for at, number in zip(curve.at_risk.times, curve.at_risk.values, strict=True):
                    assert (time >= at).sum() == number
            assert made.deviation <= curve.survival_error + 1e-8


def test_the_deviation_that_is_said_is_the_one_there_is() -> None:
    rng = np.random.default_rng(4)
    for arms in SMALL[:6]:
        curve = bench.digitized(arms[0], "a", bench.Setting("noise", table=True), rng)
        made = _members(curve)
        pairs = zip(made.data["time"].values, made.data["event"].values, strict=True)
        assert made.deviation == pytest.approx(max(_distance(t, e, curve) for t, e in pairs), abs=1e-7)


def test_an_exact_curve_with_all_that_is_printed_gives_the_events_back_one_by_one() -> None:
    for arms in COHORTS:
        for arm in arms:
            curve = bench.digitized(
                arm, "a", bench.Setting("exact", True, True, True), np.random.default_rng(1)
            )
            made = _members(curve, 3)
            for time, event in zip(made.data["time"].values, made.data["event"].values, strict=True):
                np.testing.assert_allclose(np.sort(time[event]), np.sort(arm.time[arm.event]), atol=1e-9)
                assert set(np.round(time[~event], 9)) == set(np.round(arm.time[~arm.event], 9))


def test_the_bar_is_met_where_the_curve_is_exact_with_table_totals_and_marks() -> None:
    # Hazard ratio within 2 %, medians within 1 %, events exact: every cohort of these; the benchmark shows 200.
    setting = bench.Setting("exact", True, True, True)
    for i, arms in enumerate(COHORTS):
        assert all(bench.assess(arms, setting, i, 5).within)


def test_the_same_seed_gives_the_same_members_and_another_seed_others() -> None:
    curve = bench.digitized(SMALL[0][0], "a", bench.Setting("noise", True), np.random.default_rng(1))
    one, same, other = (reconstruct([curve], members=8, seed=seed).data["time"].values for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
