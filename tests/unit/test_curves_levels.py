"""Where a digitized curve drops, and where it does not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mgbayes.reconstruction.digitized import DigitizedCurve, Series
from mgbayes.reconstruction.from_curve import reconstruct
from mgbayes.reconstruction.imputations import read_imputations
from mgbayes.reconstruction.levels import Drop, drops
from mgbayes.reconstruction.timeline import _rates
from mgbayes.study import load_study


def _curve(times: list[float], survival: list[float], n: int = 20, error: float = 0.002) -> DigitizedCurve:
    return DigitizedCurve("a", Series(np.array(times), np.array(survival)), n, survival_error=error)


def test_a_flat_curve_that_trembles_within_its_error_has_no_events() -> None:
    rng = np.random.default_rng(3)
    curve = _curve(list(range(200)), list(1 + rng.uniform(-0.002, 0.002, 200)))
    made = reconstruct([curve], members=20)
    assert not made.data["event"].values.any()
    assert (made.data["time"].values.max(axis=1) == 199).all()


@pytest.mark.parametrize("n", [20, 240])
def test_no_event_on_a_flat_tail_that_trembles(n: int) -> None:
    rng = np.random.default_rng(4)
    tail = list(0.9 + rng.uniform(-0.002, 0.002, 100))
    curve = _curve([0, 10, 10, *range(11, 111)], [1, 1, 0.9, *tail], n)
    made = reconstruct([curve], members=20)
    assert made.data["time"].values[made.data["event"].values].max() == 10


def test_a_drop_within_the_error_is_none_and_one_beyond_it_is_one() -> None:
    # Two points, each within 0.002: they can lie on one level when they differ by no more than 0.004.
    within = _curve([0, 5, 5, 10, 10, 20], [1, 1, 0.9, 0.9, 0.8961, 0.8961], n=300)
    beyond = _curve([0, 5, 5, 10, 10, 20], [1, 1, 0.9, 0.9, 0.8959, 0.8959], n=300)
    assert [drop.earliest for drop in drops(within)] == [5]
    assert [drop.earliest for drop in drops(beyond)] == [5, 10]


def test_points_on_a_vertical_line_are_one_drop() -> None:
    line = _curve([0, 10, 10, 10, 10, 20], [1, 1, 0.97, 0.93, 0.9, 0.9])
    (drop,) = drops(line)
    assert (drop.earliest, drop.latest) == (10, 10)
    assert drop.low == pytest.approx(0.898)
    assert drop.high == pytest.approx(0.902)


def test_corners_a_little_off_in_time_narrow_the_time_of_the_drop() -> None:
    # The upper corner read at 10.2, the lower at 9.9, each within 0.2: the drop lies in 10.0 to 10.1.
    points = Series(np.array([0, 10.2, 9.9, 20]), np.array([1, 1, 0.9, 0.9]))
    (drop,) = drops(DigitizedCurve("a", points, 20, time_error=0.2))
    assert (drop.earliest, drop.latest) == pytest.approx((10.0, 10.1))


def test_a_curve_that_ends_at_nothing_leaves_nobody() -> None:
    made = reconstruct([_curve([0, 5, 5, 9, 9], [1, 1, 0.5, 0.5, 0], n=4)], members=10)
    last = np.sort(made.data["time"].values, axis=1)[:, -1]
    assert (last == 9).all()
    assert made.data["event"].values.any(axis=1).all()


def test_a_table_that_goes_on_after_the_drawing_prolongs_the_flat_tail() -> None:
    points = Series(np.array([0.0, 5, 5]), np.array([1, 1, 0.9]))
    table = Series(np.array([0.0, 12]), np.array([10.0, 7]))
    made = reconstruct([DigitizedCurve("a", points, 10, at_risk=table)], members=10)
    assert ((made.data["time"].values >= 12).sum(axis=1) == 7).all()
    assert (made.data["event"].values.sum(axis=1) == 1).all()


def test_reconstructed_times_are_read_in_days(tmp_path: Path) -> None:
    """A year has 365.25 days and twelve months."""
    study = load_study()
    one, other = study.reference.id, study.contrast.id
    file = tmp_path / "good.reconstructed.csv"
    file.write_text(f"member,patient,arm,time,event\n1,1,{one},4,1\n1,2,{other},5,0\n", "utf-8")
    for unit, days in {"days": 1.0, "weeks": 7.0, "months": 365.25 / 12, "years": 365.25}.items():
        provenance = json.dumps({"provenance": {"time_unit": unit}})
        file.with_suffix(".json").write_text(provenance, "utf-8")
        (found,) = read_imputations(file, study, "time_to_relapse")
        assert found["time_to_relapse.time"].to_numpy() == pytest.approx([4 * days, 5 * days])
        assert found["time_to_relapse.event"].to_numpy().tolist() == [1, 0]
        assert found["time_to_relapse.lower"].to_numpy() == pytest.approx([4 * days, 5 * days])
        assert found["time_to_relapse.upper"].to_numpy() == pytest.approx([4 * days, np.inf])


def test_between_two_published_counts_patients_leave_as_the_curve_leaves_of_their_loss() -> None:
    """Guyot et al. (2012), equation 5: the curve leaves 80 of 100, and 50 are at risk: 30 left in 750 days."""
    table = Series(np.array([0.0, 10.0]), np.array([100.0, 50.0]))
    curve = DigitizedCurve("a", Series(np.array([0.0, 20.0]), np.array([1.0, 0.8])), 100, at_risk=table)
    first, last = _rates(curve, (Drop(4.0, 4.0, 0.79, 0.81),), rate=0.5)
    assert first == pytest.approx((0.0, 10.0, 30 / 750))
    assert last == pytest.approx((10.0, np.inf, 0.5 / 10))
