"""One fit from many data sets: the model is fitted to each member of an ensemble, and the draws are put together.

Each member is a data set that a digitized curve allows, so that the posterior given the curve is the mixture of the
posteriors given the members, as in multiple imputation with equally many draws of each (Zhou and Reiter 2010,
American Statistician 64:159). The model is compiled once; members are swapped in as data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from mgbayes.inference.fit import Fit
from mgbayes.inference.pooled import Pooled, spread_of, worst
from mgbayes.inference.predictive import curve_bands, prior_bands

if TYPE_CHECKING:
    from mgbayes.inference.job import Job
    from mgbayes.inference.run import Fitter

MOST_DRAWS = 1500
"""Of each chain and member; together they are as many as members times this."""


def member_jobs(job: Job) -> Iterator[Job]:
    """A fit of its own for each member."""
    sampling = job.plan.sampling
    fewer = sampling.model_copy(update={"draws": min(sampling.draws, MOST_DRAWS)})
    plan = job.plan.model_copy(update={"sampling": fewer})
    for member in job.members:
        yield replace(job, plan=plan, members=(), patients=member)


def fit_members(fitter: Fitter, job: Job) -> Fit:
    """Fit every member, and put the draws together; failed if any member's fit is."""
    alone = replace(fitter, predictive=False)
    fits = []
    for number, one in enumerate(member_jobs(job), start=1):
        fitter.say(f"data set {number} of {len(job.members)}")
        fits.append(alone.fit(one))
    posterior, contrasts, stats = (
        _together([getattr(fit, part) for fit in fits]) for part in ("posterior", "contrasts", "sample_stats")
    )
    first = fits[0]
    module = job.model
    curve = module.curve if fitter.predictive else None
    rng = np.random.default_rng(job.plan.sampling.seed)
    data: Any = first.data
    enough = bool(contrasts.data_vars)
    return replace(
        first,
        plan=job.plan,
        evidence=job.evidence,
        posterior=posterior,
        contrasts=contrasts,
        sample_stats=stats,
        diagnostics=worst([fit.diagnostics for fit in fits]),
        key=hashlib.sha256("".join(fit.key for fit in fits).encode()).hexdigest()[:24],
        curve=curve,
        curve_bands=curve_bands(module, posterior, data, job.family, curve) if curve and enough else None,
        prior_bands=prior_bands(module, rng, data, job.family, first.priors, curve) if curve else None,
        used=None,
        pooled=Pooled(
            len(fits),
            int(job.members[0].attrs.get("available", len(fits))),
            first.used or 0,
            tuple(fit.diagnostics for fit in fits),
            spread_of([fit.contrasts for fit in fits]),
        ),
    )


def _together(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Draws of all members one after another in each chain."""
    joined = xr.concat(parts, dim="draw", join="outer", coords="minimal", compat="override")
    return joined.assign_coords(draw=range(joined.sizes["draw"])) if "draw" in joined.sizes else joined
