"""Naming the other arm as the reference: every probability of benefit becomes 1 - P, in each model on patients."""

from __future__ import annotations

from typing import Any

import arviz_stats as azs
import numpy as np
import pytest

from mgbayes.calibrate.fingerprint import _LogDensity
from mgbayes.inference.sample import compile_model, draw
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan import Sampling
from mgbayes.models.plan_file import load_plan
from mgbayes.study import load_study

OF_ARMS = ("difference", "difference_at", "ratio", "base")
CASES = [
    ("hospital", "negative_binomial"),
    ("hospital", "poisson"),
    ("mgfa", "cumulative_logit"),
    ("joint", "one_factor"),
]


def _swapped(data: dict[str, Any]) -> dict[str, Any]:
    """The same patients, the arms in the other order."""
    return {name: x[::-1].copy() if np.ndim(x) and len(x) == 2 else x for name, x in data.items()}


def _mirrored(truth: dict[str, Any]) -> dict[str, Any]:
    """The same parameters: differences turned round, what is by arm in the other order, levels as they are."""
    return {
        name: -value if name.endswith(OF_ARMS) else (value[::-1] if np.ndim(value) > 1 else value)
        for name, value in truth.items()
    }


def _case(plan_id: str, family: str) -> tuple[Any, Any, dict[str, Any], dict[str, Any]]:
    study, plan = load_study(), load_plan(plan_id)
    model = MODELS[plan.model].of(study, plan)
    priors = plan.prior_set(family, model.default_priors)
    like = model.cohort_like(study, plan)
    truth, data = model.simulate_patients(np.random.default_rng(4), like, family, priors)
    return model, priors, truth, data


@pytest.mark.parametrize(("plan_id", "family"), CASES)
def test_the_density_is_the_same_with_the_arms_swapped(plan_id: str, family: str) -> None:
    """Exactly, at parameters whose differences are turned round."""
    model, priors, truth, data = _case(plan_id, family)
    other, turned = _swapped(data), _mirrored(truth)
    usual = _LogDensity(model.build(data, family, priors), truth).at(truth, data)
    found = _LogDensity(model.build(other, family, priors), turned).at(turned, other)
    assert np.isfinite(usual)
    assert found == pytest.approx(usual, rel=1e-10)


@pytest.mark.long
@pytest.mark.parametrize(("plan_id", "family"), CASES)
def test_every_probability_of_benefit_becomes_its_complement(plan_id: str, family: str) -> None:
    model, priors, _, data = _case(plan_id, family)
    chances = []
    for given, seed in ((data, 1), (_swapped(data), 2)):
        compiled = compile_model(model.build(given, family, priors))
        posterior, _stats = draw(compiled, Sampling(draws=500, tune=500, target_accept=0.95, seed=seed))
        contrasts = model.estimands(posterior, given, family)
        rows = {}
        for e in model.declared(given):
            above = (contrasts[e.id] > e.null) if e.benefit == "higher" else (contrasts[e.id] < e.null)
            if e.benefit is not None:
                values = above.transpose("chain", "draw").to_numpy().astype(float)
                rows[e.id] = values.mean(), float(azs.mcse(values, method="mean"))
        chances.append(rows)
    # All three outcomes better is not the opposite of not all three worse: this one has no mirror.
    for rows in chances:
        rows.pop("least_benefit", None)
    assert chances[0]
    for name, (p, error) in chances[0].items():
        q, other_error = chances[1][name]
        assert p + q == pytest.approx(1, abs=3 * np.hypot(error, other_error)), name
