"""What every outcome of the cohort has: columns, parameters, and the tie of its score to the patient's effect."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import xarray as xr
from scipy import special

from mgbayes.distributions.arithmetic import normal_score
from mgbayes.estimands.estimand import Estimand
from mgbayes.inference.job import Job
from mgbayes.latent_cohort.parameters import Layout, Parameter, Values
from mgbayes.latent_cohort.table import Column, Floats, Rows
from mgbayes.models.model import Model
from mgbayes.models.plan import Plan
from mgbayes.models.priors import Prior
from mgbayes.study.schema import Endpoint

LOWEST = -(10**7)
"""In steps, of an outcome without a lower end."""
LOG_IMPOSSIBLE = -60.0
"""The log density of an impossible patient while chains start."""


@dataclass(frozen=True)
class Outcome(ABC):
    """One outcome of the patients: its columns, its parameters, and its density.

    ``better`` is 1 where more of it (an event, a later time, a larger amount, yes) is better for a patient, else -1.
    ``loading`` is the prior of its loading, None where outcomes are independent.
    """

    answers: ClassVar[type[Model]]
    """The models whose plans it answers."""

    job: Job
    loading: Prior | None
    data: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, job: Job, loading: Prior | None) -> Outcome:
        """The outcome of a plan. Raises NotPrinted where the study lacks what it needs."""
        return cls(job, loading, job.model.from_study(job.study, job.plan))

    @classmethod
    def family(cls, plan: Plan) -> str | None:
        """The family of patients that it has for a plan; None where it has none."""
        return plan.family

    @classmethod
    def parts(cls, plan: Plan, family: str) -> Iterator[Plan]:
        """The plans of its outcomes, one each."""
        yield plan

    @property
    def model(self) -> Any:
        """The plan's model, one of ``answers``."""
        return self.job.model

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

    @cached_property
    def better(self) -> int:
        """1 where more of it is better for a patient, else -1."""
        return 1 if self.model.outcome.benefit == "higher" else -1

    @property
    def time_unit(self) -> str | None:
        """The unit in which it reads follow-up; None where it reads none."""
        return None

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

    def values(self, theta: Floats) -> Values:
        """The parameters of vectors, with what its density needs of them whatever the patients."""
        return self.layout.values(theta)

    @abstractmethod
    def log_density(self, values: Values, rows: Rows, effect: Floats | None) -> Floats:
        """The log density (K, r) of patients' outcomes; effect (K, r), None where outcomes are independent."""

    def estimands(self, draws: xr.Dataset) -> xr.Dataset:
        """The contrasts of its model, one value for each draw."""
        found: xr.Dataset = self.model.estimands(draws, self.data, self.job.family)
        return found

    def declared(self) -> tuple[Estimand, ...]:
        """What each contrast is."""
        declared: tuple[Estimand, ...] = self.model.declared(self.data)
        return declared

    def dims(self, name: str) -> tuple[str, ...]:
        """The dimensions of a parameter besides chain and draw."""
        return ()

    def derived(self, draws: xr.Dataset) -> xr.Dataset:
        """The draws with what the model's estimands are made from."""
        return draws

    def prior(self, name: str) -> Prior:
        """The plan's prior of a parameter."""
        return self.plan.prior_set(self.job.family)[name]


def floored(log_density: Floats, floor: float | None) -> Floats:
    """With a least density of each patient, where there is one."""
    if floor is None:
        return log_density
    return np.maximum(np.where(np.isnan(log_density), floor, log_density), floor)


def unit_of(endpoint: Endpoint) -> float:
    """What the values of an endpoint are multiples of."""
    return float(endpoint.step or (1 if endpoint.whole else 0.1))


def by_arm(values: Values, level: str, effect: str, arm: Any) -> Floats:
    """level ± effect / 2 of each patient, (K, r)."""
    return values[level][:, None] + (arm - 0.5) * values[effect][:, None]


def tied(values: Values, better: int) -> tuple[Any, Any]:
    """l, with the sign of a better outcome, and √(1 - l²), each (K, 1)."""
    loading = values["loading"][:, None]
    return better * np.tanh(loading), 1 / np.cosh(loading)


def log_chances(logit: Floats, arm: Any, shift: Any = None, c: Any = None) -> tuple[Floats, Floats]:
    """The logs of P(yes | u) and P(no | u), (K, r, ...), of patients in some arms (K or 1, r).

    ``logit`` (K, arm, ...): of P(yes) over the patients of an arm. ``shift`` is l u; None where outcomes are
    independent.
    """
    score = logit if shift is None else normal_score(special.expit(logit), special.expit(-logit))
    at = score[np.arange(len(score))[:, None], arm]
    if shift is None:
        return special.log_expit(at), special.log_expit(-at)
    given = (at + shift) / c
    return special.log_ndtr(given), special.log_ndtr(-given)


def log_between_scores(low: Floats, high: Floats) -> Floats:
    """log(Φ(high) - Φ(low)), from the tail in which nothing cancels."""
    upper = low > 0
    one, other = np.where(upper, -low, high), np.where(upper, -high, low)
    large, small = special.log_ndtr(one), special.log_ndtr(other)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(large + np.log1p(-np.exp(small - large)))


def log_chances_tied(
    values: Values, level: str, ratio: str, arm: Any, effect: Floats | None, better: int
) -> tuple[Floats, Floats]:
    """The same of an outcome of one place whose logit is level ± ratio / 2, at the patients' effects."""
    logit = by_arm(values, level, ratio, np.array([0, 1]))
    if effect is None:
        return log_chances(logit, arm)
    tie, c = tied(values, better)
    return log_chances(logit, arm, tie * effect, c)
