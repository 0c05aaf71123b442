"""Stored calibration of every model with a shipped plan: there, uniform, and of the model as it is now.

The usual family of each plan has to be there; what is stored of its other families is held to the same. A plan whose
calibration is awaited warns its readers.
"""

from __future__ import annotations

import json

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
EVERY = [
    *(pytest.param(plan, False, (), id=plan.id) for plan in PLANS if not MODELS[plan.model].patients_only),
    *(
        pytest.param(plan, on_patients, (), id=evidence_path(FOLDER, plan, on_patients).stem)
        for plan in OTHERS
        for on_patients in (False, True)
        if evidence_path(FOLDER, plan, on_patients).exists()
    ),
    *(
        pytest.param(plan, True, adjusted, id=evidence_path(FOLDER, plan, True, adjusted).stem)
        for plan in (*PLANS, *OTHERS)
        for adjusted in (("covariates",), ("frailty",), ("covariates", "frailty"))
        if evidence_path(FOLDER, plan, True, adjusted).exists()
    ),
    *(
        pytest.param(plan, True, (), id=f"{plan.id} on patients")
        for plan in PLANS
        if plan.model != "binary"  # which sees counts either way
    ),
]


@pytest.mark.parametrize(("plan", "on_patients", "adjusted"), EVERY)
def test_the_evidence_is_of_this_very_source(
    plan: Plan, on_patients: bool, adjusted: tuple[str, ...]
) -> None:
    path = evidence_path(FOLDER, plan, on_patients, adjusted)
    assert is_current(path, model_sources(MODELS[plan.model].module)), (
        f"{plan.model} changed since it was calibrated: run `mgbayes calibrate {plan.id} --family {plan.family}`"
        f"{' with --patients' if on_patients else ''}{''.join(f' --adjusted {name}' for name in adjusted)}"
    )


@pytest.mark.parametrize(("plan", "on_patients", "adjusted"), EVERY)
def test_the_ranks_of_every_estimand_are_uniform(
    plan: Plan, on_patients: bool, adjusted: tuple[str, ...]
) -> None:
    result = load(evidence_path(FOLDER, plan, on_patients, adjusted))
    assert result.replicates >= 500
    assert result.errors == 0
    assert result.uniform()


@pytest.mark.parametrize(("plan", "on_patients", "adjusted"), EVERY)
def test_the_stored_verdict_is_what_the_stored_ranks_say(
    plan: Plan, on_patients: bool, adjusted: tuple[str, ...]
) -> None:
    path = evidence_path(FOLDER, plan, on_patients, adjusted)
    record, result = json.loads(path.read_text("utf-8")), load(path)
    assert record["uniform"] == result.uniform()
    assert record["failed"] == result.failed
    assert record["chi_square_p"] == pytest.approx(result.chi_square_p())
