"""Measured outcomes in the cohort: amounts of which some are zero, and normal ones (densities in outcomes.py)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.distributions.arithmetic import normal_score
from mgbayes.latent_cohort.amount_density import log_density_of_amounts
from mgbayes.latent_cohort.outcome import LOWEST, Outcome, by_arm, tied, unit_of
from mgbayes.latent_cohort.parameters import Parameter, Values
from mgbayes.latent_cohort.table import Column, Floats, Rows
from mgbayes.models.arms import ARM
from mgbayes.models.catalogue import MODELS
from mgbayes.models.continuous import Continuous
from mgbayes.models.plan import Plan
from mgbayes.models.priors import Prior

_HALF_LOG_TWO_PI = 0.5 * np.log(2 * np.pi)


class Amount(Outcome):
    """An amount of which some are zero, at one or several visits (models/continuous.py, hurdle_lognormal)."""

    answers = Continuous

    @classmethod
    def family(cls, plan: Plan) -> str | None:
        """The one with a share at zero, where the plan has its priors."""
        needed = set(MODELS[plan.model].parameters["hurdle_lognormal"]) - {"log_ratio_sd"}
        return "hurdle_lognormal" if needed <= set(plan.priors) else None

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The amount at each visit."""
        endpoint = self.job.study.endpoint(self.plan.endpoints[0].endpoint)
        return tuple(
            Column(f"{endpoint.id}.{visit or 'value'}", unit_of(endpoint), 0, endpoint.id, visit)
            for visit in self.visits
        )

    @cached_property
    def visits(self) -> tuple[str | None, ...]:
        """The visits, the baseline first."""
        visits: tuple[str | None, ...] = self.model.visits
        return visits

    @cached_property
    def better(self) -> int:
        """1 where a larger amount is better."""
        return 1 if self.model.outcome.benefit == "higher" else -1

    def parameters(self) -> tuple[Parameter, ...]:
        """Those of the model; the ratio of each visit is ``log_ratio`` plus ``log_ratio_sd`` times a deviation."""
        v = len(self.visits)
        by_visit = (
            (
                Parameter("log_ratio_sd", self.prior("log_ratio_sd")),
                Parameter("deviation", Prior("normal", (0.0, 1.0), "of one SD"), (v,)),
            )
            if v > 1
            else ()
        )
        return (
            Parameter("log_level", self.prior("log_level"), (v,)),
            Parameter("log_ratio", self.prior("log_ratio")),
            *by_visit,
            Parameter("zero_share", self.prior("zero_share"), (2, v)),
            Parameter("between", self.prior("between"), (2,)),
            Parameter("within", self.prior("within"), (2,)),
        )

    def values(self, theta: Floats) -> Values:
        """With the means of logs and the scores of zero, (K, arm, visit)."""
        values = self.layout.values(theta)
        by_visit = values["log_ratio"][:, None]
        if "deviation" in values:
            by_visit = by_visit + values["log_ratio_sd"][:, None] * values["deviation"]
        half = np.array([-0.5, 0.5])[:, None] * by_visit[:, None]
        share = values["zero_share"]
        zero = normal_score(share, 1 - share)
        return {**values, "zero": zero, "log_mean": values["log_level"][:, None] + half}

    def dims(self, name: str) -> tuple[str, ...]:
        """By arm or visit."""
        return {
            "log_level": ("visit",),
            "deviation": ("visit",),
            "zero_share": ("arm", "visit"),
            "between": ("arm",),
            "within": ("arm",),
        }.get(name, ())

    def derived(self, draws: xr.Dataset) -> xr.Dataset:
        """With the means by arm and visit."""
        draws = draws.assign_coords(arm=ARM["arm"], visit=[visit or "value" for visit in self.visits])
        by_visit: Any = draws["log_ratio"]
        if "deviation" in draws:
            by_visit = by_visit + draws["log_ratio_sd"] * draws["deviation"]
        half = xr.DataArray([-0.5, 0.5], dims="arm", coords={"arm": ARM["arm"]})
        log_mean = draws["log_level"] + half * by_visit
        if "visit" not in log_mean.dims:
            log_mean = log_mean.expand_dims(visit=draws["visit"])
        return draws.assign(log_mean=log_mean, mean=(1 - draws["zero_share"]) * np.exp(log_mean))

    def log_density(self, values: Values, rows: Rows, effect: Floats | None) -> Floats:
        """See the module and models/continuous_likelihood.py."""
        y = np.stack([rows[column.name] for column in self.columns], axis=-1)
        arm = np.ascontiguousarray(np.broadcast_to(rows.arm, y.shape[:2]))
        shift, c = np.zeros(y.shape[:2]), np.ones(len(y))
        if effect is not None:
            tie, rest = tied(values, self.better)
            shift, c = tie * effect, rest[:, 0]
        own = values["zero"], values["log_mean"], values["between"], values["within"]
        density = log_density_of_amounts(y, arm, *own, shift, c)
        # On the grid a value above zero has its density times the step; a zero has its chance.
        return density + np.log(self.columns[0].unit) * (y > 0).sum(axis=-1)


class Measured(Outcome):
    """An outcome at one visit that is normal in each arm (models/continuous.py, normal and normal_ratio)."""

    answers = Continuous

    @classmethod
    def family(cls, plan: Plan) -> str | None:
        """The plan's own, of one visit."""
        known = plan.family in ("normal", "normal_ratio") and len(plan.endpoints) == 1
        return plan.family if known else None

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The value."""
        part = self.plan.endpoints[0]
        endpoint = self.job.study.endpoint(part.endpoint)
        low = 0 if self.model.outcome.nonnegative else LOWEST
        return (
            Column(f"{endpoint.id}.{part.visit or 'value'}", unit_of(endpoint), low, endpoint.id, part.visit),
        )

    def parameters(self) -> tuple[Parameter, ...]:
        """Level, difference or ratio, and SD or coefficient of variation by arm."""
        level, effect, dispersion = self._names
        priors = [Parameter(name, self.prior(name)) for name in (level, effect)]
        return (*priors, Parameter(dispersion, self.prior(dispersion), (2,)))

    @property
    def _names(self) -> tuple[str, str, str]:
        return (
            ("level", "difference", "sd") if self.job.family == "normal" else ("log_level", "log_ratio", "cv")
        )

    def dims(self, name: str) -> tuple[str, ...]:
        """Dispersion by arm."""
        return ("arm",) if name in ("sd", "cv") else ()

    def derived(self, draws: xr.Dataset) -> xr.Dataset:
        """With the mean by arm and visit."""
        level, effect, _ = self._names
        half = xr.DataArray([-0.5, 0.5], dims="arm", coords={"arm": ARM["arm"]})
        middle = draws[level] + half * draws[effect]
        mean: Any = middle if self.job.family == "normal" else np.exp(middle)
        return draws.assign(mean=mean.expand_dims(visit=list(self.model.coords["visit"])))

    def log_density(self, values: Values, rows: Rows, effect: Floats | None) -> Floats:
        """See the module."""
        level, difference, dispersion = self._names
        mean = by_arm(values, level, difference, rows.arm)
        arm = np.broadcast_to(rows.arm, mean.shape)
        sd = values[dispersion][np.arange(len(mean))[:, None], arm]
        if self.job.family != "normal":
            mean = np.exp(mean)
            sd = sd * mean
        z = (rows[self.columns[0].name] - mean) / sd
        if effect is not None:
            tie, c = tied(values, 1 if self.model.outcome.benefit == "higher" else -1)
            z, sd = (z - tie * effect) / c, sd * c
        return -0.5 * z**2 - np.log(sd) - _HALF_LOG_TWO_PI
