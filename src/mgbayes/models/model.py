"""What a model is: the protocol that every row of the catalogue satisfies.

A model subclasses it, so that the type checker compares each of its methods with these. Four of them are the model:
``declared`` (its estimands), ``build`` (priors and likelihood), ``estimands`` (contrasts of draws) and ``simulate``.
Three more say what is published and what would be published again, and one where the evidence comes from. What
follows them has a default, for models that have less to give.

Throughout, ``data`` is the model's own class of ``models/evidence.py`` and draws are (chain, draw, ...).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
import xarray as xr
from numpy.random import Generator

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.curve import Curve
from mgbayes.models.evidence import Evidence
from mgbayes.models.outcome import Outcome, outcome_of
from mgbayes.models.plan import NotPrinted, Plan, PrintedPUse
from mgbayes.models.priors import Prior
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.study.schema import Study

if TYPE_CHECKING:
    import pymc as pm

Priors = Mapping[str, Prior]


@dataclass(frozen=True)
class PrintedQuantity:
    """Where a published number stands in a model's data and replicates, and what it is for a reader."""

    variable: str
    index: tuple[int, ...]
    value: float
    label: str
    arm: str
    unit: str


class Model(Protocol):
    """A model of what a plan asks, with the labels, units and directions that the study gives it."""

    @classmethod
    @abstractmethod
    def of(cls, study: Study, plan: Plan) -> Self:
        """The model of a plan. Raises InputError for a plan that it cannot answer."""

    @abstractmethod
    def from_study(self, study: Study, plan: Plan) -> Evidence:
        """The published numbers that it takes. Raises NotPrinted."""

    @abstractmethod
    def declared(self, data: Any) -> tuple[Estimand, ...]:
        """Its estimands: label, unit, null value and direction of benefit."""

    @abstractmethod
    def build(self, data: Any, family: str, priors: Priors) -> pm.Model:
        """The PyMC model; every number of data and priors enters as ``pm.Data``."""

    @abstractmethod
    def estimands(self, draws: xr.Dataset, data: Any, family: str) -> xr.Dataset:
        """The contrasts that are declared, one value for each draw."""

    @abstractmethod
    def prior_draws(self, rng: Generator, data: Any, family: str, priors: Priors, draws: int) -> xr.Dataset:
        """What ``predict`` needs, drawn from the priors, with one chain."""

    @abstractmethod
    def predict(self, rng: Generator, draws: xr.Dataset, data: Any, family: str) -> xr.Dataset:
        """What would be published of one new cohort for each draw."""

    @abstractmethod
    def printed_quantities(self, data: Any) -> tuple[PrintedQuantity, ...]:
        """The published numbers with which ``predict`` is compared."""

    def simulate(
        self, rng: Generator, data: Any, family: str, priors: Priors
    ) -> tuple[dict[str, Any], Evidence]:
        """True parameters drawn from the priors, and what would be published of one study; for calibration."""
        raise NotImplementedError

    def from_patients(self, study: Study, plan: Plan, rows: PatientRows, family: str) -> Evidence:
        """The outcomes of patients, as a family can hold them. Raises NotPrinted where it lacks them."""
        raise NotPrinted(plan.endpoints[0].endpoint, "a model that takes patients")

    def cohort_like(self, study: Study, plan: Plan) -> Evidence:
        """What ``simulate_patients`` draws a cohort like. Raises NotPrinted."""
        return self.from_study(study, plan)

    def simulate_patients(
        self, rng: Generator, data: Any, family: str, priors: Priors
    ) -> tuple[dict[str, Any], Evidence]:
        """True parameters drawn from the priors, and a cohort like ``cohort_like``, patient by patient."""
        raise NotImplementedError

    @property
    def curve(self) -> Curve | None:
        """The curve by arm that the report draws."""
        return None

    def curves(self, draws: xr.Dataset, data: Any, family: str, grid: np.ndarray) -> xr.Dataset:
        """The values of the curve over its grid, for each draw."""
        raise NotImplementedError

    def admissible(self, draws: xr.Dataset, data: Any) -> np.ndarray:
        """Which draws (chain, draw) have latent values that can have been seen."""
        return np.ones((draws.sizes["chain"], draws.sizes["draw"]), dtype=bool)

    def printed_p(self, rng: Generator, draws: xr.Dataset, data: Any, family: str) -> xr.Dataset:
        """The p values that the catalogue says it computes on each draw's latent patients."""
        raise NotImplementedError

    def with_printed_p(self, data: Any, study: Study, uses: Sequence[PrintedPUse]) -> Evidence:
        """The data with published p values that enter the density. Raises NotPrinted where none can."""
        raise NotImplementedError

    def log_likelihood(
        self, draws: Mapping[str, np.ndarray], data: Any, family: str, reference: np.ndarray
    ) -> np.ndarray:
        """The marginal likelihood at each draw (models/components.py), of families that the catalogue names."""
        raise NotImplementedError

    def effect_prior(self, study: Study, plan: Plan, family: str, priors: Priors, name: str) -> Prior:
        """The prior that a family's priors imply for an effect."""
        return priors[name]

    def spread(self, data: Any, visit: str | None) -> float | None:
        """The SD of the outcome at a visit, pooled over the arms; None where the model has none."""
        return None


@dataclass(frozen=True)
class OutcomeModel(Model):
    """A model of one outcome."""

    outcome: Outcome

    @classmethod
    def of(cls, study: Study, plan: Plan) -> Self:
        """The model of the endpoint that a plan is about."""
        return cls(outcome_of(study, plan))
