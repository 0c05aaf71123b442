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
T + w < F: then F stands for follow-up less w throughout (distributions/followup.py). The product over
patients is written as counts times the times of those seen to have the event:

    events_seen      ~ Binomial(n_a, q_a), a = 0, 1
    z                ~ Normal(0, 1), directions of the latent times, padded
    printed_times    ~ the density of each published mean and SD (latent/times.py), of one arm's times or of
                       both arms' together, each time having density f_a(t) G(t) / (1 - E[S_a(F)]); events whose
                       times are not published are in events_seen alone

or, where the paper has the median or other quantiles of an arm's times, the density of these in place of a mean's
(latent/quantile_times.py), with

    place            ~ Logistic(0, 1), of each latent time between its neighbours
    gap              ~ Logistic(0, 1), of the two neighbours of a quantile; its density is taken back
    definition_drawn ~ Uniform(0, 1), which of the possible definitions of a quantile the latent times have

The sampler sees the shape and the mean times around where the latent times suggest them, and all but the shape
without their skewness (coordinates.py), which changes how fast it is, and nothing else.

With patient data F is known, G(t) does not matter, and the likelihood is by patient:

    outcomes         ~ π_a f_a(t_i) if the event was at t_i, π_a (S_a(l_i) - S_a(u_i)) if seen between
                       visits at l_i and u_i, 1 - π_a + π_a S_a(F_i) otherwise

Where the plan asks for covariates x_i (adjusted.py), x_i β is added to logit π_a and x_i γ to the log mean of T:

    covariate_log_odds_ratio ~ prior    β, one a covariate, independent
    covariate_log_time_ratio ~ prior    γ

Evidence: events per arm, mean and SD or quantiles of their times, follow-up (time_evidence.py); or
patients (patient_times.py).
Units: those of the endpoint. Sources: Farewell 1982, Biometrics 38:1041 (mixture cure); latent/times.py;
distributions/followup.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import special

from mgbayes.distributions.followup import draw_followup
from mgbayes.distributions.lifetimes import LIFETIMES
from mgbayes.estimands.estimand import Estimand
from mgbayes.latent.times import Suggested
from mgbayes.models import adjusted, time_evidence
from mgbayes.models.arms import HALVES, contrast
from mgbayes.models.coordinates import reparametrized
from mgbayes.models.curve import Curve, over_follow_up
from mgbayes.models.evidence import PatientTimes, PublishedTimes, Times
from mgbayes.models.likelihood import given_density
from mgbayes.models.model import Priors
from mgbayes.models.parameters import parameter
from mgbayes.models.patient_times import PATIENT_TIMES
from mgbayes.models.time_model import Flat, TimeModel

EVER, WHEN = COEFFICIENTS = ("covariate_log_odds_ratio", "covariate_log_time_ratio")
_LATE = 0.5
"""Skewness of log times and log odds: many have the event late or few soon, as far as those seen can tell."""
_HALVES = HALVES.to_numpy()


@dataclass(frozen=True)
class _Coordinates:
    """Where latent times (latent/times.py) suggest that the parameters of a family lie.

    ``log_shape`` of the times; ``log_mean`` of the times and the shape: that of the first summary, and the step from
    it to that of the last; ``log_sd`` of the shape: about the SD of log times. ``skew`` is that of latent times as
    coordinates.py takes it away: log times are symmetric (0) or lean to early days.
    """

    log_shape: Callable[[Suggested], Any]
    log_mean: Callable[[Suggested, Any], tuple[Any, Any]]
    log_sd: Callable[[Any], Any]
    skew: float


def _log_mean_of_times(times: Suggested, shape: Any) -> tuple[Any, Any]:
    return times.log_mean, times.log_mean_step


def _gamma_log_shape(times: Suggested) -> Any:
    """Log k where log k - ψ(k) ≈ 1/(2k) + 1/(12k²) is the shortfall."""
    return pt.log1p(pt.sqrt(1 + 4 * times.shortfall / 3)) - pt.log(4 * times.shortfall)


def _weibull_log_shape(times: Suggested) -> Any:
    """Log k where log Γ(1 + 1/k) + γ/k ≈ (π²/12) / (k² + 0.425 k) is the shortfall."""
    bend, square = 0.425, np.pi**2 / 12
    return pt.log(pt.sqrt(bend**2 + 4 * square / times.shortfall) - bend) - np.log(2)


_COORDINATES: Mapping[str, _Coordinates] = {
    "lognormal": _Coordinates(
        lambda times: 0.5 * pt.log(times.variance),
        lambda times, sigma: (times.centre + sigma**2 / 2, times.step),
        lambda sigma: sigma,
        skew=0.0,
    ),
    "gamma": _Coordinates(_gamma_log_shape, _log_mean_of_times, lambda k: k**-0.5, skew=-0.4),
    "weibull": _Coordinates(
        _weibull_log_shape, _log_mean_of_times, lambda k: np.pi / np.sqrt(6) / k, skew=-0.4
    ),
}


class Cure(TimeModel):
    """The mixture cure model of one outcome."""

    coefficients = COEFFICIENTS

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

    def declared(self, data: Times) -> tuple[Estimand, ...]:
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
        return adjusted.declared(
            tuple(rows),
            data,
            conditional=("odds_ratio_ever", "time_ratio"),
            of_covariates={
                "odds_ratio": f"odds ratio, {event} at any time",
                "time_ratio": f"ratio of times to {event}, among patients with it",
            },
        )

    def parameters(self, family: str) -> tuple[str, ...]:
        """The same of every family."""
        return ("logit_ever", "log_odds_ratio", "log_mean_time", "log_time_ratio", "shape")

    def parameters_of_times(self, family: str) -> tuple[str, ...]:
        """All but those of whether."""
        return self.parameters(family)[2:]

    def add_patients(self, data: PatientTimes, family: str, priors: Priors) -> None:
        """The likelihood by patient."""
        lifetime = LIFETIMES[family]
        logit = parameter("logit_ever", priors) + _HALVES * parameter("log_odds_ratio", priors)
        log_mean = parameter("log_mean_time", priors) + _HALVES * parameter("log_time_ratio", priors)
        shape = parameter("shape", priors)
        given = {name: pm.Data(name, data[name]) for name in PATIENT_TIMES}
        ever, when = adjusted.predictor(COEFFICIENTS, data, priors)
        logit, log_mean = logit[:, None] + ever, log_mean[:, None] + when
        log_pi, log_never = -pt.softplus(-logit), -pt.softplus(logit)
        log_survival = {
            name: lifetime.log_survival(given[name], log_mean, shape) for name in ("time", "lower", "upper")
        }
        log_density = pt.switch(
            given["event"],
            log_pi
            + pt.switch(
                given["between"],
                log_survival["lower"] + pt.log1mexp(log_survival["upper"] - log_survival["lower"]),
                lifetime.logpdf(given["time"], log_mean, shape),
            ),
            pt.logaddexp(log_never, log_pi + log_survival["time"]),
        )
        given_density("outcomes", given["present"] * log_density, given["time"])

    def add_published(self, data: PublishedTimes, family: str, priors: Priors) -> None:
        """Counts, and latent times under their published summaries."""
        lifetime, near = LIFETIMES[family], _COORDINATES[family]
        given = time_evidence.as_model_data(data)
        times = time_evidence.latent_times_given(given, near.skew)
        shape = reparametrized("shape", priors, near.log_shape(times.suggested))
        suggested, step = near.log_mean(times.suggested, shape)
        unit = near.log_sd(shape) / 2
        level = reparametrized("log_mean_time", priors, suggested + step / 2, unit, _LATE)
        log_ratio = reparametrized("log_time_ratio", priors, step, unit)
        published = times.published(
            lambda t, half: lifetime.logpdf(t, level + half * log_ratio, shape),
            lambda t, half: lifetime.log_survival(t, level + half * log_ratio, shape),
        )
        logit_ever = reparametrized("logit_ever", priors, 0.0, 0.5, _LATE)
        log_odds_ratio = reparametrized("log_odds_ratio", priors, 0.0, 0.5)
        pi = pm.math.sigmoid(logit_ever + _HALVES * log_odds_ratio)
        pm.Binomial("events_seen", given["n"], pi * published.seen, observed=given["events"], dims="arm")
        time_evidence.add_published(times, published)

    def estimands(self, draws: xr.Dataset, data: Times, family: str) -> xr.Dataset:
        """The contrasts that are declared, one value for each draw."""
        law = LIFETIMES[family]
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
        return xr.Dataset(
            {**found, **adjusted.estimands(draws, data, {"odds_ratio": EVER, "time_ratio": WHEN})}
        )

    def curves(self, draws: xr.Dataset, data: Times, family: str, grid: NDArray[np.float64]) -> xr.Dataset:
        """Chance of the event by each time of `grid`, by arm, for each draw."""
        law, (pi, log_mean, shape) = LIFETIMES[family], by_arm(draws, data)

        def with_event(time: Any) -> Any:
            return adjusted.averaged(pi * (1 - law.survival(time, log_mean, shape)), data)

        return xr.Dataset({"with_event": adjusted.over_time(with_event, grid, data)})

    def no_event(self, draws: Any, data: Times, family: str, time: Any) -> Any:
        """The chance of no event by a time, by arm, for each draw."""
        pi, log_mean, shape = by_arm(draws, data)
        return 1 - pi + pi * LIFETIMES[family].survival(time, log_mean, shape)

    def draw_arm(
        self, rng: Generator, draws: Any, data: Times, family: str, arm: int
    ) -> tuple[Any, Any, Any]:
        """Times to the event, whether it ever comes, and follow-up of the patients of an arm, each (..., patient)."""
        logit = draws["logit_ever"] + (arm - 0.5) * draws["log_odds_ratio"]
        log_mean = draws["log_mean_time"] + (arm - 0.5) * draws["log_time_ratio"]
        ever, when = (adjusted.arm_predictor(name, draws, data, arm) for name in COEFFICIENTS)
        size, dims = (*logit.shape, data["n"][arm]), (*logit.dims, "patient")
        every = xr.DataArray(np.zeros(size), dims=dims)
        pi, log_mean, shape = (
            (value + every).transpose(*dims).values
            for value in (special.expit(logit + ever), log_mean + when, draws["shape"])
        )
        time = LIFETIMES[family].draw(rng, log_mean, shape, size)
        return time, rng.uniform(size=size) < pi, draw_followup(rng, data, size)

    def chances(self, draws: Flat, data: Times, family: str, arm: int) -> tuple[Any, Any]:
        """π of an arm, and 1 - E[S(F)]."""
        log_mean = draws["log_mean_time"] + (arm - 0.5) * draws["log_time_ratio"]
        survival = LIFETIMES[family].survival(
            data["followup_days"], log_mean[:, None], draws["shape"][:, None]
        )
        pi = special.expit(draws["logit_ever"] + (arm - 0.5) * draws["log_odds_ratio"])
        return pi, 1 - survival @ data["followup_weights"]

    def log_density(self, family: str, half: NDArray[Any], time: Any, *parameters: Any) -> Any:
        """Log f of times, summed over them."""
        level, ratio, shape = parameters
        log_mean = level[:, None] + half[None, :] * ratio[:, None]
        return LIFETIMES[family].logpdf(time[None, :], log_mean, shape[:, None]).sum(1)


def by_arm(draws: Any, data: Times) -> tuple[Any, Any, Any]:
    """Chance of ever having the event, log mean time and shape of draws, by arm; by patient with covariates."""
    logit = draws["logit_ever"] + draws["log_odds_ratio"] * HALVES
    log_mean = draws["log_mean_time"] + draws["log_time_ratio"] * HALVES
    ever, when = (adjusted.cohort_predictor(name, draws, data) for name in COEFFICIENTS)
    return special.expit(logit + ever), log_mean + when, draws["shape"]
