"""Amounts in the cohort, of which some are zero, at one or several visits (density in outcomes.py)."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import xarray as xr

from mgbayes.distributions.arithmetic import normal_score
from mgbayes.latent_cohort.amount_density import log_density_of_amounts
from mgbayes.latent_cohort.outcome import Outcome, tied, unit_of
from mgbayes.latent_cohort.parameters import Parameter, Values
from mgbayes.latent_cohort.pooled import Pooled
from mgbayes.latent_cohort.table import Column, Floats, Rows
from mgbayes.models.catalogue import MODELS
from mgbayes.models.continuous import Continuous
from mgbayes.models.plan import Plan


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
            Column(f"{endpoint.id}.{visit or 'value'}", unit_of(endpoint), 0, endpoint.id, visit, zeros=True)
            for visit in self.visits
        )

    @cached_property
    def visits(self) -> tuple[str | None, ...]:
        """The visits, the baseline first."""
        visits: tuple[str | None, ...] = self.model.visits
        return visits

    @cached_property
    def _means(self) -> Pooled:
        return Pooled("log_level", "log_ratio", tuple(visit or "value" for visit in self.visits))

    def parameters(self) -> tuple[Parameter, ...]:
        """Those of the model."""
        return (
            *self._means.parameters(self.prior),
            Parameter("zero_share", self.prior("zero_share"), (2, len(self.visits))),
            Parameter("between", self.prior("between"), (2,)),
            Parameter("within", self.prior("within"), (2,)),
        )

    def values(self, theta: Floats) -> Values:
        """With the means of logs and the scores of zero, (K, arm, visit)."""
        values = self.layout.values(theta)
        share = values["zero_share"]
        return {**values, "zero": normal_score(share, 1 - share), "log_mean": self._means.means(values)}

    def dims(self, name: str) -> tuple[str, ...]:
        """By arm or visit."""
        own = {"zero_share": ("arm", "visit"), "between": ("arm",), "within": ("arm",)}
        return (own | self._means.dims).get(name, ())

    def derived(self, draws: xr.Dataset) -> xr.Dataset:
        """With the means by arm and visit."""
        draws, log_mean = self._means.of_draws(draws)
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
