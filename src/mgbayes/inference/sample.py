"""Compile a model once, draw from it as often as its data change. The only sampler is nutpie."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.inference.arrow import datasets
from mgbayes.models.plan import Sampling

_STAGES_OF_SMALLER_STEPS = 2
_ADAPTATIONS = {"diagonal": "diag", "low_rank": "low_rank"}
_STATISTICS = ("diverging", "energy", "maxdepth_reached", "gradient")


def compile_model(model: Any) -> Any:
    """Compile a PyMC model; its ``pm.Data`` can then be swapped with ``swap``.

    Arithmetic keeps its order (no fast math): code that was just compiled and code that was read back from
    disk round alike, so that the same seed gives the same draws.
    """
    import nutpie
    import pytensor

    logging.getLogger("pymc").setLevel(logging.WARNING)
    with pytensor.config.change_flags(numba__fastmath=False):
        return nutpie.compile_pymc_model(model)


def swap(compiled: Any, data: Mapping[str, np.ndarray]) -> Any:
    """The same compiled model with other numbers in its ``pm.Data``; what it makes no use of is passed over."""
    used = {variable.name for variable in compiled.shared_var_keys}
    return compiled.with_data(**{name: values for name, values in data.items() if name in used})


def draw(compiled: Any, sampling: Sampling, *, cores: int = 2) -> tuple[xr.Dataset, xr.Dataset]:
    """Posterior draws and sampler statistics, (chain, draw, ...), the same for the same seed.

    Among these is ``slope``, (chain, draw, of): the derivative of the log density by each parameter on the real line.
    Interrupted, it raises, where nutpie's own waiting would pass on the draws made so far as if they were all.
    """
    import nutpie

    sampler = nutpie.sample(
        compiled,
        draws=sampling.draws,
        tune=sampling.tune,
        chains=sampling.chains,
        cores=min(cores, sampling.chains),
        seed=sampling.seed,
        target_accept=sampling.target_accept,
        maxdepth=sampling.max_depth,
        adaptation=_ADAPTATIONS[sampling.mass_matrix],
        progress_bar=False,
        store_gradient=True,
        return_raw_trace=True,
        blocking=False,
    )
    try:
        trace = sampler.wait()
    except BaseException:
        sampler.cancel()
        raise
    return _with_slopes(compiled, *datasets(compiled, trace, _STATISTICS))


def _with_slopes(compiled: Any, posterior: xr.Dataset, stats: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """The draws, and the statistics with the slope by each single parameter on the real line as their gradient."""
    from mgbayes.models.coordinates import SCALED, UNIT

    slopes, gradient = {}, stats["gradient"].to_numpy()
    parameters = getattr(compiled, "shape_info", ())  # a density that is a function has none by name
    for name, places, shape in zip(*parameters, strict=True):
        unit = posterior.get(f"{name.removesuffix(f'_{SCALED}__')}_{UNIT}")
        if len(shape) == 0 and places.stop <= compiled.n_dim and (name in posterior or unit is not None):
            slope = gradient[..., places.start]
            slopes[name.removesuffix(f"_{SCALED}__")] = slope if unit is None else slope / unit.to_numpy()
    values = np.stack(list(slopes.values()), axis=-1) if slopes else np.empty((*gradient.shape[:2], 0))
    of_each = xr.DataArray(values, dims=("chain", "draw", "of"), coords={"of": list(slopes)})
    units = [str(name) for name in posterior if str(name).endswith(UNIT)]
    return posterior.drop_vars(units), stats.drop_vars("gradient").assign(slope=of_each)


def other_coordinates(sampling: Sampling) -> Sampling:
    """The same with yet smaller steps, along the directions in which parameters correlate, for a last try."""
    return smaller_steps(sampling).model_copy(update={"mass_matrix": "low_rank"})


def smaller_steps(sampling: Sampling) -> Sampling:
    """The same, with a quarter of the distance of target_accept to 1 and longer tuning, for a second try."""
    return sampling.model_copy(
        update={
            "target_accept": 1 - (1 - sampling.target_accept) / _STAGES_OF_SMALLER_STEPS**2,
            "tune": sampling.tune * 2,
        }
    )
