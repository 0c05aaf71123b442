"""What identifies a patient is neither in the dataset nor in a message: patients go by rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mgbayes.errors import InputError
from mgbayes.patients import read_patients
from tests.oracles.patients.cohort import cohort, grid
from tests.oracles.patients.faults import FAULTS, Case, faults_of
from tests.oracles.patients.forms import NAMES, form
from tests.oracles.patients.written import write


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_the_dataset_holds_no_identifier(name: str, suffix: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    patients = cohort(rng, 8)
    sheet = grid(rng, name, patients)
    for row in sheet.rows:
        row["Remarks"] = "Secret remark"
    path = tmp_path / f"Jane Doe{suffix}"
    write(rng, sheet, path)
    data = read_patients(path, form(name))
    told = f"{data!r} {data._repr_html_()} {data.to_dict()} {data.attrs}"
    for secret in (*(one.name for one in patients), "Pat. No.", "Jane Doe", "Secret remark", str(tmp_path)):
        assert secret not in told
    stored = tmp_path / "stored.nc"
    kept = data.assign_attrs(synthetic=int(data.attrs["synthetic"]))
    kept.to_netcdf(stored, engine="h5netcdf")
    content = stored.read_bytes()
    for secret in (*(one.name for one in patients), "Jane Doe", "Secret remark"):
        assert secret.encode() not in content


@pytest.mark.parametrize("name", NAMES)
def test_no_message_names_a_patient(name: str, tmp_path: Path) -> None:
    """Every fault of the form is told, among them double and missing patients, without a name."""
    rng = np.random.default_rng(12)
    for fault in faults_of(name):
        patients = cohort(rng, 8)
        sheet = grid(rng, name, patients)
        FAULTS[fault].put(Case(rng, sheet, 2, patients[2], patients[5]))
        write(rng, sheet, tmp_path / "sheet.csv")
        with pytest.raises(InputError) as caught:
            read_patients(tmp_path / "sheet.csv", form(name))
        message = str(caught.value).casefold()
        for one in patients:
            assert one.name.casefold() not in message
        assert any(problem.place.startswith("row ") for problem in caught.value.problems)


def test_a_double_patient_is_told_by_its_rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(13)
    sheet = grid(rng, "days", cohort(rng, 6))
    sheet.rows[4]["Pat. No."] = sheet.rows[1]["Pat. No."]
    numbers = write(rng, sheet, tmp_path / "sheet.csv")
    with pytest.raises(InputError) as caught:
        read_patients(tmp_path / "sheet.csv", form("days"))
    (problem,) = caught.value.problems
    assert problem.place == f'row {numbers[4]}, column "Pat. No."'
    assert problem.given == f"the patient of row {numbers[1]} again"


def test_a_sheet_without_headings_is_not_told_back(tmp_path: Path) -> None:
    """The first row of such a sheet would be a patient: missing columns are named, found ones are not."""
    path = tmp_path / "sheet.csv"
    path.write_text("Jane Doe,MuSK,52\nJohn Roe,AChR,40\n", "utf-8")
    with pytest.raises(InputError) as caught:
        read_patients(path, form("days"))
    assert "Doe" not in str(caught.value)
    assert "Roe" not in str(caught.value)
    assert "no column 'Antibody'" in str(caught.value)
