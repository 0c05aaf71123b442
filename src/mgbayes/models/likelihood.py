"""Likelihoods that are not a named distribution of PyMC."""

from __future__ import annotations

from typing import Any

import pymc as pm


def given_density(name: str, log_density: Any, observed: Any, **kwargs: Any) -> Any:
    """Add a likelihood to the model in context whose log density is already at hand.

    Latent values are built from the published numbers, so that their density is complete before the observed value is
    looked at. As the parameter of a named distribution it keeps its place among the pointwise log likelihoods, which
    a bare potential would not.
    """
    return pm.CustomDist(name, log_density, logp=_parameter, observed=observed, **kwargs)


def _parameter(value: Any, log_density: Any) -> Any:
    return log_density
