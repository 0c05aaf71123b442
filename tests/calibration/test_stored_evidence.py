"""Stored calibration of every model with a shipped plan: there, uniform, and of the model as it is now.

The usual family of each plan has to be there, and on patients the family that takes nothing else and all that the
plan adjusts for; what is stored of other families is held to the same.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mgbayes.calibrate.evidence import is_current, load
from mgbayes.calibrate.run import evidence_path
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan import Plan, shipped_plans
from mgbayes.models.sources import model_sources
from tests.conftest import ROOT

FOLDER = ROOT / "tests" / "calibration" / "evidence"
PLANS = [plan for plan in shipped_plans() if plan.role == "outcome"]
OTHERS = [plan.with_family(family) for plan in PLANS for family in plan.alternative_families]
Case = tuple[Plan, bool, tuple[str, ...]]


def asked() -> list[Case]:
    """What the shipped plans fit: on the print, on patients, and adjusted."""
    cases: list[Case] = [(plan, False, ()) for plan in PLANS if not MODELS[plan.model].patients_only]
    cases += [(plan, True, ()) for plan in PLANS if plan.model != "binary"]  # which sees counts either way
    cases += [(plan, True, ()) for plan in OTHERS if plan.family in MODELS[plan.model].on_patients_only]
    return cases + [(plan, True, adjusted) for plan in PLANS for adjusted in adjustments(plan)]


def adjustments(plan: Plan) -> list[tuple[str, ...]]:
    """Covariates, and a frailty besides, where the plan has them."""
    covariates = ("covariates",) if plan.patients.covariates else ()
    frailty = [(*covariates, "frailty")] if plan.patients.frailty else []
    return ([covariates] if covariates else []) + frailty


def path_of(case: Case) -> Path:
    """Where its evidence is."""
    return evidence_path(FOLDER, *case)


EVERY = asked()
EVERY += [
    case
    for plan in OTHERS
    for case in ((plan, False, ()), (plan, True, ()))
    if case not in EVERY and path_of(case).exists()
]
every = pytest.mark.parametrize(
    ("plan", "on_patients", "adjusted"), EVERY, ids=[path_of(case).stem for case in EVERY]
)


@every
def test_the_evidence_is_of_this_very_source(
    plan: Plan, on_patients: bool, adjusted: tuple[str, ...]
) -> None:
    path = evidence_path(FOLDER, plan, on_patients, adjusted)
    assert is_current(path, model_sources(MODELS[plan.model].module)), (
        f"{plan.model} changed since it was calibrated: run `mgbayes calibrate {plan.id} --family {plan.family}`"
        f"{' with --patients' if on_patients else ''}{''.join(f' --adjusted {name}' for name in adjusted)}"
    )


@every
def test_the_ranks_of_every_estimand_are_uniform(
    plan: Plan, on_patients: bool, adjusted: tuple[str, ...]
) -> None:
    result = load(evidence_path(FOLDER, plan, on_patients, adjusted))
    assert result.replicates >= 500
    assert result.errors == 0
    assert result.uniform()


@every
def test_the_stored_verdict_is_what_the_stored_ranks_say(
    plan: Plan, on_patients: bool, adjusted: tuple[str, ...]
) -> None:
    path = evidence_path(FOLDER, plan, on_patients, adjusted)
    record, result = json.loads(path.read_text("utf-8")), load(path)
    assert record["uniform"] == result.uniform()
    assert record["failed"] == result.failed
    assert record["chi_square_p"] == pytest.approx(result.chi_square_p())


def test_nothing_is_stored_that_nobody_holds_to_account() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == {path_of(case).name for case in EVERY}
