"""Ordered classes in the cohort, at one or several visits (density in outcomes.py)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from scipy import special

from mgbayes.distributions.arithmetic import normal_score
from mgbayes.latent_cohort.class_chances import class_chances, log_average
from mgbayes.latent_cohort.outcome import Outcome, log_between_scores, tied
from mgbayes.latent_cohort.parameters import Parameter, Values
from mgbayes.latent_cohort.table import Column, Floats, Rows
from mgbayes.models.ordinal import Ordinal
from mgbayes.models.plan import Plan
from mgbayes.models.quadrature import NODES


class Ordered(Outcome):
    """The class at each visit (models/ordinal.py)."""

    answers = Ordinal

    @classmethod
    def family(cls, plan: Plan) -> str | None:
        """The plan's own."""
        return plan.family

    @cached_property
    def visits(self) -> tuple[str | None, ...]:
        """The visits, that before treatment first; None for an endpoint that has none."""
        known = {visit.id for visit in self.job.study.visits}
        return tuple(visit if visit in known else None for visit in self.model.visits)

    @cached_property
    def compared(self) -> int:
        """At how many of the visits, the last ones, the arms are compared."""
        return len(self.model.compared)

    @cached_property
    def levels(self) -> int:
        """How many classes there are."""
        return len(self.data["level"])

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The class at each visit, the lowest 0."""
        endpoint = self.plan.endpoints[0].endpoint
        return tuple(
            Column(f"{endpoint}.{visit or 'value'}", 1.0, 0, endpoint, visit, high=self.levels - 1)
            for visit in self.visits
        )

    def parameters(self) -> tuple[Parameter, ...]:
        """Those of the model."""
        own = (
            Parameter("first_cut", self.prior("first_cut")),
            Parameter("gap", self.prior("gap"), (self.levels - 2,)),
            Parameter("log_odds_ratio", self.prior("log_odds_ratio"), (self.compared,)),
        )
        if (v := len(self.visits)) == 1:
            return own
        base = (Parameter("base", self.prior("base")),) if v > self.compared else ()
        several = (
            Parameter("shift", self.prior("shift"), (v - 1,)),
            Parameter("patient_sd", self.prior("patient_sd")),
        )
        return (*own, *base, *several)

    def dims(self, name: str) -> tuple[str, ...]:
        """By cut, or by visit after the first or compared."""
        return {"gap": ("cut",), "shift": ("moved",), "log_odds_ratio": ("later",)}.get(name, ())

    def derived(self, draws: xr.Dataset) -> xr.Dataset:
        """With the names of cuts and visits."""
        levels = [str(level) for level in self.data["level"]]
        visits = self.model.visits
        named = {"cut": levels[2:], "moved": visits[1:], "later": self.model.compared}
        return draws.assign_coords({dim: list(named[dim]) for dim in named if dim in draws.dims})

    def values(self, theta: Floats) -> Values:
        """With the chances of classes at several visits."""
        values = self.layout.values(theta)
        if len(self.visits) == 1:
            return values
        return {**values, "chance": class_chances(self._edges(values), values["patient_sd"], NODES)}

    def log_density(self, values: Values, rows: Rows, effect: Floats | None) -> Floats:
        """See the module and models/ordinal.py."""
        y = np.stack([rows[column.name] for column in self.columns], axis=-1).astype(np.int64)
        if len(self.visits) == 1:
            return self._at_one_visit(values, rows.arm, y[..., 0], effect)
        arm = np.broadcast_to(rows.arm, y.shape[:2])
        shift, c = np.zeros(y.shape[:2]), np.ones(len(y))
        if effect is not None:
            tie, rest = tied(values, self.better)
            shift, c = tie * effect, rest[:, 0]
        return log_average(values["chance"], arm, y, NODES, shift, c)

    def _at_one_visit(self, values: Values, arm: Any, y: Any, effect: Floats | None) -> Floats:
        """Each threshold of the score, tied as a yes/no outcome is."""
        x = self._edges(values)[:, :, 0]
        chain, arms = np.arange(len(y))[:, None], np.broadcast_to(arm, y.shape)
        low, high = x[chain, arms, y], x[chain, arms, y + 1]
        if effect is None:
            return _log_between(low, high)
        tie, c = tied(values, self.better)
        score = [
            (normal_score(special.expit(edge), special.expit(-edge)) - tie * effect) / c
            for edge in (low, high)
        ]
        return log_between_scores(*score)

    def _edges(self, values: Values) -> Floats:
        """The log odds of less than each class and of all, (K, arm, visit, class + 1), of a middling patient."""
        chains, v = len(values["first_cut"]), len(self.visits)
        first = values["first_cut"][:, None]
        cuts = np.concatenate([first, first + np.cumsum(values["gap"], axis=1)], axis=1)
        zero = np.zeros((chains, 1))
        ratio = values["log_odds_ratio"]
        apart = ratio
        if v > self.compared:
            apart = values["base"][:, None] + np.concatenate([zero, ratio], axis=1)
        shift = np.concatenate([zero, values["shift"]], axis=1) if v > 1 else zero
        half = np.array([-0.5, 0.5])[:, None]
        towards_lower = half * apart[:, None] - shift[:, None]
        x = towards_lower[..., None] + cuts[:, None, None]
        ends = np.full((chains, 2, v, 1), np.inf)
        return np.concatenate([-ends, x, ends], axis=-1)


def _log_between(low: Floats, high: Floats) -> Floats:
    """log(σ(high) - σ(low)), without losing digits."""
    with np.errstate(divide="ignore"):
        return np.asarray(special.log_expit(high) + special.log_expit(-low) + np.log1p(-np.exp(low - high)))
