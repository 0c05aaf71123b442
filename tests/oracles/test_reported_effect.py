"""A reported ratio or difference with its interval: closed forms, a grid, and the arm named first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from mgbayes.calibrate.fingerprint import _LogDensity
from mgbayes.inference.job import jobs_of
from mgbayes.inference.sample import compile_model, draw
from mgbayes.models.plan import NotPrinted, Plan, Sampling
from mgbayes.planning.effects import effect_plan
from mgbayes.planning.propose import propose_plans
from mgbayes.study import load_study
from mgbayes.study.schema import Study
from tests.conftest import ROOT

STUDY = load_study(ROOT / "studies" / "roumier2021.toml")


def plan_of(study: Study, endpoint: str) -> Plan:
    (plan,) = propose_plans(study, [endpoint])
    return plan


PLAN = plan_of(STUDY, "time_to_support")


def changed(**effect: Any) -> Study:
    """The study with another effect in place of the hazard ratio 0.41 (0.24 to 0.68)."""
    raw = STUDY.model_dump(mode="json", exclude_none=True)
    (claim,) = [row for row in raw["claims"] if row["id"] == "support.hr"]
    claim["effects"] = [effect]
    return Study.model_validate(raw)


def job_of(study: Study, plan: Plan = PLAN) -> Any:
    (job, *_) = jobs_of(study, plan)
    return job


def test_the_posterior_is_the_normal_one_in_closed_form() -> None:
    job = job_of(STUDY)
    data = job.data
    y, s = np.log(0.41), np.log(0.68 / 0.24) / (2 * stats.norm.ppf(0.975))
    np.testing.assert_allclose([data["estimate"][0], data["standard_error"][0]], [y, s], rtol=1e-12)
    priors = PLAN.prior_set(PLAN.family)
    mean, sd = priors["log_ratio"].values
    built = job.model.build(data, PLAN.family, priors)
    precision = 1 / sd**2 + 1 / s**2
    posterior = stats.norm((mean / sd**2 + y / s**2) / precision, precision**-0.5)
    compiled = compile_model(built)
    drawn, _ = draw(compiled, Sampling(chains=2, draws=4000, tune=500, seed=1))
    values = drawn["log_ratio"].to_numpy().ravel()
    assert values.mean() == pytest.approx(posterior.mean(), abs=5 * posterior.std() / np.sqrt(2000))
    assert values.std() == pytest.approx(posterior.std(), rel=5 / np.sqrt(4000))
    grid = np.linspace(-3, 1, 5)
    density = [_LogDensity(built, {"log_ratio": v}).at({"log_ratio": v}, data) for v in grid]
    np.testing.assert_allclose(np.diff(density), np.diff(posterior.logpdf(grid)), rtol=1e-9)


@pytest.mark.parametrize("level", ["90", "99"])
def test_the_level_of_the_interval_sets_its_normal_quantile(level: str) -> None:
    data = job_of(changed(hr="0.41", ci=["0.24", "0.68"], ci_level=level)).data
    expected = np.log(0.68 / 0.24) / (2 * stats.norm.ppf(0.5 + float(level) / 200))
    assert data["standard_error"][0] == pytest.approx(expected, rel=1e-12)


def test_an_effect_of_the_reference_arm_is_turned_round() -> None:
    reference, contrast = STUDY.reference.id, STUDY.contrast.id
    usual = job_of(STUDY).data
    turned = job_of(changed(hr="0.41", ci=["0.24", "0.68"], of=reference, versus=contrast)).data
    assert turned["estimate"][0] == pytest.approx(-usual["estimate"][0])
    assert turned["standard_error"][0] == pytest.approx(usual["standard_error"][0])
    model, priors = job_of(STUDY).model, PLAN.prior_set(PLAN.family)
    built = model.build(usual, PLAN.family, priors)
    at, mirrored = ({"log_ratio": value} for value in (-0.6, 0.6))
    assert _LogDensity(built, at).at(at, usual) == pytest.approx(_LogDensity(built, at).at(mirrored, turned))


def test_a_difference_is_in_its_own_unit() -> None:
    study = load_study(ROOT / "studies" / "xu2019.toml")
    plan = effect_plan(study, study.endpoint("blood_loss"))
    assert plan is not None
    job = job_of(study, plan)
    data = job.data
    assert plan_of(study, "blood_loss").model == "continuous"  # its means and SDs need no approximation
    assert data["estimate"][0] == 18.23
    assert data["standard_error"][0] == pytest.approx((43.52 + 7.07) / (2 * stats.norm.ppf(0.975)))
    (declared,) = job.model.declared(data)
    assert (declared.id, declared.null, declared.benefit) == ("mean_difference", 0.0, "lower")
    n = data["n"]
    assert job.model.spread(data, None) * np.sqrt(1 / n[0] + 1 / n[1]) == pytest.approx(
        data["standard_error"][0]
    )


def test_replicated_estimates_are_as_precise_as_the_reported_one() -> None:
    job = job_of(STUDY)
    data, rng = job.data, np.random.default_rng(2)
    draws = xr.Dataset({"log_ratio": (("chain", "draw"), np.full((1, 20_000), -0.3))})
    found = np.log(job.model.predict(rng, draws, data, PLAN.family)["estimate"].to_numpy().ravel())
    assert stats.kstest(found, stats.norm(-0.3, data["standard_error"][0]).cdf).pvalue > 1e-3
    assert job.model.estimands(draws, data, PLAN.family)["hazard_ratio"].to_numpy() == pytest.approx(
        np.exp(-0.3)
    )


def test_what_has_no_standard_error_is_refused() -> None:
    for effect in ({"hr": "0.41", "ci": ["0.00", "0.68"]}, {"hr": "0.41", "ci": ["0.41", "0.41"]}):
        study = changed(**effect)
        with pytest.raises(NotPrinted, match="limits"):
            job_of(study).model.from_study(study, PLAN)
    study = changed(mean_difference="0.41", ci=["0.24", "0.68"])
    with pytest.raises(NotPrinted, match="approximate_difference"):
        job_of(study).model.from_study(study, PLAN)


def test_a_plan_of_a_reported_effect_says_that_it_is_an_approximation() -> None:
    assert "approximation" in PLAN.caution
    assert {plan.id for plan in propose_plans(STUDY) if plan.model == "reported_effect"} >= {
        "time_to_support"
    }
