"""A model whose posterior is known: y ~ Normal(effect, s), with y and s fixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.catalogue import ModelRow
from mgbayes.models.evidence import Evidence
from mgbayes.models.parameters import draw_parameter, parameter
from mgbayes.models.priors import Prior

Y, S = 0.8, 0.45
FAMILIES = ("normal",)
PRIORS = {"effect": Prior("normal", (0.0, 1.0), "a ratio between 1/7 and 7")}
ROW = ModelRow("tests.oracles.normal_toy", {"normal": {"effect": "normal"}}, effects=("effect",))
PLAN = """
schema_version = 1
id = "toy"
title = "A toy"
question = "Is the effect above zero?"
model = "toy"
family = "normal"
endpoints = [{ endpoint = "pis_improved" }]

[priors.effect]
form = "normal"
values = [0.0, 1.0]
why = "a ratio between 1/7 and 7"

[decision]
estimand = "ratio"
probability = 0.95

[[sensitivity]]
effect = "effect"
estimand = "ratio"
expected = 2.0
why = "A toy."
"""


def declared(data: Any) -> tuple[Estimand, ...]:
    return (Estimand("ratio", "ratio of the toy", "", 1.0, "higher"),)


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured(Evidence):
    y: np.ndarray
    s: np.ndarray


def from_study(study: Any, plan: Any) -> Measured:
    return Measured(y=np.array([Y]), s=np.array([S]))


def build(data: Any, family: str, priors: Any) -> pm.Model:
    with pm.Model() as model:
        y, s = pm.Data("y", data["y"]), pm.Data("s", data["s"])
        pm.Normal("seen", parameter("effect", priors), s, observed=y)
    return model


def prior_draws(rng: Any, data: Any, family: str, priors: Any, draws: int) -> xr.Dataset:
    return xr.Dataset({"effect": (("chain", "draw"), draw_parameter(rng, "effect", priors, size=(1, draws)))})


def estimands(draws: xr.Dataset, data: Any, family: str) -> xr.Dataset:
    return xr.Dataset({"ratio": np.exp(draws["effect"])})
