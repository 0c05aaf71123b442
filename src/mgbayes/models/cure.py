r"""Time to an event that some never have: a mixture cure model.

A patient of arm a (0 reference, 1 contrast) ever has the event with probability π_a. Given that, the time T to it has
density f_a and survival S_a of the family:

    logit_ever       ~ prior        logit π, midway between the arms
    log_odds_ratio   ~ prior        logit π_1 - logit π_0
    log_mean_time    ~ prior        log mean of T, midway between the arms
    log_time_ratio   ~ prior        log mean of T, contrast minus reference
    shape            ~ prior        shape of the family

so that each arm lies half the difference from the level: naming the other arm as the reference changes nothing. The
shape is the same in both arms, since a ratio of times is one number only where the arms' times are the same but for a
factor; a handful of times an arm could not tell two shapes apart.

A patient is followed for F, independent of T. The event is seen if T < F, so an event at t contributes
π_a f_a(t) G(t), with G(t) = P(F > t), and a patient without it E[1 - π_a + π_a S_a(F)] = 1 - q_a. Here
q_a = π_a (1 - E[S_a(F)]) is the chance that it is seen. An event that counts only after a waiting time w is seen if
T + w < F: then F stands for follow-up less w throughout (followup.py). The product over patients is written as counts
times the times of those seen to have the event:

    events_seen      ~ Binomial(n_a, q_a), a = 0, 1
    z                ~ Normal(0, 1), directions of the latent times, padded
    printed_times    ~ the density of each printed mean and SD (latent.py), of one arm's times or of both arms'
                       together, each time having density f_a(t) G(t) / (1 - E[S_a(F)]); events whose times are
                       not printed are in events_seen alone

The sampler sees the shape and the mean times around where the latent times suggest them, and all but the shape
without their skewness (centred.py), which changes how fast it is, and nothing else.

With patient data F is known, G(t) does not matter, and the likelihood is by patient:

    outcomes         ~ π_a f_a(t_i) if the event was at t_i, π_a (S_a(l_i) - S_a(u_i)) if seen between
                       visits at l_i and u_i, 1 - π_a + π_a S_a(F_i) otherwise

Where the plan asks for covariates x_i (adjusted.py), x_i β is added to logit π_a and x_i γ to the log mean of T:

    covariate_log_odds_ratio ~ prior    β, one a covariate, independent
    covariate_log_time_ratio ~ prior    γ

Evidence: events per arm, mean and SD of their times, follow-up (time_evidence.py); or patients (patient_times.py).
Units: those of the endpoint. Sources: Farewell 1982, Biometrics 38:1041 (mixture cure); latent.py; followup.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray

from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.printed_p import draw_censored, logrank_p_of_arms, mann_whitney_p
from mgbayes.models import adjusted, cohort, cure_patients, families, followup, latent, time_evidence
from mgbayes.models.arms import ARM, contrast
from mgbayes.models.centred import Around, centred
from mgbayes.models.cure_patients import COEFFICIENTS, by_arm
from mgbayes.models.curve import Curve, over_follow_up
from mgbayes.models.latent_times import latent_times
from mgbayes.models.outcome import Outcome, outcome_of
from mgbayes.models.parameters import draw_parameter, parameter
from mgbayes.models.patient_times import patient_times, simulated
from mgbayes.models.plan import Plan
from mgbayes.models.printed_quantity import PrintedQuantity
from mgbayes.models.printed_times import printed_times
from mgbayes.models.priors import Prior
from mgbayes.models.time_laws import with_nodes
from mgbayes.study.schema import Study

HALVES = np.array([-0.5, 0.5])
PARAMETERS = ("logit_ever", "log_odds_ratio", "log_mean_time", "log_time_ratio", "shape")
_LATE = 0.5
"""Skewness of log times and log odds: many have the event late or few soon, as far as those seen can tell."""


def of(study: Study, plan: Plan) -> Cure:
    """The model of a plan's endpoint."""
    return about(outcome_of(study, plan))


def about(outcome: Outcome) -> Cure:
    """The model of an outcome."""
    return Cure(outcome)


@dataclass(frozen=True)
class Cure:
    """The mixture cure model of one outcome."""

    outcome: Outcome
    admissible = staticmethod(time_evidence.admissible)
    patients = staticmethod(patient_times)

    @property
    def default_priors(self) -> dict[str, Prior]:
        """Weak priors; the level of times lies around half of the time to which means are restricted."""
        half = (self.outcome.restricted_to or 2.0) / 2
        at = self.outcome.at
        return {
            "logit_ever": Prior("normal", (0.0, 1.5), "between 5 and 95 % ever have the event"),
            "log_odds_ratio": Prior("normal", (0.0, 1.5), "no direction favoured; odds ratios of 1/19 to 19"),
            "log_mean_time": Prior(
                "normal",
                (float(np.log(half)), 1.0),
                f"a mean of {at(half)}, a seventh to seven times as long",
            ),
            "log_time_ratio": Prior(
                "normal", (0.0, 1.0), "no direction favoured; seven times faster to seven times slower"
            ),
            "shape": Prior(
                "lognormal", (0.0, 0.5), "0.4 to 2.7: from steeply falling to clearly peaked times"
            ),
            "covariate_log_odds_ratio": Prior(
                "normal",
                (0.0, 1.0),
                "a covariate makes the odds a seventh to seven times as much, by yes or by one SD",
            ),
            "covariate_log_time_ratio": Prior(
                "normal",
                (0.0, 0.5),
                "a covariate makes times a third to three times as long, by yes or by one SD",
            ),
        }

    @property
    def curve(self) -> Curve:
        """The share with the event by time."""
        event = self.outcome.event
        return over_follow_up(
            self.outcome,
            variable="with_event",
            y_label=f"patients with {event} by then, %",
            caption=f"The share of patients who have had {event} by each time: line, posterior median; bands, "
            "central 50 % and 95 %. A curve that rises early but levels off lower means a sooner event in fewer "
            "patients.",
        )

    def declared(self, data: Mapping[str, Any]) -> tuple[Estimand, ...]:
        """The estimands, and those of covariates where the data have them."""
        o = self.outcome
        event, good, sooner = o.event, o.opposite, o.benefit  # a good event: more of it, and sooner
        rows = [
            Estimand("odds_ratio_ever", f"Odds ratio, {event} at any time", "", 1.0, good),
            Estimand("time_ratio", f"Ratio of times to {event}, among patients with it", "", 1.0, sooner),
        ]
        rows += [
            Estimand(f"risk_difference_{at:g}", f"Risk difference, {event} by {o.at(at)}", "", 0.0, good)
            for at in o.horizons
        ]
        if o.restricted_to is not None:
            until = o.restricted_to
            label = f"Difference in mean time without {event}, to {o.at(until)}"
            rows.append(Estimand(f"rmst_difference_{until:g}", label, o.unit, 0.0, sooner))
        return cure_patients.declared(tuple(rows), data, event)

    def from_study(self, study: Study, plan: Plan) -> dict[str, NDArray[Any]]:
        """The data from what a study prints. Raises NotPrinted."""
        evidence = time_evidence.time_evidence(study, plan)
        left = evidence.followup
        return {
            **time_evidence.published_of(evidence),
            **with_nodes(followup.followup_data(left.minimum, left.mean, left.sd)),
        }

    def printed_quantities(self, data: Mapping[str, Any]) -> tuple[PrintedQuantity, ...]:
        """The counts, means and SDs that are printed."""
        return time_evidence.time_quantities(data, self.outcome)

    @staticmethod
    def published(
        n: Any, events: Any, time_mean: Any, time_sd: Any, follow_up: tuple[float, float, float]
    ) -> dict[str, NDArray[Any]]:
        """The data from printed numbers (``time_evidence.published``) and minimum, mean and SD of follow-up."""
        rows = time_evidence.published(n, events, time_mean, time_sd)
        return {**rows, **with_nodes(followup.followup_data(*follow_up))}

    def build(self, data: Mapping[str, Any], family: str, priors: Mapping[str, Prior]) -> pm.Model:
        """Build the model on published summaries or, if `data` has times, on patients."""
        law = families.FAMILIES[family]
        with pm.Model(coords={"arm": ARM.arm.values}) as model:
            if "time" in data:
                _on_patients(data, law, priors)
            else:
                _published(data, law, priors)
        return model

    def estimands(self, draws: xr.Dataset, data: Mapping[str, Any], family: str) -> xr.Dataset:
        """The contrasts that are declared, one value for each draw."""
        law = families.FAMILIES[family]
        pi, log_mean, shape = by_arm(draws, data)

        def with_event(time: float) -> Any:
            return adjusted.averaged(pi * (1 - law.survival(time, log_mean, shape)), data)

        found = {
            "odds_ratio_ever": np.exp(draws["log_odds_ratio"]),
            "time_ratio": np.exp(draws["log_time_ratio"]),
        }
        found |= {f"risk_difference_{at:g}": contrast(with_event(at)) for at in self.outcome.horizons}
        until = self.outcome.restricted_to
        if until is not None:
            without = (1 - pi) * until + pi * law.restricted_mean(until, log_mean, shape)
            found[f"rmst_difference_{until:g}"] = contrast(adjusted.averaged(without, data))
        return xr.Dataset({**found, **cure_patients.of_covariates(draws, data)})

    def curves(
        self, draws: xr.Dataset, data: Mapping[str, Any], family: str, grid: NDArray[np.float64]
    ) -> xr.Dataset:
        """Chance of the event by each time of `grid`, by arm, for each draw."""
        law, (pi, log_mean, shape) = families.FAMILIES[family], by_arm(draws, data)

        def with_event(time: Any) -> Any:
            return adjusted.averaged(pi * (1 - law.survival(time, log_mean, shape)), data)

        return xr.Dataset({"with_event": adjusted.over_time(with_event, grid, data)})

    def prior_draws(
        self, rng: Generator, data: Mapping[str, Any], family: str, priors: Mapping[str, Prior], draws: int
    ) -> xr.Dataset:
        """Parameters drawn from the priors, (chain, draw) with one chain."""
        values = {
            name: (("chain", "draw"), draw_parameter(rng, name, priors, size=(1, draws)))
            for name in PARAMETERS
        }
        values |= adjusted.prior_effects(rng, COEFFICIENTS, data, priors, draws)
        return xr.Dataset(values, coords={"chain": [0], "draw": np.arange(draws)})

    def simulate(
        self, rng: Generator, data: Mapping[str, Any], family: str, priors: Mapping[str, Prior]
    ) -> tuple[dict[str, float], dict[str, NDArray[Any]]]:
        """Draw parameters from the priors, a cohort of the same size, and only its summaries."""
        drawn = self.prior_draws(rng, data, family, priors, 1).isel(chain=0, draw=0, drop=True)
        truth = {str(name): float(value) for name, value in drawn.items()}
        return truth, cohort.as_published(_cohort(rng, xr.Dataset(truth), data, family), data)

    def simulate_patients(
        self, rng: Generator, data: Mapping[str, Any], family: str, priors: Mapping[str, Prior]
    ) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
        """Draw parameters from the priors, and a cohort of the same size, patient by patient."""
        data = {**data, **adjusted.simulated_covariates(rng, COEFFICIENTS, data, priors)}
        drawn = self.prior_draws(rng, data, family, priors, 1).isel(chain=0, draw=0, drop=True)
        truth = {str(name): value.to_numpy() for name, value in drawn.items()}
        law = families.FAMILIES[family]
        times = simulated([cure_patients.draw_outcomes(rng, drawn, data, law, a) for a in (0, 1)])
        return truth, {**times, **adjusted.of_simulated(data)}

    def predict(self, rng: Generator, draws: xr.Dataset, data: Mapping[str, Any], family: str) -> xr.Dataset:
        """Printed numbers of one new cohort for each draw: events by arm, time_mean and time_sd by summary."""
        return cohort.labelled(_cohort(rng, draws, data, family), draws)

    def printed_p(
        self, rng: Generator, draws: xr.Dataset, data: Mapping[str, Any], family: str
    ) -> xr.Dataset:
        """P values of the time to the event in each latent data set.

        `logrank` counts those without the event as censored at a follow-up drawn given no event by then;
        `mann_whitney` compares the times of those with it.
        """
        pi, log_mean, shape = by_arm(draws, data)
        law, without = families.FAMILIES[family], data["n"] - data["events"]

        def no_event(arm: int, time: Any) -> Any:
            chance = 1 - pi + pi * law.survival(xr.DataArray(time, dims="day"), log_mean, shape)
            return chance.isel(arm=arm).transpose("chain", "draw", "day").values

        seen = time_evidence.latent_by_arm(draws, data)
        censored = [
            draw_censored(rng, data["followup"], partial(no_event, arm), without[arm]) for arm in (0, 1)
        ]
        dims = ("chain", "draw")
        p = {"logrank": logrank_p_of_arms(seen, censored), "mann_whitney": mann_whitney_p(*seen)}
        return xr.Dataset({name: (dims, value) for name, value in p.items()}, draws[list(dims)].coords)


def _on_patients(data: Mapping[str, Any], law: families.Family, priors: Mapping[str, Prior]) -> None:
    logit = parameter("logit_ever", priors) + HALVES * parameter("log_odds_ratio", priors)
    log_mean = parameter("log_mean_time", priors) + HALVES * parameter("log_time_ratio", priors)
    shape = parameter("shape", priors)
    cure_patients.likelihood(data, law, logit[:, None], log_mean[:, None], shape, priors)


def _published(data: Mapping[str, Any], law: families.Family, priors: Mapping[str, Prior]) -> None:
    given = time_evidence.as_model_data(data)
    times = latent_times(pm.Normal("z", dims=("summary", "slot"), transform=Around(law.skew)), given)
    shape = centred("shape", priors, law.log_shape_at(times))
    suggested, step = law.log_mean_at(times, shape)
    unit = law.log_sd(shape) / 2
    log_mean_time = centred("log_mean_time", priors, suggested + step / 2, unit, _LATE)
    log_time_ratio = centred("log_time_ratio", priors, step, unit)
    of_reference = log_mean_time - log_time_ratio / 2
    printed = printed_times(law.name, times, [log_time_ratio, of_reference, shape], given)
    logit_ever = centred("logit_ever", priors, 0.0, 0.5, _LATE)
    log_odds_ratio = centred("log_odds_ratio", priors, 0.0, 0.5)
    pi = pm.math.sigmoid(logit_ever + HALVES * log_odds_ratio)
    pm.Binomial("events_seen", given["n"], pi * printed.seen, observed=given["events"], dims="arm")
    pm.Deterministic("latent_time", times.times, dims=("summary", "slot"))
    latent.given_density("printed_times", printed.log_density, given["time_mean"], dims="summary")


def _cohort(rng: Generator, draws: Any, data: Mapping[str, Any], family: str) -> cohort.Printed:
    """One simulated cohort for each draw, summarized as the published one is."""
    law = families.FAMILIES[family]
    outcomes = [cure_patients.draw_outcomes(rng, draws, data, law, a) for a in (0, 1)]
    arms = [(time, ever & (time < followed)) for time, ever, followed in outcomes]
    return cohort.summarized(arms, len(data["time_mean"]))
