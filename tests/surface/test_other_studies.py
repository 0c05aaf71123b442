"""Every study under ``studies/`` can be read and verified, and its plans ask for what it prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mgbayes.models.plan_file import load_plan
from mgbayes.study.load import load_study
from mgbayes.verification import verify
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


CONTRADICTIONS = {
    "roumier2021": {"oxygen"},  # 37 of 44 is not 82.2 %
    "ghosh2023": {"morbidity"},  # no count of 8 is 62.6 %
    "llr2023": {"complications"},  # 29 of 105 is not 29.5 %
}


@pytest.mark.parametrize("path", STUDIES, ids=_name)
def test_each_is_verified_and_what_contradicts_itself_is_known(path: Path) -> None:
    run = run_cli("verify", path, "--json")
    assert (run.code, "Traceback" in run.err) == (0, False)
    verdicts = {claim["id"]: claim["verdict"] for claim in json.loads(run.out)["claims"]}
    assert set(verdicts) == {claim.id for claim in load_study(path).claims}
    inconsistent = {claim for claim, verdict in verdicts.items() if verdict == "inconsistent"}
    assert inconsistent == CONTRADICTIONS.get(path.stem, set())


def test_published_hazard_ratios_odds_ratios_and_standard_errors_are_recognized() -> None:
    verified = {
        name: verify(load_study(ROOT / "studies" / f"{name}.toml")) for name in ("roumier2021", "fonc2022")
    }
    for claim in ("support.hr", "invasive.hr", "death.hr", "discharge.hr"):
        assert verified["roumier2021"].claim(claim).verdict == "reproduced"
    duration = verified["fonc2022"].claim("duration")
    assert duration.verdict == "reproduced_otherwise"
    assert all(test.name.endswith("sd_as_se") for test in duration.tests if test.matches)
    # A third quartile of 12.25 of 34 whole numbers: SAS and Tukey's hinges give whole or half numbers.
    assert "type 6 (SPSS, Minitab) or type 7 (R, Excel)" in verified["fonc2022"].claim("stay").checks[1].text


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
