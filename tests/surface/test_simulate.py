"""mgbayes simulate: files that give the print back, and say in every place that they are made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mgbayes.inference.job import Job
from mgbayes.inference.patient_evidence import from_patients
from mgbayes.models.plan_file import load_plan
from mgbayes.patients import read_patients
from mgbayes.study.load import load_study
from tests.conftest import run_cli

pytestmark = pytest.mark.long  # the cohorts are drawn from a posterior
MEMBERS = 2
CONTRADICTED = {"baseline.thymoma, all percent"}  # 7 of 33 is 21.2 %


@pytest.fixture(scope="module", name="made")
def _made(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """Two cohorts."""
    folder = tmp_path_factory.mktemp("simulated")
    run = run_cli("simulate", "--members", str(MEMBERS), "--out", folder, "--excel", "--json")
    assert run.code == 0, run.err
    return json.loads(run.out), folder


def test_every_printed_number_comes_back_but_those_that_contradict_others(
    made: tuple[dict[str, Any], Path],
) -> None:
    assert len(made[0]["files"]) == MEMBERS
    for row in made[0]["files"]:
        assert {text.partition(":")[0] for text in row["differ"]} == CONTRADICTED
        assert row["agree"] == 76


def test_definitions_hold_and_what_a_cohort_was_drawn_with_is_told(made: tuple[dict[str, Any], Path]) -> None:
    """No relapse within the year after a remission; minimal manifestations are an improvement; stopped is no dose."""
    for row in made[0]["files"]:
        table = pd.read_csv(row["file"])
        after = table["relapse_days"] - table["remission_days"]
        assert not ((after > 0) & (after <= 365)).any()
        assert (table.loc[table["pis_mm_12m"] == "yes", "pis_improved"] == "yes").all()
        assert ((table["prednisone_stopped"] == "yes") == (table["prednisone_mg_last"] == 0)).all()
        about = json.loads(Path(row["file"]).with_suffix(".json").read_text("utf-8"))
        assert about["drawn_from"] == "posterior of the cohort behind the published numbers"
        assert "log_hazard_ratio" in about["parameters"]["relapse"]


def test_thymoma_is_only_where_the_paper_says_so(made: tuple[dict[str, Any], Path]) -> None:
    for file in made[1].glob("*.csv"):
        rows = pd.read_csv(file)
        assert set(rows.loc[rows["thymoma"] == "yes", "antibody"]) == {"AChR"}


def test_name_rows_and_file_beside_say_that_it_is_synthetic(made: tuple[dict[str, Any], Path]) -> None:
    files = sorted(made[1].iterdir())
    assert len(files) == 3 * MEMBERS
    assert all(".synthetic." in file.name for file in files)
    for file in made[1].glob("*.csv"):
        assert set(pd.read_csv(file)["origin"]) == {"synthetic"}
        assert set(pd.read_excel(file.with_suffix(".xlsx"))["origin"]) == {"synthetic"}
        about = json.loads(file.with_suffix(".json").read_text("utf-8"))
        assert about["origin"] == "synthetic"
        assert "not observed" in about["notice"]


def test_times_lie_within_followup_and_doses_are_not_negative(made: tuple[dict[str, Any], Path]) -> None:
    for file in made[1].glob("*.csv"):
        table = pd.read_csv(file)
        assert (table["followup_days"] >= 365).all()
        for name in ("remission", "relapse"):
            seen = table[name] == "yes"
            assert (table.loc[seen, f"{name}_days"] <= table.loc[seen, "followup_days"]).all()
            assert table.loc[~seen, f"{name}_days"].isna().all()
        doses = table.filter(like="prednisone_mg")
        assert ((doses >= 0) & (doses <= 200)).all().all()


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_verify_knows_that_the_patients_are_made_up(made: tuple[dict[str, Any], Path], suffix: str) -> None:
    """The map of the embedded study does not say so; the file does."""
    said = load_study().patients
    assert said is not None
    assert not said.synthetic
    file = next(made[1].glob(f"*{suffix}"))
    run = run_cli("verify", "--ipd", file, "--no-search", "--json")
    assert run.code == 0, run.err
    assert json.loads(run.out)["patients"]["synthetic"] is True


def test_a_study_without_a_map_is_refused(tmp_path: Path) -> None:
    from mgbayes.study.describe import example

    study = tmp_path / "study.toml"
    study.write_text(example().partition("[patients]")[0], "utf-8")
    run = run_cli("simulate", study, "--out", tmp_path / "out")
    assert run.code == 2
    assert "[patients]" in run.err
    assert not (tmp_path / "out").exists()


def test_the_models_are_given_the_printed_summaries(made: tuple[dict[str, Any], Path]) -> None:
    """What a fit on patients is held against is what the published mode takes, to the printed digits."""
    study = load_study()
    for file in made[1].glob("*.csv"):
        patients = read_patients(file, study)
        for name in ("remission", "relapse", "binary"):
            plan = load_plan(name)
            printed = Job(study, plan, plan.family).data
            given = from_patients(study, plan, patients)
            if "time_mean" in printed and len(printed["time_mean"]) == 1:
                given = {**given, **_of_both_arms(given)}
            for count in ("n", "events", "count", "patients"):
                if count in printed:
                    np.testing.assert_array_equal(given[count], printed[count])
            for moment in ("time_mean", "time_sd"):
                if moment in printed:
                    tenths = printed[moment] != np.round(printed[moment])  # rounded, or cut off
                    np.testing.assert_allclose(given[moment], printed[moment], rtol=0, atol=1)
                    np.testing.assert_allclose(
                        given[moment][tenths], printed[moment][tenths], rtol=0, atol=0.1
                    )


def _of_both_arms(given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Mean and SD of the times of both arms together, from those of each."""
    n, mean, sd = (np.asarray(given[name], float) for name in ("events", "time_mean", "time_sd"))
    together = (n * mean).sum() / n.sum()
    squares = ((n - 1) * sd**2 + n * (mean - together) ** 2).sum()
    return {"time_mean": np.array([together]), "time_sd": np.array([np.sqrt(squares / (n.sum() - 1))])}


def test_what_cannot_be_read_back_is_left_out_and_named(made: tuple[dict[str, Any], Path]) -> None:
    """Users before treatment are of a visit that the map has no column for."""
    for row in made[0]["files"]:
        absent = {text.partition(",")[0] for text in row["not_in_the_file"]}
        assert absent == {"baseline.prednisone_users"}


def test_the_study_of_init_comes_back_whole(tmp_path: Path) -> None:
    assert run_cli("init", tmp_path / "mine").code == 0
    run = run_cli("simulate", tmp_path / "mine" / "study.toml", "--out", tmp_path / "out", "--json")
    assert run.code == 0, run.err
    (row,) = json.loads(run.out)["files"]
    assert (row["agree"], row["differ"], row["not_in_the_file"]) == (16, [], [])


def test_an_output_folder_that_is_a_file_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("here", "utf-8")
    run = run_cli("simulate", "--out", tmp_path / "out")
    assert run.code == 2
    assert "a file" in run.err
