"""Every study under ``studies/`` can be read and verified, and its plans ask for what it prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mgbayes.models.plan_file import load_plan
from mgbayes.study.load import load_study
from tests.conftest import ROOT, run_cli

STUDIES = sorted((ROOT / "studies").glob("*.toml"))
PLANS = sorted((ROOT / "studies").glob("*/*.toml"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT / "studies"))


def test_there_are_studies_of_three_kinds() -> None:
    kinds = {
        endpoint.kind
        for study in map(load_study, STUDIES)
        for endpoint in study.endpoints
        if endpoint.role == "outcome"
    }
    assert {"continuous", "binary", "time_to_event"} <= kinds


@pytest.mark.parametrize("path", STUDIES, ids=_name)
def test_each_is_verified_and_no_printed_number_contradicts_another(path: Path) -> None:
    run = run_cli("verify", path, "--json")
    assert (run.code, "Traceback" in run.err) == (0, False)
    verdicts = {claim["id"]: claim["verdict"] for claim in json.loads(run.out)["claims"]}
    assert set(verdicts) == {claim.id for claim in load_study(path).claims}
    assert "inconsistent" not in verdicts.values()


@pytest.mark.parametrize("path", STUDIES, ids=_name)
def test_each_has_its_own_name_and_says_what_was_read(path: Path) -> None:
    study = load_study(path)
    assert study.id == path.stem
    assert f"({path.name})" in (ROOT / "studies" / "README.md").read_text("utf-8")
    assert all("read" in source.what for source in study.sources)


@pytest.mark.parametrize("path", PLANS, ids=_name)
def test_each_plan_is_of_its_study(path: Path) -> None:
    study, plan = load_study(path.parent.with_suffix(".toml")), load_plan(path)
    visits = {visit.id for visit in study.visits}
    outcomes = {endpoint.id for endpoint in study.endpoints if endpoint.role == "outcome"}
    assert plan.id == path.stem
    for part in plan.endpoints:
        assert part.endpoint in outcomes
        assert part.visit is None or part.visit in visits
    assert {row.claim for row in plan.important} - {None} <= {claim.id for claim in study.claims}
