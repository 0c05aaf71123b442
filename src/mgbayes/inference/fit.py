"""A fit: posterior draws with their diagnostics and provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import xarray as xr

from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.summary import EstimandSummary, summarize
from mgbayes.inference.diagnostics import Diagnostics, Status
from mgbayes.inference.leave_one_out import LeaveOneOut
from mgbayes.inference.pooled import Pooled
from mgbayes.inference.predictive import PredictiveCheck
from mgbayes.inference.tree import (
    OF_PATIENTS,
    Groups,
    attributes,
    before_and_after,
    constants,
    of_each_patient,
)
from mgbayes.models.catalogue import MODELS
from mgbayes.models.curve import Curve
from mgbayes.models.evidence import Evidence
from mgbayes.models.plan import Plan, PrintedPUse
from mgbayes.models.priors import Prior

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Agreement:
    """How many data sets that a fit holds credible agree with a printed p value that was used as evidence.

    ``share`` is of ``drawn`` draws of the fit without it. Where these are few and the estimates come from chains of
    tables (``by_tables``), it is the share that these came by; 0 where they came to none.
    """

    printed_p: tuple[PrintedPUse, ...]
    share: float
    drawn: int
    by_tables: bool = False

    FEW = 0.01
    FEW_TO_SELECT = 0.05
    """Of a smaller share chains of tables are drawn, where there are any."""

    @property
    def status(self) -> Status:
        """failed when no draw agrees, warn when hardly any does."""
        if self.share == 0:
            return Status.failed
        return Status.warn if self.share < self.FEW else Status.ok


@dataclass(frozen=True, repr=False)
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
    data: Evidence
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
    module: Any = None
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

    def effect_prior(self, effect: str) -> Prior | None:
        """The prior of an effect, its own or that of all endpoints; None where none is a factor of the density.

        Such are members of a hierarchy, and effects that the family does not have: their draws cannot be weighted by
        another prior.
        """
        if effect not in self.posterior:
            return None
        row = MODELS.get(self.plan.model)
        return self.priors.get(effect) or (self.priors.get(row.effect_by_endpoint) if row else None)

    @property
    def model(self) -> Any:
        """The PyMC model, built anew: for its graph, or for another sampler."""
        return self.module.build(self.data, self.family, self.priors)

    @cached_property
    def tree(self) -> xr.DataTree:
        """The draws in ArviZ's groups, and ``contrasts``: the draws of every estimand.

        posterior, sample_stats, contrasts, prior, prior_predictive, posterior_predictive, observed_data and
        constant_data; on patients log_likelihood too. What a paper prints is one observation whose likelihood is an
        integral over patients' values, so that there is none for each of them.
        """
        groups = self._groups()
        if self.used is not None and self.estimands and self.data.row is not None:
            groups["log_likelihood"] = of_each_patient(self.model, self.posterior, self.data)
        return self._as_tree(groups)

    @property
    def shareable(self) -> xr.DataTree:
        """The tree without anything of single patients."""
        groups = self._groups()
        of_patients = OF_PATIENTS if self.evidence not in ("published", "published+p") else frozenset()
        return self._as_tree({name: group for name, group in groups.items() if name not in of_patients})

    def summaries(self) -> tuple[EstimandSummary, ...]:
        """Its estimands in numbers; none from a failed fit."""
        return tuple(
            summarize(self.contrasts[row.id].to_numpy(), row, self.plan.threshold(row.id))
            for row in self.estimands
        )

    def summary(self) -> pd.DataFrame:
        """One row an estimand: median, central 95 %, P(benefit) with its Monte Carlo error, P(important benefit).

        Of a fit that failed its diagnostics there is none: the frame has no row.
        """
        import pandas as pd

        rows = {row.estimand.id: row for row in self.summaries()}
        columns = ("median", "low", "high", "p_benefit", "mcse_p_benefit", "p_important", "ess_bulk")
        return pd.DataFrame(
            {
                "label": [row.estimand.label for row in rows.values()],
                "unit": [row.estimand.unit for row in rows.values()],
                **{name: [getattr(row, name) for row in rows.values()] for name in columns},
            },
            index=pd.Index(list(rows), name="estimand"),
        )

    def __repr__(self) -> str:
        draws = self.posterior.sizes
        size = f"{draws.get('chain', 0)} chains of {draws.get('draw', 0)} draws"
        return f"Fit({self.name}: {size}, diagnostics {self.status})"

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>{self.summary().to_html(float_format='%.3g')}"

    def _groups(self) -> Groups:
        groups = {"posterior": self.posterior, "sample_stats": self.sample_stats}
        if not self.estimands or self.module is None:
            return groups
        groups["contrasts"] = self.contrasts
        if self.pooled is None:  # of several data sets there is none that was observed
            groups |= before_and_after(
                self.module, self.posterior, self.data, self.family, self.priors, self.plan.sampling.seed
            )
            groups["constant_data"] = constants(self.data, groups["observed_data"])
        return groups

    def _as_tree(self, groups: Groups) -> xr.DataTree:
        tree = xr.DataTree.from_dict(groups)
        tree.attrs = attributes(
            self.priors,
            fit=self.name,
            plan=self.plan.id,
            family=self.family,
            evidence=self.evidence,
            status=self.status,
            seed=self.plan.sampling.seed,
            inference_library="mgbayes" if self.agreement and self.agreement.by_tables else "nutpie",
            created_by="mgbayes",
        )
        return tree
