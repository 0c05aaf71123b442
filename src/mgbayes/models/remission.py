r"""Remission: a mixture cure model of the time to first remission.

A patient of arm a (0 reference, 1 contrast) ever remits with probability π_a. Given that, the time
T from rituximab to remission, in days, has density f_a and survival S_a of the family:

    logit_remission  ~ prior        logit π_0
    log_odds_ratio   ~ prior        logit π_1 - logit π_0
    log_mean_time    ~ prior        log mean of T in the reference arm, log days
    log_time_ratio   ~ prior        log mean of T, contrast minus reference
    shape            ~ prior        shape of the family, the same in both arms

A patient is followed for F days, independent of T. Remission is seen if T < F, so a remission at t
contributes π_a f_a(t) G(t), with G(t) = P(F > t), and a patient without remission contributes
E[1 - π_a + π_a S_a(F)] = 1 - q_a. Here q_a = π_a (1 - E[S_a(F)]) is the chance that a remission
is seen. The product over patients is written as counts times the times of those seen to remit:

    remissions       ~ Binomial(n_a, q_a), a = 0, 1
    z                ~ Normal(0, 1), directions of the latent times, padded
    printed_times    ~ the density of the printed mean and SD of each arm's times (latent.py),
                       each time having density f_a(t) G(t) / (1 - E[S_a(F)])

The sampler sees the shape and the mean times around where the latent times suggest them, the odds ratio as the odds
of the contrast arm, and all but the shape without their skewness (centred.py), which changes how fast it is, and
nothing else.

With patient data F is known, G(t) does not matter, and the likelihood is by patient:

    outcomes         ~ π_a f_a(t_i) if in remission at t_i, π_a (S_a(l_i) - S_a(u_i)) if seen between
                       visits at l_i and u_i, 1 - π_a + π_a S_a(F_i) otherwise

Where the plan asks for covariates x_i (adjusted.py), x_i β is added to logit π_a and x_i γ to the log mean of T:

    covariate_log_odds_ratio ~ prior    β, one a covariate, independent
    covariate_log_time_ratio ~ prior    γ

Evidence: numbers in remission per arm, mean and SD of their times per arm, follow-up of the cohort; or
patients (patient_times.py).
Units: days. Sources: Farewell 1982, Biometrics 38:1041 (mixture cure); latent.py; followup.py.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray

from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.printed_p import draw_censored, logrank_p_of_arms, mann_whitney_p
from mgbayes.models import adjusted, cohort, families, followup, latent, remission_patients
from mgbayes.models.arms import ARM, contrast
from mgbayes.models.centred import Around, centred
from mgbayes.models.curve import FIVE_YEARS, Curve
from mgbayes.models.latent_times import latent_times, slots
from mgbayes.models.parameters import draw_parameter, parameter
from mgbayes.models.patient_times import patient_times, simulated
from mgbayes.models.plan import Plan
from mgbayes.models.printed_quantity import PrintedQuantity
from mgbayes.models.printed_times import printed_times
from mgbayes.models.priors import Prior
from mgbayes.models.remission_patients import COEFFICIENTS, by_arm
from mgbayes.models.survival_evidence import survival_evidence, time_quantities
from mgbayes.models.time_laws import with_nodes
from mgbayes.study.schema import Study

FAMILIES: tuple[str, ...] = ("lognormal", "gamma", "weibull")
patients = patient_times

PRIORS: dict[str, Prior] = {
    "logit_remission": Prior("normal", (0.0, 1.5), "between 5 and 95 % of reference patients ever remit"),
    "log_odds_ratio": Prior("normal", (0.0, 1.5), "no direction favoured; odds ratios of 1/19 to 19"),
    "log_mean_time": Prior("normal", (float(np.log(365)), 1.0), "a mean of about a year, 51 days to 7 years"),
    "log_time_ratio": Prior(
        "normal", (0.0, 1.0), "no direction favoured; seven times faster to seven times slower"
    ),
    "shape": Prior("lognormal", (0.0, 0.5), "0.4 to 2.7: from steeply falling to clearly peaked times"),
    "covariate_log_odds_ratio": Prior(
        "normal",
        (0.0, 1.0),
        "a covariate makes the odds a seventh to seven times as much, by yes or by one SD",
    ),
    "covariate_log_time_ratio": Prior(
        "normal", (0.0, 0.5), "a covariate makes times a third to three times as long, by yes or by one SD"
    ),
}

ESTIMANDS: dict[str, Estimand] = {
    e.id: e
    for e in (
        Estimand("odds_ratio_remission", "odds ratio of ever remitting", "", 1.0, "higher"),
        Estimand("time_ratio", "ratio of times to remission, among remitters", "", 1.0, "lower"),
        Estimand("risk_difference_365d", "difference in being in remission by day 365", "", 0.0, "higher"),
        Estimand("risk_difference_730d", "difference in being in remission by day 730", "", 0.0, "higher"),
        Estimand(
            "rmst_difference_1825d",
            "difference in days not yet in remission, in the first 1825",
            "days",
            0.0,
            "lower",
        ),
    )
}


_LATE = 0.5
"""Skewness of log times and log odds: many remit late or few soon, as far as those seen can tell."""

CURVE = Curve(
    variable="in_remission",
    over="day",
    grid=FIVE_YEARS,
    x_label="days since rituximab",
    y_label="patients in remission by then, %",
    scale=100.0,
    caption="The share of patients who have come into remission by each day: line, posterior median; bands, "
    "central 50 % and 95 %. A curve that "
    "rises early but levels off lower means faster remission in fewer patients.",
)


def declared(data: Mapping[str, Any]) -> tuple[Estimand, ...]:
    """The estimands, and those of covariates where the data have them."""
    return remission_patients.declared(tuple(ESTIMANDS.values()), data)


def from_study(study: Study, plan: Plan) -> dict[str, NDArray[Any]]:
    """The data from what a study prints. Raises NotPrinted."""
    printed = survival_evidence(study, plan, samples=2)
    mean, sd = ([float(getattr(row, name)) for row in printed.times] for name in ("mean", "sd"))
    followed = printed.followup
    return published(
        printed.patients,
        printed.events,
        mean,
        sd,
        (float(followed.least), float(followed.mean), float(followed.sd)),
    )


def printed_quantities(data: Mapping[str, Any]) -> tuple[PrintedQuantity, ...]:
    """The counts, means and SDs that are printed."""
    return time_quantities(data, "in remission", "days to remission")


def published(
    n: Any, events: Any, time_mean: Any, time_sd: Any, follow_up: tuple[float, float, float]
) -> dict[str, NDArray[Any]]:
    """The model's data from printed numbers.

    Args:
        n, events: (2,) patients and remissions, reference arm first.
        time_mean, time_sd: (2,) printed days to remission among those who remitted; any positive
            number where there is none (no remission, or one for the SD).
        follow_up: minimum, mean and SD of follow-up in days, both arms together.
    """
    return {
        "n": np.asarray(n, dtype=np.int64),
        "events": np.asarray(events, dtype=np.int64),
        "time_mean": np.asarray(time_mean, dtype=float),
        "time_sd": np.asarray(time_sd, dtype=float),
        "slot": slots(int(np.max(events))),
        **with_nodes(followup.followup_data(*follow_up)),
    }


def build(data: Mapping[str, Any], family: str, priors: Mapping[str, Prior]) -> pm.Model:
    """Build the model on published summaries or, if `data` has times, on patients."""
    law = families.FAMILIES[family]
    with pm.Model(coords={"arm": ARM.arm.values}) as model:
        if "time" in data:
            _on_patients(data, law, priors)
        else:
            _published(data, law, priors)
    return model


def _on_patients(data: Mapping[str, Any], law: families.Family, priors: Mapping[str, Prior]) -> None:
    arms = np.array([0.0, 1.0])
    logit_pi = parameter("logit_remission", priors) + arms * parameter("log_odds_ratio", priors)
    log_mean = parameter("log_mean_time", priors) + arms * parameter("log_time_ratio", priors)
    shape = parameter("shape", priors)
    remission_patients.likelihood(data, law, logit_pi[:, None], log_mean[:, None], shape, priors)


def _published(data: Mapping[str, Any], law: families.Family, priors: Mapping[str, Prior]) -> None:
    given = {
        name: pm.Data(name, value, shape=np.shape(value)) for name, value in data.items() if name != "slot"
    }
    pm.modelcontext(None).add_coord("slot", data["slot"])
    times = latent_times(pm.Normal("z", dims=("arm", "slot"), transform=Around(law.skew)), given)
    shape = centred("shape", priors, law.log_shape_at(times))
    suggested, step = law.log_mean_at(times, shape)
    unit = law.log_sd(shape) / 2
    log_mean_time = centred("log_mean_time", priors, suggested, unit, _LATE)
    log_time_ratio = centred("log_time_ratio", priors, suggested + step - log_mean_time, unit, _LATE)
    printed = printed_times(law.name, times, [log_time_ratio, log_mean_time, shape], given)
    logit_remission = centred("logit_remission", priors, 0.0, 0.5, _LATE)
    log_odds_ratio = centred("log_odds_ratio", priors, -logit_remission, 0.5, _LATE)
    pi = pm.math.sigmoid(logit_remission + np.array([0.0, 1.0]) * log_odds_ratio)
    pm.Binomial("remissions", given["n"], pi * printed.seen, observed=given["events"], dims="arm")
    pm.Deterministic("latent_time", times.times, dims=("arm", "slot"))
    latent.given_density("printed_times", printed.log_density, given["time_mean"], dims="arm")


def estimands(draws: xr.Dataset, data: Mapping[str, Any], family: str) -> xr.Dataset:
    """The contrasts of `ESTIMANDS`, one value for each draw."""
    law = families.FAMILIES[family]
    pi, log_mean, shape = by_arm(draws, data)

    def in_remission(day: float) -> Any:
        return adjusted.averaged(pi * (1 - law.survival(day, log_mean, shape)), data)

    waiting = adjusted.averaged((1 - pi) * 1825 + pi * law.restricted_mean(1825, log_mean, shape), data)
    return xr.Dataset(
        {
            "odds_ratio_remission": np.exp(draws["log_odds_ratio"]),
            "time_ratio": np.exp(draws["log_time_ratio"]),
            "risk_difference_365d": contrast(in_remission(365)),
            "risk_difference_730d": contrast(in_remission(730)),
            "rmst_difference_1825d": contrast(waiting),
            **remission_patients.of_covariates(draws, data),
        }
    )


def curves(draws: xr.Dataset, data: Mapping[str, Any], family: str, grid: NDArray[np.float64]) -> xr.Dataset:
    """Chance of being in remission by each day of `grid`, by arm, for each draw."""
    law, (pi, log_mean, shape) = families.FAMILIES[family], by_arm(draws, data)

    def in_remission(day: Any) -> Any:
        return adjusted.averaged(pi * (1 - law.survival(day, log_mean, shape)), data)

    return xr.Dataset({"in_remission": adjusted.over_days(in_remission, grid, data)})


def _cohort(rng: Generator, draws: Any, data: Mapping[str, Any], family: str) -> cohort.Printed:
    """One simulated cohort for each draw, printed by arm (..., arm)."""
    outcomes = [
        remission_patients.draw_outcomes(rng, draws, data, families.FAMILIES[family], a) for a in (0, 1)
    ]
    return cohort.by_arm(
        [cohort.printed(time, ever & (time < followed)) for time, ever, followed in outcomes]
    )


def prior_draws(
    rng: Generator, data: Mapping[str, Any], family: str, priors: Mapping[str, Prior], draws: int
) -> xr.Dataset:
    """Parameters drawn from the priors, (chain, draw) with one chain."""
    names = [name for name in PRIORS if name not in COEFFICIENTS]
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
    return truth, {**data, **printed, "slot": slots(int(np.max(data["n"])))}


def simulate_patients(
    rng: Generator, data: Mapping[str, Any], family: str, priors: Mapping[str, Prior]
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Draw parameters from the priors, and a cohort of the same size, patient by patient."""
    data = {**data, **adjusted.simulated_covariates(rng, COEFFICIENTS, data, priors)}
    drawn = prior_draws(rng, data, family, priors, 1).isel(chain=0, draw=0, drop=True)
    truth = {str(name): value.to_numpy() for name, value in drawn.items()}
    law = families.FAMILIES[family]
    times = simulated([remission_patients.draw_outcomes(rng, drawn, data, law, a) for a in (0, 1)])
    return truth, {**times, **adjusted.of_simulated(data)}


def predict(rng: Generator, draws: xr.Dataset, data: Mapping[str, Any], family: str) -> xr.Dataset:
    """Printed numbers of one new cohort for each draw: events, time_mean, time_sd, by arm."""
    return cohort.labelled(_cohort(rng, draws, data, family), draws)


def printed_p(rng: Generator, draws: xr.Dataset, data: Mapping[str, Any], family: str) -> xr.Dataset:
    """P values of the time to remission in each latent data set.

    `logrank` counts those not in remission as censored at a follow-up drawn given no remission by
    then; `mann_whitney` compares the times of those in remission.
    """
    pi, log_mean, shape = by_arm(draws, data)
    law, (n, events) = families.FAMILIES[family], (data["n"], data["events"])
    times = draws["latent_time"].transpose("chain", "draw", "arm", "slot").values

    def in_no_remission(arm: int, day: Any) -> Any:
        chance = 1 - pi + pi * law.survival(xr.DataArray(day, dims="day"), log_mean, shape)
        return chance.isel(arm=arm).transpose("chain", "draw", "day").values

    seen = [times[..., arm, : events[arm]] for arm in (0, 1)]
    censored = [
        draw_censored(rng, data["followup"], partial(in_no_remission, arm), n[arm] - events[arm])
        for arm in (0, 1)
    ]
    dims = ("chain", "draw")
    p = {"logrank": logrank_p_of_arms(seen, censored), "mann_whitney": mann_whitney_p(*seen)}
    return xr.Dataset({name: (dims, value) for name, value in p.items()}, draws[list(dims)].coords)


default_priors = PRIORS
curve = CURVE
