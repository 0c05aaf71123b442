"""What the catalogue, the plans and the docstrings say of each model is what the model is."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from mgbayes.calibrate.on_patients import OnPatients
from mgbayes.errors import InputError
from mgbayes.inference.job import applies
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.models.plan_file import load_plan, shipped_plans
from mgbayes.planning.effects import effect_plan
from mgbayes.study import Study, load_study
from tests.conftest import ROOT


def _data(name: str, plan: Plan, study: Study, family: str | None = None) -> dict[str, Any]:
    """What the study prints, or simulated patients where a model or family takes nothing else."""
    row, family = MODELS[name], family or plan.family
    module = row.of(study, plan)
    if not row.needs_patients(family):
        return module.from_study(study, plan)  # type: ignore[no-any-return]
    return OnPatients(module, module.cohort_like(study, plan)).template(family, plan.prior_set(family))  # type: ignore[arg-type]


ROWS = [(name, family) for name, row in MODELS.items() for family in row.parameters]
PLANS = shipped_plans()
ELSEWHERE = {
    "quantiles": [("fonc2022", "stay")],
    "reported_effect": [
        ("roumier2021", "time_to_death"),
        ("xu2019", "blood_loss"),
        ("effects_only", "fall"),
        ("effects_only", "pain"),
    ],
}
"""Models of which the embedded study has no outcome: other studies, and plans or endpoints of these."""


def _mathematics(name: str) -> str:
    """The docstring of a model's file."""
    return import_module(MODELS[name].module).__doc__ or ""


@pytest.mark.parametrize("name", MODELS)
def test_the_catalogue_names_the_forms_of_shipped_priors_and_the_docstring_the_adjustments(name: str) -> None:
    forms = MODELS[name].forms()
    for plan in _plans_of(name):
        for parameter, choice in plan.priors.items():
            assert forms[parameter] == choice.form
    for adjustment in MODELS[name].adjustments.values():
        for parameter in adjustment:
            assert re.search(rf"(?<!\w){parameter}(?!\w)", _mathematics(name))


@pytest.mark.parametrize("plan", PLANS, ids=[plan.id for plan in PLANS])
def test_every_family_of_a_shipped_plan_has_its_priors_each_with_a_reason(plan: Plan) -> None:
    for family in (plan.family, *plan.alternative_families):
        for prior in plan.prior_set(family).values():
            assert prior.fault() is None
            assert len(prior.why) > 10


def test_a_plan_without_a_prior_is_told_which() -> None:
    plan = load_plan("remission")
    bare = plan.model_copy(update={"priors": {}})
    with pytest.raises(InputError, match="log_time_ratio"):
        bare.prior_set(plan.family)


def _plans_of(name: str) -> list[Plan]:
    found = [_elsewhere(*of) for of in ELSEWHERE.get(name, ())]
    return found or [plan for plan in PLANS if plan.model == name]


def _elsewhere(study_id: str, name: str) -> Plan:
    """A plan that stands beside a study, or the one that is proposed for its reported effect."""
    path = ROOT / "studies" / study_id / f"{name}.toml"
    study = load_study(_file(study_id))
    plan = load_plan(path) if path.exists() else effect_plan(study, study.endpoint(name))
    assert plan is not None
    return plan


def _plan_of(name: str, family: str) -> Plan:
    """The first plan with the priors of a family."""
    needed = MODELS[name].parameters[family]
    return next(plan for plan in _plans_of(name) if set(needed) <= set(plan.priors))


def _study_of(plan: Plan) -> Study:
    """The study that a plan was written for."""
    return load_study(plan.study or "litchman2020" if plan in PLANS else _file(plan.study or ""))


def _file(study_id: str) -> Path:
    """Of a study among the examples, or among those that only tests have."""
    paths = [
        folder / f"{study_id}.toml" for folder in (ROOT / "studies", ROOT / "tests" / "oracles" / "studies")
    ]
    return next(path for path in paths if path.exists())


@pytest.mark.parametrize(("name", "family"), ROWS)
def test_the_docstring_names_every_free_variable(name: str, family: str) -> None:
    plan = _plan_of(name, family)
    study = _study_of(plan)
    module = MODELS[name].of(study, plan)
    model = module.build(_data(name, plan, study, family), family, plan.prior_set(family))
    for variable in model.free_RVs:
        # the name by itself, or with a subscript of one or two letters (arm, visit, endpoint)
        effect = MODELS[name].effect_by_endpoint
        stem = effect if effect and variable.name.startswith(f"{effect}_") else variable.name
        named = rf"(?<!\w){stem}(_[A-Za-z]{{1,2}})?(?!\w)"
        said = _mathematics(name)
        assert re.search(named, said), f"{variable.name} is not in the docstring of {MODELS[name].module}"


@pytest.mark.parametrize(("name", "family"), ROWS)
def test_every_prior_can_be_swapped_as_data(name: str, family: str) -> None:
    plan = _plan_of(name, family)
    study = _study_of(plan)
    module = MODELS[name].of(study, plan)
    model = module.build(_data(name, plan, study, family), family, plan.prior_set(family))
    for parameter in MODELS[name].parameters[family]:
        assert f"prior_{parameter}" in model.named_vars


def test_every_model_has_a_shipped_plan_and_every_threshold_an_estimand(study: Study) -> None:
    assert {plan.model for plan in PLANS} | set(ELSEWHERE) == set(MODELS)
    for plan in PLANS:
        module = MODELS[plan.model].of(study, plan)
        ids = {row.id for row in module.declared(_data(plan.model, plan, study))}
        assert {row.estimand for row in plan.important} <= ids


def test_what_only_patients_can_feed_is_not_printed(study: Study) -> None:
    """Such a plan is passed over where there is only the paper, without a word."""
    for plan in PLANS:
        if MODELS[plan.model].patients_only:
            assert not applies(study, plan)
            with pytest.raises(NotPrinted):
                MODELS[plan.model].of(study, plan).from_study(study, plan)


def test_what_evidence_may_lack_is_a_field_and_not_looked_for_by_name() -> None:
    named = re.compile(r'"\w+" (not )?in (data|like|evidence|found)\b|data\.get\(')
    for path in (ROOT / "src" / "mgbayes" / "models").glob("*.py"):
        assert not named.findall(path.read_text("utf-8")), path.name
