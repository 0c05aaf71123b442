r"""Prior-data conflict: the counts of a new study against what other studies predict for it.

Given the number t of patients who did well in both arms, the number y of the contrast arm depends on the log odds
ratio alone (Fisher's noncentral hypergeometric distribution),

    P(y | t, theta) ∝ C(n1, y) C(n0, t - y) exp(theta y),

so that the level of the study, which other studies do not predict, drops out. Averaged over the predictive
distribution of theta this is the prior predictive distribution of the count, and the observed count has a predictive
p value (Box 1980, J R Stat Soc A 143:383).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgbayes.synthesis.counts import TwoArms
from mgbayes.synthesis.hierarchy import GridDistribution


@dataclass(frozen=True)
class Conflict:
    """The observed count of the contrast arm, and its predictive distribution.

    ``possible`` counts have the probabilities ``predicted``. ``p_as_low`` is the probability of a count as low as the
    observed or lower, ``p_as_rare`` of one as improbable or more so (two-sided).
    """

    possible: np.ndarray
    predicted: np.ndarray
    observed: int
    p_as_low: float
    p_as_rare: float


def conflict(counts: TwoArms, predictive: GridDistribution) -> Conflict:
    """Compare the counts of a study with the predictive distribution of its log odds ratio."""
    possible, chance = noncentral_hypergeometric(counts, predictive.values)
    predicted = chance @ predictive.mass
    at = int(np.flatnonzero(possible == counts.contrast.y)[0])
    rare = predicted <= predicted[at] * (1 + 1e-9)
    return Conflict(
        possible=possible,
        predicted=predicted,
        observed=counts.contrast.y,
        p_as_low=float(predicted[: at + 1].sum()),
        p_as_rare=float(predicted[rare].sum()),
    )


def noncentral_hypergeometric(counts: TwoArms, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The possible counts of the contrast arm and their probabilities, (count, theta), given the total."""
    from scipy.special import softmax
    from scipy.stats import hypergeom

    n1, total = counts.contrast.n, counts.total
    y = np.arange(max(0, total - counts.reference.n), min(n1, total) + 1)
    ways = hypergeom.logpmf(y, counts.n, n1, total)
    return y, softmax(ways[:, None] + y[:, None] * theta, axis=0)
