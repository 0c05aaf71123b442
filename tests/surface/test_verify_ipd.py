"""What is wrong with a spreadsheet or an option beside it ends with exit code 2 and a message."""

from __future__ import annotations

from pathlib import Path

import pytest

from mgbayes.study.describe import example
from tests.conftest import run_cli
from tests.oracles.patient_comparison.twin import twin, write
from tests.surface.test_bad_input import GOOD


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sheets")
    write(twin(), folder / "good.csv")
    (folder / "folder").mkdir()
    (folder / "folder.csv").mkdir()
    (folder / "sheet.ods").write_bytes(b"PK")
    (folder / "taken").write_text("mine", "utf-8")
    (folder / "no_map.toml").write_text(GOOD, "utf-8")
    faulty = twin()
    faulty.loc[3, "antibody"] = "LRP4"
    faulty.loc[5, "prednisone_mg_last"] = 900.0
    write(faulty, folder / "faulty.csv")
    return folder


STUDY = "litchman2020"
MISTAKES = {
    "a missing file": ([STUDY, "--ipd", "none.csv"], ["none.csv", "no such file"]),
    "a directory": ([STUDY, "--ipd", "folder"], ["folder", "a directory", ".csv, .xlsx or .parquet"]),
    "a directory with the name of a file": ([STUDY, "--ipd", "folder.csv"], ["folder.csv", "a directory"]),
    "a wrong type": ([STUDY, "--ipd", "sheet.ods"], ["the file type .ods", ".csv, .xlsx or .parquet"]),
    "no map": (["no_map.toml", "--ipd", "good.csv"], ["the study small", "[patients]"]),
    "two faults": (
        [STUDY, "--ipd", "faulty.csv"],
        ["2 problems", "row 5, column \"antibody\": given 'LRP4'", "row 7", "200 or less"],
    ),
    "a subset that is no rule": (
        [STUDY, "--ipd", "good.csv", "--subset", "cycles>3", "--subset", "many"],
        ["--subset: 2 problems", "'cycles>3'", "'many'", "NAME = COLUMN >= NUMBER"],
    ),
    "a subset of a column that is not there": (
        [STUDY, "--ipd", "good.csv", "--subset", "a = weight >= 3", "--subset", "b = cycles >= 3 in lrp4"],
        ["good.csv: 2 problems", "'weight'", "covariate.cycles", "'lrp4'", "achr, musk"],
    ),
    "a subset with the name of an arm": (
        [STUDY, "--ipd", "good.csv", "--subset", "achr = cycles >= 3"],
        ["subset 'achr'", "the name of an arm", "another name"],
    ),
    "one name for two subsets": (
        [STUDY, "--ipd", "good.csv", "--subset", "a = cycles >= 3", "--subset", "a = cycles >= 4"],
        ["1 problem\n", "subset 'a'", "two rules"],
    ),
    "a subset without patients": (
        [STUDY, "--subset", "a = cycles >= 3"],
        ["--subset: given without --patients"],
    ),
    "a folder without patients": ([STUDY, "--out", "out"], ["--out: given without --patients"]),
    "a threshold without patients": (
        [STUDY, "--mask-below", "5"],
        ["--mask-below: given without --patients"],
    ),
    "a file as the folder": ([STUDY, "--ipd", "good.csv", "--out", "taken"], ["taken", "a file", "a folder"]),
    "a threshold below 2": ([STUDY, "--ipd", "good.csv", "--mask-below", "1"], ["--mask-below"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_ends_with_2_and_a_message(mistake: str, folder: Path) -> None:
    args, said = MISTAKES[mistake]
    before = sorted(path.name for path in folder.iterdir())
    run = run_cli("verify", *args, "--no-search", cwd=folder)
    assert (run.code, run.out) == (2, "")
    assert "Traceback" not in run.err
    for part in said:
        assert part in run.err
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_map_that_names_no_column_for_any_visit_is_refused(folder: Path) -> None:
    study = folder.parent / "empty_visits.toml"
    visits = '{ endpoint = "pis_mm", visits = { 12m = "pis_mm_12m" } }'
    assert visits in example()
    study.write_text(example().replace(visits, '{ endpoint = "pis_mm", visits = {} }'), "utf-8")
    run = run_cli("verify", study, "--ipd", folder / "good.csv", "--no-search")
    assert run.code == 2
    assert "either column or visits" in run.err
