"""Rank and log-rank tests on many data sets at once, as R computes them.

Called for thousands of data sets in a row; the tests compare each with SciPy or statsmodels.
"""

from __future__ import annotations

import numpy as np


def mann_whitney_p(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Two-sided p of the Mann-Whitney U test for each row: (sets, m) and (sets, n) to (sets,).

    As ``wilcox.test`` in R: exact without ties, else the normal approximation with tie and
    continuity correction.
    """
    from scipy.stats import mannwhitneyu

    pooled = np.sort(np.concatenate([first, second], axis=1), axis=1)
    tied = (np.diff(pooled, axis=1) == 0).any(axis=1)
    p = np.ones(len(first))
    for rows, method in ((tied, "asymptotic"), (~tied, "exact")):
        if rows.any():
            p[rows] = mannwhitneyu(first[rows], second[rows], axis=1, method=method).pvalue
    return np.minimum(np.nan_to_num(p, nan=1.0), 1.0)


def log_rank_p(time: np.ndarray, event: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """Two-sided log-rank p for each row: times, events and membership, each (sets, patients).

    O - E summed over the event times, with the hypergeometric variance; patients who are censored
    at an event time are still at risk there.
    """
    from scipy.special import chdtrc

    order = np.argsort(time, axis=1, kind="stable")
    time = np.take_along_axis(time, order, axis=1)
    event = np.take_along_axis(event.astype(float), order, axis=1)
    contrast = np.take_along_axis(contrast.astype(float), order, axis=1)
    observed_less_expected = np.zeros(len(time))
    variance = np.zeros(len(time))
    for k in range(time.shape[1]):
        now = time == time[:, k : k + 1]
        first_of_tie = np.ones(len(time), bool) if k == 0 else time[:, k] != time[:, k - 1]
        deaths = (event * now).sum(axis=1) * first_of_tie
        at_risk = (time >= time[:, k : k + 1]).sum(axis=1)
        share = (contrast * (time >= time[:, k : k + 1])).sum(axis=1) / at_risk
        observed_less_expected += (event * contrast * now).sum(axis=1) * first_of_tie - deaths * share
        variance += np.where(
            at_risk > 1,
            deaths * share * (1 - share) * (at_risk - deaths) / np.maximum(at_risk - 1, 1),
            0.0,
        )
    statistic = np.divide(
        observed_less_expected**2, variance, out=np.zeros_like(variance), where=variance > 0
    )
    return chdtrc(1, statistic)
