"""Symmetry: with the other arm named as the reference and nothing else changed, P(benefit) becomes 1 - P."""

import numpy as np
import pytest
import xarray as xr

from mgbayes.inference.run import Fitter
from mgbayes.models.arms import HALVES
from mgbayes.models.catalogue import MODELS
from mgbayes.models.cure import by_arm
from mgbayes.models.evidence import Times
from mgbayes.models.plan import Plan
from mgbayes.models.plan_file import load_plan
from mgbayes.study import load_study
from tests.conftest import ROOT
from tests.known_models import STUDY, relapse, remission
from tests.oracles.arms_swapped import hold_mirrored, shorter, summaries, swapped

FOLDER = ROOT / "studies"


def _own(plan: Plan, family: str) -> pytest.MarkDecorator:
    """A plan's own family is fitted on every change, the others before a release."""
    return pytest.mark.long if family == plan.family else pytest.mark.evidence


TIMES = [
    pytest.param(plan.id, family, marks=_own(plan, family))
    for plan in map(load_plan, ("remission", "relapse"))
    for family in MODELS[plan.model].parameters
]


@pytest.mark.parametrize(("plan", "family"), TIMES)
def test_naming_the_other_arm_as_reference_mirrors_every_contrast_of_times(plan: str, family: str) -> None:
    fitter, asked = Fitter(use_cache=False, predictive=False), shorter(load_plan(plan))
    hold_mirrored(summaries(fitter, STUDY, asked, family), summaries(fitter, swapped(STUDY), asked, family))


@pytest.mark.parametrize(
    "family",
    [
        pytest.param(family, marks=_own(load_plan("prednisone"), family))
        for family in ("normal_ratio", "normal", "softplus_normal")
    ],
)
def test_naming_the_other_arm_as_reference_mirrors_every_difference(family: str) -> None:
    fitter, asked = Fitter(use_cache=False, predictive=False), shorter(load_plan("prednisone"))
    hold_mirrored(summaries(fitter, STUDY, asked, family), summaries(fitter, swapped(STUDY), asked, family))


OTHERS = [
    pytest.param(study, plan, family, marks=_own(plan, family), id=f"{study}-{family}")
    for study, file in (("decarli2021", "qor40"), ("faglia2010", "healing"), ("lim2011", "yes_no"))
    for plan in (load_plan(FOLDER / study / f"{file}.toml"),)
    for family in (plan.family, *plan.alternative_families)
]


@pytest.mark.parametrize(("name", "plan", "family"), OTHERS)
def test_in_other_studies_too(name: str, plan: Plan, family: str) -> None:
    study, asked = load_study(FOLDER / f"{name}.toml"), shorter(plan)
    fitter = Fitter(use_cache=False, predictive=False)
    hold_mirrored(summaries(fitter, study, asked, family), summaries(fitter, swapped(study), asked, family))


@pytest.mark.parametrize("model", [remission, relapse])
def test_prior_draws_of_a_contrast_are_symmetric_about_no_difference(model: object) -> None:
    plan = load_plan("remission" if model is remission else "relapse")
    data = model.from_study(STUDY, plan)  # type: ignore[attr-defined]
    priors = plan.prior_set(plan.family)  # type: ignore[attr-defined]
    rng = np.random.default_rng(3)
    draws = model.prior_draws(rng, data, plan.family, priors, 20_000)  # type: ignore[attr-defined]
    # The same draws with the sign of every effect turned are those of the swapped study.
    effects = MODELS[plan.model].effects
    turned = draws.assign({name: -draws[name] for name in effects})
    found, mirrored = (
        model.estimands(rows, data, plan.family)  # type: ignore[attr-defined]
        for rows in (draws, turned)
    )
    for row in model.declared(data):  # type: ignore[attr-defined]
        one, other = (values[row.id].to_numpy() for values in (found, mirrored))
        if row.null == 1:
            one, other = np.log(one), np.log(other)
        np.testing.assert_allclose(one, -other, atol=1e-9 * max(1.0, np.abs(one).max()))


def test_each_arm_lies_half_the_difference_from_the_level() -> None:
    assert HALVES.to_numpy().tolist() == [-0.5, 0.5]
    draws = xr.Dataset(
        {
            "logit_ever": 0.4,
            "log_odds_ratio": 1.2,
            "log_mean_time": 5.0,
            "log_time_ratio": -0.6,
            "shape": 1.0,
        }
    ).expand_dims(chain=[0], draw=[0])
    chance, log_mean, _ = by_arm(draws, Times())
    np.testing.assert_allclose(chance.squeeze(), 1 / (1 + np.exp([0.2, -1.0])))
    np.testing.assert_allclose(log_mean.squeeze(), [5.3, 4.7])
