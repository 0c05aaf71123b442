"""Which arm a number is of, and of what a share is, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mgbayes.comparison.posterior import _summarized
from mgbayes.frequentist.proportions import risk_difference
from mgbayes.frequentist.two_by_two import Table
from mgbayes.patient_comparison.comparison import comparisons
from mgbayes.patient_comparison.sample import draw
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.reconstruction.from_summary import PrintedSample
from mgbayes.study.statistics.p_value import ReportedP
from mgbayes.verification.search import _search
from tests.unit.patient_rows import ENDPOINTS, METHODS, rows_of, study_of


def test_a_risk_difference_is_of_the_contrast_less_the_reference_arm_and_within_its_interval() -> None:
    found = risk_difference(Table(1, 10, 6, 12))
    assert found.value == pytest.approx(6 / 12 - 1 / 10)
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < found.value < found.high  # type: ignore[operator]


def test_the_contrast_group_of_a_sample_of_times_is_the_contrast_arm() -> None:
    study = study_of(ENDPOINTS, methods=METHODS)
    data = rows_of(["old", "old", "new"], relapse__time=[100, 200, 300], relapse__event=[1, 0, 1])
    rows = PatientRows(study, data)
    (arms,) = [row for row in comparisons(rows) if row.endpoint.id == "relapse" and row.within == "all"]
    sample: Any = draw(rows, arms).sample
    assert (study.reference.id, study.contrast.id) == ("old", "new")
    assert sample.contrast.tolist() == [False, False, True]
    assert sample.event.tolist() == [True, False, True]


def test_the_share_of_data_sets_is_of_those_with_the_published_numbers() -> None:
    """Half have them, and of these every second p is reported so."""

    def evaluate(rng: np.random.Generator, genome: Any) -> tuple[np.ndarray, np.ndarray]:
        place = np.arange(len(genome.z[0])) % 4
        return np.where(place == 0, 0.05, 0.5), place < 2

    printed = ReportedP.parse("0.05")
    found = _search(np.random.default_rng(1), (PrintedSample("5", "2", 6),), (), evaluate, printed)
    assert found.share == pytest.approx(0.5)


def test_no_effect_counts_half_for_each_side() -> None:
    psi = np.array([-1.0, 0.0, 1.0])
    found = _summarized(np.array([[1.0, 2.0, 1.0], [0.0, 2.0, 2.0]]), psi)
    assert found.chance == pytest.approx([0.5, 0.75])
