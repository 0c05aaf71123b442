r"""Events that can recur (hospital stays, exacerbations): counts with each patient's follow-up.

Patient i of arm a (0 reference, 1 contrast), followed for F_i years, has y_i events:

    log_rate       ~ prior      log events per patient-year, midway between the arms
    log_rate_ratio ~ prior      contrast against reference
    rate_cv        ~ prior      SD of patients' own rates, as a share of the mean rate of their arm
    events         ~ Poisson(g_i λ_a F_i),  λ_a = exp(log_rate + (a - 1/2) log_rate_ratio),
                     g_i ~ Gamma with mean 1 and SD rate_cv

Each arm lies half the difference from the level: naming the other arm as the reference changes nothing. With g_i
integrated out y_i is negative binomial with mean μ_i = λ_a F_i and variance μ_i + rate_cv² μ_i² (family
``negative_binomial``). Family ``poisson``: all patients of an arm alike, rate_cv 0. A patient's follow-up is taken
as unrelated to the events.

Evidence: patients only, the number of events of each and the time over which they were counted.
Units: events per year of 365.25 days. Source: Lawless 1987, Can J Stat 15:209.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray

from mgbayes.distributions.followup import draw_followup
from mgbayes.estimands.estimand import Estimand
from mgbayes.models.arms import ARM, HALVES, arms_of, contrast, padded, places
from mgbayes.models.cohort import followed_like
from mgbayes.models.evidence import Evidence, Followed, PatientCounts
from mgbayes.models.likelihood import given_density
from mgbayes.models.model import OutcomeModel, PrintedQuantity, Priors
from mgbayes.models.parameters import draw_parameter, parameter
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.study.schema import DAYS_IN, Kind, Study

_OF_PATIENTS, _AND_DAYS = "events of patients", "and the days over which they were counted"
_MOST = 1e9  # events: a prior's far tail, beyond what the generator takes


def patients(count: Any, years: Any, present: Any) -> PatientCounts:
    """Patients, each (arm, patient): events, years of follow-up, one for a patient.

    Padding, where ``present`` is zero, has any count and years above zero.
    """
    return PatientCounts(
        count=np.asarray(count, dtype=float),
        years=np.asarray(years, dtype=float),
        present=np.asarray(present, dtype=float),
    )


class Counts(OutcomeModel):
    """The model of one outcome that is counted."""

    patients = staticmethod(patients)

    def declared(self, data: PatientCounts) -> tuple[Estimand, ...]:
        """A ratio and a difference of rates."""
        o = self.outcome
        return (
            Estimand("rate_ratio", f"Rate ratio, {o.label}", "", 1.0, o.benefit),
            Estimand("rate_difference", f"Difference in rates, {o.label}", "events/year", 0.0, o.benefit),
        )

    def from_study(self, study: Study, plan: Plan) -> PatientCounts:
        """Raises NotPrinted: how many events each patient had is not in print."""
        raise NotPrinted(self.outcome.endpoint, "the events of each patient, and the time of follow-up")

    def from_patients(self, study: Study, plan: Plan, rows: PatientRows, family: str) -> PatientCounts:
        """Counts of events, and the years over which they were counted. Raises NotPrinted."""
        part = plan.endpoints[0]
        endpoint = study.endpoint(part.endpoint)
        known = rows.has(endpoint) and endpoint.kind is Kind.event_count
        days = rows.exposure(endpoint, part.visit) if known else None
        if days is None:
            raise NotPrinted(endpoint.id, f"{_OF_PATIENTS}, {_AND_DAYS}")
        count = rows.numbers(endpoint, part.visit)
        arms = [arm & np.isfinite(count) & (days > 0) for arm in arms_of(rows)]
        if not all(arm.any() for arm in arms):
            raise NotPrinted(endpoint.id, f"{_OF_PATIENTS} in both arms, {_AND_DAYS}")
        years = days / DAYS_IN["years"]
        present = padded([np.ones(arm.sum()) for arm in arms], 0.0)
        made = patients(
            padded([count[arm] for arm in arms], 0.0), padded([years[arm] for arm in arms], 1.0), present
        )
        return made | {"row": places(rows, arms)}

    def cohort_like(self, study: Study, plan: Plan) -> Followed:
        """The sizes and follow-up, in years, of a simulated cohort like the study's."""
        return followed_like(study, "years")

    def build(self, data: PatientCounts, family: str, priors: Priors) -> pm.Model:
        """Build the model on patients (see ``patients``)."""
        with pm.Model(coords={"arm": ARM.arm.values}) as model:
            given = {name: pm.Data(name, np.asarray(data[name])) for name in ("count", "years", "present")}
            log_rate = (
                parameter("log_rate", priors)
                + parameter("log_rate_ratio", priors) * HALVES.to_numpy()[:, None]
            )
            density = _DENSITIES[family](given["count"], pt.exp(log_rate) * given["years"], priors)
            given_density("events", given["present"] * density, given["count"])
        return model

    def estimands(self, draws: xr.Dataset, data: PatientCounts, family: str) -> xr.Dataset:
        """The rate ratio and the difference in events per patient-year, one value for each draw."""
        return xr.Dataset(
            {"rate_ratio": np.exp(draws["log_rate_ratio"]), "rate_difference": contrast(_rates(draws))}
        )

    def prior_draws(
        self, rng: Generator, data: Evidence, family: str, priors: Priors, draws: int
    ) -> xr.Dataset:
        """Parameters drawn from the priors, (chain, draw) with one chain."""
        values = {
            name: (("chain", "draw"), draw_parameter(rng, name, priors, size=(1, draws)))
            for name in _NAMES[family]
        }
        return xr.Dataset(values, coords={"chain": [0], "draw": np.arange(draws)})

    def predict(self, rng: Generator, draws: xr.Dataset, data: PatientCounts, family: str) -> xr.Dataset:
        """All events of an arm, and patients with any, in one new cohort for each draw: (chain, draw, arm)."""
        dims = ("chain", "draw", "arm")
        years, present = np.asarray(data["years"]), np.asarray(data["present"]) == 1
        cohorts = self.new_cohorts(rng, draws, [years[a][present[a]] for a in (0, 1)])
        return xr.Dataset(
            {
                "total": (dims, np.stack([counts.sum(axis=-1) for counts in cohorts], axis=-1)),
                "any": (dims, np.stack([(counts > 0).sum(axis=-1) for counts in cohorts], axis=-1)),
            },
            coords={"chain": draws["chain"], "draw": draws["draw"], "arm": ARM["arm"]},
        )

    def new_cohorts(
        self, rng: Generator, draws: xr.Dataset, years: Sequence[NDArray[Any]]
    ) -> list[NDArray[Any]]:
        """By arm the events (chain, draw, patient) of patients followed for ``years``, ([draw,] patient)."""
        rates = _rates(draws).transpose("chain", "draw", "arm").to_numpy()
        cv = draws["rate_cv"].transpose("chain", "draw").to_numpy() if "rate_cv" in draws else None
        return [_counts(rng, rates[..., a], cv, years[a]) for a in (0, 1)]

    def printed_quantities(self, data: PatientCounts) -> tuple[PrintedQuantity, ...]:
        """All events of an arm, and how many patients had any."""
        count = np.asarray(data["count"]) * np.asarray(data["present"])
        return tuple(
            PrintedQuantity(name, (a,), float(values[a]), label, arm, unit)
            for name, values, label, unit in (
                ("total", count.sum(axis=1), "all events", "events"),
                ("any", (count > 0).sum(axis=1), "patients with any event", ""),
            )
            for a, arm in enumerate(("reference", "contrast"))
        )

    def simulate_patients(
        self, rng: Generator, data: Followed, family: str, priors: Priors
    ) -> tuple[dict[str, Any], PatientCounts]:
        """Draw parameters from the priors, and a cohort like ``cohort_like``, patient by patient."""
        drawn = self.prior_draws(rng, data, family, priors, 1).isel(chain=0, draw=0, drop=True)
        rates, sizes = _rates(drawn).to_numpy(), np.asarray(data["n"])
        shape = (2, int(sizes.max()))
        count, years, present = np.zeros(shape), np.ones(shape), np.zeros(shape)
        cv = drawn["rate_cv"].to_numpy() if "rate_cv" in drawn else None
        for arm, n in enumerate(sizes):
            years[arm, :n], present[arm, :n] = draw_followup(rng, data, int(n)), 1.0
            count[arm, :n] = _counts(rng, rates[arm], cv, years[arm, :n])
        truth = {str(name): float(value) for name, value in drawn.items()}
        return truth, patients(count, years, present)


def _negative_binomial(count: Any, expected: Any, priors: Priors) -> Any:
    shape = parameter("rate_cv", priors) ** -2
    return pm.logp(pm.NegativeBinomial.dist(mu=expected, alpha=shape), count)


def _poisson(count: Any, expected: Any, priors: Priors) -> Any:
    return pm.logp(pm.Poisson.dist(expected), count)


_DENSITIES: Mapping[str, Callable[[Any, Any, Priors], Any]] = {
    "negative_binomial": _negative_binomial,
    "poisson": _poisson,
}
_NAMES = {
    "negative_binomial": ("log_rate", "log_rate_ratio", "rate_cv"),
    "poisson": ("log_rate", "log_rate_ratio"),
}


def _rates(draws: Any) -> Any:
    """Events per patient-year of each draw, by arm."""
    return np.exp(draws["log_rate"] + draws["log_rate_ratio"] * HALVES)


def _counts(rng: Generator, rate: Any, cv: Any, years: NDArray[Any]) -> NDArray[Any]:
    """Events (..., patient) of patients followed for ``years`` ([draw,] patient), at rates (...) a year."""
    size = (*np.shape(rate), np.shape(years)[-1])
    own = np.ones(size)
    if cv is not None:
        shape = np.maximum(np.asarray(cv), 1e-4)[..., None] ** -2.0
        own = rng.gamma(shape, 1 / shape, size)
    return rng.poisson(np.minimum(own * np.asarray(rate)[..., None] * years, _MOST))
