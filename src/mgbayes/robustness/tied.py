"""Whether the prior that is varied is that of the estimand that is watched, and what it induces where it is not.

A prior of an effect is one of the estimand where the estimand is the effect itself (a difference) or its exponential
(a ratio). Any other estimand follows from the effect only together with other parameters: its prior is then induced.
Both are found from draws of the prior, so that they hold for any model.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from mgbayes.inference.run import Job, evidence_of
from mgbayes.models.priors import Prior

_FEW = 20  # draws tell an identity from what is none
_DRAWS = 1000
_SEED = 20200216


def is_tied(job: Job, effect: str, estimand: str) -> bool:
    """Whether an estimand is an effect itself, or its exponential where no difference is a ratio of 1.

    Raises InputError when the study lacks what the plan needs.
    """
    drawn, contrasts = _prior(job, job.plan.prior_set(job.family, job.model.default_priors), _FEW)
    if effect not in drawn:
        return False
    null = next(row.null for row in job.declared() if row.id == estimand)
    values = contrasts[estimand].to_numpy().ravel()
    with np.errstate(all="ignore"):
        found = np.log(values) if null == 1 else values
    known = np.isfinite(found)
    return bool(known.any() and np.allclose(found[known], drawn[effect].to_numpy().ravel()[known], rtol=1e-6))


def induced_interval(job: Job, effect: str, prior: Prior, estimand: str) -> tuple[float, float]:
    """The central 95 % of an estimand's prior under this prior of the effect."""
    own = job.plan.prior_set(job.family, job.model.default_priors)
    _, contrasts = _prior(job, {**own, effect: prior}, _DRAWS)
    low, high = np.quantile(contrasts[estimand].to_numpy(), [0.025, 0.975])
    return float(low), float(high)


def _prior(job: Job, priors: dict[str, Prior], draws: int) -> tuple[xr.Dataset, xr.Dataset]:
    """Draws of the prior, and the estimands of each."""
    data = evidence_of(job)
    drawn = job.model.prior_draws(np.random.default_rng(_SEED), data, job.family, priors, draws)
    with np.errstate(all="ignore"):  # far tails
        return drawn, job.model.estimands(drawn, data, job.family)
