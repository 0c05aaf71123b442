r"""Power scaling: does the answer move when the prior, or the likelihood, is raised to a power near 1?

With posterior p ∝ π(θ) L(θ), draws are weighted by π^(alpha - 1) or L^(alpha - 1), smoothed by a Pareto tail. The
sensitivity is the cumulative Jensen-Shannon distance between the estimand's weighted and plain distribution, per
doubling of alpha at 1:

    prior and likelihood at least 0.05    prior-data conflict: each pulls the answer its own way
    the prior alone                       strong prior: it is more informative than the data, or they are weak
    neither                               weak likelihood: nor do the data move the answer
    the likelihood alone                  none of these: the answer follows the data

A ratio is taken on the log scale. The answers under alpha of 1/2 to 2 have the Pareto k of their weights; where it is
above 0.7 the model is fitted again under the scaled prior. A likelihood has no such fit: its answer is then left out.
Source: Kallioinen et al. (2024), Stat Comput 34:57.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.cache import Cache, content_key
from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.summary import PROB, better
from mgbayes.inference.fit import Fit
from mgbayes.inference.job import Job
from mgbayes.inference.run import Fitter
from mgbayes.inference.store import LIBRARIES
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan import Plan
from mgbayes.robustness.cell import STOPPED, How, fault, steady_fit
from mgbayes.robustness.reweighting import PARETO_K, smoothed
from mgbayes.robustness.settings import Setting, base_settings, modest, with_choices
from mgbayes.robustness.tasks import Kind

ALPHAS = (0.5, 0.8, 1.25, 2.0)
NEAR = (0.99, 1.01)
THRESHOLD = 0.05
_DRAWS = 1000  # of each chain
_SOURCES = ("robustness/power_scaling.py", "robustness/reweighting.py", "models/components.py")

Components = Mapping[str, np.ndarray]
"""``prior`` and ``likelihood``: the log of each at every draw, (chain, draw), up to a constant."""


class Verdict(StrEnum):
    """What follows from the two sensitivities."""

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
    """All of one plan; ``reason`` is why there is nothing of a fit that failed."""

    plan: str
    sensitivities: tuple[Sensitivities, ...] = ()
    powered: tuple[Powered, ...] = ()
    reason: str = ""


def verdict(prior: float, likelihood: float) -> Verdict:
    """The verdict on two sensitivities."""
    if prior >= THRESHOLD:
        return Verdict.conflict if likelihood >= THRESHOLD else Verdict.strong_prior
    return Verdict.none if likelihood >= THRESHOLD else Verdict.weak_likelihood


def sensitivities(
    draws: Mapping[str, np.ndarray], declared: Sequence[Estimand], components: Components
) -> dict[str, tuple[float, float]]:
    """Sensitivity to the prior and to the likelihood of each estimand; draws are (chain, draw)."""
    import arviz_stats

    dims = ("chain", "draw")
    values = {row.id: np.log(draws[row.id]) if row.null == 1 else draws[row.id] for row in declared}
    posterior = xr.Dataset({name: (dims, rows) for name, rows in values.items()})
    by_component = []
    for component in ("prior", "likelihood"):
        log_component = xr.Dataset({"component": (dims, components[component])})
        tree = xr.DataTree.from_dict({"posterior": posterior, "log_prior": log_component})
        by_component.append(arviz_stats.psense(tree, group="prior", alphas=NEAR))
    return {name: (float(by_component[0][name]), float(by_component[1][name])) for name in values}


def weighted(draws: np.ndarray, weight: np.ndarray, estimand: Estimand) -> dict[str, float | None]:
    """Median, central 95 % interval and P(benefit) of draws with weights."""
    flat, w = draws.ravel(), weight.ravel() / weight.sum()
    order = np.argsort(flat)
    at = np.cumsum(w[order]) - w[order] / 2
    low, median, high = np.interp([(1 - PROB) / 2, 0.5, (1 + PROB) / 2], at, flat[order])
    benefit = better(flat, estimand, estimand.null)
    p_benefit = None if estimand.benefit is None else float(w @ benefit)
    return {"median": float(median), "low": float(low), "high": float(high), "p_benefit": p_benefit}


def power_settings(grid: Sequence[Setting]) -> list[Setting]:
    """Of each plan whose model has its marginal likelihood, the setting of its own fit."""
    return [row for row in base_settings(grid) if row.family in MODELS[row.plan.model].likelihood_of]


def power_scaling(fitter: Fitter, setting: Setting) -> PowerScaling:
    """Power scaling of the report's fit of a plan's own family on the published numbers."""
    from mgbayes.models.components import log_likelihood, log_prior

    plan, fit = setting.plan, fitter.remembered(setting.parent())
    reason = fault(fit)
    if reason:
        return PowerScaling(plan.id, reason=reason)
    thin = slice(None, None, max(1, fit.posterior.sizes["draw"] // _DRAWS))
    posterior, contrasts = fit.posterior.isel(draw=thin), fit.contrasts.isel(draw=thin)
    draws = {row.id: contrasts[row.id].transpose("chain", "draw").to_numpy() for row in fit.declared}
    components = {
        "prior": log_prior(plan.model, posterior, fit.priors),
        "likelihood": log_likelihood(fit.module, fit.family, posterior, fit.data),
    }
    powers = [
        row
        for name in components
        for alpha in ALPHAS
        for row in _powered(fitter, setting, fit, draws, (name, components[name]), alpha)
    ]
    worst = {name: max(row.pareto_k for row in powers if row.component == name) for name in components}
    rows = tuple(
        Sensitivities(
            plan=plan.id,
            family=setting.family,
            estimand=row.id,
            label=row.label,
            prior=prior,
            likelihood=likelihood,
            prior_k=worst["prior"],
            likelihood_k=worst["likelihood"],
            verdict=verdict(prior, likelihood),
        )
        for row, (prior, likelihood) in zip(
            fit.declared, sensitivities(draws, fit.declared, components).values(), strict=True
        )
    )
    return PowerScaling(plan.id, rows, tuple(powers))


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


def powered_plan(plan: Plan, fit: Fit, alpha: float) -> Plan:
    """The plan with every prior raised to a power."""
    from mgbayes.models.components import powered

    scaled = with_choices(plan, {name: powered(prior, alpha) for name, prior in fit.priors.items()})
    return scaled.model_copy(update={"sampling": modest(plan.sampling)})


def _refit(fitter: Fitter, setting: Setting, fit: Fit, alpha: float) -> Fit | None:
    """A fit under every prior raised to a power; None where it fails."""
    plan = powered_plan(setting.plan, fit, alpha)
    try:
        refit = steady_fit(fitter, Job(setting.study, plan, setting.family, start=setting.plan))
    except STOPPED:
        return None
    return None if fault(refit) else refit


def _key(fitter: Fitter, setting: Setting) -> str:
    content = {"plan": setting.plan.id, "fit": fitter.key(setting.parent())}
    return content_key(_SOURCES, (*LIBRARIES, "arviz-stats"), content)


POWERS: Kind[PowerScaling] = Kind(Cache("powers", PowerScaling), _key, power_scaling, from_reports=True)
