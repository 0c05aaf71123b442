"""How well a model predicts each patient from the others, and which patients sway it.

Leave-one-out by Pareto-smoothed importance sampling: elpd is the sum over patients of the log density of what was
seen of a patient, given all others. A Pareto k above 0.7 marks a patient whom the others do not foresee: the sum is
then not to be trusted. Source: Vehtari, Gelman and Gabry (2017), Stat Comput 27:1413; thresholds: Vehtari et al.
(2024), JMLR 25:72.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.models.evidence import YesNo

PARETO_K = 0.7
_DRAWS = 1000  # of each chain: more than enough for a sum over patients


@dataclass(frozen=True)
class LeaveOneOut:
    """elpd with its standard error, effective number of parameters, and the rows of patients of high Pareto k."""

    elpd: float
    se: float
    p: float
    pareto_k_max: float
    influential: tuple[int, ...]
    patients: int


def leave_one_out(model: Any, posterior: xr.Dataset, data: Mapping[str, np.ndarray]) -> LeaveOneOut:
    """Leave one patient out at a time, from the draws of a fit on patients.

    Args:
        model: the PyMC model, with one observed variable of (arm, patient), or of counts of ``yes_or_no``.
        posterior: its draws, (chain, draw, ...).
        data: of the model; ``row`` (arm, patient) is 0 in padding. ``yes_or_no`` (endpoint, arm, patient), where the
            model counts them, is 1, 0 or NaN (not known); its draws have the ``chance`` of each.
    """
    import arviz_stats

    thinned, pointwise = pointwise_log_likelihood(model, posterior, data)
    present = data["row"] > 0
    likelihood = xr.Dataset({"patient": (("chain", "draw", "row"), pointwise)})
    tree = xr.DataTree.from_dict({"posterior": thinned, "log_likelihood": likelihood})
    with warnings.catch_warnings():  # of high Pareto k, which are shown
        warnings.simplefilter("ignore", UserWarning)
        result = arviz_stats.loo(tree, pointwise=True)
    k = np.asarray(result.pareto_k)
    rows = data["row"][present].astype(int)
    return LeaveOneOut(
        elpd=float(result.elpd),
        se=float(result.se),
        p=float(result.p),
        pareto_k_max=float(k.max()),
        influential=tuple(sorted(int(row) for row in rows[k > PARETO_K])),
        patients=int(present.sum()),
    )


def pointwise_log_likelihood(
    model: Any, posterior: xr.Dataset, data: Mapping[str, np.ndarray]
) -> tuple[xr.Dataset, np.ndarray]:
    """About a thousand draws of each chain, and the log likelihood of each patient there, (chain, draw, patient)."""
    step = max(1, posterior.sizes["draw"] // _DRAWS)
    thinned = posterior.isel(draw=slice(None, None, step))
    found = _of_answers(thinned, data["yes_or_no"]) if isinstance(data, YesNo) else _of_model(model, thinned)
    return thinned, found[..., data["row"] > 0]


def _of_answers(posterior: xr.Dataset, answer: np.ndarray) -> np.ndarray:
    """Log likelihood of each patient, (chain, draw, arm, patient): the sum of y log p + (1 - y) log(1 - p)."""
    from scipy.special import xlog1py, xlogy

    chance = posterior["chance"].transpose("endpoint", "chain", "draw", "arm").to_numpy()[..., None]
    likelihood = np.zeros((*chance.shape[1:-1], answer.shape[-1]))
    # One endpoint at a time: a registry has thousands of patients.
    for y, p in zip(answer, chance, strict=True):
        likelihood += np.nan_to_num(xlogy(y, p) + xlog1py(1 - y, -p))
    return likelihood


def _of_model(model: Any, posterior: xr.Dataset) -> np.ndarray:
    """Log likelihood of each place of the observed variable, (chain, draw, arm, patient)."""
    import pymc as pm

    (outcome,) = model.observed_RVs
    evaluate = pm.compile(
        model.free_RVs, pm.logp(outcome, model.rvs_to_values[outcome]), on_unused_input="ignore"
    )
    names = [variable.name for variable in model.free_RVs]
    draws = [posterior[name].transpose("chain", "draw", ...).to_numpy() for name in names]
    chains, size = posterior.sizes["chain"], posterior.sizes["draw"]
    return np.array(
        [[evaluate(*(values[chain, i] for values in draws)) for i in range(size)] for chain in range(chains)]
    )
