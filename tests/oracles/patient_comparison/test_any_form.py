"""Whatever form the reader takes, the tests take what it gives: few patients, gaps and ties break nothing."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from mgbayes.patient_comparison import check_patients
from tests.oracles.patients.cohort import cohort, grid
from tests.oracles.patients.forms import NAMES, form
from tests.oracles.patients.written import write

AMONG_EVENTS = [("relapse", test) for test in ("mann_whitney", "student_t", "welch_t")]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("below", [None, 3])
def test_every_patient_of_a_comparison_is_used_or_missing(
    name: str, below: int | None, tmp_path: Path
) -> None:
    for seed in (3, 4):
        rng = np.random.default_rng([seed, NAMES.index(name)])
        patients = cohort(rng, int(rng.integers(2, 9)))
        write(rng, grid(rng, name, patients), tmp_path / "sheet.csv")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            beside = check_patients(form(name), tmp_path / "sheet.csv", (), below)
        assert json.loads(json.dumps(beside.to_json(), allow_nan=False)) == beside.to_json()
        assert {row["endpoint"] for row in beside.tests} == {"response", "relapse", "dose", "class", "stays"}
        for row in beside.tests:
            if row["comparison"].startswith("b v a") and " in " not in row["comparison"]:
                known = row["n_missing"] != "masked"
                assert known or below is not None
                among_events = (row["endpoint"], row["test"]) in AMONG_EVENTS
                used = sum(one.event == 1 for one in patients) if among_events else None
                if known:
                    assert row["n_used"] == (len(patients) - row["n_missing"] if used is None else used)
