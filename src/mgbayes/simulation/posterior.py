"""Posterior draws of the published mode, as synthetic cohorts need them: times, doses, chances of no event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.errors import InputError, Problem
from mgbayes.inference.diagnostics import Status
from mgbayes.inference.fit import Fit
from mgbayes.models.catalogue import MODELS
from mgbayes.progress import Say, quiet
from mgbayes.simulation.cohort import Floats
from mgbayes.study.schema import Study

DAYS = np.concatenate([np.linspace(0.01, 365.0, 74), np.linspace(365.0, 7300.0, 300)[1:]])
"""Days at which the chance of no event is computed; it is taken to stay as it is after the last."""


@dataclass(frozen=True)
class Draw:
    """One draw of each model's posterior: times and chances by endpoint, doses' correlations by arm."""

    times: Mapping[str, tuple[Floats, Floats]]
    """By endpoint, the days of those with the event in the reference and the contrast arm."""
    event_free: Mapping[str, Floats]
    """By endpoint, the chance (arm, day of ``DAYS``) of no event."""
    correlation: Floats | None
    """(arm, visit, visit)"""
    parameters: Mapping[str, Mapping[str, Any]]
    """By plan, the numbers of the draw."""


def published_fits(
    study: Study, *, cores: int = 2, use_cache: bool = True, say: Say = quiet
) -> tuple[Fit, ...]:
    """The fits, on the published summaries alone, that a cohort's times and doses are drawn from.

    Raises InputError where one fails its diagnostics.
    """
    from mgbayes.inference.job import Job, applies
    from mgbayes.inference.run import Fitter
    from mgbayes.models.continuous import Continuous
    from mgbayes.models.plan_file import shipped_plans
    from mgbayes.models.time_model import TimeModel

    drawn_from = [
        (plan, model)
        for plan in shipped_plans()
        if issubclass(model := MODELS[plan.model].load(), (TimeModel, Continuous)) and applies(study, plan)
    ]
    fitter = Fitter(cores=cores, use_cache=use_cache, predictive=False, say=say)
    fits = [
        fitter.fit(Job(study, plan, _normal(plan.family) if model is Continuous else plan.family))
        for plan, model in drawn_from
    ]
    failed = [fit.name for fit in fits if fit.status is Status.failed]
    if failed:
        problems = [
            Problem(f"the fit {name}", "failed diagnostics", "draws that can be used") for name in failed
        ]
        raise InputError(study.id, problems, "`mgbayes reanalyze` says what failed.")
    return tuple(fits)


def _normal(family: str) -> str:
    """Values are made from means, SDs and correlations, which a normal family knows exactly."""
    return family if family in ("normal", "normal_ratio") else "normal_ratio"


def draws(rng: np.random.Generator, fits: Sequence[Fit], cohorts: int) -> Iterator[Draw]:
    """As many draws, each model's at random and without drawing one twice while there are others."""
    chosen = {}
    for fit in fits:
        total = fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]
        chosen[fit.plan.id] = rng.choice(total, cohorts, replace=cohorts > total)
    for cohort in range(cohorts):
        yield _draw([(fit, int(chosen[fit.plan.id][cohort])) for fit in fits])


def _draw(chosen: Sequence[tuple[Fit, int]]) -> Draw:
    times, event_free, parameters = {}, {}, {}
    correlation = None
    for fit, at in chosen:
        chain, number = divmod(at, fit.posterior.sizes["draw"])
        one = fit.posterior.isel(chain=[chain], draw=[number])
        parameters[fit.plan.id] = {
            str(name): float(values) for name, values in one.squeeze(drop=True).items() if values.ndim == 0
        }
        if not has_times(fit):
            correlation = _correlation(one)
        else:
            endpoint = fit.plan.endpoints[0].endpoint
            times[endpoint] = _times(fit, one)
            event_free[endpoint] = _event_free(fit, one)
    return Draw(times, event_free, correlation, parameters)


def has_times(fit: Fit) -> bool:
    """Whether a fit is of times to an event; the others are of values."""
    return "latent_time" in fit.posterior


def _times(fit: Fit, one: Any) -> tuple[Floats, Floats]:
    """The latent days of those with the event, by arm."""
    from mgbayes.models.time_evidence import latent_by_arm

    first, second = latent_by_arm(one, fit.data)
    return first[0, 0], second[0, 0]


def _event_free(fit: Fit, one: Any) -> Floats:
    chance = fit.module.no_event(one, fit.data, fit.family, xr.DataArray(DAYS, dims="day"))
    by_arm: Floats = chance.transpose("chain", "draw", "arm", "day").to_numpy()[0, 0]
    return by_arm


def _correlation(one: Any) -> Floats:
    """Sample correlation matrices (arm, visit, visit)."""
    from mgbayes.models.visits import matrices

    visits = one.sizes["visit"]
    if visits == 1:
        return np.ones((2, 1, 1))
    return matrices(one["sample_correlation"].transpose(..., "arm", "pair").to_numpy()[0, 0], visits)
