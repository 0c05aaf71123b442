"""Wald's test: an estimate over its standard error against the normal distribution."""

from __future__ import annotations

import numpy as np

from mgbayes.frequentist.result import LEVEL, Estimate, Result
from mgbayes.frequentist.samples import Floats


def wald(name: str, estimate: Floats, error: Floats, kind: str = "Wald") -> Result:
    """p and interval; none where the standard error is not finite, or zero."""
    from scipy.special import ndtr, ndtri

    known = np.isfinite(estimate) & np.isfinite(error) & (error > 0)
    value, spread = np.where(known, estimate, np.nan), np.where(known, error, np.nan)
    away, z = float(ndtri((1 + LEVEL) / 2)) * spread, value / spread
    return Result(
        2 * ndtr(-np.abs(z)),
        z,
        "z",
        Estimate(name, value, value - away, value + away, kind),
        side=np.sign(value),
    )
