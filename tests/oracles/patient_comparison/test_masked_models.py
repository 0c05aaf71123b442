"""Under masking the models see the same patients whatever the small cells hold."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

from mgbayes.inference.job import applies
from mgbayes.models.plan_file import load_plan
from mgbayes.patient_comparison.mask import without_small_cells
from mgbayes.patients import read_patients
from mgbayes.report.results import about
from mgbayes.study import Study
from tests.conftest import run_cli
from tests.oracles.patient_comparison.twin import twin, write

BELOW = 5


def _seen(study: Study, path: Path, table: pd.DataFrame) -> xr.Dataset:
    return without_small_cells(study, read_patients(write(table, path), study), BELOW)


@pytest.mark.parametrize(
    ("endpoint", "column", "yes"),
    [
        ("pis_improved", "pis_improved", (15, 12)),
        ("prednisone_stop", "prednisone_stopped", (1, 8)),
        ("sparing", "sparing_12m", (4, 4)),
    ],
)
def test_what_a_small_cell_holds_makes_no_difference(
    study: Study, tmp_path: Path, endpoint: str, column: str, yes: tuple[int, int]
) -> None:
    one = twin(**{column: yes})
    other = one.copy()
    of_first = other.index[(other["antibody"] == "AChR+") & (other[column] == "no")][0]
    other.loc[of_first, column] = "yes"
    first, second = _seen(study, tmp_path / "one.csv", one), _seen(study, tmp_path / "other.csv", other)
    assert endpoint in first.attrs["hidden"]
    assert first.identical(second)
    assert about(first) == about(second)
    assert about(first).file_sha256 is None


def test_what_is_not_hidden_stays_as_it_is(study: Study, tmp_path: Path) -> None:
    whole = read_patients(write(twin(), tmp_path / "twin.csv"), study)
    seen = without_small_cells(study, whole, BELOW)
    assert "prednisone" in seen
    assert all(seen[name].equals(whole[name]) for name in seen.data_vars)
    assert not any(str(name).startswith("covariate.") for name in seen.data_vars)


def test_a_plan_of_a_hidden_endpoint_falls_back_on_the_print(study: Study, tmp_path: Path) -> None:
    seen = _seen(study, tmp_path / "twin.csv", twin(relapse=(15, 6)))
    assert {"relapse", "time_to_relapse"} <= set(seen.attrs["hidden"])
    assert not applies(study, load_plan("relapse"), seen)
    assert applies(study, load_plan("relapse"))
    assert applies(study, load_plan("prednisone"), seen)


def test_masking_without_patients_is_refused(tmp_path: Path) -> None:
    run = run_cli("reanalyze", "--mask-below", "5", "--out", tmp_path / "out")
    assert run.code == 2
    assert "--mask-below" in run.err
    assert not (tmp_path / "out").exists()
