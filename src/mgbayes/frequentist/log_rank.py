r"""Log-rank tests (Mantel 1966; Gehan 1965, Biometrika 52:203), and the same by dealing the arms anew.

At the event of a patient of arm x (1 the contrast group), with n at risk, n₁ of them of the contrast group, and d
events at that time: Σ w (x - n₁ / n), variance Σ w² n₁ n₀ (n - d) / (n² (n - 1)); w = 1, or n by Gehan. Chi-square
with 1 degree of freedom (R's survdiff). By permutation: O - E is the sum of the contrast group's scores, event -
Λ(t), with Λ the Nelson-Aalen estimate of both groups. Permuting the arms over the scores gives a p that needs no
large sample, provided that both groups are followed alike.
"""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np

from mgbayes.frequentist.permutation import rearranged, rearranged_arms, share_as_extreme
from mgbayes.frequentist.result import Result
from mgbayes.frequentist.samples import Floats, FollowUp


def log_rank(data: FollowUp) -> Result:
    """Mantel's test."""
    return _weighted(data, np.ones(()))


def gehan(data: FollowUp) -> Result:
    """Gehan's generalized Wilcoxon test: each time counts by the patients at risk."""
    return _weighted(data, data.risk_sets.at_risk)


def _weighted(data: FollowUp, weight: Floats) -> Result:
    from scipy.special import chdtrc

    sets = data.risk_sets
    share = sets.of_contrast / sets.at_risk
    excess = (weight * sets.event * (sets.contrast - share)).sum(axis=-1)
    others = (sets.at_risk - sets.tied) / np.maximum(sets.at_risk - 1, 1)
    variance = (weight**2 * sets.event * share * (1 - share) * others).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(variance > 0, excess**2 / variance, np.nan)
    return Result(chdtrc(1, statistic), statistic, "chi-square", side=np.sign(excess))


def log_rank_permutation(data: FollowUp) -> Result:
    """O - E of one study over rearrangements of the arms (SciPy)."""
    scores = log_rank_scores(data)
    one, other = scores[data.contrast], scores[~data.contrast]

    def distance(x: np.ndarray, y: np.ndarray, axis: int = -1) -> Any:
        return np.abs(np.sum(x, axis=axis))

    p, note = rearranged((one, other), distance, "independent", comb(len(scores), len(one)))
    return Result(p, float(one.sum()), "O - E", note=f"{note}; takes both groups as followed alike")


def log_rank_rearranged(data: FollowUp) -> Result:
    """O - E of many studies over the same random rearrangements of the arms."""
    scores = log_rank_scores(data)
    seen = (scores * data.contrast).sum(axis=-1)
    n = int(data.contrast[0].sum())
    arms = rearranged_arms(scores.shape[-1] - n, n).astype(float)
    p = np.where(data.event.any(axis=-1), share_as_extreme(scores @ arms.T, seen), np.nan)
    return Result(p, seen, "O - E", side=np.sign(seen))


def log_rank_scores(data: FollowUp) -> Floats:
    """event - Λ(t) of each patient; they add up to zero."""
    sets = data.risk_sets
    hazard = np.take_along_axis(np.cumsum(sets.event / sets.at_risk, axis=-1), sets.last, axis=-1)
    scores = np.empty(hazard.shape)
    np.put_along_axis(scores, sets.order, sets.event - hazard, axis=-1)
    return scores
