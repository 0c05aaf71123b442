"""A new model is one file, one plan and one row: a toy added so goes through the whole path."""

from __future__ import annotations

from pathlib import Path

import pytest

from mgbayes.inference.run import Fitter, applies, jobs_of
from mgbayes.models.catalogue import MODELS, ModelRow
from mgbayes.models.plan_file import parse_plan
from mgbayes.report.results import Reanalysis
from mgbayes.report.write import write
from mgbayes.study import Study
from mgbayes.verification import verify

FILE = '''"""Events at a constant chance in each arm: logit chance = level + effect * arm, level and effect normal."""

import numpy as np
import pymc as pm
import xarray as xr

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.parameters import draw_parameter, parameter
from mgbayes.models.plan import NotPrinted
from mgbayes.models.printed_quantity import PrintedQuantity
from mgbayes.models.priors import Prior
from mgbayes.study.numbers import find_count

default_priors = {
    "level": Prior("normal", (0.0, 1.5), "a chance of 5 to 95 % midway between the arms"),
    "effect": Prior("normal", (0.0, 1.0), "an odds ratio between 1/7 and 7"),
}


def declared(data):
    return (Estimand("toy_odds_ratio", "odds ratio of the toy", "", 1.0, "higher"),)


def from_study(study, plan):
    part = plan.endpoints[0]
    counts = [find_count(study, part.endpoint, arm.id, part.visit) for arm in (study.reference, study.contrast)]
    if None in counts:
        raise NotPrinted(part.endpoint, "counts of both arms")
    return {"count": np.array([c.x for c in counts]), "patients": np.array([c.n for c in counts])}


def build(data, family, priors):
    with pm.Model(coords={"arm": ["reference", "contrast"]}) as model:
        patients, count = (pm.Data(name, data[name], dims="arm") for name in ("patients", "count"))
        logit = parameter("level", priors) + parameter("effect", priors) * np.array([-0.5, 0.5])
        chance = pm.Deterministic("chance_by_arm", pm.math.sigmoid(logit), dims="arm")
        pm.Binomial("y", patients, chance, observed=count, dims="arm")
    return model


def estimands(draws, data, family):
    return xr.Dataset({"toy_odds_ratio": np.exp(draws["effect"])})


def prior_draws(rng, data, family, priors, draws):
    level, effect = (draw_parameter(rng, name, priors, size=(1, draws, 1)) for name in ("level", "effect"))
    chance = 1 / (1 + np.exp(-(level + effect * np.array([-0.5, 0.5]))))
    return xr.Dataset({"chance_by_arm": (("chain", "draw", "arm"), chance)})


def predict(rng, draws, data, family):
    chance = draws["chance_by_arm"].transpose("chain", "draw", "arm")
    return xr.Dataset({"count": (chance.dims, rng.binomial(data["patients"], chance.to_numpy()))})


def printed_quantities(data):
    arms = enumerate(("reference", "contrast"))
    return tuple(PrintedQuantity("count", (a,), float(data["count"][a]), "toys", arm, "") for a, arm in arms)
'''

PLAN = """
schema_version = 1
id = "toy"
title = "A toy"
question = "Do patients of the contrast arm have more toys?"
model = "toy"
family = "logistic"
endpoints = [{ endpoint = "pis_improved" }]
headline = ["toy_odds_ratio"]
"""


def test_one_file_one_plan_one_row(tmp_path: Path, study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy_model.py").write_text(FILE, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    row = ModelRow("toy_model", {"logistic": {"level": "normal", "effect": "normal"}})
    monkeypatch.setitem(MODELS, "toy", row)  # type: ignore[arg-type]
    plan = parse_plan(PLAN, "toy.toml")
    assert applies(study, plan)
    (job,) = jobs_of(study, plan)
    fit = Fitter().fit(job)
    assert fit.status == "ok"
    assert all(check.inside for check in fit.checks)
    result = Reanalysis(study, verify(study, search=False), (fit,))
    write(result, tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "Odds ratio of the toy" in page
    assert "Do patients of the contrast arm have more toys?" in page
    assert (tmp_path / "out" / "figures" / "toy_ratios.svg").exists()
