"""The log likelihood of a built model at given values of its parameters, and where it is greatest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pymc as pm
from scipy import optimize


def pointwise(model: pm.Model, mode: str | None = None) -> Callable[..., Any]:
    """The log likelihood of each place of the one observed variable, by parameter; compiled in a mode of PyTensor."""
    (outcome,) = model.observed_RVs
    inputs = {str(variable.name): variable for variable in model.free_RVs}
    compiled = pm.compile(
        list(inputs.values()),
        pm.logp(outcome, model.rvs_to_values[outcome]),
        on_unused_input="ignore",
        mode=mode,
    )

    def evaluate(**values: Any) -> Any:
        return compiled(*(np.asarray(values[name], dtype=float) for name in inputs))

    return evaluate


def maximum(
    model: pm.Model, parameters: Callable[[Any], Mapping[str, Any]], start: Any
) -> tuple[np.ndarray, float]:
    """Where the likelihood is greatest, in the coordinates that ``parameters`` turns into the model's own."""
    evaluate = pointwise(model)

    def lost(x: Any) -> float:
        return -float(np.sum(evaluate(**parameters(x))))

    found = optimize.minimize(lost, start, method="BFGS", options={"gtol": 1e-7, "maxiter": 2000})
    again = optimize.minimize(
        lost,
        found.x,
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 20_000, "maxfev": 20_000},
    )
    return again.x, -float(again.fun)
