"""A sheet without faults gives back the arrays that it was written from, whatever its form and spelling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_array_equal

from mgbayes.patients import read_patients
from tests.oracles.patients.cohort import VISITS, Patient, cohort, grid
from tests.oracles.patients.forms import NAMES, form
from tests.oracles.patients.written import write


def _check(data: xr.Dataset, name: str, patients: list[Patient], rows: list[int]) -> None:
    def true(fact: str) -> np.ndarray:
        return np.array([getattr(one, fact) for one in patients], dtype=float)

    happened = true("event") == 1
    end = true("time" if name == "one time" else "followup")
    assert_array_equal(data["patient"], rows)
    assert data["arm"].to_numpy().tolist() == [one.arm for one in patients]
    assert data["visit"].to_numpy().tolist() == list(VISITS)
    assert_array_equal(data["response"], true("response"))
    assert_array_equal(data["dose"].transpose("patient", "visit"), [one.dose for one in patients])
    level = np.array([one.level for one in patients])
    level[:, [1] if name != "long" else []] = (
        np.nan
    )  # the wide forms have no column for the class at 12 months
    assert_array_equal(data["class"].transpose("patient", "visit"), level)
    assert data["class"].attrs["levels"] == ["0", "I", "II", "III"]
    for fact, variable in (("stays", "stays"), ("exposure", "stays.exposure")):
        assert_array_equal(data[variable], true(fact))
    for fact in ("age", "sex", "thymoma"):
        assert_array_equal(data[f"covariate.{fact}"], true(fact))
    assert data["covariate.sex"].attrs["levels"] == ["female", "male"]
    lower = true("lower") if name == "seen at visits" else true("time")
    assert_array_equal(data["relapse.event"], true("event"))
    assert_array_equal(data["relapse.time"], np.where(happened, true("time"), end))
    assert_array_equal(data["relapse.lower"], np.where(happened, lower, end))
    assert_array_equal(data["relapse.upper"], np.where(happened, true("time"), np.inf))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_the_arrays_come_back(name: str, suffix: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    path = tmp_path / f"sheet{suffix}"
    for _ in range(40 if suffix == ".csv" else 12):
        patients = cohort(rng, int(rng.integers(2, 12)))
        sheet = grid(rng, name, patients)
        numbers = write(rng, sheet, path)
        first = [numbers[sheet.of(at)[0]] for at in range(len(patients))]
        _check(read_patients(path, form(name)), name, patients, first)
