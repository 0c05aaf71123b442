"""Small parts that carry numbers, each against a value worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.plan_file import load_plan
from mgbayes.patient_comparison.cells import Question
from mgbayes.robustness.power_scaling import _powered
from mgbayes.robustness.reference_priors import reference_priors
from mgbayes.robustness.settings import settings
from mgbayes.simulation.without_model import _yes_within
from mgbayes.study import load_study
from mgbayes.study.about import follows_from_counts
from mgbayes.synthesis.hierarchy import GridDistribution
from mgbayes.synthesis.tables import odds

DIFFERENCE = Estimand("effect", "difference", "", 0.0, "higher")


def test_the_first_power_changes_nothing() -> None:
    draws = np.random.default_rng(1).normal(0.3, 1.0, (4, 500))
    setting: Any = SimpleNamespace(plan=SimpleNamespace(id="toy"), family="normal")
    fit: Any = SimpleNamespace(declared=(DIFFERENCE,))
    fitter: Any = None
    (row,) = _powered(fitter, setting, fit, {"effect": draws}, ("prior", -0.5 * draws**2), 1.0)
    assert row.pareto_k == 0
    assert row.median == pytest.approx(np.median(draws), abs=1e-3)
    assert row.p_benefit == pytest.approx((draws > 0).mean())


def test_the_plan_as_it_stands_is_one_setting_of_each_effect_that_it_varies() -> None:
    plan = load_plan("remission")
    base = [row for row in settings(load_study(), plan) if row.is_base]
    assert [row.varied for row in base] == list(plan.sensitivity)
    assert {row.family for row in base} == {plan.family}
    assert len(plan.printed_families) > 1


def test_the_robust_skeptic_gives_a_fifth_to_the_prior_of_the_plan() -> None:
    plan = load_plan("relapse")
    own = plan.prior_set("weibull")["log_hazard_ratio"]
    robust = next(row for row in reference_priors(own, plan.sensitivity[0]) if row.name == "robust skeptical")
    assert robust.prior.values[:3] == pytest.approx((0.8, 0.0, 0.355))
    assert robust.prior.values[4:7] == pytest.approx((0.2, *own.values))


def test_an_odds_ratio_has_all_its_numbers_on_the_ratio_scale() -> None:
    values = np.linspace(-3, 3, 6001)
    weight = np.exp(-0.5 * ((values - 0.4) / 0.5) ** 2)
    found = odds(GridDistribution.normalized(values, weight))
    exact = {
        "odds_ratio": np.exp(0.4),
        "low": np.exp(0.4 - 0.98),
        "high": np.exp(0.4 + 0.98),
        "p_benefit": 0.7881,
    }
    assert found == pytest.approx(exact, rel=2e-3)


def test_a_cell_of_one_patient_less_than_the_threshold_is_small() -> None:
    everybody = np.ones(6, bool)
    two = Question(np.array([1.0, 1.0, 0.0, 0.0, 0.0, 0.0]))
    assert two.has_small(everybody, 3)
    assert not two.has_small(everybody, 2)
    assert Question(np.zeros(6), always=(1.0,)).has_small(everybody, 2)


def test_a_subgroup_of_one_arm_is_in_that_arm() -> None:
    study = load_study()
    for arm, inside in ((study.reference, slice(0, 3)), (study.contrast, slice(3, 7))):
        found = _yes_within(np.random.default_rng(1), study, arm.id, 2, (3, 4))
        assert found is not None
        assert found.sum() == found[inside].sum() == 2
    assert _yes_within(np.random.default_rng(1), study, study.reference.id, 4, (3, 4)) is None


def test_a_p_of_counts_follows_from_them_though_a_total_stands_beside_them() -> None:
    study = load_study()
    claim = next(row for row in study.claims if row.p is not None and follows_from_counts(study, row))
    total = claim.summaries[0].model_copy(update={"group": "all"})
    assert follows_from_counts(study, claim.model_copy(update={"summaries": (*claim.summaries, total)}))
    assert not follows_from_counts(study, claim.model_copy(update={"summaries": claim.summaries[:1]}))
