r"""Yes/no endpoints: logistic models, each endpoint by itself or all with a common average.

For endpoint k and arm a (reference, contrast) with y of n patients,

    y_ka ~ Binomial(n_ka, chance_ka)
    logit chance_ka = level_k -+ log_odds_ratio_k / 2,   level_k ~ Normal

minus in the reference arm, plus in the contrast arm, so that no arm is vaguer than the other before the data and
it does not matter which is named as the reference. log_odds_ratio_k is the log of the odds ratio that is shown.

Family ``independent``: log_odds_ratio_k ~ Normal, the same prior for each and nothing shared.

Family ``hierarchical``: the benefits are partially pooled,

    log_odds_ratio_k = sign_k (mu + tau zeta_k),   mu ~ Normal(m, s),   tau ~ HalfNormal(t),   zeta_k ~ Normal(0, 1)

with sign_k +1 where the event is good for the patient and -1 where it is bad. This induces for each log odds ratio
a prior of mean sign_k m and SD sqrt(s² + t²). An endpoint to which a plan gives a prior of its own,
log_odds_ratio_<endpoint>, has that prior and leaves the pool of the others; so does the endpoint whose prior a
sensitivity analysis varies. Outcomes that overlap are not pooled (``mgbayes.models.overlap``).

Family ``beta``: chance_ka = p_ka ~ Beta for every endpoint and arm by itself; the arms differ by no parameter.

Evidence: counts as printed (exact binomial likelihood). The odds ratio is a contrast of odds, the risk
difference of chances. Source: Gelman et al., Bayesian Data Analysis (2013), sections 2.4 and 5.6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import hypot
from typing import Self

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from scipy import stats

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.arms import arms_of, padded, places
from mgbayes.models.evidence import YesNo
from mgbayes.models.model import Model, PrintedQuantity, Priors
from mgbayes.models.overlap import check_pooling
from mgbayes.models.parameters import draw_parameter, parameter
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.models.priors import Prior
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.study.numbers import find_count
from mgbayes.study.schema import Kind, Study

EFFECT = "log_odds_ratio"
HALF = np.array([-0.5, 0.5])
"""The share of a log odds ratio by which each arm lies from the level."""


@dataclass(frozen=True)
class Binary(Model):
    """The model of a plan's yes/no endpoints."""

    @classmethod
    def of(cls, study: Study, plan: Plan) -> Self:
        """This model, once it is known that the plan pools nothing twice. Raises InputError."""
        check_pooling(study, plan)
        return cls()

    def from_study(self, study: Study, plan: Plan) -> YesNo:
        """Counts and patients, (endpoint, arm), as printed. Raises NotPrinted for an endpoint without them."""
        arms = (study.reference.id, study.contrast.id)
        counts = []
        for part in plan.endpoints:
            row = [find_count(study, part.endpoint, arm, part.visit) for arm in arms]
            if None in row:
                raise NotPrinted(part.endpoint, "the counts of both arms")
            counts.append([count for count in row if count is not None])
        return YesNo(
            **labelled(study, plan),
            count=np.array([[count.x for count in row] for row in counts]),
            patients=np.array([[count.n for count in row] for row in counts]),
        )

    def from_patients(self, study: Study, plan: Plan, rows: PatientRows, family: str) -> YesNo:
        """Yes and no at the plan's endpoints: counted, which is what the model takes, and by patient."""
        arms = arms_of(rows)
        answers = []
        for part in plan.endpoints:
            endpoint = study.endpoint(part.endpoint)
            known = rows.has(endpoint) and endpoint.kind is Kind.binary
            values = rows.numbers(endpoint, part.visit) if known else np.full(len(rows.arms), np.nan)
            if not all(np.isfinite(values[arm]).any() for arm in arms):
                raise NotPrinted(part.endpoint, "yes or no of patients in both arms")
            answers.append(values)
        answered = [arm & np.isfinite(np.stack(answers)).any(axis=0) for arm in arms]
        answer = np.stack([padded([values[arm] for arm in answered], np.nan) for values in answers])
        return YesNo(
            **labelled(study, plan),
            count=np.nansum(answer, axis=-1).astype(int),
            patients=np.isfinite(answer).sum(axis=-1),
            yes_or_no=answer,
            row=places(rows, answered),
        )

    def declared(self, data: YesNo) -> tuple[Estimand, ...]:
        """The estimands for these endpoints: an odds ratio and a risk difference each."""
        estimands = []
        for name, label, benefit in zip(
            data["endpoint"], data["endpoint_label"], data["benefit"], strict=True
        ):
            direction = str(benefit) or None
            estimands += [
                Estimand(f"odds_ratio_{name}", f"odds ratio, {label}", "", 1.0, direction),  # type: ignore[arg-type]
                Estimand(f"risk_difference_{name}", f"difference in chance, {label}", "", 0.0, direction),  # type: ignore[arg-type]
            ]
        return tuple(estimands)

    def build(self, data: YesNo, family: str, priors: Priors) -> pm.Model:
        """The model of a family, with every number of data and priors swappable."""
        coords = {"endpoint": data["endpoint"].tolist(), "arm": ["reference", "contrast"]}
        with pm.Model(coords=coords) as model:
            patients = pm.Data("patients", data["patients"], dims=("endpoint", "arm"))
            count = pm.Data("count", data["count"], dims=("endpoint", "arm"))
            chance = _chance(data, family, priors)
            pm.Binomial("y", n=patients, p=chance, observed=count, dims=("endpoint", "arm"))
        return model

    def estimands(self, draws: xr.Dataset, data: YesNo, family: str) -> xr.Dataset:
        """Contrasts (chain, draw) from ``chance`` (chain, draw, endpoint, arm)."""
        chance = draws["chance"]
        odds = chance / (1 - chance)
        ratio = odds.isel(arm=1) / odds.isel(arm=0)
        difference = chance.isel(arm=1) - chance.isel(arm=0)
        result = {}
        for k, name in enumerate(data["endpoint"]):
            result[f"odds_ratio_{name}"] = ratio.isel(endpoint=k, drop=True)
            result[f"risk_difference_{name}"] = difference.isel(endpoint=k, drop=True)
        return xr.Dataset(result)

    def prior_draws(
        self, rng: np.random.Generator, data: YesNo, family: str, priors: Priors, draws: int
    ) -> xr.Dataset:
        """Chances (chain, draw, endpoint, arm) and log odds ratios (chain, draw) from the prior, with one chain."""
        dims, coords = ("chain", "draw", "endpoint", "arm"), {"endpoint": data["endpoint"]}
        if family == "beta":
            p = draw_parameter(rng, "p", priors, size=(1, draws, *data["count"].shape))
            return xr.Dataset({"chance": (dims, p)}, coords=coords)
        effects = _DRAWN[family](rng, data, priors, draws)
        level = draw_parameter(rng, "level", priors, size=effects.shape)
        chance = 1 / (1 + np.exp(-(level[..., None] + effects[..., None] * HALF)))
        by_name = {
            effect_name(key): (("chain", "draw"), effects[None, :, k])
            for k, key in enumerate(data["endpoint"])
        }
        return xr.Dataset({"chance": (dims, chance[None]), **by_name}, coords=coords)

    def predict(self, rng: np.random.Generator, draws: xr.Dataset, data: YesNo, family: str) -> xr.Dataset:
        """Counts that the model would expect to be printed, (chain, draw, endpoint, arm)."""
        chance = draws["chance"].transpose("chain", "draw", "endpoint", "arm")
        counts = rng.binomial(data["patients"], chance.to_numpy())
        return xr.Dataset({"count": (chance.dims, counts)}, coords={"endpoint": data["endpoint"]})

    def printed_quantities(self, data: YesNo) -> tuple[PrintedQuantity, ...]:
        """The counts that are printed."""
        return tuple(
            PrintedQuantity("count", (k, a), float(data["count"][k, a]), f"{label}, patients", arm, "")
            for k, label in enumerate(data["endpoint_label"])
            for a, arm in enumerate(("reference", "contrast"))
        )

    def simulate(
        self, rng: np.random.Generator, data: YesNo, family: str, priors: Priors
    ) -> tuple[dict[str, np.ndarray], YesNo]:
        """Chances (endpoint, arm) drawn from the prior, and the counts that would be printed."""
        chance = self.prior_draws(rng, data, family, priors, 1)["chance"].to_numpy()[0, 0]
        return {"chance": chance}, data | {"count": rng.binomial(data["patients"], chance)}

    def effect_prior(self, study: Study, plan: Plan, family: str, priors: Priors, name: str) -> Prior:
        """The prior of one endpoint's log odds ratio under a family's priors.

        Of a pooled one it is the normal with the mean and SD that mu and tau induce; its true tails are heavier.
        """
        if name in priors:
            return priors[name]
        if family == "independent":
            return priors[EFFECT]
        sign = labelled(study, plan)["sign"][plan.effects(family).index(name)]
        (mean, sd), (between,) = priors["mu"].values, priors["tau"].values
        why = f"induced by mu ~ {priors['mu'].call()} and tau ~ {priors['tau'].call()}"
        return Prior("normal", (float(sign) * mean, hypot(sd, between)), why)

    def log_likelihood(
        self, draws: Mapping[str, np.ndarray], data: YesNo, family: str, reference: np.ndarray
    ) -> np.ndarray:
        """That of the counts, whatever the family."""
        found = stats.binom.logpmf(data.count, data.patients, draws["chance"])
        return np.asarray(found.sum(axis=(1, 2)))


def labelled(study: Study, plan: Plan) -> dict[str, np.ndarray]:
    """What each endpoint of a plan is called, and which direction is its benefit, (endpoint,)."""
    endpoints = [study.endpoint(part.endpoint) for part in plan.endpoints]
    visits = {visit.id: visit.label for visit in study.visits}
    labels = [
        endpoint.label if key == endpoint.id else f"{endpoint.label}, {visits[part.visit or '']}"
        for key, endpoint, part in zip(plan.keys, endpoints, plan.endpoints, strict=True)
    ]
    return {
        "endpoint": np.array(plan.keys),
        "endpoint_label": np.array(labels),
        "benefit": np.array([endpoint.benefit or "" for endpoint in endpoints]),
        "sign": np.array([-1.0 if endpoint.benefit == "lower" else 1.0 for endpoint in endpoints]),
    }


def _chance(data: YesNo, family: str, priors: Priors) -> pm.Deterministic:
    dims = ("endpoint", "arm")
    if family == "beta":
        return pm.Deterministic("chance", parameter("p", priors, dims=dims), dims=dims)
    level = parameter("level", priors, dims="endpoint")
    effects = _EFFECTS[family](data, priors)
    logit = level[:, None] + pt.stack([effects[key] for key in data["endpoint"]])[:, None] * HALF
    return pm.Deterministic("chance", pm.math.sigmoid(logit), dims=dims)


def _independent(data: YesNo, priors: Priors) -> dict[str, pt.TensorVariable]:
    """The log odds ratio of each endpoint, each with its own prior or the one of all."""
    names = {key: effect_name(key) for key in data["endpoint"]}
    return {
        key: parameter(name, priors, prior_of=name if name in priors else EFFECT)
        for key, name in names.items()
    }


def _hierarchical(data: YesNo, priors: Priors) -> dict[str, pt.TensorVariable]:
    """The log odds ratio of each endpoint: of a pool, or with its own prior."""
    mu, tau = parameter("mu", priors), parameter("tau", priors)
    sign = pm.Data("sign", data["sign"], dims="endpoint")
    found = {}
    pool = pooled(data, priors)
    zeta = pm.Normal("zeta", 0.0, 1.0, shape=len(pool)) if pool else None
    for k, key in enumerate(data["endpoint"]):
        name = effect_name(key)
        found[key] = (
            pm.Deterministic(name, sign[k] * (mu + tau * zeta[pool.index(key)]))
            if zeta is not None and key in pool
            else parameter(name, priors)
        )
    return found


_EFFECTS: Mapping[str, Callable[[YesNo, Priors], dict[str, pt.TensorVariable]]] = {
    "independent": _independent,
    "hierarchical": _hierarchical,
}


def effect_name(key: str) -> str:
    """The parameter that says how the arms differ in one endpoint."""
    return f"{EFFECT}_{key}"


def pooled(data: YesNo, priors: Priors) -> list[str]:
    """The endpoints of a hierarchy: those without a prior of their own."""
    return [str(key) for key in data["endpoint"] if effect_name(key) not in priors]


def _drawn_independent(rng: np.random.Generator, data: YesNo, priors: Priors, draws: int) -> np.ndarray:
    """Log odds ratios, (draw, endpoint)."""
    names = [effect_name(key) for key in data["endpoint"]]
    columns = [draw_parameter(rng, name if name in priors else EFFECT, priors, size=draws) for name in names]
    return np.stack(columns, axis=-1)


def _drawn_hierarchical(rng: np.random.Generator, data: YesNo, priors: Priors, draws: int) -> np.ndarray:
    """Log odds ratios, (draw, endpoint)."""
    pool = pooled(data, priors)
    mu, tau = (draw_parameter(rng, name, priors, size=draws) for name in ("mu", "tau"))
    columns = [
        sign * (mu + tau * rng.normal(size=draws))
        if key in pool
        else draw_parameter(rng, effect_name(key), priors, size=draws)
        for key, sign in zip(data["endpoint"], data["sign"], strict=True)
    ]
    return np.stack(columns, axis=-1)


_DRAWN: Mapping[str, Callable[[np.random.Generator, YesNo, Priors, int], np.ndarray]] = {
    "independent": _drawn_independent,
    "hierarchical": _drawn_hierarchical,
}
