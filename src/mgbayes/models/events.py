r"""Events that can recur (hospitalizations, rescue treatments): counts with each patient's follow-up.

Patient i of arm a (0 reference, 1 contrast), followed for F_i years, has y_i events:

    log_rate       ~ prior      log events per patient-year in the reference arm
    log_rate_ratio ~ prior      contrast against reference
    spread         ~ prior      SD of patients' own rates, as a share of the mean rate of their arm
    events         ~ Poisson(g_i λ_a F_i),  λ_a = exp(log_rate + a log_rate_ratio),
                     g_i ~ Gamma with mean 1 and SD spread

With g_i integrated out y_i is negative binomial with mean μ_i = λ_a F_i and variance
μ_i + spread² μ_i² (family ``negative_binomial``). Family ``poisson``: all patients of an arm alike,
spread 0. A patient's follow-up is taken as unrelated to the events.

Evidence: patients only, the number of events of each and the days over which they were counted.
Units: events per year of 365.25 days. Source: Lawless 1987, Can J Stat 15:209.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.arms import ARM, contrast
from mgbayes.models.cohort_like import followed_like
from mgbayes.models.followup import draw_followup
from mgbayes.models.latent import given_density
from mgbayes.models.parameters import draw_parameter, parameter
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.models.printed_quantity import PrintedQuantity
from mgbayes.models.priors import Prior
from mgbayes.study.schema import Study

Data = Mapping[str, NDArray[Any]]
FAMILIES: tuple[str, ...] = ("negative_binomial", "poisson")
YEAR = 365.25

PRIORS: dict[str, Prior] = {
    "log_rate": Prior(
        "normal",
        (float(np.log(0.3)), 1.5),
        "0.3 events a year in the reference arm, between 1 in 60 years and 6 a year",
    ),
    "log_rate_ratio": Prior("normal", (0.0, 1.0), "no direction favoured; rate ratios of 1/7 to 7"),
    "spread": Prior(
        "half_normal",
        (1.0,),
        "patients' own rates from all alike (0) to most events in a few patients (2)",
    ),
}


def declared(data: Data) -> tuple[Estimand, ...]:
    """A ratio and a difference of rates, of the endpoint at hand."""
    label = str(np.asarray(data["endpoint_label"]))
    return (
        Estimand("rate_ratio", f"rate ratio, {label}", "", 1.0, "lower"),
        Estimand("rate_difference", f"difference in rates, {label}", "events/year", 0.0, "lower"),
    )


def from_study(study: Study, plan: Plan) -> dict[str, NDArray[Any]]:
    """Raises NotPrinted: how many events each patient had is not in print."""
    raise NotPrinted(plan.endpoints[0].endpoint, "the events of each patient, and the days of follow-up")


def cohort_like(study: Study, plan: Plan) -> dict[str, NDArray[Any]]:
    """The sizes and follow-up of a simulated cohort like the study's."""
    label = study.endpoint(plan.endpoints[0].endpoint).label
    return {**followed_like(study), "endpoint_label": np.array(label)}


def patients(count: Any, days: Any, present: Any) -> dict[str, NDArray[Any]]:
    """The data of a model on patients, each (arm, patient): events, days of follow-up, one for a patient.

    Padding, where ``present`` is zero, has any count and days above zero.
    """
    return {
        "count": np.asarray(count, dtype=float),
        "days": np.asarray(days, dtype=float),
        "present": np.asarray(present, dtype=float),
    }


def build(data: Data, family: str, priors: Mapping[str, Prior]) -> pm.Model:
    """Build the model on patients (see ``patients``)."""
    with pm.Model(coords={"arm": ARM.arm.values}) as model:
        given = {name: pm.Data(name, np.asarray(data[name])) for name in ("count", "days", "present")}
        arms = np.array([[0.0], [1.0]])
        log_rate = parameter("log_rate", priors) + parameter("log_rate_ratio", priors) * arms
        expected = pt.exp(log_rate) * given["days"] / YEAR
        density = _DENSITIES[family](given["count"], expected, priors)
        given_density("events", given["present"] * density, given["count"])
    return model


def _negative_binomial(count: Any, expected: Any, priors: Mapping[str, Prior]) -> Any:
    shape = parameter("spread", priors) ** -2
    return pm.logp(pm.NegativeBinomial.dist(mu=expected, alpha=shape), count)


def _poisson(count: Any, expected: Any, priors: Mapping[str, Prior]) -> Any:
    return pm.logp(pm.Poisson.dist(expected), count)


_DENSITIES: Mapping[str, Callable[[Any, Any, Mapping[str, Prior]], Any]] = {
    "negative_binomial": _negative_binomial,
    "poisson": _poisson,
}
_NAMES = {
    "negative_binomial": ("log_rate", "log_rate_ratio", "spread"),
    "poisson": ("log_rate", "log_rate_ratio"),
}


def _rates(draws: Any) -> Any:
    """Events per patient-year of each draw, by arm."""
    return np.exp(draws["log_rate"] + draws["log_rate_ratio"] * ARM)


def estimands(draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
    """The rate ratio and the difference in events per patient-year, one value for each draw."""
    return xr.Dataset(
        {"rate_ratio": np.exp(draws["log_rate_ratio"]), "rate_difference": contrast(_rates(draws))}
    )


def prior_draws(
    rng: Generator, data: Data, family: str, priors: Mapping[str, Prior], draws: int
) -> xr.Dataset:
    """Parameters drawn from the priors, (chain, draw) with one chain."""
    values = {
        name: (("chain", "draw"), draw_parameter(rng, name, priors, size=(1, draws)))
        for name in _NAMES[family]
    }
    return xr.Dataset(values, coords={"chain": [0], "draw": np.arange(draws)})


def _counts(rng: Generator, rate: Any, spread: Any, days: NDArray[Any]) -> NDArray[Any]:
    """Events (..., patient) of patients followed for ``days`` (patient,), at rates (...) a year."""
    size = (*np.shape(rate), len(days))
    own = np.ones(size)
    if spread is not None:
        shape = np.maximum(np.asarray(spread), 1e-4)[..., None] ** -2.0
        own = rng.gamma(shape, 1 / shape, size)
    return rng.poisson(np.minimum(own * np.asarray(rate)[..., None] * days / YEAR, _MOST))


_MOST = 1e9  # events: a prior's far tail, beyond what the generator takes


def predict(rng: Generator, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
    """All events of an arm, and patients with any, in one new cohort for each draw: (chain, draw, arm)."""
    dims = ("chain", "draw", "arm")
    rates = _rates(draws).transpose(*dims).to_numpy()
    spread = draws["spread"].transpose(*dims[:2]).to_numpy() if "spread" in draws else None
    cohorts = [
        _counts(rng, rates[..., a], spread, np.asarray(data["days"])[a][np.asarray(data["present"])[a] == 1])
        for a in (0, 1)
    ]
    coords = {"chain": draws["chain"], "draw": draws["draw"], "arm": ARM["arm"]}
    return xr.Dataset(
        {
            "total": (dims, np.stack([counts.sum(axis=-1) for counts in cohorts], axis=-1)),
            "any": (dims, np.stack([(counts > 0).sum(axis=-1) for counts in cohorts], axis=-1)),
        },
        coords=coords,
    )


def printed_quantities(data: Data) -> tuple[PrintedQuantity, ...]:
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
    rng: Generator, data: Data, family: str, priors: Mapping[str, Prior]
) -> tuple[dict[str, float], dict[str, NDArray[Any]]]:
    """Draw parameters from the priors, and a cohort like ``cohort_like``, patient by patient."""
    truth = {name: float(draw_parameter(rng, name, priors)) for name in _NAMES[family]}
    sizes = np.asarray(data["n"])
    count, days, present = np.zeros((2, sizes.max())), np.ones((2, sizes.max())), np.zeros((2, sizes.max()))
    for arm, n in enumerate(sizes):
        rate = np.exp(truth["log_rate"] + arm * truth["log_rate_ratio"])
        days[arm, :n], present[arm, :n] = draw_followup(rng, data, int(n)), 1.0
        count[arm, :n] = _counts(rng, rate, truth.get("spread"), days[arm, :n])
    return truth, {**patients(count, days, present), "endpoint_label": np.asarray(data["endpoint_label"])}


default_priors = PRIORS
