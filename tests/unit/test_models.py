"""What the catalogue, the plans and the docstrings say of each model is what the model is."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mgbayes.calibrate.on_patients import OnPatients
from mgbayes.inference.run import applies
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.models.plan_file import shipped_plans
from mgbayes.study import Study


def _data(name: str, plan: Plan, study: Study, family: str | None = None) -> dict[str, Any]:
    """What the study prints, or simulated patients where a model or family takes nothing else."""
    row, family = MODELS[name], family or plan.family
    module = row.of(study, plan)
    if not row.needs_patients(family):
        return module.from_study(study, plan)  # type: ignore[no-any-return]
    like = (module.cohort_like if row.patients_only else module.from_study)(study, plan)
    priors = plan.prior_set(family, module.default_priors)
    return OnPatients(module, like).template(family, priors)


ROWS = [(name, family) for name, row in MODELS.items() for family in row.parameters]
PLANS = shipped_plans()


@pytest.mark.parametrize(("name", "family"), ROWS)
def test_the_catalogue_names_the_parameters_and_forms_of_each_family(
    name: str, family: str, study: Study
) -> None:
    module = MODELS[name].of(study, _plans_of(name)[0])
    for parameter, form in MODELS[name].parameters[family].items():
        assert module.default_priors[parameter].form == form


@pytest.mark.parametrize("name", MODELS)
def test_the_catalogue_names_the_parameters_and_forms_of_adjustments(name: str, study: Study) -> None:
    module = MODELS[name].of(study, _plans_of(name)[0])
    for forms in MODELS[name].adjustments.values():
        for parameter, form in forms.items():
            assert module.default_priors[parameter].form == form
            assert re.search(rf"(?<!\w){parameter}(?!\w)", MODELS[name].load().__doc__ or "")


@pytest.mark.parametrize("name", MODELS)
def test_every_default_prior_is_possible_has_a_reason_and_is_used(name: str, study: Study) -> None:
    priors = MODELS[name].of(study, _plans_of(name)[0]).default_priors
    assert set(priors) == set(MODELS[name].forms())
    for prior in priors.values():
        assert prior.fault() is None
        assert len(prior.why) > 10


def _plans_of(name: str) -> list[Plan]:
    return [plan for plan in PLANS if plan.model == name]


@pytest.mark.parametrize(("name", "family"), ROWS)
def test_the_docstring_names_every_free_variable(name: str, family: str, study: Study) -> None:
    plan = _plans_of(name)[0]
    module = MODELS[name].of(study, plan)
    model = module.build(
        _data(name, plan, study, family), family, plan.prior_set(family, module.default_priors)
    )
    for variable in model.free_RVs:
        # the name by itself, or with a subscript of one or two letters (arm, visit, endpoint)
        effect = MODELS[name].effect_by_endpoint
        stem = effect if effect and variable.name.startswith(f"{effect}_") else variable.name
        named = rf"(?<!\w){stem}(_[A-Za-z]{{1,2}})?(?!\w)"
        said = MODELS[name].load().__doc__ or ""
        assert re.search(named, said), f"{variable.name} is not in the docstring of {MODELS[name].module}"


@pytest.mark.parametrize(("name", "family"), ROWS)
def test_every_prior_can_be_swapped_as_data(name: str, family: str, study: Study) -> None:
    plan = _plans_of(name)[0]
    module = MODELS[name].of(study, plan)
    model = module.build(
        _data(name, plan, study, family), family, plan.prior_set(family, module.default_priors)
    )
    for parameter in MODELS[name].parameters[family]:
        assert f"prior_{parameter}" in model.named_vars


def test_every_model_has_a_shipped_plan_and_every_threshold_an_estimand(study: Study) -> None:
    assert {plan.model for plan in PLANS} == set(MODELS)
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
