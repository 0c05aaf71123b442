"""Priors put into a PyMC model, and drawn from.

Only the form is built into a compiled model. The numbers enter as ``pm.Data`` named
``prior_<parameter>``, so that another prior of the same form is a swap of data, not a new model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.random import Generator

from mgbayes.models.priors import Prior


@dataclass(frozen=True)
class _Scalar:
    """How a form becomes a random variable of a model, and how it is drawn."""

    count: int
    variable: Callable[..., Any]
    draw: Callable[..., Any]


_NEARLY_NORMAL = 1e7  # degrees of freedom in place of infinitely many: densities agree to 1e-6


def _mixture(name: str, *v: Any, **kwargs: Any) -> Any:
    weight, centre, scale, df = (pt.stack([v[i], v[i + 4]]) for i in range(4))
    nu = pt.minimum(df, _NEARLY_NORMAL)
    if "dims" in kwargs:  # components are the last axis of a mixture
        raise ValueError(f"{name}: a mixture is the prior of one number")
    return pm.Mixture(name, w=weight, comp_dists=pm.StudentT.dist(nu=nu, mu=centre, sigma=scale))


def _draw_mixture(rng: Generator, v: Any, size: Any) -> Any:
    weight, centre, scale, df = np.reshape(v, (2, 4)).T
    which = (rng.uniform(size=size) >= weight[0]).astype(int)
    return centre[which] + scale[which] * rng.standard_t(np.minimum(df, _NEARLY_NORMAL)[which])


_SCALAR: dict[str, _Scalar] = {
    "normal": _Scalar(2, pm.Normal, lambda rng, v, size: rng.normal(v[0], v[1], size)),
    "half_normal": _Scalar(1, pm.HalfNormal, lambda rng, v, size: abs(rng.normal(0, v[0], size))),
    "lognormal": _Scalar(2, pm.LogNormal, lambda rng, v, size: rng.lognormal(v[0], v[1], size)),
    "beta": _Scalar(2, pm.Beta, lambda rng, v, size: rng.beta(v[0], v[1], size)),
    "uniform": _Scalar(2, pm.Uniform, lambda rng, v, size: rng.uniform(v[0], v[1], size)),
    "student_t_mixture": _Scalar(8, _mixture, _draw_mixture),
}


def parameter(name: str, priors: Mapping[str, Prior], *, prior_of: str | None = None, **kwargs: Any) -> Any:
    """Add parameter ``name`` to the model in context, its prior's numbers as ``prior_<name>``.

    With ``prior_of`` it has the prior of that name, which several parameters can share.
    """
    prior_name = prior_of or name
    prior = priors[prior_name]
    form = _SCALAR[prior.form]
    data = f"prior_{prior_name}"
    known = pm.modelcontext(None).named_vars
    numbers = known[data] if data in known else pm.Data(data, np.asarray(prior.values, dtype=float))
    return form.variable(name, *(numbers[i] for i in range(form.count)), **kwargs)


def draw_parameter(
    rng: Generator,
    name: str,
    priors: Mapping[str, Prior],
    size: int | tuple[int, ...] | None = None,
) -> Any:
    """Draw parameter ``name`` from its prior: a float, or an array of shape ``size``."""
    prior = priors[name]
    return _SCALAR[prior.form].draw(rng, prior.values, size)
