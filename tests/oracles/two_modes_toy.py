"""A model that chains cannot cross: y ~ Normal(|effect|, s) with a small s, so that -y and y are apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm

from mgbayes.models.catalogue import ModelRow
from mgbayes.models.parameters import parameter
from tests.oracles.normal_toy import FAMILIES, PRIORS, Measured, declared, estimands, prior_draws

__all__ = [
    "FAMILIES",
    "PRIORS",
    "ROW",
    "build",
    "declared",
    "estimands",
    "from_study",
    "prior_draws",
]

ROW = ModelRow("tests.oracles.two_modes_toy", {"normal": {"effect": "normal"}}, effects=("effect",))


def from_study(study: Any, plan: Any) -> Measured:
    return Measured(y=np.array([2.0]), s=np.array([0.05]))


def build(data: Any, family: str, priors: Any) -> pm.Model:
    with pm.Model() as model:
        y, s = pm.Data("y", data["y"]), pm.Data("s", data["s"])
        pm.Normal("seen", pm.math.abs(parameter("effect", priors)), s, observed=y)
    return model
