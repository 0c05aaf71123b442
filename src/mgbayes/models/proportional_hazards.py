r"""Time to an event that comes to everybody, sooner or later: proportional hazards.

In arm a (0 reference, 1 contrast) the cumulative hazard at time t is H_a(t) = exp(b (a - 1/2)) H0(t), with H0 of the
hazard family (distributions/hazards.py), and S_a = exp(-H_a) and f_a are its survival and density:

    log_hazard_ratio ~ prior        b, contrast against reference
    log_scale        ~ prior        log time, midway between the arms; Weibull: to a cumulative hazard of 1;
                                    piecewise: over the hazard before the first cut
    shape            ~ prior        Weibull shape (hazard falls below 1, rises above)
    log_step_1       ~ prior        piecewise: log ratio of the hazard after the first cut to before
    log_step_2       ~ prior        piecewise: log ratio of the hazard after the second cut to before

so that each arm lies half the difference from the level: naming the other arm as the reference changes nothing. The
shape is the same in both arms, which is what makes the ratio of hazards one number.

A patient is followed for F, independent of T. The event is seen if T < F, so an event at t contributes f_a(t) G(t),
with G(t) = P(F > t), and a patient without it E[S_a(F)] = 1 - q_a. An event that counts only after a waiting time w
is seen if T + w < F: then F stands for follow-up less w throughout (distributions/followup.py). The product over
patients is written as counts times the times of the events:

    events_seen      ~ Binomial(n_a, q_a), a = 0, 1
    z                ~ Normal(0, 1), directions of the latent times, padded
    printed_times    ~ the density of each published mean and SD (latent/times.py), of one arm's times or of
                       both arms' together, each time having density f_a(t) G(t) / q_a in its arm; events whose
                       times are not published are in events_seen alone

or, where the paper has the median or other quantiles of an arm's times, the density of these in place of a mean's
(latent/quantile_times.py), with

    place            ~ Logistic(0, 1), of each latent time between its neighbours
    gap              ~ Logistic(0, 1), of the two neighbours of a quantile; its density is taken back
    definition_drawn ~ Uniform(0, 1), which of the possible definitions of a quantile the latent times have

With patient data F is known, G(t) does not matter, and the likelihood is by patient:

    outcomes         ~ f_i(t_i) if the event was at t_i, S_i(l_i) - S_i(u_i) if seen between visits at l_i
                       and u_i, S_i(F_i) otherwise

with f_i = f_a and S_i = S_a in arm a, unless the plan asks for more (adjusted.py). With covariates x_i the
cumulative hazard of patient i is H_i = exp(x_i β) H_a; with a frailty S_i = (1 + v H_i)^(-1/v):

    covariate_log_hazard_ratio ~ prior    β, one a covariate, independent
    frailty_variance           ~ prior    v

Evidence: events per arm, mean and SD or quantiles of their times, follow-up (time_evidence.py); or
patients (patient_times.py).
Units: those of the endpoint. Sources: Cox 1972, JRSS B 34:187 (proportional hazards); latent/times.py;
distributions/followup.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray

from mgbayes.distributions.followup import draw_followup, followup_data
from mgbayes.distributions.hazards import WEIBULL, Hazard, piecewise_exponential
from mgbayes.estimands.estimand import Estimand
from mgbayes.models import adjusted, time_evidence
from mgbayes.models.arms import HALVES, contrast
from mgbayes.models.coordinates import reparametrized
from mgbayes.models.curve import Curve, over_follow_up
from mgbayes.models.evidence import PatientTimes, PublishedTimes, Times
from mgbayes.models.likelihood import given_density
from mgbayes.models.model import Priors
from mgbayes.models.outcome import Outcome
from mgbayes.models.parameters import parameter
from mgbayes.models.patient_times import PATIENT_TIMES
from mgbayes.models.time_model import Flat, TimeModel

COEFFICIENTS = ("covariate_log_hazard_ratio",)
_NODES = 24
_EARLY = -0.5
"""Skewness of log times, which lean to early days."""
_SHAPES_NEAR: Mapping[str, tuple[Callable[..., Any], ...]] = {
    "weibull": (lambda later: 0.0,),
    "piecewise_exponential": (lambda later: later, lambda later, u: later - u),
}
"""Where each shape parameter lies, or its log if it is positive: given how far log_scale lies from the crude one and
the shape parameters before it (coordinates.py)."""


class ProportionalHazards(TimeModel):
    """The proportional hazards model of one outcome."""

    coefficients = COEFFICIENTS

    @property
    def curve(self) -> Curve:
        """The share still free of the event by time."""
        event = self.outcome.event
        return over_follow_up(
            self.outcome,
            variable="event_free",
            y_label=f"patients free of {event}, %",
            caption=f"The share of patients still free of {event} at each time: line, posterior median; bands, "
            "central 50 % and 95 %. The further apart the lines and the less the bands overlap, the surer the "
            "difference.",
        )

    def declared(self, data: Times) -> tuple[Estimand, ...]:
        """The estimands, and those of covariates and of a frailty where the data have them."""
        o = self.outcome
        more, fewer = o.benefit, o.opposite  # of a bad event: later is better, and a lower hazard
        rows = [Estimand("hazard_ratio", f"Hazard ratio, {o.event}", "", 1.0, fewer)]
        rows += [
            Estimand(
                f"event_free_difference_{at:g}",
                f"Difference in being free of {o.event} at {o.at(at)}",
                "",
                0.0,
                more,
            )
            for at in o.horizons
        ]
        if o.restricted_to is not None:
            label = f"Difference in mean time free of {o.event}, to {o.at(o.restricted_to)}"
            rows.append(Estimand(f"rmst_difference_{o.restricted_to:g}", label, o.unit, 0.0, more))
        return adjusted.declared(
            tuple(rows),
            data,
            conditional=("hazard_ratio",),
            of_covariates={"hazard_ratio": f"hazard ratio, {o.event}"},
        )

    def parameters(self, family: str) -> tuple[str, ...]:
        """The ratio, and the baseline hazard of a family."""
        return ("log_hazard_ratio", "log_scale", *hazard_of(family, self.outcome).shape)

    def parameters_of_times(self, family: str) -> tuple[str, ...]:
        """All of them."""
        return self.parameters(family)

    def _followed(self, rows: PublishedTimes, follow_up: tuple[float, float, float]) -> PublishedTimes:
        cuts = cuts_of(self.outcome) if self.outcome.cuts else None
        return rows | {**followup_data(*follow_up), "cuts": cuts}

    def add_patients(self, data: PatientTimes, family: str, priors: Priors) -> None:
        """The likelihood by patient."""
        hazard = hazard_of(family, self.outcome)
        log_ratio = parameter("log_hazard_ratio", priors)
        baseline = [parameter(name, priors) for name in ("log_scale", *hazard.shape)]
        given = {name: pm.Data(name, data[name]) for name in PATIENT_TIMES}
        (predictor,) = adjusted.predictor(COEFFICIENTS, data, priors)
        variance = adjusted.frailty(priors)
        log_ratios = log_ratio * HALVES.to_numpy()[:, None] + predictor
        cumulative = {
            name: pt.exp(hazard.log_cumulative(given[name], *baseline) + log_ratios)
            for name in ("time", "lower", "upper")
        }
        log_hazard = hazard.log_hazard(given["time"], *baseline) + log_ratios
        log_hazard -= adjusted.log_loss(cumulative["time"], variance)
        log_survival = {name: adjusted.log_survival(value, variance) for name, value in cumulative.items()}
        log_density = pt.switch(
            given["between"],
            log_survival["lower"] + pt.log1mexp(log_survival["upper"] - log_survival["lower"]),
            given["event"] * log_hazard + log_survival["time"],
        )
        given_density("outcomes", given["present"] * log_density, given["time"])

    def add_published(self, data: PublishedTimes, family: str, priors: Priors) -> None:
        """Counts, and latent times under their published summaries."""
        hazard = hazard_of(family, self.outcome)
        given = time_evidence.as_model_data(data)
        times = time_evidence.latent_times_given(given, _EARLY)
        log_ratio = parameter("log_hazard_ratio", priors)
        baseline = _near_the_crude_rate(hazard, priors, given)

        def log_survival(t: Any, half: Any) -> Any:
            return -pt.exp(hazard.log_cumulative(t, *baseline) + half * log_ratio)

        def logpdf(t: Any, half: Any) -> Any:
            return hazard.log_hazard(t, *baseline) + half * log_ratio + log_survival(t, half)

        published = times.published(logpdf, log_survival)
        pm.Binomial("events_seen", given["n"], published.seen, observed=given["events"], dims="arm")
        time_evidence.add_published(times, published)

    def estimands(self, draws: xr.Dataset, data: Times, family: str) -> xr.Dataset:
        """The contrasts that are declared, one value for each draw."""
        hazard = hazard_of(family, self.outcome)
        found = {"hazard_ratio": np.exp(draws["log_hazard_ratio"])}
        found |= {
            f"event_free_difference_{at:g}": contrast(event_free(draws, hazard, at, data))
            for at in self.outcome.horizons
        }
        until = self.outcome.restricted_to
        if until is not None:
            found[f"rmst_difference_{until:g}"] = contrast(self.restricted_mean(draws, hazard, data, until))
        return xr.Dataset({**found, **adjusted.estimands(draws, data, {"hazard_ratio": COEFFICIENTS[0]})})

    def restricted_mean(self, draws: Any, hazard: Hazard, data: Times, until: float) -> Any:
        """Expected time free of the event up to ``until``: Gauss-Legendre between the kinks of hazards."""
        nodes, weights = np.polynomial.legendre.leggauss(_NODES)
        ends = {0.0, until / 60, until / 5, 3 * until / 5, until}
        ends |= {cut for cut in self.outcome.cuts if cut < until}
        edges = sorted(ends)
        return sum(
            (high - low) / 2 * w * event_free(draws, hazard, low + (high - low) * (1 + x) / 2, data)
            for low, high in pairwise(edges)
            for x, w in zip(nodes, weights, strict=True)
        )

    def curves(self, draws: xr.Dataset, data: Times, family: str, grid: NDArray[np.float64]) -> xr.Dataset:
        """Chance of being free of the event by each time of `grid`, by arm, for each draw."""
        hazard = hazard_of(family, self.outcome)
        free = adjusted.over_time(lambda time: event_free(draws, hazard, time, data), grid, data)
        return xr.Dataset({"event_free": free})

    def no_event(self, draws: Any, data: Times, family: str, time: Any) -> Any:
        """The chance of no event by a time, by arm, for each draw."""
        return event_free(draws, hazard_of(family, self.outcome), time, data)

    def draw_arm(
        self, rng: Generator, draws: Any, data: Times, family: str, arm: int
    ) -> tuple[Any, Any, Any]:
        """Times to the event, that it comes to all, and follow-up of the patients of an arm, each (..., patient)."""
        hazard, log_ratio = hazard_of(family, self.outcome), draws["log_hazard_ratio"]
        size, dims = (*log_ratio.shape, data["n"][arm]), (*log_ratio.dims, "patient")
        spent = xr.DataArray(rng.exponential(size=size), dims=dims)
        spent = spent / adjusted.draw_frailty(rng, draws, size, dims)
        log_ratio = (arm - 0.5) * log_ratio + adjusted.arm_predictor(COEFFICIENTS[0], draws, data, arm)
        time = hazard.time_at(spent * np.exp(-log_ratio), *baseline_of(draws, hazard))
        time = time.transpose(*dims).values
        return time, np.ones(time.shape, bool), draw_followup(rng, data, time.shape)

    def chances(self, draws: Flat, data: Times, family: str, arm: int) -> tuple[Any, Any]:
        """1, and 1 - E[S(F)]."""
        hazard = hazard_of(family, self.outcome)
        baseline = [value[:, None] for value in baseline_of(draws, hazard)]
        cumulative = hazard.cumulative(data["followup_days"], *baseline)
        log_ratio = (arm - 0.5) * draws["log_hazard_ratio"]
        free = np.exp(-np.exp(log_ratio)[:, None] * cumulative) @ data["followup_weights"]
        return np.ones(len(log_ratio)), 1 - free

    def log_density(self, family: str, half: NDArray[Any], time: Any, *parameters: Any) -> Any:
        """Log f of times, summed over them."""
        ratio, *baseline = (value[:, None] for value in parameters)
        hazard, shift = hazard_of(family, self.outcome), ratio * half[None, :]
        cumulative = hazard.log_cumulative(time[None, :], *baseline)
        return (hazard.log_hazard(time[None, :], *baseline) + shift - pt.exp(cumulative + shift)).sum(1)


def cuts_of(outcome: Outcome) -> NDArray[np.float64]:
    """The two cuts of a piecewise hazard, and the width of the change around each."""
    first, second = outcome.cuts
    return np.array([first, second, first / 6])


def hazard_of(family: str, outcome: Outcome) -> Hazard:
    """The baseline hazard of a family, for an outcome."""
    return WEIBULL if family == WEIBULL.name else piecewise_exponential(cuts_of(outcome))


def _near_the_crude_rate(hazard: Hazard, priors: Priors, given: Mapping[str, Any]) -> list[Any]:
    """The parameters of the baseline, log_scale near that of the cohort's events in its time of follow-up."""
    least, shape, scale = (given["followup"][i] for i in range(3))
    crude = pt.log(given["n"].sum() * (least + shape * scale) / (given["events"].sum() + 0.5))
    log_scale = reparametrized("log_scale", priors, crude)
    of_shape: list[Any] = []
    for name, near in zip(hazard.shape, _SHAPES_NEAR[hazard.name], strict=True):
        of_shape.append(reparametrized(name, priors, near(log_scale - crude, *of_shape)))
    return [log_scale, *of_shape]


def baseline_of(draws: Any, hazard: Hazard) -> list[Any]:
    """The parameters of the baseline hazard."""
    return [draws[name] for name in ("log_scale", *hazard.shape)]


def event_free(draws: Any, hazard: Hazard, time: Any, data: Times) -> Any:
    """Chance of no event by `time`, by arm, for each draw; averaged over the cohort's covariates."""
    log_ratio = draws["log_hazard_ratio"] * HALVES + adjusted.cohort_predictor(COEFFICIENTS[0], draws, data)
    cumulative = np.exp(log_ratio) * hazard.cumulative(time, *baseline_of(draws, hazard))
    return adjusted.averaged(adjusted.survival(cumulative, draws), data)
