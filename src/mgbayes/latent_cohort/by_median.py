r"""Outcomes of which medians and other quantiles are reported (models/quantiles.py), one visit.

A value on the grid stands for its cell, half a step to each side, of which a patient of arm a has the probability
P(cell | u) = Φ((s(high) - l u) / c) - Φ((s(low) - l u) / c) with the score s(y) = Φ⁻¹(F_a(y)) and c = √(1 - l²). A
zero of an outcome that is never negative stands for all below half a step.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from mgbayes.distributions.arithmetic import normal_score
from mgbayes.latent_cohort.outcome import LOWEST, Outcome, by_arm, log_between_scores, tied, unit_of
from mgbayes.latent_cohort.parameters import Parameter, Values
from mgbayes.latent_cohort.table import Column, Floats, Rows
from mgbayes.models.quantiles import FAMILIES, Family, PublishedQuantiles


class ByMedian(Outcome):
    """A measured outcome whose arms have medians."""

    answers = PublishedQuantiles

    @property
    def _law(self) -> Family:
        return FAMILIES[self.job.family]

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The value."""
        part = self.plan.endpoints[0]
        endpoint = self.job.study.endpoint(part.endpoint)
        low = 0 if self.model.outcome.nonnegative or self._law.by_ratio else LOWEST
        return (
            Column(f"{endpoint.id}.{part.visit or 'value'}", unit_of(endpoint), low, endpoint.id, part.visit),
        )

    def parameters(self) -> tuple[Parameter, ...]:
        """Level, effect, and dispersion by arm."""
        level, effect, dispersion = self._law.names
        return (
            Parameter(level, self.prior(level)),
            Parameter(effect, self.prior(effect)),
            Parameter(dispersion, self.prior(dispersion), (2,)),
        )

    def dims(self, name: str) -> tuple[str, ...]:
        """Dispersion by arm."""
        return ("arm",) if name == self._law.names[2] else ()

    def log_density(self, values: Values, rows: Rows, effect: Floats | None) -> Floats:
        """See the module."""
        level, ratio, dispersion = self._law.names
        median = by_arm(values, level, ratio, rows.arm)
        arm = np.broadcast_to(rows.arm, median.shape)
        sd = values[dispersion][np.arange(len(median))[:, None], arm]
        y, half = rows[self.columns[0].name], self.columns[0].unit / 2
        low, high = (self._score(end, median, sd) for end in (y - half, y + half))
        if effect is None:
            return log_between_scores(low, high)
        tie, c = tied(values, self.better)
        return log_between_scores((low - tie * effect) / c, (high - tie * effect) / c)

    def _score(self, y: Floats, median: Floats, sd: Floats) -> Any:
        """Φ⁻¹(F(y)); minus infinity at the lower end of an outcome that is never negative."""
        below = y <= 0 if self._law.by_ratio else np.zeros(y.shape, bool)
        law = self._law.of(median, sd)
        at = np.where(below, 1.0, y)
        score = normal_score(np.exp(law.log_cdf(at)), np.exp(law.log_sf(at)))
        return np.where(below, -np.inf, score)
