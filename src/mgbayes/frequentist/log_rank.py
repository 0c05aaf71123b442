"""The log-rank test (Mantel 1966), and the same by dealing the arms anew.

O - E of the contrast is the sum of its patients' scores e_i - Λ(t_i), with Λ the Nelson-Aalen estimate of
both groups together. Permuting the arms over the scores gives a p that needs no large sample, provided that
both groups are followed alike.
"""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np

from mgbayes.frequentist.kaplan_meier import kaplan_meier
from mgbayes.frequentist.permutation import rearranged
from mgbayes.frequentist.result import Outcome
from mgbayes.frequentist.samples import Floats, FollowUp


def log_rank(data: FollowUp) -> Outcome:
    """Chi-square with 1 degree of freedom (statsmodels; R's survdiff)."""
    from statsmodels.duration.survfunc import survdiff

    statistic, p = survdiff(data.time, data.event.astype(int), data.contrast.astype(int))
    return Outcome(float(p), float(statistic), "chi-square", note=_medians(data))


def log_rank_permutation(data: FollowUp) -> Outcome:
    """O - E over rearrangements of the arms (SciPy)."""
    scores = log_rank_scores(data)
    one, other = scores[data.contrast], scores[~data.contrast]

    def distance(x: np.ndarray, y: np.ndarray, axis: int = -1) -> Any:
        return np.abs(np.sum(x, axis=axis))

    p, note = rearranged((one, other), distance, "independent", comb(len(scores), len(one)))
    return Outcome(p, float(one.sum()), "O - E", note=f"{note}; takes both groups as followed alike")


def log_rank_scores(data: FollowUp) -> Floats:
    """e_i - Λ(t_i) of each patient; they add up to zero."""
    times = np.unique(data.time[data.event])
    at_risk = (data.time[:, None] >= times).sum(axis=0)
    died = ((data.time[:, None] == times) & data.event[:, None]).sum(axis=0)
    hazard = np.concatenate([[0.0], np.cumsum(died / at_risk)])
    return data.event - hazard[np.searchsorted(times, data.time, side="right")]


def _medians(data: FollowUp) -> str:
    texts = []
    for name, rows in (("reference", ~data.contrast), ("contrast", data.contrast)):
        median = kaplan_meier(data.time[rows], data.event[rows]).median
        texts.append(f"{name} {median.value:g}" if np.isfinite(median.value) else f"{name} not reached")
    return "median time: " + ", ".join(texts)
