"""A model whose posterior is known: y ~ Normal(effect, s), with y and s fixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pymc as pm
import xarray as xr

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.catalogue import ModelRow
from mgbayes.models.evidence import Evidence
from mgbayes.models.model import Model
from mgbayes.models.parameters import draw_parameter, parameter
from mgbayes.models.priors import Prior

Y, S = 0.8, 0.45
PRIORS = {"effect": Prior("normal", (0.0, 1.0), "a ratio between 1/7 and 7")}
ROW = ModelRow("tests.oracles.normal_toy:Toy", {"normal": {"effect": "normal"}}, effects=("effect",))
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured(Evidence):
    y: np.ndarray
    s: np.ndarray


class Toy(Model):
    @classmethod
    def of(cls, study: Any, plan: Any) -> Self:
        return cls()

    def declared(self, data: Any) -> tuple[Estimand, ...]:
        return (Estimand("ratio", "ratio of the toy", "", 1.0, "higher"),)

    def from_study(self, study: Any, plan: Any) -> Measured:
        return Measured(y=np.array([Y]), s=np.array([S]))

    def build(self, data: Any, family: str, priors: Any) -> pm.Model:
        with pm.Model() as model:
            y, s = pm.Data("y", data["y"]), pm.Data("s", data["s"])
            pm.Normal("seen", self.mean(parameter("effect", priors)), s, observed=y)
        return model

    def mean(self, effect: Any) -> Any:
        return effect

    def prior_draws(self, rng: Any, data: Any, family: str, priors: Any, draws: int) -> xr.Dataset:
        effect = draw_parameter(rng, "effect", priors, size=(1, draws))
        return xr.Dataset({"effect": (("chain", "draw"), effect)})

    def estimands(self, draws: xr.Dataset, data: Any, family: str) -> xr.Dataset:
        return xr.Dataset({"ratio": np.exp(draws["effect"])})

    def predict(self, rng: Any, draws: xr.Dataset, data: Any, family: str) -> xr.Dataset:
        raise NotImplementedError

    def printed_quantities(self, data: Any) -> tuple[Any, ...]:
        return ()
