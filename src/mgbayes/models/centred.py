"""Parameters that a sampler sees around a centre: where other variables of the model say that they lie.

A parameter θ with prior p is sampled as θ - c, or as log θ - c where its prior has positive numbers only. The centre
c may be any function of other variables: the density of the model is p(θ) still, and only the sampler's coordinates
change, in which θ and those variables are nearly independent. A form of prior that is neither is sampled as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform
from pytensor.graph.replace import graph_replace

from mgbayes.models.parameters import parameter
from mgbayes.models.priors import Prior


class Around(Transform):
    """The coordinate θ - c, c being the last input."""

    name = "around"

    def backward(self, value: Any, *inputs: Any) -> Any:
        """From the coordinate to θ."""
        return value + inputs[-1]

    def forward(self, value: Any, *inputs: Any) -> Any:
        """From θ to the coordinate."""
        return value - inputs[-1]

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """Log of |∂θ / ∂coordinate|."""
        return pt.zeros_like(value)


class LogAround(Transform):
    """The coordinate log θ - c, c being the last input."""

    name = "log_around"

    def backward(self, value: Any, *inputs: Any) -> Any:
        """From the coordinate to θ."""
        return pt.exp(value + inputs[-1])

    def forward(self, value: Any, *inputs: Any) -> Any:
        """From θ to the coordinate."""
        return pt.log(value) - inputs[-1]

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """Log of |∂θ / ∂coordinate|."""
        return value + inputs[-1]


_COORDINATES: Mapping[str, type[Transform]] = {
    "normal": Around,
    "student_t_mixture": Around,
    "lognormal": LogAround,
    "half_normal": LogAround,
}


def centred(name: str, priors: Mapping[str, Prior], centre: Any) -> Any:
    """Add parameter ``name`` to the model in context, its prior's numbers as ``prior_<name>``.

    Args:
        name: of the parameter.
        priors: of the model.
        centre: where it lies, or for a prior of positive numbers where its log lies; a scalar of the model.
    """
    prior = priors[name]
    if prior.form not in _COORDINATES:
        return parameter(name, priors)
    coordinates = _COORDINATES[prior.form]()
    return pm.CustomDist(
        name,
        pm.Data(f"prior_{name}", np.asarray(prior.values, dtype=float)),
        centre,
        logp=_log_prior(name, prior),
        support_point=lambda rv, size, *inputs: coordinates.backward(pt.zeros(()), *inputs),
        signature="(h),()->()",
        transform=coordinates,
    )


def _log_prior(name: str, prior: Prior) -> Callable[..., Any]:
    """Log density of a parameter of this prior, given the prior's numbers and a centre that it does not hang on."""
    with pm.Model(model=None) as alone:
        variable = parameter(name, {name: prior})
    of_its_own = alone[f"prior_{name}"]

    def logp(value: Any, numbers: Any, centre: Any) -> Any:
        return graph_replace(pm.logp(variable, value), {of_its_own: numbers})

    return logp
