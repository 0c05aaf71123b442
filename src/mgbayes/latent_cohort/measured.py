r"""Outcomes that are normal in each arm, at one or several visits (models/continuous.py, normal and normal_ratio).

With V visits a patient's scores z_v = (y_v - μ_av) / σ_av are multivariate normal with the correlations Ω_a of the
model. Their mean, standardized, is what is tied to the patient's effect: with m = Σ z_v / √(1ᵀ Ω_a 1),

    p(z | u) = N(z; 0, Ω_a) N(m; ± l u, 1 - l²) / N(m; 0, 1),

so that over patients the scores keep Ω_a whatever the loading.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.latent_cohort.outcome import LOWEST, Outcome, tied, unit_of
from mgbayes.latent_cohort.parameters import Parameter, Values
from mgbayes.latent_cohort.pooled import Pooled
from mgbayes.latent_cohort.table import Column, Floats, Rows
from mgbayes.models.continuous import Continuous
from mgbayes.models.plan import Plan
from mgbayes.models.priors import Prior
from mgbayes.models.visits import cholesky, correlations, lkj_shape, pairs, whiten

_HALF_LOG_TWO_PI = 0.5 * np.log(2 * np.pi)


class Measured(Outcome):
    """An outcome that is normal in each arm."""

    answers = Continuous

    @classmethod
    def family(cls, plan: Plan) -> str | None:
        """The plan's own, or the first other one; changes without their ends have none."""
        if any(part.change_from for part in plan.endpoints):
            return None
        own = (plan.family, *plan.alternative_families)
        return next((family for family in own if family in ("normal", "normal_ratio")), None)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The value at each visit."""
        endpoint = self.job.study.endpoint(self.plan.endpoints[0].endpoint)
        low = 0 if self.model.outcome.nonnegative else LOWEST
        return tuple(
            Column(f"{endpoint.id}.{visit or 'value'}", unit_of(endpoint), low, endpoint.id, visit)
            for visit in self.model.visits
        )

    @property
    def _ratio(self) -> bool:
        return self.job.family != "normal"

    @cached_property
    def _means(self) -> Pooled:
        names = ("log_level", "log_ratio") if self._ratio else ("level", "difference")
        return Pooled(*names, tuple(self.model.coords["visit"]))

    @cached_property
    def _spread(self) -> str:
        return "cv" if self._ratio else "sd"

    def parameters(self) -> tuple[Parameter, ...]:
        """Those of the model; of the vine of correlations (1 + p) / 2, a pair of visits after the other."""
        v = len(self.columns)
        vine = (
            Parameter(f"vine_{k}", Prior("beta", (shape, shape), "LKJ"), (2,))
            for k, shape in enumerate(self._shapes())
        )
        return (
            *self._means.parameters(self.prior),
            Parameter(self._spread, self.prior(self._spread), (2, v)),
            *vine,
        )

    def _shapes(self) -> list[float]:
        v = len(self.columns)
        if v == 1:
            return []
        return [float(self.prior("correlation").values[0] + more) for more in lkj_shape(v)]

    def values(self, theta: Floats) -> Values:
        """With means and SDs (K, arm, visit), the vine (K, arm, pair) and √(1ᵀ Ω 1) (K, arm)."""
        values = self.layout.values(theta)
        mean, spread, v = self._means.means(values), values[self._spread], len(self.columns)
        if self._ratio:
            mean = np.exp(mean)
            spread = spread * mean
        vine = [2 * values[f"vine_{k}"] - 1 for k in range(len(pairs(v)))]
        stacked = np.stack(vine, axis=-1) if vine else np.zeros((*mean.shape[:2], 0))
        total = v + 2 * np.sum(correlations(stacked, v), axis=0) * np.ones(mean.shape[:2])
        return {**values, "mean": mean, "spread": spread, "vine": stacked, "total_sd": np.sqrt(total)}

    def dims(self, name: str) -> tuple[str, ...]:
        """By arm or visit."""
        own = {self._spread: ("arm", "visit")} | {
            f"vine_{k}": ("arm",) for k in range(len(pairs(len(self.columns))))
        }
        return (own | self._means.dims).get(name, ())

    def derived(self, draws: xr.Dataset) -> xr.Dataset:
        """With means and SDs by arm and visit, and correlations."""
        draws, mean = self._means.of_draws(draws)
        if self._ratio:
            mean = xr.ufuncs.exp(mean)
            draws = draws.assign(sd=draws["cv"] * mean)
        draws, v = draws.assign(mean=mean), len(self.columns)
        if v > 1:
            vine = np.stack([2 * draws[f"vine_{k}"].to_numpy() - 1 for k in range(len(pairs(v)))], axis=-1)
            found = (("chain", "draw", "arm", "pair"), np.stack(correlations(vine, v), axis=-1))
            draws = draws.assign(correlation=found).assign_coords(pair=self.model.coords["pair"])
        return draws

    def log_density(self, values: Values, rows: Rows, effect: Floats | None) -> Floats:
        """See the module."""
        y = np.stack([rows[column.name] for column in self.columns], axis=-1)
        chain, arm = np.arange(len(y))[:, None], np.broadcast_to(rows.arm, y.shape[:2])
        sd, vine = values["spread"][chain, arm], values["vine"][chain, arm]
        z = (y - values["mean"][chain, arm]) / sd
        own = [z[..., v] for v in range(z.shape[-1])]
        white, last = whiten(vine, own), [row[-1] for row in cholesky(vine, len(own))]
        found: Any = -len(own) * _HALF_LOG_TWO_PI - np.log(sd).sum(axis=-1)
        for w, diagonal in zip(white, last, strict=True):
            found = found - w**2 / 2 - np.log(diagonal)
        if effect is None:
            return np.asarray(found)
        tie, c = tied(values, self.better)
        m = z.sum(axis=-1) / values["total_sd"][chain, arm]
        return np.asarray(found + (m**2 - ((m - tie * effect) / c) ** 2) / 2 - np.log(c))
