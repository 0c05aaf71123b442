r"""The distribution of a patient's outcomes given the parameters and the patient's effect.

One effect u ~ N(0, 1) a patient ties the outcomes: each has a score that is normal with correlation l = tanh(loading)
with u, so that its distribution over patients stays what its plan says (a one-factor Gaussian copula, as in the joint
model on patients). A higher u is better for the patient in every outcome whose loading is positive.

- a time to an event that some never have: π_a is the share that ever has it, f_a and S_a the times given that.
  P(ever | u) = Φ((Φ⁻¹(π_a) ± l u) / √(1 - l²)). Followed for F, an event at t that counts after a waiting time w has
  P(ever | u) f_a(t) where t + w < F, no event 1 - P(ever | u) + P(ever | u) S_a(F - w);
- a time to an event that comes to everybody: with the score z(t) = Φ⁻¹(1 - S_a(t)), the density
  f_a(t) φ((z - l u) / c) / (c φ(z)), c = √(1 - l²), and survival Φ(-(z(F) ∓ l u) / c);
- an amount with a share at zero, at one or several visits: P(zero at v | u) = Φ((Φ⁻¹(zero_share_av) ± l u) / c),
  above it log-normal with a patient's intercept b of SD between_a, of which l u between_a is the effect's part;
- an outcome at one visit that is normal in each arm: normal given u too, with mean μ_a ± l σ_a u and SD c σ_a;
- a yes/no outcome: P(yes | u) = Φ((Φ⁻¹(p_a) ± l u) / c).

With a loading of 0 these are the densities of the models on patients (tests hold them together).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from scipy import special

from mgbayes.distributions.hazards import Hazard
from mgbayes.distributions.lifetimes import LIFETIMES
from mgbayes.estimands.estimand import Estimand
from mgbayes.inference.job import Job
from mgbayes.latent_cohort.parameters import Layout, Parameter, Values
from mgbayes.latent_cohort.table import Column, Floats, Rows
from mgbayes.models.arms import ARM
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan import EndpointAt, Plan
from mgbayes.models.priors import Prior
from mgbayes.models.proportional_hazards import hazard_of
from mgbayes.study.schema import Endpoint

FOLLOWUP = "followup"
_LEAST = 1e-9
_LOWEST = -(10**7)
"""In steps, of an outcome without a lower end."""
_HALF_LOG_TWO_PI = 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True)
class Outcome(ABC):
    """One outcome of the patients: its columns, its parameters, and its density.

    ``better`` is 1 where more of it (an event, a later time, a larger amount, yes) is better for a patient, else -1.
    ``loading`` is the prior of its loading, None where outcomes are independent.
    """

    job: Job
    loading: Prior | None
    data: dict[str, Any] = field(repr=False)

    @classmethod
    def of(cls, job: Job, loading: Prior | None) -> Outcome:
        """The outcome of a plan. Raises NotPrinted where the study lacks what it needs."""
        return cls(job, loading, job.model.from_study(job.study, job.plan))

    @classmethod
    def family(cls, plan: Plan) -> str | None:
        """The family of patients that it has for a plan; None where it has none."""
        return plan.family

    @property
    def plan(self) -> Plan:
        """The plan whose distribution it has."""
        return self.job.plan

    @property
    def name(self) -> str:
        """The plan's id."""
        return self.plan.id

    @cached_property
    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """What patients have of it."""

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """The columns that its density reads."""
        return tuple(column.name for column in self.columns)

    @property
    def blocks(self) -> tuple[tuple[str, ...], ...]:
        """Columns that two patients may exchange together."""
        each = tuple((column.name,) for column in self.columns)
        return (*each, tuple(column.name for column in self.columns)) if len(each) > 1 else each

    @cached_property
    def layout(self) -> Layout:
        """Its parameters, the loading last."""
        tied = () if self.loading is None else (Parameter("loading", self.loading),)
        return Layout((*self.parameters(), *tied))

    @abstractmethod
    def parameters(self) -> tuple[Parameter, ...]:
        """Its parameters but for the loading."""

    @abstractmethod
    def log_density(self, values: Values, rows: Rows, effect: Floats | None) -> Floats:
        """The log density (K, r) of patients' outcomes; effect (K, r), None where outcomes are independent."""

    def estimands(self, draws: xr.Dataset) -> xr.Dataset:
        """The contrasts of its model, one value for each draw."""
        found: xr.Dataset = self.job.model.estimands(draws, self.data, self.job.family)
        return found

    def declared(self) -> tuple[Estimand, ...]:
        """What each contrast is."""
        declared: tuple[Estimand, ...] = self.job.model.declared(self.data)
        return declared

    def dims(self, name: str) -> tuple[str, ...]:
        """The dimensions of a parameter besides chain and draw."""
        return ()

    def derived(self, draws: xr.Dataset) -> xr.Dataset:
        """The draws with what the model's estimands are made from."""
        return draws

    def _prior(self, name: str) -> Prior:
        return self.plan.prior_set(self.job.family)[name]


def _unit(endpoint: Endpoint) -> float:
    """What its values are multiples of."""
    return float(endpoint.step or (1 if endpoint.whole else 0.1))


def _by_arm(values: Values, level: str, effect: str, arm: Any) -> Floats:
    """level ± effect / 2 of each patient, (K, r)."""
    return values[level][:, None] + (arm - 0.5) * values[effect][:, None]


def _tied(values: Values, better: int) -> tuple[Any, Any]:
    """l, with the sign of a better outcome, and √(1 - l²), each (K, 1)."""
    loading = values["loading"][:, None]
    return better * np.tanh(loading), 1 / np.cosh(loading)


def _log_chance(logit: Floats, values: Values, effect: Floats | None, better: int) -> tuple[Floats, Floats]:
    """The logs of P(yes | u) and P(no | u), where P(yes) has this logit over patients."""
    if effect is None:
        return special.log_expit(logit), special.log_expit(-logit)
    tie, c = _tied(values, better)
    score = (_normal_score(special.expit(logit), special.expit(-logit)) + tie * effect) / c
    return special.log_ndtr(score), special.log_ndtr(-score)


def _normal_score(below: Any, above: Any) -> Any:
    """Φ⁻¹(below), below + above = 1, from the smaller of the two."""
    return np.where(
        below < above, special.ndtri(np.minimum(below, 0.5)), -special.ndtri(np.minimum(above, 0.5))
    )


class _Timed(Outcome):
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

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Event and time."""
        counted = self.job.study.claim(self.endpoint.event).endpoint or self.endpoint.id
        return (
            Column(self.event, 1.0, 0, counted, high=1),
            Column(self.time, _unit(self.endpoint), 1, self.endpoint.id, counted_in=self.event),
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
        return 1 if self.job.model.outcome.event_is_good else -1

    def _seen(self, rows: Rows) -> tuple[Any, Floats, Floats, Any]:
        """Who had the event, time and follow-up left for it, and whether the one lies within the other."""
        event = rows[self.event] > 0
        left = np.maximum(rows[FOLLOWUP] - self.waiting, _LEAST)
        time = np.where(event, np.maximum(rows[self.time], _LEAST), 1.0)
        return event, time, left, ~event | (time < left)


class CureTime(_Timed):
    """A time to an event that some never have (models/cure.py)."""

    def parameters(self) -> tuple[Parameter, ...]:
        """Those of the model."""
        names = ("logit_ever", "log_odds_ratio", "log_mean_time", "log_time_ratio", "shape")
        return tuple(Parameter(name, self._prior(name)) for name in names)

    def log_density(self, values: Values, rows: Rows, effect: Floats | None) -> Floats:
        """See the module."""
        law = LIFETIMES[self.job.family]
        event, time, left, possible = self._seen(rows)
        logit = _by_arm(values, "logit_ever", "log_odds_ratio", rows.arm)
        log_mean = _by_arm(values, "log_mean_time", "log_time_ratio", rows.arm)
        shape = values["shape"][:, None]
        log_ever, log_never = _log_chance(logit, values, effect, self.better)
        seen = log_ever + law.logpdf(time, log_mean, shape)
        not_yet = np.logaddexp(log_never, log_ever + law.log_survival(left, log_mean, shape))
        return np.where(possible, np.where(event, seen, not_yet), -np.inf)


class HazardTime(_Timed):
    """A time to an event that comes to everybody (models/proportional_hazards.py)."""

    @cached_property
    def _hazard(self) -> Hazard:
        return hazard_of(self.job.family, self.job.model.outcome)

    def parameters(self) -> tuple[Parameter, ...]:
        """Those of the model."""
        names = ("log_hazard_ratio", "log_scale", *self._hazard.shape)
        return tuple(Parameter(name, self._prior(name)) for name in names)

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
            tie, c = _tied(values, -self.better)  # a late time is better where the event is bad
            h = np.minimum(cumulative, 700.0)
            score = _normal_score(-np.expm1(-h), np.exp(-h))
            given = (score - tie * effect) / c
            density = np.where(
                event, log_pdf + (score**2 - given**2) / 2 - np.log(c), special.log_ndtr(-given)
            )
        return np.where(possible, density, -np.inf)


class Amount(Outcome):
    """An amount of which some are zero, at one or several visits (models/continuous.py, hurdle_lognormal)."""

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
            Column(f"{endpoint.id}.{visit or 'value'}", _unit(endpoint), 0, endpoint.id, visit)
            for visit in self.visits
        )

    @cached_property
    def visits(self) -> tuple[str | None, ...]:
        """The visits, the baseline first."""
        visits: tuple[str | None, ...] = self.job.model.visits
        return visits

    @cached_property
    def better(self) -> int:
        """1 where a larger amount is better."""
        return 1 if self.job.model.outcome.benefit == "higher" else -1

    def parameters(self) -> tuple[Parameter, ...]:
        """Those of the model; the ratio of each visit is ``log_ratio`` plus ``log_ratio_sd`` times a deviation."""
        v = len(self.visits)
        by_visit = (
            (
                Parameter("log_ratio_sd", self._prior("log_ratio_sd")),
                Parameter("deviation", Prior("normal", (0.0, 1.0), "of one SD"), (v,)),
            )
            if v > 1
            else ()
        )
        return (
            Parameter("log_level", self._prior("log_level"), (v,)),
            Parameter("log_ratio", self._prior("log_ratio")),
            *by_visit,
            Parameter("zero_share", self._prior("zero_share"), (2, v)),
            Parameter("between", self._prior("between"), (2,)),
            Parameter("within", self._prior("within"), (2,)),
        )

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
        arm = np.broadcast_to(rows.arm, y.shape[:2])
        each = np.arange(len(y))[:, None]
        by_visit = np.broadcast_to(values["log_ratio"][:, None], values["log_level"].shape)
        if "deviation" in values:
            by_visit = by_visit + values["log_ratio_sd"][:, None] * values["deviation"]
        log_mean = values["log_level"][:, None] + (arm - 0.5)[..., None] * by_visit[:, None]
        between, within = values["between"][each, arm], values["within"][each, arm]
        logit = special.logit(values["zero_share"][each, arm])
        above = y > 0
        log_y = np.log(np.where(above, y, 1.0))
        residual = np.where(above, log_y - log_mean + ((between**2 + within**2) / 2)[..., None], 0.0)
        shared, own = between**2, within**2
        if effect is not None:
            tie, c = _tied(values, self.better)
            residual = residual - np.where(above, (tie * effect * between)[..., None], 0.0)
            shared = shared * c**2
            zero, some = _log_chance_at_visits(logit, -tie * effect, c)
        else:
            zero, some = special.log_expit(logit), special.log_expit(-logit)
        k, total, square = above.sum(axis=-1), residual.sum(axis=-1), (residual**2).sum(axis=-1)
        both = own + k * shared
        log_density = -((k - 1) * np.log(own) + np.log(both)) / 2 - k * _HALF_LOG_TWO_PI
        log_density = log_density - (square / own - shared * total**2 / (own * both)) / 2
        log_density = np.where(k > 0, log_density, 0.0) - log_y.sum(axis=-1)
        return log_density + np.where(above, some, zero).sum(axis=-1)


def _log_chance_at_visits(logit: Floats, shift: Floats, c: Floats) -> tuple[Floats, Floats]:
    score = (_normal_score(special.expit(logit), special.expit(-logit)) + shift[..., None]) / c[..., None]
    return special.log_ndtr(score), special.log_ndtr(-score)


class Measured(Outcome):
    """An outcome at one visit that is normal in each arm (models/continuous.py, normal and normal_ratio)."""

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
        low = 0 if self.job.model.outcome.nonnegative else _LOWEST
        return (
            Column(f"{endpoint.id}.{part.visit or 'value'}", _unit(endpoint), low, endpoint.id, part.visit),
        )

    def parameters(self) -> tuple[Parameter, ...]:
        """Level, difference or ratio, and SD or coefficient of variation by arm."""
        level, effect, dispersion = self._names
        priors = [Parameter(name, self._prior(name)) for name in (level, effect)]
        return (*priors, Parameter(dispersion, self._prior(dispersion), (2,)))

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
        return draws.assign(mean=mean.expand_dims(visit=list(self.job.model.coords["visit"])))

    def log_density(self, values: Values, rows: Rows, effect: Floats | None) -> Floats:
        """See the module."""
        level, difference, dispersion = self._names
        mean = _by_arm(values, level, difference, rows.arm)
        arm = np.broadcast_to(rows.arm, mean.shape)
        sd = values[dispersion][np.arange(len(mean))[:, None], arm]
        if self.job.family != "normal":
            mean = np.exp(mean)
            sd = sd * mean
        z = (rows[self.columns[0].name] - mean) / sd
        if effect is not None:
            tie, c = _tied(values, 1 if self.job.model.outcome.benefit == "higher" else -1)
            z, sd = (z - tie * effect) / c, sd * c
        return -0.5 * z**2 - np.log(sd) - _HALF_LOG_TWO_PI


class YesNo(Outcome):
    """One yes/no outcome of a plan (models/binary.py)."""

    @classmethod
    def family(cls, plan: Plan) -> str | None:
        """Each outcome by itself."""
        return "independent" if {"level", "log_odds_ratio"} <= set(plan.priors) else None

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
        logit = _by_arm(values, "level", "log_odds_ratio", rows.arm)
        log_yes, log_no = _log_chance(logit, values, effect, self.better)
        return np.where(rows[self.key] > 0, log_yes, log_no)


OUTCOMES: Mapping[str, tuple[type[Outcome], ...]] = {
    "cure": (CureTime,),
    "proportional_hazards": (HazardTime,),
    "continuous": (Amount, Measured),
    "binary": (YesNo,),
}
"""By model of a plan; of several, the first that has a family for it."""
