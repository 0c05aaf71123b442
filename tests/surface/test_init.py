"""`mgbayes init` writes a study that loads and a template that takes patients, and never overwrites."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from openpyxl import load_workbook

import mgbayes
from mgbayes.patients.dictionary import entries
from tests.conftest import run_cli

NAMES = ["dictionary.md", "patients.csv", "patients.xlsx", "plan.toml", "study.toml"]
PATIENTS = [
    {
        "patient": "1",
        "arm": "usual",
        "fall": "yes",
        "fall_days": 20,
        "followup_days": 84,
        "mobility_baseline": 40,
    },
    {
        "patient": "2",
        "arm": "exercise",
        "fall": "no",
        "followup_days": 84,
        "aid_12w": "cane",
        "consultations": 1,
        "age": 40,
    },
]


def test_the_study_loads_and_verifies(tmp_path: Path) -> None:
    run = run_cli("init", tmp_path / "mine")
    assert run.code == 0
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == NAMES
    assert sorted(Path(line).name for line in run.out.splitlines()) == NAMES
    assert run_cli("verify", tmp_path / "mine" / "study.toml", "--no-search").code == 0


def test_the_filled_templates_are_read(tmp_path: Path) -> None:
    mgbayes.init(tmp_path)
    study = mgbayes.load_study(tmp_path / "study.toml")
    book = load_workbook(tmp_path / "patients.xlsx")
    heads = [cell.value for cell in book.worksheets[0][1]]
    for row in PATIENTS:
        book.worksheets[0].append([row.get(head) for head in heads])
    book.save(tmp_path / "filled.xlsx")
    with (tmp_path / "patients.csv").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file)) == heads
    with (tmp_path / "patients.csv").open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, heads).writerows(PATIENTS)
    for name in ("filled.xlsx", "patients.csv"):
        data = mgbayes.read_patients(tmp_path / name, study)
        assert data["time_to_fall.time"].to_numpy().tolist() == [20, 84]
        assert data["aid"].sel(visit="12w").to_numpy()[1] == 1


def test_the_dictionary_names_every_column(tmp_path: Path) -> None:
    mgbayes.init(tmp_path)
    study = mgbayes.load_study(tmp_path / "study.toml")
    text = (tmp_path / "dictionary.md").read_text("utf-8")
    heads = [cell.value for cell in load_workbook(tmp_path / "patients.xlsx").worksheets[0][1]]
    assert heads == [entry.column for entry in entries(study, date(2026, 1, 1))]
    for head in heads:
        assert f"| {head} |" in text
    assert "100 or less" in text
    assert "points" in text


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("mine", "utf-8")
    run = run_cli("init", tmp_path)
    assert run.code == 2
    assert "patients.csv: given an existing file" in run.err
    assert "Traceback" not in run.err
    assert [path.name for path in tmp_path.iterdir()] == ["patients.csv"]
    assert (tmp_path / "patients.csv").read_text("utf-8") == "mine"


def test_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("mine", "utf-8")
    run = run_cli("init", place)
    assert run.code == 2
    assert "Traceback" not in run.err
    assert place.read_text("utf-8") == "mine"


def test_every_example_in_the_comments_is_a_statement_that_verifies(tmp_path: Path) -> None:
    mgbayes.init(tmp_path)
    text = (tmp_path / "study.toml").read_text("utf-8")
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if "every kind of number" in line)
    last = next(i for i, line in enumerate(lines) if line.startswith("# ---") and i > first)
    examples = [line.removeprefix("# ") for line in lines[first + 3 : last]]
    (tmp_path / "all.toml").write_text("\n".join([*lines[:first], *examples, *lines[last:]]), "utf-8")
    study = mgbayes.load_study(tmp_path / "all.toml")
    used = {key for claim in study.claims for row in claim.summaries for key in row.model_fields_set}
    kinds = {
        "median",
        "iqr",
        "range",
        "quantiles",
        "mean",
        "sd",
        "se",
        "ci",
        "change_from",
        "percent",
        "count",
        "level",
    }
    assert used >= kinds | {"survival", "at", "at_risk", "median_survival", "n", "visit", "group"}
    ledger = mgbayes.verify(study, search=False)
    assert all(check.holds for row in ledger.claims for check in row.checks)
    assert {str(row.verdict) for row in ledger.claims} <= {"reproduced", "possible", "not_checkable"}
