r"""Power scaling: does the answer move when the prior, or the likelihood, is raised to a power near 1?

With posterior p ∝ π(θ) L(θ), draws are weighted by π^(alpha - 1) or L^(alpha - 1), smoothed by a Pareto tail. The
sensitivity is the cumulative Jensen-Shannon distance between the estimand's weighted and plain distribution, per
doubling of alpha at 1. Read together the two say

    prior and likelihood at least 0.05    prior-data conflict: each pulls the answer its own way
    the prior alone                       strong prior: it says more than the data, or they are weak
    neither                               weak likelihood: nor do the data move the answer
    the likelihood alone                  none of these: the data speak

A ratio is taken on the log scale. Beside it stand the answers under alpha of 1/2 to 2, each with the Pareto k of its
weights; where it is above 0.7 the model is fitted again under the scaled prior. A likelihood has no such fit: there
the answer is left out. Source: Kallioinen et al. (2024), Stat Comput 34:57.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.cache import content_key
from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.summary import PROB, better
from mgbayes.inference.fit import Fit
from mgbayes.inference.run import Fitter, Job
from mgbayes.inference.store import LIBRARIES
from mgbayes.models.plan import Plan, PriorChoice
from mgbayes.robustness.beliefs import OWN
from mgbayes.robustness.cell import How, fault, steady_fit
from mgbayes.robustness.grid import Setting, modest
from mgbayes.robustness.kept_work import Work
from mgbayes.robustness.reweighted import PARETO_K, smoothed

ALPHAS = (0.5, 0.8, 1.25, 2.0)
NEAR = (0.99, 1.01)
THRESHOLD = 0.05
_DRAWS = 1000  # of each chain
_SOURCES = ("robustness/power_scaling.py", "robustness/reweighted.py", "models/components.py")

Components = Mapping[str, np.ndarray]
"""``prior`` and ``likelihood``: the log of each at every draw, (chain, draw), up to a constant."""


class Verdict(StrEnum):
    """What the two sensitivities say together."""

    conflict = "prior-data conflict"
    strong_prior = "strong prior"
    weak_likelihood = "weak likelihood"
    none = "none"


@dataclass(frozen=True)
class Sensitivities:
    """How far one estimand moves with the power of the prior and of the likelihood."""

    plan: str
    family: str
    estimand: str
    label: str
    prior: float
    likelihood: float
    prior_k: float
    likelihood_k: float
    verdict: Verdict


@dataclass(frozen=True)
class Powered:
    """One estimand with one component raised to one power; without an answer where ``how`` is None."""

    plan: str
    family: str
    estimand: str
    component: str
    alpha: float
    pareto_k: float
    how: How | None
    median: float | None = None
    low: float | None = None
    high: float | None = None
    p_benefit: float | None = None


@dataclass(frozen=True)
class PowerScaling:
    """All of one plan; ``reason`` says why there is nothing of a fit that failed."""

    plan: str
    sensitivities: tuple[Sensitivities, ...] = ()
    powered: tuple[Powered, ...] = ()
    reason: str = ""


def verdict(prior: float, likelihood: float) -> Verdict:
    """The verdict on two sensitivities."""
    if prior >= THRESHOLD:
        return Verdict.conflict if likelihood >= THRESHOLD else Verdict.strong_prior
    return Verdict.none if likelihood >= THRESHOLD else Verdict.weak_likelihood


def sensitivity_to(log_component: np.ndarray, draws: np.ndarray) -> float:
    """Of an estimand's draws (chain, draw) to the power of a component whose log at each draw is given."""
    import arviz_stats

    dims = ("chain", "draw")
    tree = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset({"estimand": (dims, draws)}),
            "log_prior": xr.Dataset({"component": (dims, log_component)}),
        }
    )
    return float(arviz_stats.psense(tree, group="prior", alphas=NEAR)["estimand"])


def sensitivities(
    draws: Mapping[str, np.ndarray], declared: Sequence[Estimand], components: Components
) -> dict[str, tuple[float, float]]:
    """Sensitivity to the prior and to the likelihood of each estimand; draws are (chain, draw)."""
    found = {}
    for row in declared:
        values = np.log(draws[row.id]) if row.null == 1 else draws[row.id]
        prior, likelihood = (sensitivity_to(components[name], values) for name in ("prior", "likelihood"))
        found[row.id] = prior, likelihood
    return found


def weighted(draws: np.ndarray, weight: np.ndarray, estimand: Estimand) -> dict[str, float | None]:
    """Median, central 95 % interval and P(benefit) of draws with weights."""
    flat, w = draws.ravel(), weight.ravel() / weight.sum()
    order = np.argsort(flat)
    at = np.cumsum(w[order]) - w[order] / 2
    low, median, high = np.interp([(1 - PROB) / 2, 0.5, (1 + PROB) / 2], at, flat[order])
    benefit = better(flat, estimand, estimand.null)
    p_benefit = None if estimand.benefit is None else float(w @ benefit)
    return {"median": float(median), "low": float(low), "high": float(high), "p_benefit": p_benefit}


def make_power_scaling(fitter: Fitter, setting: Setting) -> PowerScaling:
    """Power scaling of the report's fit of a plan's own family on the numbers as printed."""
    from mgbayes.models.components import log_likelihood, log_prior

    fit = fitter.remembered(setting.parent())
    reason = fault(fit)
    if reason:
        return PowerScaling(setting.plan.id, reason=reason)
    step = max(1, fit.posterior.sizes["draw"] // _DRAWS)
    posterior, contrasts = (
        part.isel(draw=slice(None, None, step)) for part in (fit.posterior, fit.contrasts)
    )
    draws = {row.id: contrasts[row.id].transpose("chain", "draw").to_numpy() for row in fit.declared}
    components = {
        "prior": log_prior(setting.plan.model, posterior, fit.priors),
        "likelihood": log_likelihood(setting.plan.model, fit.family, posterior, fit.data),
    }
    powers = [
        row
        for name in components
        for alpha in ALPHAS
        for row in _powered(fitter, setting, fit, draws, (name, components[name]), alpha)
    ]
    worst = {name: max(row.pareto_k for row in powers if row.component == name) for name in components}
    found = sensitivities(draws, fit.declared, components)
    rows = tuple(
        Sensitivities(
            plan=setting.plan.id,
            family=setting.family,
            estimand=row.id,
            label=row.label,
            prior=found[row.id][0],
            likelihood=found[row.id][1],
            prior_k=worst["prior"],
            likelihood_k=worst["likelihood"],
            verdict=verdict(*found[row.id]),
        )
        for row in fit.declared
    )
    return PowerScaling(setting.plan.id, rows, tuple(powers))


def powered_plan(plan: Plan, fit: Fit, alpha: float) -> Plan:
    """The plan with every prior raised to a power."""
    from mgbayes.models.components import powered

    scaled = {name: powered(prior, alpha) for name, prior in fit.priors.items()}
    choices = {
        name: PriorChoice(form=prior.form, values=prior.values, why=prior.why)
        for name, prior in scaled.items()
    }
    return plan.model_copy(update={"priors": plan.priors | choices, "sampling": modest(plan.sampling)})


def power_settings(study_settings: Sequence[Setting]) -> list[Setting]:
    """Of each plan whose model has its components at hand, the setting of its own fit."""
    from mgbayes.models.components import LIKELIHOODS

    own: dict[str, Setting] = {}
    for row in study_settings:
        if row.is_base and row.plan.model in LIKELIHOODS:
            own.setdefault(row.plan.id, row)
    return list(own.values())


def _powered(
    fitter: Fitter,
    setting: Setting,
    fit: Fit,
    draws: Mapping[str, np.ndarray],
    component: tuple[str, np.ndarray],
    alpha: float,
) -> list[Powered]:
    """Every estimand under one power of one component."""
    name, log_component = component
    weight, k = smoothed((alpha - 1) * log_component.ravel())
    empty = Powered(setting.plan.id, setting.family, "", name, alpha, k, None)
    how: How | None = How.reweighted
    if k > PARETO_K:
        refit = _refit(fitter, setting, fit, alpha) if name == "prior" else None
        how = None if refit is None else How.refitted
        if refit is not None:
            draws = {row.id: refit.contrasts[row.id].to_numpy() for row in fit.declared}
            weight = np.ones(next(iter(draws.values())).size)
    rows = []
    for row in fit.declared:
        answer: dict[str, Any] = weighted(draws[row.id], weight, row) if how else {}
        rows.append(replace(empty, estimand=row.id, how=how, **answer))
    return rows


def _refit(fitter: Fitter, setting: Setting, fit: Fit, alpha: float) -> Fit | None:
    """A fit under every prior raised to a power; None where it fails."""
    plan = powered_plan(setting.plan, fit, alpha)
    try:
        found = steady_fit(fitter, Job(setting.study, plan, setting.family, start=setting.plan))
    except (RuntimeError, FloatingPointError):
        return None
    return None if fault(found) else found


def _key(fitter: Fitter, setting: Setting) -> str:
    if setting.belief.name != OWN:
        raise ValueError("power scaling is of the plan's own fit")
    content = {"plan": setting.plan.id, "fit": fitter.key(setting.parent())}
    return content_key(_SOURCES, (*LIBRARIES, "arviz-stats"), content)


def _to_text(result: PowerScaling) -> str:
    return json.dumps(asdict(result), ensure_ascii=False)


def _from_text(text: str) -> PowerScaling:
    raw = json.loads(text)
    rows = (Sensitivities(**(row | {"verdict": Verdict(row["verdict"])})) for row in raw["sensitivities"])
    powers = (Powered(**(row | {"how": row["how"] and How(row["how"])})) for row in raw["powered"])
    return PowerScaling(raw["plan"], tuple(rows), tuple(powers), raw["reason"])


POWERS: Work[PowerScaling] = Work(
    "powers", _key, make_power_scaling, _to_text, _from_text, starts_from_reports=True
)
