"""Which published numbers models use: held to lists written by hand from papers and plans."""

from __future__ import annotations

from typing import Any

from mgbayes.inference.job import doubts
from mgbayes.inference.published_use import published_use
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan import Plan
from mgbayes.models.plan_file import load_plan
from mgbayes.planning.choose import plans_of
from mgbayes.study import load_study
from mgbayes.study.schema import Study
from tests.conftest import ROOT

USED = {
    "baseline.followup": {"remission", "relapse"},
    "baseline.maintenance": {"balance"},
    "baseline.thymectomy": {"balance"},
    "mgfa.achr_12m": {"mgfa"},
    "mgfa.achr_last": {"mgfa"},
    "mgfa.musk_12m": {"mgfa"},
    "mgfa.musk_last": {"mgfa"},
    "pis.mm_12m": {"binary"},
    "pis.improved": {"binary"},
    "remission.ever": {"remission"},
    "remission.time": {"remission"},
    "prednisone.baseline": {"prednisone"},
    "prednisone.12m": {"prednisone"},
    "prednisone.last": {"prednisone"},
    "relapse.ever": {"relapse"},
    "relapse.time_all": {"relapse"},
}
"""Of the embedded study, by claim the plans that take its numbers; no other claim is used."""


def analyses(study: Study) -> list[tuple[Plan, Any]]:
    """The plans of a study with their models."""
    return [(plan, MODELS[plan.model].of(study, plan)) for plan in plans_of(study).plans]


def test_of_the_embedded_study_each_plan_uses_what_it_says() -> None:
    study = load_study()
    rows = published_use(study, analyses(study))
    assert {row.claim: set(row.plans) for row in rows if row.plans} == USED
    assert {row.claim for row in rows} == {
        claim.id for claim in study.claims if claim.summaries or claim.effects
    }
    for row in rows:
        assert bool(row.plans) != bool(row.why_not), row.claim
    why = {row.claim: row.why_not for row in rows}
    assert "part of the patients" in why["baseline.thymectomy_all"]
    assert "before treatment" in why["baseline.age"]


def test_each_reason_is_that_of_the_study() -> None:
    raw = load_study(ROOT / "studies" / "roumier2021.toml").model_dump(mode="json", exclude_none=True)
    (support,) = [row for row in raw["claims"] if row["id"] == "support.hr"]
    raw["claims"].append(support | {"id": "again", "effects": [{"hr": "0.50", "ci": ["0.3", "0.9"]}]})
    study = Study.model_validate(raw)
    why = {row.claim: row.why_not for row in published_use(study, analyses(study))}
    assert not why["support.hr"]
    assert "another effect" in why["again"]
    assert "time to this event" in why["support"]
    missing = published_use(study, [], {"time_to_support": "some number"})
    assert {row.claim: row.why_not for row in missing}["support.hr"].endswith("some number")


def test_a_plan_that_only_patients_can_feed_uses_nothing() -> None:
    study, plan = load_study(), load_plan("hospital")
    rows = published_use(study, [(plan, MODELS[plan.model].of(study, plan))])
    assert not any(row.plans for row in rows)


def test_a_misprint_is_suspected_in_the_plans_of_its_own_outcome_alone() -> None:
    study = load_study()
    of_plans = {
        name: {other.name for other in doubts(study, load_plan(name))} for name in ("prednisone", "relapse")
    }
    claims = {other.name: study.claim(other.claim).endpoint for other in study.alternatives}
    assert of_plans["prednisone"]
    assert {claims[name] for name in of_plans["prednisone"]} == {"prednisone"}
    assert of_plans["relapse"] == set()
