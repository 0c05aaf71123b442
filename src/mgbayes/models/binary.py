r"""Yes/no endpoints: one logistic model for all of them.

Family ``hierarchical``: for endpoint k and arm a (0 reference, 1 contrast) with y of n patients,

    y_ka ~ Binomial(n_ka, p_ka)
    logit p_ka = alpha_k + sign_k delta_k (a - 1/2)
    delta_k = mu + tau zeta_k
    alpha_k ~ Normal, mu ~ Normal, tau ~ HalfNormal, zeta_k ~ Normal(0, 1)

sign_k is +1 where the event is good for the patient and -1 where it is bad, so that delta_k > 0 always
means that the contrast arm does better, and mu is its average benefit in log odds over the endpoints.
An endpoint moves another only through mu and tau. The endpoints are of the same patients; the likelihood
takes their counts as independent, so that tau and mu are known less well than they seem.

Family ``independent``: p_ka ~ Beta for every endpoint and arm by itself, nothing shared.

Evidence: counts as printed (exact binomial likelihood). The odds ratio is a contrast of odds, the risk
difference of chances. Source: Gelman et al., Bayesian Data Analysis (2013), sections 2.4 and 5.6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pymc as pm
import xarray as xr

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.parameters import draw_parameter, parameter
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.models.printed_quantity import PrintedQuantity
from mgbayes.models.priors import Prior
from mgbayes.study.numbers import find_count
from mgbayes.study.schema import Study

Data = dict[str, np.ndarray]

PRIORS: Mapping[str, Prior] = {
    "alpha": Prior("normal", (0.0, 1.5), "a chance between 5 % and 95 % before any data"),
    "mu": Prior("normal", (0.0, 0.75), "average odds ratio between 0.23 and 4.3; none favoured"),
    "tau": Prior("half_normal", (0.5,), "odds ratios of endpoints mostly within a factor of 3"),
    "p": Prior("beta", (1.0, 1.0), "every chance equally credible"),
}
FAMILIES = ("hierarchical", "independent")


def from_study(study: Study, plan: Plan) -> Data:
    """Counts and patients, (endpoint, arm), as printed. Raises NotPrinted for an endpoint without them."""
    arms = (study.reference.id, study.contrast.id)
    counts = []
    for part in plan.endpoints:
        row = [find_count(study, part.endpoint, arm, part.visit) for arm in arms]
        if None in row:
            raise NotPrinted(part.endpoint, "the counts of both arms")
        counts.append([count for count in row if count is not None])
    endpoints = [study.endpoint(part.endpoint) for part in plan.endpoints]
    return {
        "endpoint": np.array([endpoint.id for endpoint in endpoints]),
        "endpoint_label": np.array([endpoint.label for endpoint in endpoints]),
        "benefit": np.array([endpoint.benefit or "" for endpoint in endpoints]),
        "sign": np.array([-1.0 if endpoint.benefit == "lower" else 1.0 for endpoint in endpoints]),
        "count": np.array([[count.x for count in row] for row in counts]),
        "patients": np.array([[count.n for count in row] for row in counts]),
    }


def build(data: Data, family: str, priors: Mapping[str, Prior]) -> pm.Model:
    """The model of a family, with every number of data and priors swappable."""
    coords = {"endpoint": data["endpoint"].tolist(), "arm": ["reference", "contrast"]}
    with pm.Model(coords=coords) as model:
        patients = pm.Data("patients", data["patients"], dims=("endpoint", "arm"))
        count = pm.Data("count", data["count"], dims=("endpoint", "arm"))
        chance = _CHANCES[family](data, priors)
        pm.Binomial("y", n=patients, p=chance, observed=count, dims=("endpoint", "arm"))
    return model


def _hierarchical(data: Data, priors: Mapping[str, Prior]) -> pm.Deterministic:
    sign = pm.Data("sign", data["sign"], dims="endpoint")
    alpha = parameter("alpha", priors, dims="endpoint")
    mu = parameter("mu", priors)
    tau = parameter("tau", priors)
    zeta = pm.Normal("zeta", 0.0, 1.0, dims="endpoint")
    delta = pm.Deterministic("delta", mu + tau * zeta, dims="endpoint")
    logit = alpha[:, None] + (sign * delta)[:, None] * np.array([-0.5, 0.5])
    return pm.Deterministic("chance", pm.math.sigmoid(logit), dims=("endpoint", "arm"))


def _independent(data: Data, priors: Mapping[str, Prior]) -> pm.Deterministic:
    p = parameter("p", priors, dims=("endpoint", "arm"))
    return pm.Deterministic("chance", p, dims=("endpoint", "arm"))


_CHANCES: Mapping[str, Callable[[Data, Mapping[str, Prior]], pm.Deterministic]] = {
    "hierarchical": _hierarchical,
    "independent": _independent,
}


def declared(data: Data) -> tuple[Estimand, ...]:
    """The estimands for these endpoints: an odds ratio and a risk difference each."""
    estimands = []
    for name, label, benefit in zip(data["endpoint"], data["endpoint_label"], data["benefit"], strict=True):
        direction = str(benefit) or None
        estimands += [
            Estimand(f"odds_ratio_{name}", f"odds ratio, {label}", "", 1.0, direction),  # type: ignore[arg-type]
            Estimand(f"risk_difference_{name}", f"difference in chance, {label}", "", 0.0, direction),  # type: ignore[arg-type]
        ]
    return tuple(estimands)


def estimands(draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
    """Contrasts (chain, draw) from ``chance`` (chain, draw, endpoint, arm)."""
    chance = draws["chance"]
    odds = chance / (1 - chance)
    ratio = odds.isel(arm=1) / odds.isel(arm=0)
    difference = chance.isel(arm=1) - chance.isel(arm=0)
    result = {}
    for name in data["endpoint"]:
        result[f"odds_ratio_{name}"] = ratio.sel(endpoint=name, drop=True)
        result[f"risk_difference_{name}"] = difference.sel(endpoint=name, drop=True)
    return xr.Dataset(result)


def printed_quantities(data: Data) -> tuple[PrintedQuantity, ...]:
    """The counts that are printed."""
    return tuple(
        PrintedQuantity("count", (k, a), float(data["count"][k, a]), f"{label}, patients", arm, "")
        for k, label in enumerate(data["endpoint_label"])
        for a, arm in enumerate(("reference", "contrast"))
    )


def prior_draws(
    rng: np.random.Generator, data: Data, family: str, priors: Mapping[str, Prior], draws: int
) -> xr.Dataset:
    """Chances drawn from the prior, (chain, draw, endpoint, arm) with one chain."""
    chance = _PRIOR_CHANCES[family](rng, data, priors, draws)
    return xr.Dataset(
        {"chance": (("chain", "draw", "endpoint", "arm"), chance[None])},
        coords={"endpoint": data["endpoint"]},
    )


def _prior_hierarchical(
    rng: np.random.Generator, data: Data, priors: Mapping[str, Prior], draws: int
) -> np.ndarray:
    shape = (draws, len(data["endpoint"]))
    mu, tau = (draw_parameter(rng, name, priors, size=(draws, 1)) for name in ("mu", "tau"))
    delta = mu + tau * rng.normal(size=shape)
    alpha = draw_parameter(rng, "alpha", priors, size=shape)
    logit = alpha[..., None] + (data["sign"] * delta)[..., None] * np.array([-0.5, 0.5])
    return 1 / (1 + np.exp(-logit))


def _prior_independent(
    rng: np.random.Generator, data: Data, priors: Mapping[str, Prior], draws: int
) -> np.ndarray:
    return draw_parameter(rng, "p", priors, size=(draws, *data["count"].shape))


_PRIOR_CHANCES = {"hierarchical": _prior_hierarchical, "independent": _prior_independent}


def simulate(
    rng: np.random.Generator, data: Data, family: str, priors: Mapping[str, Prior]
) -> tuple[dict[str, np.ndarray], Data]:
    """Chances (endpoint, arm) drawn from the prior, and the counts that would be printed."""
    chance = prior_draws(rng, data, family, priors, 1)["chance"].to_numpy()[0, 0]
    return {"chance": chance}, data | {"count": rng.binomial(data["patients"], chance)}


def predict(rng: np.random.Generator, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
    """Counts that the model would expect to be printed, (chain, draw, endpoint, arm)."""
    chance = draws["chance"].transpose("chain", "draw", "endpoint", "arm")
    counts = rng.binomial(data["patients"], chance.to_numpy())
    return xr.Dataset({"count": (chance.dims, counts)}, coords={"endpoint": data["endpoint"]})


default_priors = PRIORS
