"""Every estimand that a model declares lies in the table of directions written by hand, and is computed so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from mgbayes.models.catalogue import MODELS
from mgbayes.models.evidence import Times
from mgbayes.models.plan import Plan
from mgbayes.models.plan_file import load_plan
from mgbayes.study.load import load_study
from mgbayes.study.schema import Study
from tests.oracles.directions import DIRECTIONS, JOINT, Direction

KINDS = {
    "cure": "time_to_event",
    "proportional_hazards": "time_to_event",
    "continuous": "continuous",
    "binary": "binary",
    "ordinal": "ordinal",
    "counts": "count",
    "quantiles": "continuous",
    "reported_effect": "time_to_event",
}
SIDES = {"above": "higher", "below": "lower", None: None}
OUTCOMES = list(dict.fromkeys((row.model, row.happens, row.benefit) for row in DIRECTIONS))
HERE = [row for row in OUTCOMES if row[0] in MODELS]


def rows_of(model: str, benefit: str) -> list[Direction]:
    return [row for row in DIRECTIONS if (row.model, row.benefit) == (model, benefit)]


def study_of(model: str, happens: str, benefit: str) -> Study:
    """A study of one outcome at a start and an end, with what its kind of model asks for."""
    visits = model in ("continuous", "ordinal")
    unit = {"time_to_event": "weeks", "continuous": "points"}.get(KINDS[model], "")
    endpoint: dict[str, Any] = {"id": "it", "label": happens, "kind": KINDS[model], "unit": unit}
    counted = {"id": "counted", "label": "had it", "kind": "binary", "benefit": "higher"}
    summaries = [
        {"group": arm, "count": x, **({"visit": "end"} if visits else {})}
        for arm, x in (("old", "8"), ("new", "14"))
    ]
    event = {"event": "counts", "event_name": "it"} if KINDS[model] == "time_to_event" else {}
    about = "it" if KINDS[model] == "binary" else "counted"
    return Study.model_validate(
        {
            "schema_version": 1,
            "id": "directions",
            "title": "Two ways of care",
            "citation": "Nobody 2001",
            "question": "Which is better?",
            "sources": [{"id": "A", "what": "nothing"}],
            "arms": [
                {"id": "old", "label": "Old care", "n": "20", "reference": True},
                {"id": "new", "label": "New care", "n": "20"},
            ],
            "visits": [
                {"id": "start", "label": "the start", "days": "0"},
                {"id": "end", "label": "the end", "days": "84"},
            ],
            "endpoints": [endpoint | event | {"benefit": benefit}, counted],
            "claims": [
                {
                    "id": "counts",
                    "what": "who had it",
                    "source": ["A"],
                    "endpoint": about,
                    "summaries": summaries,
                }
            ],
        }
    )


def plan_of(model: str) -> Plan:
    visits = model in ("continuous", "ordinal")
    endpoints = (
        [{"endpoint": "it", "visit": at} for at in ("start", "end")] if visits else [{"endpoint": "it"}]
    )
    times = {"horizons": (8.0,), "restricted_to": 12.0} if KINDS[model] == "time_to_event" else {}
    return Plan.model_validate(
        {
            "schema_version": 1,
            "id": "it",
            "title": "It",
            "question": "Which is better?",
            "model": model,
            "family": next(iter(MODELS[model].parameters)),
            "endpoints": endpoints,
        }
        | times
    )


def bound(model: str, happens: str, benefit: str) -> tuple[Any, dict[str, Any]]:
    """The model of the outcome, and as much of its data as the names of estimands need."""
    study, plan = study_of(model, happens, benefit), plan_of(model)
    made = MODELS[model].of(study, plan)
    if model == "binary":
        return made, made.from_study(study, plan)
    old_form = {
        "visit": np.array(["start", "end"]),
        "benefit": benefit,
    }  # read by the model until it is general
    classes = old_form | {"level": np.array(["0", "1", "2"]), "endpoint_label": happens}
    return made, {"ordinal": classes, "reported_effect": {"measure": np.array(["hr"])}}.get(model, Times())


@pytest.mark.parametrize(("model", "happens", "benefit"), HERE)
def test_every_declared_estimand_has_the_direction_that_a_person_wrote(
    model: str, happens: str, benefit: str
) -> None:
    made, data = bound(model, happens, benefit)
    declared = made.declared(data)
    rows = rows_of(model, benefit)
    assert declared
    for row in rows:
        assert any(known.id.startswith(row.estimand) for known in declared), row.estimand
    for known in declared:
        (row,) = [row for row in rows if known.id.startswith(row.estimand)]
        assert known.benefit == SIDES[row.side], f"{row.happens}: {row.why}"
        assert known.null == row.null
        assert known.unit == row.unit
        assert known.of_arms


def test_every_model_of_the_catalogue_is_in_the_table() -> None:
    assert set(MODELS) <= {row.model for row in DIRECTIONS} | {"joint"}


def test_the_joint_model_has_the_directions_of_its_outcomes() -> None:
    declared = MODELS["joint"].of(load_study(), load_plan("joint")).declared({})
    for known in declared:
        (name,) = [name for name in JOINT if known.id.startswith(name)]
        side, null, unit = JOINT[name]
        assert (known.benefit, known.null, known.unit) == (SIDES[side], null, unit), known.id


def _draws(**values: float) -> xr.Dataset:
    return xr.Dataset({name: (("chain", "draw"), np.full((1, 2), value)) for name, value in values.items()})


def _is_better(row: Direction, value: float) -> bool:
    return value > row.null if row.side == "above" else value < row.null


def _held(model: str, benefit: str, computed: xr.Dataset, better: bool) -> None:
    """Every contrast lies on the side that the table says is better, or on the other."""
    assert len(computed.data_vars) == len(rows_of(model, benefit))
    for row in rows_of(model, benefit):
        (name,) = [str(name) for name in computed.data_vars if str(name).startswith(row.estimand)]
        assert _is_better(row, float(computed[name].to_numpy().ravel()[0])) is better, (name, row.why)


@pytest.mark.parametrize("family", ["lognormal", "gamma", "weibull"])
@pytest.mark.parametrize(("benefit", "better"), [("lower", True), ("higher", False)])
def test_an_arm_with_the_event_more_often_and_sooner_is_better_where_sooner_is(
    family: str, benefit: str, better: bool
) -> None:
    made, data = bound("cure", "it", benefit)
    draws = _draws(logit_ever=0.3, log_odds_ratio=1.0, log_mean_time=1.8, log_time_ratio=-0.7, shape=1.2)
    _held("cure", benefit, made.estimands(draws, data, family), better)


@pytest.mark.parametrize(("benefit", "better"), [("higher", True), ("lower", False)])
def test_an_arm_with_the_lower_hazard_is_better_where_later_is(benefit: str, better: bool) -> None:
    made, data = bound("proportional_hazards", "it", benefit)
    draws = _draws(log_hazard_ratio=-0.7, log_scale=2.3, shape=1.2)
    _held("proportional_hazards", benefit, made.estimands(draws, data, "weibull"), better)


@pytest.mark.parametrize(("benefit", "better"), [("higher", True), ("lower", False)])
def test_an_arm_in_which_more_patients_count_is_better_where_more_are(benefit: str, better: bool) -> None:
    made, data = bound("binary", "it", benefit)
    chance = xr.DataArray(
        np.tile([0.4, 0.7], (1, 2, 1, 1)),
        dims=("chain", "draw", "endpoint", "arm"),
        coords={"endpoint": data["endpoint"]},
    )
    _held("binary", benefit, made.estimands(xr.Dataset({"chance": chance}), data, "independent"), better)
