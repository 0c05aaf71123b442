"""Times to an event in the cohort: some never have it, or it comes to everybody (densities in outcomes.py)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from scipy import special

from mgbayes.distributions.arithmetic import normal_score
from mgbayes.distributions.hazards import Hazard
from mgbayes.distributions.lifetimes import LIFETIMES
from mgbayes.latent_cohort.followup import FOLLOWUP
from mgbayes.latent_cohort.outcome import Outcome, by_arm, log_chances_tied, tied, unit_of
from mgbayes.latent_cohort.parameters import Parameter, Values
from mgbayes.latent_cohort.table import Column, Floats, Rows
from mgbayes.models.cure import Cure
from mgbayes.models.proportional_hazards import ProportionalHazards, hazard_of

_LEAST = 1e-9


class Timed(Outcome):
    """A time to an event: who had it, and when."""

    @cached_property
    def endpoint(self) -> Any:
        """The endpoint in the study file."""
        return self.job.study.endpoint(self.plan.endpoints[0].endpoint)

    @cached_property
    def event(self) -> str:
        """The column of who had the event."""
        return f"{self.endpoint.id}.event"

    @cached_property
    def time(self) -> str:
        """The column of the times."""
        return f"{self.endpoint.id}.time"

    @cached_property
    def waiting(self) -> float:
        """How long a patient must be followed beyond the event for it to count."""
        return float(self.endpoint.confirmed_after or 0)

    @property
    def time_unit(self) -> str:
        """That of its times."""
        return str(self.endpoint.unit)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Event and time."""
        counted = self.job.study.claim(self.endpoint.event).endpoint or self.endpoint.id
        return (
            Column(self.event, 1.0, 0, counted, high=1),
            Column(self.time, unit_of(self.endpoint), 1, self.endpoint.id, counted_in=self.event),
        )

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """Event, time and follow-up."""
        return self.event, self.time, FOLLOWUP

    @property
    def blocks(self) -> tuple[tuple[str, ...], ...]:
        """An event goes with its time."""
        return ((self.event, self.time),)

    @cached_property
    def better(self) -> int:
        """1 where the event is good."""
        return 1 if self.model.outcome.event_is_good else -1

    def _seen(self, rows: Rows) -> tuple[Any, Floats, Floats, Any]:
        """Who had the event, time and follow-up left for it, and whether the one lies within the other."""
        event = rows[self.event] > 0
        left = np.maximum(rows[FOLLOWUP] - self.waiting, _LEAST)
        time = np.where(event, np.maximum(rows[self.time], _LEAST), 1.0)
        return event, time, left, ~event | (time < left)


class CureTime(Timed):
    """A time to an event that some never have (models/cure.py)."""

    answers = Cure

    def parameters(self) -> tuple[Parameter, ...]:
        """Those of the model."""
        names = ("logit_ever", "log_odds_ratio", "log_mean_time", "log_time_ratio", "shape")
        return tuple(Parameter(name, self.prior(name)) for name in names)

    def log_density(self, values: Values, rows: Rows, effect: Floats | None) -> Floats:
        """See the module."""
        law = LIFETIMES[self.job.family]
        event, time, left, possible = self._seen(rows)
        log_mean = by_arm(values, "log_mean_time", "log_time_ratio", rows.arm)
        shape = values["shape"][:, None]
        odds = values, "logit_ever", "log_odds_ratio"
        log_ever, log_never = log_chances_tied(*odds, rows.arm, effect, self.better)
        seen = log_ever + law.logpdf(time, log_mean, shape)
        not_yet = np.logaddexp(log_never, log_ever + law.log_survival(left, log_mean, shape))
        return np.where(possible, np.where(event, seen, not_yet), -np.inf)


class HazardTime(Timed):
    """A time to an event that comes to everybody (models/proportional_hazards.py)."""

    answers = ProportionalHazards

    @cached_property
    def _hazard(self) -> Hazard:
        return hazard_of(self.job.family, self.model.outcome)

    def parameters(self) -> tuple[Parameter, ...]:
        """Those of the model."""
        names = ("log_hazard_ratio", "log_scale", *self._hazard.shape)
        return tuple(Parameter(name, self.prior(name)) for name in names)

    def log_density(self, values: Values, rows: Rows, effect: Floats | None) -> Floats:
        """See the module."""
        hazard = self._hazard
        event, time, left, possible = self._seen(rows)
        at = np.where(event, time, left)
        shape = [values[name][:, None] for name in ("log_scale", *hazard.shape)]
        log_ratio = (rows.arm - 0.5) * values["log_hazard_ratio"][:, None]
        cumulative = np.exp(np.minimum(hazard.log_cumulative(at, *shape) + log_ratio, 600.0))
        log_pdf = np.where(event, hazard.log_hazard(at, *shape) + log_ratio - cumulative, 0.0)
        if effect is None:
            density = np.where(event, log_pdf, -cumulative)
        else:
            tie, c = tied(values, -self.better)  # a late time is better where the event is bad
            h = np.minimum(cumulative, 700.0)
            score = normal_score(-np.expm1(-h), np.exp(-h))
            given = (score - tie * effect) / c
            density = np.where(
                event, log_pdf + (score**2 - given**2) / 2 - np.log(c), special.log_ndtr(-given)
            )
        return np.where(possible, density, -np.inf)
