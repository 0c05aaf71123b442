"""Proposed plans agree with their study, can be written and read, and say nothing of how the arms differ."""

from __future__ import annotations

import pytest

from mgbayes.latent_cohort.run import outcomes_of
from mgbayes.models.plan_file import parse_plan
from mgbayes.planning.choose import proposed
from mgbayes.planning.describe import schema
from mgbayes.planning.effects import _of_counts
from mgbayes.planning.measured import _Scale
from mgbayes.planning.propose import proposals
from mgbayes.planning.toml_text import plan_text
from mgbayes.starter import _text
from mgbayes.study.load import load_study, parse_study
from mgbayes.study.schema import Study
from mgbayes.study.statistics import Measure
from mgbayes.study.statistics.means import MeanSD
from tests.conftest import ROOT

MODELS_OF = {
    "starter": {"proportional_hazards", "continuous", "binary"},
    "faglia2010": {"cure"},
    "lim2011": {"binary"},
    "decarli2021": {"continuous"},
    "litchman2020": {"cure", "proportional_hazards", "continuous", "binary", "ordinal"},
}


def _study(name: str) -> Study:
    if name == "starter":
        return parse_study(_text(), "study.toml")
    path = ROOT / "studies" / f"{name}.toml"
    return load_study(path if path.exists() else name)


@pytest.mark.parametrize("name", MODELS_OF)
def test_every_proposal_agrees_with_its_study_and_survives_being_written(name: str) -> None:
    study = _study(name)
    found, kept = proposals(study), proposed(study)
    assert kept.plans == found.plans
    assert {plan.model for plan in kept.plans} == MODELS_OF[name]
    for plan in kept.plans:
        assert parse_plan(plan_text(plan), "written.toml") == plan
        assert set(plan.priors) <= set().union(*schema(plan=True)["models"][plan.model]["families"].values())


def test_an_outcome_without_numbers_is_named_with_what_is_missing() -> None:
    missing = {row.endpoint: row.needed for row in proposals(_study("faglia2010")).missing}
    assert missing == {
        "area": "mean and SD, or median and quartiles that differ, of each arm after the start"
    }


def test_priors_do_not_see_the_difference_between_the_arms() -> None:
    text = _text()
    swapped = text.replace('mean = "52.3", sd = "10.4"', "KEPT").replace(
        'mean = "57.0", sd = "9.8"', 'mean = "52.3", sd = "10.4"'
    )
    swapped = swapped.replace("KEPT", 'mean = "57.0", sd = "9.8"')
    # The arms' sizes become equal, so that exchanging their values leaves the mean of both as it was.
    first, second = (
        parse_study(part.replace('n = "18"', 'n = "20"'), "study.toml") for part in (text, swapped)
    )
    assert [plan.priors for plan in proposals(first).plans] == [
        plan.priors for plan in proposals(second).plans
    ]


def test_times_lie_within_follow_up() -> None:
    (plan,) = (row for row in proposals(_study("starter")).plans if row.model == "proportional_hazards")
    assert plan.horizons == (42, 84)
    assert plan.restricted_to == 84
    assert plan.cuts == (28, 56)


def test_the_scale_of_measurement_pools_means_by_patients_and_variances_by_degrees_of_freedom() -> None:
    """Means 10 and 20 of 3 and 5 patients; (2 · 2² + 4 · 4²) / (2 + 4) = 12."""
    scale = _Scale.of([MeanSD("10", "2", 3), MeanSD("20", "4", 5)], "mg")
    assert scale.mean == pytest.approx((30 + 100) / 8)
    assert scale.sd == pytest.approx(12**0.5)


@pytest.mark.parametrize(("benefit", "points"), [("higher", 10.0), ("lower", -10.0)])
def test_ten_patients_in_a_hundred_are_important_and_on_the_side_of_benefit(
    benefit: str, points: float
) -> None:
    """Differences of risks are in percent."""
    endpoint = load_study().endpoint("pis_improved").model_copy(update={"benefit": benefit})
    (important,) = _of_counts(endpoint, Measure.risk_difference)["important"]  # type: ignore[misc]
    assert important.threshold == points


def test_a_skewed_amount_has_a_share_at_zero_and_the_cohort_takes_it() -> None:
    """Means of 20 and 3 with SDs as large, of what is never negative."""
    text = _text().replace('unit = "points"\nbenefit = "higher"', 'unit = "mg"\nbenefit = "lower"')
    for before, after in (("41.5", "21.5"), ("40.2", "20.2"), ("52.3", "7.3"), ("57.0", "3.0")):
        text = text.replace(f'mean = "{before}"', f'mean = "{after}"')
    study = parse_study(text, "study.toml")
    (plan,) = (row for row in proposals(study).plans if row.model == "continuous")
    assert plan.family == "normal_ratio"
    assert parse_plan(plan_text(plan), "written.toml") == plan
    (outcome,), left_out = outcomes_of(study, (plan,), 0.5)
    assert left_out == ()
    assert outcome.job.family == "hurdle_lognormal"
