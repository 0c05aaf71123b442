"""The posterior of one simulated study by NUTS, where importance sampling cannot be trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from mgbayes.comparison.importance import Draws, Model
from mgbayes.comparison.tables import Floats
from mgbayes.models.plan import Sampling

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
