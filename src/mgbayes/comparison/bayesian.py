"""Bayesian models as methods: each under the named priors of the sensitivity analysis, by reweighting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from mgbayes.comparison.answers import Answers, Method
from mgbayes.comparison.importance import Draws, Model, more_draws, posterior
from mgbayes.comparison.tables import Floats
from mgbayes.models.plan import Sampling
from mgbayes.models.priors import Prior
from mgbayes.robustness.reference_priors import ReferencePrior, priors_of_size

Scale = Callable[[Any], Floats]
USUAL = "usual"
FEW = (USUAL, "skeptical, moderate")
"""The priors of models that are not shown under all."""


def usual_priors(sd: float, expected: float, unit: float = 1.0) -> tuple[ReferencePrior, ...]:
    """The named priors of an effect, the usual one Normal(0, sd)."""
    own, *others = priors_of_size(Prior("normal", (0.0, sd), "no direction favoured"), expected, unit)
    return (replace(own, name=USUAL), *others)


def under(model: Model, prior: Prior, scale: Scale | None, studies: Any) -> Answers:
    """What a model says of studies under a prior of its effect, in units of ``scale``; by NUTS where k is large."""
    found = posterior(studies, model).under(prior, model.effect_prior).answers()
    for i in np.flatnonzero(np.isnan(found.p)).tolist():
        study = studies.rows([i])
        again = more_draws(study, model).under(prior, model.effect_prior).answers()
        if np.isnan(again.p[0]):
            drawn = by_nuts(studies, i, model)
            weighted = again if drawn is None else drawn.under(prior, model.effect_prior).answers()
            again = replace(weighted, pareto_k=again.pareto_k)
        found.with_study(i, again)
    if scale is None or found.estimate is None or found.low is None or found.high is None:
        return found
    unit = scale(studies)
    return replace(found, estimate=unit * found.estimate, low=unit * found.low, high=unit * found.high)


def methods(
    models: Mapping[str, tuple[str, Model]],
    priors: tuple[ReferencePrior, ...],
    everything: str,
    scale: Scale | None = None,
) -> dict[str, Method]:
    """Each model under two priors, and one of them, which estimates the effect of the scenarios, under all."""
    return {
        f"bayesian_{name}_{identifier(prior)}": Method(
            f"{label}, {prior.name}",
            partial(under, model, prior.prior, scale),
            estimates_effect=name == everything,
            bayesian=True,
            symmetric=prior.mean == 0,
        )
        for name, (label, model) in models.items()
        for prior in priors
        if name == everything or prior.name in FEW
    }


def identifier(prior: ReferencePrior) -> str:
    """The name of a prior as part of an id."""
    return prior.name.replace(", ", "_").replace(" ", "_").replace("-", "_")


_STEP = 1e-4
_SAMPLING = Sampling(draws=500, tune=300, chains=4, seed=1, target_accept=0.9, max_depth=6)
"""Deeper trees are of a posterior without an answer, which would take minutes, and are counted as failed."""


@lru_cache(maxsize=256)
def by_nuts(studies: Any, at: int, model: Model) -> Draws | None:
    """Draws of the effect of one of many studies under the model's own priors; None where chains fail diagnostics.

    Kept for the methods that share the model, which weight them by their priors.
    """
    import xarray as xr
    from nutpie.compiled_pyfunc import from_pyfunc

    from mgbayes.inference.diagnostics import diagnose
    from mgbayes.inference.sample import draw

    study, d = studies.rows([at]), len(model.means)
    steps = _STEP * np.concatenate([np.zeros((1, d)), np.eye(d), -np.eye(d)])

    def log_density_and_gradient(theta: Floats) -> tuple[float, Floats]:
        here = theta + steps
        with np.errstate(all="ignore"):  # the first steps may lead far away
            value = model.log_posterior(study, here[None])[0]
            return float(value[0]), (value[1 : d + 1] - value[d + 1 :]) / (2 * _STEP)

    def as_parameters(*_: Any) -> Callable[[Floats], Mapping[str, Floats]]:
        return lambda theta: {"theta": np.array(theta)}

    compiled = from_pyfunc(
        d, lambda: log_density_and_gradient, as_parameters, [np.dtype(float)], [(d,)], ["theta"]
    )
    posterior, statistics = draw(compiled, _SAMPLING, cores=1)
    if diagnose(posterior, xr.Dataset(), statistics).failures():
        return None
    effect = np.sort(posterior["theta"].to_numpy()[..., -1], axis=None)[None]
    return Draws(effect, np.zeros_like(effect))
