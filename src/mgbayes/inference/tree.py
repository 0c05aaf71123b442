"""Draws in ArviZ's groups, so that its plots and summaries take them as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.inference.leave_one_out import pointwise_log_likelihood
from mgbayes.inference.predictive import PRIOR_DRAWS, thin
from mgbayes.models.model import Model
from mgbayes.models.priors import Prior

Groups = dict[str, xr.Dataset]
OF_PATIENTS = frozenset({"log_likelihood", "observed_data", "constant_data"})
"""Groups that hold something of each patient, where patients were the evidence; never written to a file."""


def before_and_after(
    module: Model,
    posterior: xr.Dataset,
    data: Mapping[str, Any],
    family: str,
    priors: Mapping[str, Prior],
    seed: int,
) -> Groups:
    """What is drawn from the prior, and the numbers that a paper would print, before and after the data.

    ``prior`` has the parameters that the posterior has too; ``prior_predictive`` and ``posterior_predictive`` have
    the numbers of ``observed_data``, of one new cohort for each draw.
    """
    rng = np.random.default_rng(seed)
    prior = module.prior_draws(rng, data, family, priors, PRIOR_DRAWS)
    before = module.predict(rng, prior, data, family)
    after = module.predict(rng, thin(posterior, PRIOR_DRAWS), data, family)
    printed = [
        str(name)
        for name, values in after.items()
        if name in data and np.shape(data[str(name)]) == values.transpose("chain", "draw", ...).shape[2:]
    ]
    observed = {name: (after[name].transpose("chain", "draw", ...).dims[2:], data[name]) for name in printed}
    return {
        "prior": prior[[name for name in prior if name in posterior]],
        "prior_predictive": before[printed],
        "posterior_predictive": after[printed],
        "observed_data": xr.Dataset(observed),
    }


def constants(data: Mapping[str, Any], observed: xr.Dataset) -> xr.Dataset:
    """The numbers of the evidence that are not among the observed."""
    rest = {name: np.asarray(values) for name, values in data.items() if name not in observed}
    return xr.Dataset(
        {
            name: ([f"{name}_dim_{i}" for i in range(values.ndim)], values)
            for name, values in rest.items()
            if values.dtype.kind in "biuf"
        }
    )


def of_each_patient(model: Any, posterior: xr.Dataset, data: Mapping[str, Any]) -> xr.Dataset:
    """The log likelihood of each patient, by the row of the spreadsheet; of about a thousand draws a chain."""
    thinned, values = pointwise_log_likelihood(model, posterior, data)
    rows = data["row"][data["row"] > 0].astype(int)
    return xr.Dataset(
        {"patient": (("chain", "draw", "row"), values)},
        {"chain": thinned["chain"], "draw": thinned["draw"], "row": rows},
    )


def attributes(priors: Mapping[str, Prior], **said: Any) -> dict[str, str]:
    """What a file says of itself; no time of day, so that equal fits make equal files."""
    written = {name: prior.call() for name, prior in priors.items()}
    return {name: str(value) for name, value in said.items()} | {"priors": json.dumps(written)}
