"""Coordinates in which a sampler sees a parameter around where other variables of the model say that it lies.

A parameter θ with prior p is sampled as q with θ = c + u bend(q), or log θ where its prior has positive numbers only:

    bend(q) = q cosh ε + (√(1 + q²) - 1) sinh ε = sinh(arsinh q + ε) - sinh ε

The centre c and the unit u may be any function of other variables. The skewness ε is a number: the slope of bend
rises from exp(-ε) far to the left to exp(ε) far to the right, so that q is nearly symmetric where θ is skewed to the
right (ε > 0) or left (ε < 0). The density of the model is p(θ) still; only the sampler's coordinates change, in which
θ and those variables are nearly independent and normal. A form of prior that is neither is sampled as it is.

Source of bend: Jones and Pewsey 2009, Biometrika 96:761 (sinh-arcsinh).
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

SCALED = "reparametrized"
UNIT = "unit__"
"""Where θ = c + u q, ``<name>_unit__`` has u: the slope by θ, all else equal, is that by the coordinate over u."""


class Reparametrized(Transform):
    """The coordinate q of θ = c + u bend(q), c and u being the last two inputs, as those of a normal variable are."""

    name = SCALED

    def __init__(self, skew: float = 0.0) -> None:
        self.cosh, self.sinh = float(np.cosh(skew)), float(np.sinh(skew))

    def backward(self, value: Any, *inputs: Any) -> Any:
        """From the coordinate to θ."""
        bent = value * self.cosh + (pt.sqrt(1 + value**2) - 1) * self.sinh if self.sinh else value
        return inputs[-2] + inputs[-1] * bent

    def forward(self, value: Any, *inputs: Any) -> Any:
        """From θ to the coordinate."""
        bent = (value - inputs[-2]) / inputs[-1] + self.sinh
        return bent * self.cosh - pt.sqrt(1 + bent**2) * self.sinh

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """Log of |∂θ / ∂coordinate|."""
        slope = self.cosh + self.sinh * value / pt.sqrt(1 + value**2) if self.sinh else pt.ones_like(value)
        return pt.log(inputs[-1] * slope)


class LogReparametrized(Reparametrized):
    """The coordinate q of log θ = c + u bend(q)."""

    name = "log_reparametrized"

    def backward(self, value: Any, *inputs: Any) -> Any:
        """From the coordinate to θ."""
        return pt.exp(super().backward(value, *inputs))

    def forward(self, value: Any, *inputs: Any) -> Any:
        """From θ to the coordinate."""
        return super().forward(pt.log(value), *inputs)

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """Log of |∂θ / ∂coordinate|."""
        return super().backward(value, *inputs) + super().log_jac_det(value, *inputs)


_COORDINATES: Mapping[str, type[Reparametrized]] = {
    "normal": Reparametrized,
    "student_t_mixture": Reparametrized,
    "lognormal": LogReparametrized,
    "half_normal": LogReparametrized,
}


def reparametrized(
    name: str, priors: Mapping[str, Prior], centre: Any, unit: Any = 1.0, skew: float = 0.0
) -> Any:
    """Add parameter ``name`` to the model in context, its prior's numbers as ``prior_<name>``.

    Args:
        name: of the parameter.
        priors: of the model.
        centre, unit: where it lies and how far from there, or its log for a prior of positive numbers; scalars of
            the model.
        skew: how skewed it is: 0 if not, positive to the right.
    """
    prior = priors[name]
    if prior.form not in _COORDINATES:
        return parameter(name, priors)
    coordinates = _COORDINATES[prior.form](skew)
    if coordinates.name == SCALED and not skew:
        pm.Deterministic(f"{name}_{UNIT}", pt.as_tensor(unit).astype("float64"))
    return pm.CustomDist(
        name,
        pm.Data(f"prior_{name}", np.asarray(prior.values, dtype=float)),
        *(centre, unit),
        logp=_log_prior(name, prior),
        support_point=lambda rv, size, *inputs: coordinates.backward(pt.zeros(()), *inputs),
        signature="(h),(),()->()",
        transform=coordinates,
    )


def _log_prior(name: str, prior: Prior) -> Callable[..., Any]:
    """Log density of a parameter of this prior, given its numbers; centre and unit do not count."""
    with pm.Model(model=None) as alone:
        variable = parameter(name, {name: prior})
    of_its_own = alone[f"prior_{name}"]

    def logp(value: Any, numbers: Any, centre: Any, unit: Any) -> Any:
        return graph_replace(pm.logp(variable, value), {of_its_own: numbers})

    return logp
