"""A model that chains cannot cross: y ~ Normal(|effect|, s) with a small s, so that -y and y are apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from mgbayes.models.catalogue import ModelRow
from tests.oracles.normal_toy import Measured, Toy

ROW = ModelRow("tests.oracles.two_modes_toy:TwoModes", {"normal": {"effect": "normal"}}, effects=("effect",))


class TwoModes(Toy):
    def from_study(self, study: Any, plan: Any) -> Measured:
        return Measured(y=np.array([2.0]), s=np.array([0.05]))

    def mean(self, effect: Any) -> Any:
        return abs(effect)
