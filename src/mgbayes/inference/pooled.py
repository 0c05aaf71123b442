"""What is told of a fit that stands on several data sets: how many, and how far their answers lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from mgbayes.inference.diagnostics import Diagnostics


@dataclass(frozen=True)
class Spread:
    """The variance of one estimand within a data set (their mean) and between data sets (of their means)."""

    id: str
    within: float
    between: float
    members: int

    @property
    def total(self) -> float:
        """Rubin's total variance, W + (1 + 1/M) B (Rubin 1987, Multiple Imputation, section 3.3)."""
        return self.within + (1 + 1 / self.members) * self.between

    @property
    def share_between(self) -> float:
        """The share of the total that lies between data sets: what the curve does not tell."""
        return 1 - self.within / self.total if self.total > 0 else 0.0


@dataclass(frozen=True)
class Pooled:
    """Members that a fit was made on and put together from, and the diagnostics of each."""

    members: int
    available: int
    patients: int
    diagnostics: tuple[Diagnostics, ...]
    spread: tuple[Spread, ...]


def spread_of(contrasts: Sequence[xr.Dataset]) -> tuple[Spread, ...]:
    """The variances of each estimand (chain, draw), from those of every member."""
    if not contrasts or not all(len(one.data_vars) for one in contrasts):
        return ()
    rows = []
    for name in contrasts[0].data_vars:
        draws = [one[name].to_numpy() for one in contrasts]
        means, variances = [x.mean() for x in draws], [x.var(ddof=1) for x in draws]
        between = float(np.var(means, ddof=1)) if len(means) > 1 else 0.0
        rows.append(Spread(str(name), float(np.mean(variances)), between, len(draws)))
    return tuple(rows)


def worst(diagnostics: Sequence[Diagnostics]) -> Diagnostics:
    """The worst figure of any member, divergences added up."""
    return Diagnostics(
        rhat_max=float(np.max([row.rhat_max for row in diagnostics])),
        ess_bulk_min=float(np.min([row.ess_bulk_min for row in diagnostics])),
        ess_tail_min=float(np.min([row.ess_tail_min for row in diagnostics])),
        divergences=sum(row.divergences or 0 for row in diagnostics),
        ebfmi_min=float(np.min([row.ebfmi_min for row in diagnostics])),
        max_treedepth_share=float(np.max([row.max_treedepth_share for row in diagnostics])),
    )
