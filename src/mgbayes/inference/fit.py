"""A fit: posterior draws with their diagnostics and provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xarray as xr

from mgbayes.estimands.estimand import Estimand
from mgbayes.inference.diagnostics import Diagnostics, Status
from mgbayes.inference.leave_one_out import LeaveOneOut
from mgbayes.inference.pooled import Pooled
from mgbayes.models.curve import Curve
from mgbayes.models.plan import Plan, PrintedPUse
from mgbayes.models.priors import Prior


@dataclass(frozen=True)
class PredictiveCheck:
    """One printed number beside what the model would expect to be printed, before and after the data."""

    quantity: str
    arm: str
    unit: str
    printed: float
    prior: tuple[float, float, float]
    posterior: tuple[float, float, float]

    @property
    def inside(self) -> bool:
        """Whether the printed number lies in the central 95 % of the posterior predictive distribution."""
        return self.posterior[0] <= self.printed <= self.posterior[2]


@dataclass(frozen=True)
class Agreement:
    """How many posterior draws agree with a printed p value that was used as evidence."""

    printed_p: tuple[PrintedPUse, ...]
    share: float
    drawn: int

    FEW = 0.01

    @property
    def status(self) -> Status:
        """failed when no draw agrees, warn when hardly any does."""
        if self.share == 0:
            return Status.failed
        return Status.warn if self.share < self.FEW else Status.ok


@dataclass(frozen=True)
class Fit:
    """Posterior draws of one plan, under one family, one set of numbers and one kind of evidence.

    ``posterior`` and ``contrasts`` have dimensions chain and draw. A fit that failed its diagnostics has no
    ``estimands`` to report; its draws are kept for looking into the failure. Of a fit on patients ``used`` says how
    many have the values that it needs, and ``adjusted`` what it takes of them besides; of one on several data sets
    ``pooled`` says how far these agree.
    """

    plan: Plan
    family: str
    evidence: str
    alternative: str | None
    priors: Mapping[str, Prior]
    declared: tuple[Estimand, ...]
    data: Mapping[str, object]
    posterior: xr.Dataset
    contrasts: xr.Dataset
    sample_stats: xr.Dataset
    diagnostics: Diagnostics
    key: str
    agreement: Agreement | None = None
    checks: tuple[PredictiveCheck, ...] = ()
    curve: Curve | None = None
    curve_bands: xr.Dataset | None = None
    prior_bands: xr.Dataset | None = None
    adjusted: tuple[str, ...] = ()
    used: int | None = None
    leave_one_out: LeaveOneOut | None = None
    pooled: Pooled | None = None
    model: Any = None
    """The model of the plan's outcome: what the contrasts and the curve were computed with."""

    @property
    def status(self) -> Status:
        """Whether the fit can be used: its diagnostics, and the share of draws that agree with a printed p."""
        statuses = [self.diagnostics.status, self.agreement.status if self.agreement else Status.ok]
        return max(statuses, key=list(Status).index)

    @property
    def estimands(self) -> tuple[Estimand, ...]:
        """What may be reported: nothing from a failed fit."""
        return () if self.status is Status.failed else self.declared

    @property
    def test(self) -> str | None:
        """The test whose printed p was used as evidence, if one was."""
        return self.agreement.printed_p[0].test if self.agreement else None

    @property
    def name(self) -> str:
        """A name for files and logs."""
        used = self.agreement.printed_p[0].test.lower().replace(" ", "_") if self.agreement else None
        parts = [
            self.plan.id,
            self.family,
            self.evidence.replace("+", "_"),
            used,
            self.alternative,
            *self.adjusted,
        ]
        return "-".join(part for part in parts if part)
