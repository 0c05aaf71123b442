r"""Relapse: proportional hazards for the time from rituximab to the first relapse.

In arm a (0 reference, 1 contrast) the cumulative hazard at day t is H_a(t) = exp(b a) H0(t), with
H0 of the hazard family (hazards.py), and S_a = exp(-H_a) and f_a are its survival and density:

    log_hazard_ratio ~ prior        b, contrast against reference
    log_scale        ~ prior        log days; Weibull: to a cumulative hazard of 1 in the reference
                                    arm; piecewise: over the hazard of the first year
    shape            ~ prior        Weibull shape (hazard falls below 1, rises above)
    log_step_365d    ~ prior        piecewise: log ratio of the hazard after day 365 to before
    log_step_1095d   ~ prior        piecewise: log ratio of the hazard after day 1095 to before

A patient is followed for F days, independent of T. A relapse is seen if T < F, so a relapse at t
contributes f_a(t) G(t), with G(t) = P(F > t), and a patient without relapse contributes
E[S_a(F)] = 1 - q_a. The product over patients is written as counts times the times of relapse,
which the paper prints for both arms together:

    relapses         ~ Binomial(n_a, q_a), a = 0, 1
    z                ~ Normal(0, 1), direction of the latent times, reference arm first, padded
    printed_times    ~ the density of the printed mean and SD of all times (latent.py), each time
                       having density f_a(t) G(t) / q_a in its arm

With patient data F is known, G(t) does not matter, and the likelihood is by patient:

    outcomes         ~ f_i(t_i) if in relapse at t_i, S_i(l_i) - S_i(u_i) if seen between visits at l_i
                       and u_i, S_i(F_i) otherwise

with f_i = f_a and S_i = S_a in arm a, unless the plan asks for more (adjusted.py). With covariates x_i the
cumulative hazard of patient i is H_i = exp(x_i β) H_a; with a frailty S_i = (1 + v H_i)^(-1/v):

    covariate_log_hazard_ratio ~ prior    β, one a covariate, independent
    frailty_variance           ~ prior    v

Evidence: relapses per arm, mean and SD of their times over both arms, follow-up of the cohort; or
patients (patient_times.py).
Units: days. Sources: Cox 1972, JRSS B 34:187 (proportional hazards); latent.py; followup.py.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray

from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.printed_p import draw_censored, logrank_p_of_arms
from mgbayes.models import adjusted, cohort, followup, latent, relapse_patients
from mgbayes.models.arms import ARM, contrast
from mgbayes.models.centred import Around, centred
from mgbayes.models.curve import FIVE_YEARS, Curve
from mgbayes.models.hazards import HAZARDS, Hazard
from mgbayes.models.latent_times import latent_times, slots
from mgbayes.models.parameters import draw_parameter, parameter
from mgbayes.models.patient_times import patient_times, simulated
from mgbayes.models.plan import Plan
from mgbayes.models.printed_quantity import PrintedQuantity
from mgbayes.models.printed_times import printed_times
from mgbayes.models.priors import Prior
from mgbayes.models.relapse_patients import COEFFICIENTS, draw_times, relapse_free
from mgbayes.models.survival_evidence import survival_evidence, time_quantities
from mgbayes.models.time_laws import with_nodes
from mgbayes.study.schema import Study

FAMILIES: tuple[str, ...] = ("weibull", "piecewise_exponential")
patients = patient_times

PRIORS: dict[str, Prior] = {
    "log_hazard_ratio": Prior("normal", (0.0, 1.0), "no direction favoured; hazard ratios of 1/7 to 7"),
    "log_scale": Prior(
        "normal", (float(np.log(1825)), 1.0), "two thirds relapse within 5 years, 0.7 to 36 years"
    ),
    "shape": Prior("lognormal", (0.0, 0.5), "0.4 to 2.7: hazard falling or rising, constant between"),
    "log_step_365d": Prior(
        "normal", (0.0, 0.7), "after the first year a hazard of a quarter to four times as much"
    ),
    "log_step_1095d": Prior(
        "normal", (0.0, 0.7), "after three years a hazard of a quarter to four times as much"
    ),
    "covariate_log_hazard_ratio": Prior(
        "normal",
        (0.0, 0.7),
        "a covariate makes the hazard a quarter to four times as much, by yes or by one SD",
    ),
    "frailty_variance": Prior(
        "half_normal", (0.7,), "unknown causes spread hazards by nothing to an SD of about their mean"
    ),
}

ESTIMANDS: dict[str, Estimand] = {
    e.id: e
    for e in (
        Estimand("hazard_ratio", "hazard ratio of relapse", "", 1.0, "lower"),
        Estimand(
            "relapse_free_difference_730d",
            "difference in being free of relapse at day 730",
            "",
            0.0,
            "higher",
        ),
        Estimand(
            "rmst_difference_1825d",
            "difference in days free of relapse, in the first 1825",
            "days",
            0.0,
            "higher",
        ),
    )
}


CURVE = Curve(
    variable="relapse_free",
    over="day",
    grid=FIVE_YEARS,
    x_label="days since rituximab",
    y_label="patients free of relapse, %",
    scale=100.0,
    caption="The share of patients still free of relapse at each day: line, posterior median; bands, central "
    "50 % and 95 %. The further apart the lines and the less the bands overlap, the surer the difference.",
)


def declared(data: Mapping[str, Any]) -> tuple[Estimand, ...]:
    """The estimands, and those of covariates and of a frailty where the data have them."""
    return relapse_patients.declared(tuple(ESTIMANDS.values()), data)


def from_study(study: Study, plan: Plan) -> dict[str, NDArray[Any]]:
    """The data from what a study prints. Raises NotPrinted."""
    printed = survival_evidence(study, plan, samples=1)
    (times,), followed = printed.times, printed.followup
    return published(
        printed.patients,
        printed.events,
        float(times.mean),
        float(times.sd),
        (float(followed.least), float(followed.mean), float(followed.sd)),
    )


def printed_quantities(data: Mapping[str, Any]) -> tuple[PrintedQuantity, ...]:
    """The counts, mean and SD that are printed."""
    return time_quantities(data, "relapse seen", "days to relapse")


def published(
    n: Any, events: Any, time_mean: float, time_sd: float, follow_up: tuple[float, float, float]
) -> dict[str, NDArray[Any]]:
    """The model's data from printed numbers.

    Args:
        n, events: (2,) patients and relapses, reference arm first.
        time_mean, time_sd: printed days to relapse among all who relapsed; any positive number
            where there is none (no relapse, or one for the SD).
        follow_up: minimum, mean and SD of follow-up in days, both arms together.
    """
    return {
        "n": np.asarray(n, dtype=np.int64),
        "events": np.asarray(events, dtype=np.int64),
        "time_mean": np.array([time_mean], dtype=float),
        "time_sd": np.array([time_sd], dtype=float),
        "slot": slots(int(np.sum(events))),
        **with_nodes(followup.followup_data(*follow_up)),
    }


def build(data: Mapping[str, Any], family: str, priors: Mapping[str, Prior]) -> pm.Model:
    """Build the model on published summaries or, if `data` has times, on patients."""
    hazard = HAZARDS[family]
    with pm.Model(coords={"arm": ARM.arm.values}) as model:
        if "time" in data:
            log_ratio = parameter("log_hazard_ratio", priors)
            baseline = [parameter(name, priors) for name in ("log_scale", *hazard.shape)]
            relapse_patients.likelihood(data, hazard, log_ratio, baseline, priors)
        else:
            _published(data, hazard, priors)
    return model


def _published(data: Mapping[str, Any], hazard: Hazard, priors: Mapping[str, Prior]) -> None:
    given = {
        name: pm.Data(name, value, shape=np.shape(value)) for name, value in data.items() if name != "slot"
    }
    pm.modelcontext(None).add_coord("slot", data["slot"])
    times = latent_times(pm.Normal("z", dims="slot", transform=Around(hazard.skew))[None, :], given)
    printed = printed_times(hazard.law, times, _near_the_crude_rate(hazard, priors, given), given)
    pm.Binomial("relapses", given["n"], printed.seen, observed=given["events"], dims="arm")
    pm.Deterministic("latent_time", times.times[0], dims="slot")
    latent.given_density("printed_times", printed.log_density, given["time_mean"])


def _near_the_crude_rate(hazard: Hazard, priors: Mapping[str, Prior], given: Mapping[str, Any]) -> list[Any]:
    """The parameters of the law, log_scale around that of the cohort's relapses in its days of follow-up."""
    least, shape, scale = (given["followup"][i] for i in range(3))
    crude = pt.log(given["n"].sum() * (least + shape * scale) / (given["events"].sum() + 0.5))
    log_ratio = parameter("log_hazard_ratio", priors)
    half_way = crude + log_ratio / 2
    log_scale = centred("log_scale", priors, half_way)
    of_shape: list[Any] = []
    for name, around in zip(hazard.shape, hazard.around, strict=True):
        of_shape.append(centred(name, priors, around(log_scale - half_way, *of_shape)))
    return [log_ratio, log_scale, *of_shape]


def _restricted_mean(draws: Any, hazard: Hazard, data: Mapping[str, Any]) -> Any:
    """Expected days free of relapse in the first 1825: Gauss-Legendre between kinks of hazards."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    return sum(
        (high - low) / 2 * w * relapse_free(draws, hazard, low + (high - low) * (1 + x) / 2, data)
        for low, high in ((0.0, 30.0), (30.0, 365.0), (365.0, 1095.0), (1095.0, 1825.0))
        for x, w in zip(nodes, weights, strict=True)
    )


def estimands(draws: xr.Dataset, data: Mapping[str, Any], family: str) -> xr.Dataset:
    """The contrasts of `ESTIMANDS`, one value for each draw."""
    hazard = HAZARDS[family]
    return xr.Dataset(
        {
            "hazard_ratio": np.exp(draws["log_hazard_ratio"]),
            "relapse_free_difference_730d": contrast(relapse_free(draws, hazard, 730.0, data)),
            "rmst_difference_1825d": contrast(_restricted_mean(draws, hazard, data)),
            **relapse_patients.of_covariates(draws, data),
        }
    )


def curves(draws: xr.Dataset, data: Mapping[str, Any], family: str, grid: NDArray[np.float64]) -> xr.Dataset:
    """Chance of being free of relapse by each day of `grid`, by arm, for each draw."""
    free = adjusted.over_days(lambda day: relapse_free(draws, HAZARDS[family], day, data), grid, data)
    return xr.Dataset({"relapse_free": free})


def _cohort(rng: Generator, draws: Any, data: Mapping[str, Any], family: str) -> cohort.Printed:
    """One simulated cohort for each draw: counts by arm (..., 2), times over both arms (..., 1)."""
    outcomes = [_arm(rng, draws, data, family, a) for a in (0, 1)]
    arms = [(time, time < followed) for time, followed in outcomes]
    both = cohort.printed(*(np.concatenate(field, axis=-1) for field in zip(*arms, strict=True)))
    events = np.stack([seen.sum(axis=-1) for _, seen in arms], axis=-1)
    return cohort.Printed(events, both.mean[..., None], both.sd[..., None])


def _arm(rng: Generator, draws: Any, data: Mapping[str, Any], family: str, a: int) -> Any:
    """Times to relapse and follow-up (..., patients) in arm a."""
    time = draw_times(rng, draws, data, HAZARDS[family], a)
    return time, followup.draw_followup(rng, data, time.shape)


def prior_draws(
    rng: Generator, data: Mapping[str, Any], family: str, priors: Mapping[str, Prior], draws: int
) -> xr.Dataset:
    """Parameters drawn from the priors, (chain, draw) with one chain."""
    names = ("log_hazard_ratio", "log_scale", *HAZARDS[family].shape)
    values = {name: (("chain", "draw"), draw_parameter(rng, name, priors, size=(1, draws))) for name in names}
    values |= adjusted.prior_effects(rng, COEFFICIENTS, data, priors, draws)
    return xr.Dataset(values, coords={"chain": [0], "draw": np.arange(draws)})


def simulate(
    rng: Generator, data: Mapping[str, Any], family: str, priors: Mapping[str, Prior]
) -> tuple[dict[str, float], dict[str, NDArray[Any]]]:
    """Draw parameters from the priors, a cohort of the same size, and only its summaries, with slots for everyone."""
    drawn = prior_draws(rng, data, family, priors, 1).isel(chain=0, draw=0, drop=True)
    truth = {str(name): float(value) for name, value in drawn.items()}
    printed = cohort.as_data(_cohort(rng, xr.Dataset(truth), data, family))
    return truth, {**data, **printed, "slot": slots(int(np.sum(data["n"])))}


def simulate_patients(
    rng: Generator, data: Mapping[str, Any], family: str, priors: Mapping[str, Prior]
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Draw parameters from the priors, and a cohort of the same size, patient by patient."""
    data = {**data, **adjusted.simulated_covariates(rng, COEFFICIENTS, data, priors)}
    drawn = prior_draws(rng, data, family, priors, 1).isel(chain=0, draw=0, drop=True)
    truth = {str(name): value.to_numpy() for name, value in drawn.items()}
    arms = [_arm(rng, drawn, data, family, a) for a in (0, 1)]
    times = simulated([(time, np.ones(len(time), bool), followed) for time, followed in arms])
    return truth, {**times, **adjusted.of_simulated(data)}


def predict(rng: Generator, draws: xr.Dataset, data: Mapping[str, Any], family: str) -> xr.Dataset:
    """Printed numbers of one new cohort for each draw: events by arm, time_mean and time_sd."""
    summary = _cohort(rng, draws, data, family)
    pooled = cohort.Printed(summary.events, summary.mean[..., 0], summary.sd[..., 0])
    return cohort.labelled(pooled, draws)


def printed_p(rng: Generator, draws: xr.Dataset, data: Mapping[str, Any], family: str) -> xr.Dataset:
    """Log-rank p of the time to relapse in each latent data set.

    Those without relapse are censored at a follow-up drawn given no relapse by then.
    """
    (first, second), n = data["events"], data["n"]
    times = draws["latent_time"].transpose("chain", "draw", "slot").values

    def no_relapse(arm: int, day: Any) -> Any:
        free = relapse_free(draws, HAZARDS[family], xr.DataArray(day, dims="day"), data)
        return free.isel(arm=arm).transpose("chain", "draw", "day").values

    seen = [times[..., :first], times[..., first : first + second]]
    censored = [
        draw_censored(rng, data["followup"], partial(no_relapse, a), n[a] - data["events"][a]) for a in (0, 1)
    ]
    p = logrank_p_of_arms(seen, censored)
    return xr.Dataset({"logrank": (("chain", "draw"), p)}, draws[["chain", "draw"]].coords)


default_priors = PRIORS
curve = CURVE
