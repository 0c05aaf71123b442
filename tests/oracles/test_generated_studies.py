"""Studies of any kind: another reference arm, benefit reversed, weeks for days change what they must and no more."""

from __future__ import annotations

import numpy as np
import pytest

from mgbayes.estimands.summary import EstimandSummary
from mgbayes.inference.run import Fitter
from mgbayes.models.plan import Plan
from mgbayes.planning.propose import propose_plans
from mgbayes.study.schema import Study
from tests.oracles.arms_swapped import ERRORS, hold_mirrored, shorter, summaries, swapped
from tests.oracles.generated_studies import generated

SEEDS = (1, 2)


@pytest.mark.parametrize("unit", ["days", "weeks"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_every_outcome_gets_a_plan(seed: int, reverse: bool, unit: str) -> None:
    study = generated(seed, unit=unit, reverse=reverse)
    asked = {part.endpoint for plan in propose_plans(study) for part in plan.endpoints}
    assert asked == {"score", "measure", "yes", "time"}


@pytest.fixture(scope="module", params=SEEDS)
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def fitter() -> Fitter:
    """One for all, so that a model is compiled once."""
    return Fitter(use_cache=False, predictive=False)


def _answers(fitter: Fitter, study: Study, plans: tuple[Plan, ...]) -> list[dict[str, EstimandSummary]]:
    return [summaries(fitter, study, shorter(plan), plan.family) for plan in plans]


@pytest.mark.long
def test_answers_follow_the_study(fitter: Fitter, seed: int) -> None:
    study = generated(seed)
    plans = propose_plans(study)
    found = _answers(fitter, study, plans)
    for one, other in zip(found, _answers(fitter, swapped(study), plans), strict=True):
        hold_mirrored(one, other)
    _holds_reversed(fitter, seed, plans, found)
    _holds_in_weeks(fitter, seed, found)
    for answers, plan in zip(found, plans, strict=True):
        asked = [study.endpoint(part.endpoint) for part in plan.endpoints]
        # What is said of a time names its event.
        labels = [study.endpoint(row.event or row.id).label for row in asked]
        units = {row.unit or "" for row in asked} | {""}
        for row in answers.values():
            assert any(label in row.estimand.label.lower() for label in labels), row.estimand
            assert row.estimand.unit in units, row.estimand


def _holds_reversed(
    fitter: Fitter, seed: int, plans: tuple[Plan, ...], found: list[dict[str, EstimandSummary]]
) -> None:
    """The same draws, on the other side: P(benefit) is 1 - P exactly."""
    bare = tuple(plan.model_copy(update={"important": (), "decision": None}) for plan in plans)
    for one, other in zip(found, _answers(fitter, generated(seed, reverse=True), bare), strict=True):
        assert one.keys() == other.keys()
        for name, row in one.items():
            assert row.p_benefit is not None
            assert other[name].p_benefit == pytest.approx(1 - row.p_benefit, abs=1e-9), name
            assert other[name].mean == row.mean, name


def _holds_in_weeks(fitter: Fitter, seed: int, found: list[dict[str, EstimandSummary]]) -> None:
    """Every P as in days, and what has the unit of time a seventh."""
    study = generated(seed, unit="weeks")
    weeks = _answers(fitter, study, propose_plans(study))
    for one, other in zip(found, weeks, strict=True):
        for row, again in zip(one.values(), other.values(), strict=True):
            error = np.hypot(row.mcse_p_benefit or 0.0, again.mcse_p_benefit or 0.0)
            assert row.p_benefit == pytest.approx(again.p_benefit, abs=ERRORS * error + 1e-9), row.estimand
            scale = 7.0 if row.estimand.unit == "days" else 1.0
            assert again.estimand.unit == row.estimand.unit.replace("days", "weeks")
            spread = 4 * row.sd * np.sqrt(2 / min(row.ess_bulk, again.ess_bulk))
            assert row.mean == pytest.approx(scale * again.mean, abs=spread), row.estimand
