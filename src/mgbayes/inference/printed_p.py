"""Printed p values as evidence: which draws agree with them.

A rank or log-rank p is computed on each latent data set of the posterior, and the draws are conditioned on its
being printed as it is. The draws that agree are still draws of each chain in its order, so that they are
diagnosed like any others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from mgbayes.estimands.printed_p import LOG_RANK, side_of
from mgbayes.models.plan import PrintedPUse
from mgbayes.study.direction import direction_of_p
from mgbayes.study.schema import Study


def agreeing(study: Study, uses: Sequence[PrintedPUse], p: xr.Dataset) -> np.ndarray:
    """Which draws (chain, draw) agree with every printed p; ``p`` holds each statistic, (chain, draw, ...).

    Where the text states a direction and ``p`` says on which side each draw is, that must agree, too.
    """
    agree = np.ones((p.sizes["chain"], p.sizes["draw"]), bool)
    for use in uses:
        values = p[use.statistic].transpose("chain", "draw", ...)
        if use.arm is not None:
            values = values.isel(arm=[study.reference.id, study.contrast.id].index(use.arm))
        claim, side = study.claim(use.claim), p.get(side_of(use.statistic))
        for text in claim.p_by_source.values():
            interval = study.parse_p(text).interval
            direction = direction_of_p(study, claim, text, of_values=use.statistic != LOG_RANK)
            agree &= (values.to_numpy() >= interval.low) & (values.to_numpy() <= interval.high)
            if direction and side is not None:
                agree &= side.transpose("chain", "draw").to_numpy() == direction
    return agree


def select(dataset: xr.Dataset, agree: np.ndarray) -> xr.Dataset:
    """The draws that agree, as many of each chain as the chain with the fewest has."""
    kept = min(int(row.sum()) for row in agree)
    rows = np.stack([np.flatnonzero(row)[:kept] for row in agree])
    chain = xr.DataArray(np.arange(len(agree))[:, None].repeat(kept, axis=1), dims=("chain", "draw"))
    picked = dataset.drop_vars(["chain", "draw"], errors="ignore")
    return picked.isel(chain=chain, draw=xr.DataArray(rows, dims=("chain", "draw")))
