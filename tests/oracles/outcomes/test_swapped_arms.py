"""Naming the other arm as the reference: every probability of benefit becomes 1 - P, in each model on patients."""

from __future__ import annotations

from typing import Any

import arviz_stats as azs
import numpy as np
import pymc as pm
import pytest

from mgbayes.calibrate.fingerprint import _LogDensity, one_draw
from mgbayes.inference.sample import compile_model, draw
from mgbayes.models.catalogue import MODELS
from mgbayes.models.evidence import Evidence
from mgbayes.models.plan import Sampling
from mgbayes.models.plan_file import load_plan
from mgbayes.study import load_study

OF_ARMS = ("difference", "difference_at", "ratio", "base", "by_visit")
"""How names of parameters end that say how the arms differ."""
CASES = [
    ("hospital", "negative_binomial"),
    ("hospital", "poisson"),
    ("mgfa", "cumulative_logit"),
    ("joint", "one_factor"),
]
ON_PATIENTS = [
    (plan, family, True)
    for plan in ("remission", "relapse", "prednisone", "hospital", "mgfa", "joint")
    for row in (MODELS[load_plan(plan).model],)
    for family in row.parameters
    if family not in row.from_print_only
]
FROM_PRINT = [("prednisone", family, False) for family in ("normal", "normal_ratio", "softplus_normal")]
"""Latent times of an arm are packed by its number of events: those of times are fitted (test_arms_swapped)."""
NO_MIRROR = {"least_benefit"}
"""All three outcomes better is not the opposite of not all three worse."""


def _swapped(data: Evidence) -> Evidence:
    """The same patients, the arms in the other order."""
    return data | {name: x[::-1].copy() for name, x in data.items() if len(x) == 2}


def _mirrored(truth: dict[str, Any], built: Any) -> dict[str, Any]:
    """The same parameters: differences turned round, what is by arm in the other order, levels as they are."""
    turned = {}
    for name, value in truth.items():
        by_arm = "arm" in (built.named_vars_to_dims.get(name) or ()) or np.ndim(value) > 1
        turned[name] = -value if name.endswith(OF_ARMS) else (np.asarray(value)[::-1] if by_arm else value)
    return turned


def _case(plan_id: str, family: str, on_patients: bool = True) -> tuple[Any, Any, dict[str, Any], Any]:
    """A model, its priors, parameters with latent values, and data."""
    study, plan = load_study(), load_plan(plan_id)
    model = MODELS[plan.model].of(study, plan)
    priors = plan.prior_set(family)
    rng = np.random.default_rng(4)
    if on_patients:
        like = (model.cohort_like if MODELS[plan.model].patients_only else model.from_study)(study, plan)
        truth, data = model.simulate_patients(rng, like, family, priors)
    else:
        truth, data = model.simulate(rng, model.from_study(study, plan), family, priors)
    built = model.build(data, family, priors)
    latent = {rv.name: pm.draw(rv, random_seed=7) for rv in built.free_RVs if rv.name not in truth}
    return model, priors, truth | latent, data


@pytest.mark.parametrize(("plan_id", "family", "on_patients"), ON_PATIENTS + FROM_PRINT)
def test_the_density_is_the_same_with_the_arms_swapped(plan_id: str, family: str, on_patients: bool) -> None:
    """Exactly, at parameters whose differences are turned round, where every contrast is the other way round."""
    model, priors, truth, data = _case(plan_id, family, on_patients)
    built, other = model.build(data, family, priors), _swapped(data)
    turned = _mirrored(truth, built)
    usual = _LogDensity(built, truth).at(truth, data)
    again = model.build(other, family, priors)
    assert np.isfinite(usual)
    assert _LogDensity(again, turned).at(turned, other) == pytest.approx(usual, rel=1e-10)
    here = model.estimands(one_draw(built, truth), data, family)
    there = model.estimands(one_draw(again, turned), other, family)
    compared = [e for e in model.declared(data) if e.of_arms and e.benefit and e.id not in NO_MIRROR]
    assert compared
    for e in compared:
        one, two = here[e.id].item(), there[e.id].item()
        assert two == pytest.approx(1 / one if e.null == 1 else -one, rel=1e-9, abs=1e-12), e.id


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
    compared = chances[0].keys() - NO_MIRROR
    assert compared
    for name in compared:
        p, error = chances[0][name]
        q, other_error = chances[1][name]
        assert p + q == pytest.approx(1, abs=3 * np.hypot(error, other_error)), name
