"""What models of a time to an event share: one way to draw an arm, and all that follows from it.

A model says how patients of an arm are drawn (``draw_arm``), the chance of no event by a time (``no_event``), and how
its density is built on patients and on published summaries. Published evidence, replicates, simulated studies, p
values of latent data sets and the marginal likelihood follow.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import stats

from mgbayes.distributions.followup import followup_data
from mgbayes.estimands.printed_p import LOG_RANK, MANN_WHITNEY, draw_censored, logrank_of_arms, side_of
from mgbayes.frequentist.ranks import mann_whitney
from mgbayes.frequentist.samples import TwoGroups
from mgbayes.models import adjusted, cohort, time_evidence
from mgbayes.models.arms import ARM
from mgbayes.models.components import integrated
from mgbayes.models.evidence import PatientTimes, PublishedTimes, Times
from mgbayes.models.model import OutcomeModel, PrintedQuantity, Priors
from mgbayes.models.parameters import draw_parameter
from mgbayes.models.patient_times import patient_times, simulated, times_of
from mgbayes.models.plan import Plan
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.study.schema import Study

Flat = Mapping[str, NDArray[Any]]
_LEAST_CHANCE = 1e-12
"""Of an event within follow-up, so that its logarithm is a number."""


class TimeModel(OutcomeModel):
    """A model of one time to an event."""

    coefficients: ClassVar[tuple[str, ...]]
    """The vectors of coefficients that covariates have."""
    patients = staticmethod(patient_times)

    @abstractmethod
    def parameters(self, family: str) -> tuple[str, ...]:
        """The parameters of a family, in the order in which they are drawn."""

    @abstractmethod
    def parameters_of_times(self, family: str) -> tuple[str, ...]:
        """Those of the distribution of times seen."""

    @abstractmethod
    def add_patients(self, data: PatientTimes, family: str, priors: Priors) -> None:
        """Add the density of patients to the model in context."""

    @abstractmethod
    def add_published(self, data: PublishedTimes, family: str, priors: Priors) -> None:
        """Add the density of published summaries to the model in context."""

    @abstractmethod
    def draw_arm(
        self, rng: Generator, draws: Any, data: Times, family: str, arm: int
    ) -> tuple[Any, Any, Any]:
        """Times to the event, whether it ever comes, and follow-up of the patients of an arm, each (..., patient)."""

    @abstractmethod
    def no_event(self, draws: Any, data: Times, family: str, time: Any) -> Any:
        """The chance of no event by a time, by arm, for each draw."""

    @abstractmethod
    def chances(self, draws: Flat, data: Times, family: str, arm: int) -> tuple[Any, Any]:
        """The chance (S,) that a patient of an arm ever has the event, and that it then comes within follow-up."""

    @abstractmethod
    def log_density(self, family: str, half: NDArray[Any], time: Any, *parameters: Any) -> Any:
        """Log density (S,), symbolic, of times (K,), each in the arm of ``half`` (K,), given parameters (S,) each."""

    def from_study(self, study: Study, plan: Plan) -> PublishedTimes:
        """The data from what a study reports. Raises NotPrinted."""
        evidence = time_evidence.time_evidence(study, plan)
        left = evidence.followup
        return self._followed(time_evidence.published_of(evidence), (left.minimum, left.mean, left.sd))

    def from_patients(self, study: Study, plan: Plan, rows: PatientRows, family: str) -> PatientTimes:
        """Times to the endpoint, in its unit, and their summaries in each arm. Raises NotPrinted."""
        return times_of(study, plan, rows)

    def published(
        self, n: Any, events: Any, time_mean: Any, time_sd: Any, follow_up: tuple[float, float, float]
    ) -> PublishedTimes:
        """The data from published numbers (``time_evidence.published``) and minimum, mean and SD of follow-up."""
        rows = time_evidence.published(n, events, np.atleast_1d(time_mean), np.atleast_1d(time_sd))
        return self._followed(rows, follow_up)

    def _followed(self, rows: PublishedTimes, follow_up: tuple[float, float, float]) -> PublishedTimes:
        return rows | followup_data(*follow_up)

    def printed_quantities(self, data: Times) -> tuple[PrintedQuantity, ...]:
        """The counts, means, SDs and quantiles that are published."""
        return time_evidence.time_quantities(data, self.outcome)

    def admissible(self, draws: xr.Dataset, data: Times) -> NDArray[np.bool_]:
        """Which draws (chain, draw) have latent times that can have been seen within follow-up."""
        return time_evidence.admissible(draws, data)

    def build(self, data: PatientTimes | PublishedTimes, family: str, priors: Priors) -> pm.Model:
        """Build the model on published summaries or on patients."""
        with pm.Model(coords={"arm": ARM.arm.values}) as model:
            if isinstance(data, PatientTimes):
                self.add_patients(data, family, priors)
            else:
                self.add_published(data, family, priors)
        return model

    def prior_draws(self, rng: Generator, data: Times, family: str, priors: Priors, draws: int) -> xr.Dataset:
        """Parameters drawn from the priors, (chain, draw) with one chain."""
        values = {
            name: (("chain", "draw"), draw_parameter(rng, name, priors, size=(1, draws)))
            for name in self.parameters(family)
        }
        values |= adjusted.prior_effects(rng, self.coefficients, data, priors, draws)
        return xr.Dataset(values, coords={"chain": [0], "draw": np.arange(draws)})

    def simulate(
        self, rng: Generator, data: PublishedTimes, family: str, priors: Priors
    ) -> tuple[dict[str, Any], PublishedTimes]:
        """Draw parameters from the priors, a cohort of the same size, and only its summaries."""
        drawn = self.prior_draws(rng, data, family, priors, 1).isel(chain=0, draw=0, drop=True)
        truth = {str(name): float(value) for name, value in drawn.items()}
        return truth, cohort.as_published(self._cohort(rng, xr.Dataset(truth), data, family), data)

    def simulate_patients(
        self, rng: Generator, data: Times, family: str, priors: Priors
    ) -> tuple[dict[str, Any], PatientTimes]:
        """Draw parameters from the priors, and a cohort of the same size, patient by patient."""
        data |= adjusted.simulated_covariates(rng, self.coefficients, data, priors)
        drawn = self.prior_draws(rng, data, family, priors, 1).isel(chain=0, draw=0, drop=True)
        truth = {str(name): value.to_numpy() for name, value in drawn.items()}
        times = simulated([self.draw_arm(rng, drawn, data, family, a) for a in (0, 1)])
        return truth, times | adjusted.of_simulated(data)

    def predict(self, rng: Generator, draws: xr.Dataset, data: Times, family: str) -> xr.Dataset:
        """Published numbers of one new cohort for each draw: events by arm, time_mean and time_sd by summary."""
        return cohort.labelled(self._cohort(rng, draws, data, family), draws)

    def _cohort(self, rng: Generator, draws: Any, data: Times, family: str) -> cohort.Printed:
        """One simulated cohort for each draw, summarized as the published one is."""
        outcomes = [self.draw_arm(rng, draws, data, family, a) for a in (0, 1)]
        return cohort.summarized(
            [(time, ever & (time < followed)) for time, ever, followed in outcomes], data
        )

    def printed_p(self, rng: Generator, draws: xr.Dataset, data: Times, family: str) -> xr.Dataset:
        """P values of the time to the event in each latent data set, and the sides that they are on.

        `logrank` counts those without the event as censored at a follow-up drawn given no event by then;
        `mann_whitney` compares the times of those with it. A higher hazard is an earlier event.
        """

        def no_event(arm: int, time: Any) -> Any:
            chance = self.no_event(draws, data, family, xr.DataArray(time, dims="day"))
            return chance.isel(arm=arm).transpose("chain", "draw", "day").values

        without = np.asarray(data.n) - np.asarray(data.events)
        seen = time_evidence.latent_by_arm(draws, data)
        censored = [draw_censored(rng, data.followup, partial(no_event, a), without[a]) for a in (0, 1)]
        by_hazard, by_rank = logrank_of_arms(seen, censored), mann_whitney(TwoGroups(*seen))
        found = {LOG_RANK: by_hazard.p, side_of(LOG_RANK): -by_hazard.side}
        found |= {MANN_WHITNEY: by_rank.p, side_of(MANN_WHITNEY): by_rank.side}
        dims = ("chain", "draw")
        return xr.Dataset({name: (dims, value) for name, value in found.items()}, draws[list(dims)].coords)

    def log_likelihood(
        self, draws: Flat, data: PublishedTimes, family: str, reference: np.ndarray
    ) -> np.ndarray:
        """Log likelihood of the published events and times at each draw, up to a constant."""
        names = self.parameters_of_times(family)
        total = np.zeros(len(draws[names[0]]))
        for a, counts in enumerate(zip(data["n"], data["events"], data.timed, strict=True)):
            total += _seen(counts, *self.chances(draws, data, family, a))
        for at, half in _summaries(data):
            if len(half):
                density = _compiled(partial(self.log_density, family, half), len(names))
                times, given = (
                    draws["latent_time"][reference, at, : len(half)],
                    [draws[name] for name in names],
                )
                total += integrated(np.array([density(t, *given) for t in times]), reference)
        return total


def _summaries(data: PublishedTimes) -> list[tuple[int, NDArray[np.float64]]]:
    """Of each summary of times: its place, and which half of a difference the arm of each time lies at."""
    first, second = (int(k) for k in data.timed)
    if len(data["time_mean"]) == 1:
        return [(0, np.repeat([-0.5, 0.5], [first, second]))]
    return [(arm, np.full(n, arm - 0.5)) for arm, n in enumerate((first, second))]


def _seen(counts: tuple[int, int, int], ever: np.ndarray, in_time: np.ndarray) -> np.ndarray:
    """Log likelihood of the events of an arm (patients, events, and those whose times are published)."""
    n, events, timed = counts
    in_time = np.maximum(in_time, _LEAST_CHANCE)
    return np.asarray(stats.binom.logpmf(events, n, ever * in_time) - timed * np.log(in_time))


def _compiled(expression: Callable[..., Any], parameters: int) -> Callable[..., np.ndarray]:
    """A function of times (K,) and of parameters (S,) each, run as it stands: it is called some hundred times."""
    inputs = [pt.dvector() for _ in range(1 + parameters)]
    compiled: Callable[..., np.ndarray] = pytensor.function(inputs, expression(*inputs), mode="FAST_COMPILE")
    return compiled
