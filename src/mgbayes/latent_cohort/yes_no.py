"""A yes/no outcome in the cohort (density in outcomes.py)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import xarray as xr

from mgbayes.latent_cohort.outcome import Outcome, log_chances_tied
from mgbayes.latent_cohort.parameters import Parameter, Values
from mgbayes.latent_cohort.table import Column, Floats, Rows
from mgbayes.models.arms import ARM
from mgbayes.models.binary import Binary
from mgbayes.models.plan import EndpointAt, Plan


class YesNo(Outcome):
    """One yes/no outcome of a plan (models/binary.py)."""

    answers = Binary

    @classmethod
    def family(cls, plan: Plan) -> str | None:
        """Each outcome by itself."""
        return "independent" if {"level", "log_odds_ratio"} <= set(plan.priors) else None

    @classmethod
    def parts(cls, plan: Plan, family: str) -> Iterator[Plan]:
        """A plan of several outcomes as one plan each."""
        for part in {part.endpoint: part for part in plan.endpoints}.values():
            yield plan.model_copy(update={"endpoints": (part,), "family": family})

    @property
    def part(self) -> EndpointAt:
        """The endpoint and visit."""
        return self.plan.endpoints[0]

    @property
    def key(self) -> str:
        """The endpoint as its model calls it."""
        return self.plan.keys[0]

    @property
    def name(self) -> str:
        """The endpoint as its model calls it."""
        return self.key

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Yes or no."""
        return (Column(self.key, 1.0, 0, self.part.endpoint, self.part.visit, high=1),)

    @cached_property
    def better(self) -> int:
        """1 where yes is better."""
        return 1 if self.job.study.endpoint(self.part.endpoint).benefit == "higher" else -1

    def parameters(self) -> tuple[Parameter, ...]:
        """Level and log odds ratio."""
        priors = self.plan.prior_set("independent")
        own = priors.get(f"log_odds_ratio_{self.key}", priors["log_odds_ratio"])
        return Parameter("level", priors["level"]), Parameter("log_odds_ratio", own)

    def derived(self, draws: xr.Dataset) -> xr.Dataset:
        """With the chance by endpoint and arm."""
        half = xr.DataArray([-0.5, 0.5], dims="arm", coords={"arm": ARM["arm"]})
        logit = (draws["level"] + half * draws["log_odds_ratio"]).expand_dims(endpoint=[self.key])
        return draws.assign(chance=1 / (1 + np.exp(-logit)))

    def log_density(self, values: Values, rows: Rows, effect: Floats | None) -> Floats:
        """See the module."""
        odds = values, "level", "log_odds_ratio"
        log_yes, log_no = log_chances_tied(*odds, rows.arm, effect, self.better)
        return np.where(rows[self.key] > 0, log_yes, log_no)
