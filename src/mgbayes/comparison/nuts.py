"""The posterior of one simulated study by NUTS, where importance sampling cannot be trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mgbayes.comparison.importance import Draws, Model, log_ratio
from mgbayes.comparison.tables import Floats
from mgbayes.models.plan import Sampling
from mgbayes.models.priors import Prior

_STEP = 1e-4
_SAMPLING = Sampling(draws=500, tune=300, chains=4, seed=1, target_accept=0.9, max_depth=6)
"""Deeper trees are of a posterior without an answer, which would take minutes, and are counted as failed."""


def by_nuts(study: Any, model: Model, prior: Prior) -> Draws | None:
    """Draws of the effect of one study under a prior of it; None where the chains fail their diagnostics."""
    import xarray as xr
    from nutpie.compiled_pyfunc import from_pyfunc

    from mgbayes.inference.diagnostics import diagnose
    from mgbayes.inference.sample import draw

    d, ratio = len(model.means), log_ratio(prior, model.effect_prior)
    steps = _STEP * np.concatenate([np.zeros((1, d)), np.eye(d), -np.eye(d)])

    def log_density_and_gradient(theta: Floats) -> tuple[float, Floats]:
        at = theta + steps
        with np.errstate(all="ignore"):  # the first steps may lead far away
            value = model.log_posterior(study, at[None])[0] + ratio(at[:, -1])
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
