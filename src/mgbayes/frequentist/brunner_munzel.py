"""Brunner and Munzel's test: the chance that a patient of one group stands above one of the other.

P(reference < contrast) + ½ P(equal), with its own variance in each group, t distributed (Brunner and Munzel 2000,
Biom J 42:17).
"""

from __future__ import annotations

import numpy as np

from mgbayes.frequentist.result import LEVEL, Estimate, Result
from mgbayes.frequentist.samples import Floats, TwoGroups


def brunner_munzel(groups: TwoGroups) -> Result:
    """The t form of the test, its estimate and interval; none where the groups do not overlap."""
    from scipy.special import stdtr, stdtrit
    from scipy.stats import rankdata

    m, n = groups.sizes
    ranks = rankdata(groups.pooled, axis=-1)
    (one, s0), (other, s1) = (
        _spread(part, rankdata(own, axis=-1))
        for part, own in ((ranks[..., :m], groups.reference), (ranks[..., m:], groups.contrast))
    )
    weighted = m * s0 + n * s1
    known = weighted > 0
    weighted = np.where(known, weighted, np.nan)
    df = weighted**2 / ((m * s0) ** 2 / (m - 1) + (n * s1) ** 2 / (n - 1))
    away, error = (other - one) / (m + n), np.sqrt(weighted) / (m * n)
    statistic, reach = away / error, stdtrit(df, (1 + LEVEL) / 2) * error
    chance = 0.5 + away
    low, high = np.maximum(chance - reach, 0.0), np.minimum(chance + reach, 1.0)
    estimate = Estimate("chance of the higher value", chance, low, high, "t (Brunner-Munzel)")
    return Result(2 * stdtr(df, -np.abs(statistic)), statistic, "t", estimate, side=np.sign(away))


def _spread(ranks: Floats, own: Floats) -> tuple[Floats, Floats]:
    """The mean rank among all patients, and the variance of ranks among all less those in the group."""
    return ranks.mean(axis=-1), (ranks - own).var(axis=-1, ddof=1)
