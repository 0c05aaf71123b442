"""Counted events in the cohort, with each patient's follow-up (density in outcomes.py)."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import xarray as xr
from numpy.random import Generator

from mgbayes.distributions.arithmetic import normal_score
from mgbayes.inference.job import Job
from mgbayes.latent_cohort.count_chances import around_counts, log_chances_of_counts
from mgbayes.latent_cohort.followup import FOLLOWUP
from mgbayes.latent_cohort.outcome import Outcome, by_arm, log_between_scores, tied
from mgbayes.latent_cohort.parameters import Parameter, Values
from mgbayes.latent_cohort.table import Column, Floats, Rows, Steps
from mgbayes.models.counts import Counts
from mgbayes.models.plan import NotPrinted
from mgbayes.models.priors import Prior
from mgbayes.study.schema import DAYS_IN


class Counted(Outcome):
    """How often a patient had an event that can recur (models/counts.py)."""

    answers = Counts

    @classmethod
    def of(cls, job: Job, loading: Prior | None) -> Outcome:
        """The outcome of a plan; the model's own data are of patients, who are drawn here."""
        return cls(job, loading, {})

    @cached_property
    def time_unit(self) -> str:
        """The endpoint's own, or that of the reported follow-up, as ``followup_of`` has it.

        Raises NotPrinted where neither is a unit of time.
        """
        study = self.job.study
        endpoint = study.endpoint(self.plan.endpoints[0].endpoint)
        named = study.endpoint_of(study.claim(endpoint.followup)) if endpoint.followup else None
        if named is None:
            units = (endpoint.unit, "" if endpoint.fixed_followup else "years")
        else:
            units = (endpoint.unit if named.unit in DAYS_IN else "", named.unit)
        unit = next((one for one in units if one in DAYS_IN), None)
        if unit is None:
            raise NotPrinted(endpoint.id, "follow-up in a unit of time")
        return unit

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The number of events."""
        part = self.plan.endpoints[0]
        return (Column(f"{part.endpoint}.value", 1.0, 0, part.endpoint, part.visit, zeros=True),)

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """Events and follow-up."""
        return self.columns[0].name, FOLLOWUP

    def parameters(self) -> tuple[Parameter, ...]:
        """Those of the model."""
        own = ("rate_cv",) if self.job.family == "negative_binomial" else ()
        return tuple(Parameter(name, self.prior(name)) for name in ("log_rate", "log_rate_ratio", *own))

    def log_density(self, values: Values, rows: Rows, effect: Floats | None) -> Floats:
        """See the module and models/counts.py."""
        y = rows[self.columns[0].name]
        years = self._years(rows[FOLLOWUP])
        mean = np.exp(by_arm(values, "log_rate", "log_rate_ratio", rows.arm)) * years
        cv = values.get("rate_cv", np.zeros(len(mean)))
        if effect is None:
            return log_chances_of_counts(y, mean, cv**2)
        tie, c = tied(values, self.better)
        before, from_here, until, after = around_counts(y, mean, cv**2)
        low, high = (
            (normal_score(below, above) - tie * effect) / c
            for below, above in ((before, from_here), (until, after))
        )
        return log_between_scores(low, high)

    def prior_draws(self, rng: Generator, draws: int) -> xr.Dataset:
        """Parameters from the priors, (chain, draw) with one chain."""
        priors = self.plan.prior_set(self.job.family)
        found: xr.Dataset = self.model.prior_draws(rng, self.data, self.job.family, priors, draws)
        return found

    def new_cohorts(self, rng: Generator, draws: xr.Dataset, followup: Floats, arm: Steps) -> Steps:
        """The events (K, n) of cohorts, one for each draw of one chain, of patients followed so long (K, n)."""
        years = self._years(followup)
        by_arm_of = self.model.new_cohorts(rng, draws, [years[:, arm == a] for a in (0, 1)])
        return np.concatenate([one[0] for one in by_arm_of], axis=1).astype(np.int64)

    def _years(self, followup: Floats) -> Floats:
        return followup * DAYS_IN[self.time_unit] / DAYS_IN["years"]
