r"""Do the counts of a new study agree with what other studies predict for it?

Given the number t of patients who did well in both arms together, the number y of the contrast arm depends on
the log odds ratio alone (Fisher's noncentral hypergeometric distribution),

    P(y | t, theta) ∝ C(n1, y) C(n0, t - y) exp(theta y),

so that the level of the study, of which other studies say nothing, drops out. Averaged over the predictive
distribution of theta this is what the others expect to be counted, and the observed count has a
predictive p (Box 1980, J R Stat Soc A 143:383).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgbayes.synthesis.counts import TwoArms
from mgbayes.synthesis.distribution import GridDistribution


@dataclass(frozen=True)
class Conflict:
    """The observed count of the contrast arm beside its predictive distribution.

    Attributes:
        possible: the counts that could be, given how many did well in both arms.
        predicted: the probability of each.
        observed: the count that was seen.
        p_as_low: the probability of a count as low as that or lower.
        p_as_rare: the probability of a count as improbable as that or more so (two-sided).
        p_opposite: the predictive probability that the log odds ratio has the other sign than the observed.
        p_beyond: the predictive probability of a log odds ratio as far as the observed or further in its direction.
    """

    possible: np.ndarray
    predicted: np.ndarray
    observed: int
    p_as_low: float
    p_as_rare: float
    p_opposite: float
    p_beyond: float


def conflict(counts: TwoArms, predictive: GridDistribution) -> Conflict:
    """Hold the counts of a study against the predictive distribution of its log odds ratio."""
    possible, chance = noncentral_hypergeometric(counts, predictive.values)
    predicted = chance @ predictive.mass
    at = int(np.flatnonzero(possible == counts.contrast.y)[0])
    rare = predicted <= predicted[at] * (1 + 1e-9)
    seen = counts.log_odds_ratio
    negative, below = predictive.cdf(0.0), predictive.cdf(seen)
    return Conflict(
        possible=possible,
        predicted=predicted,
        observed=counts.contrast.y,
        p_as_low=float(predicted[: at + 1].sum()),
        p_as_rare=float(predicted[rare].sum()),
        p_opposite=1 - negative if seen < 0 else negative,
        p_beyond=below if seen < 0 else 1 - below,
    )


def noncentral_hypergeometric(counts: TwoArms, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The possible counts of the contrast arm and their probabilities, (count, theta), given the total."""
    from scipy.special import gammaln, logsumexp

    n0, n1, total = counts.reference.n, counts.contrast.n, counts.total
    y = np.arange(max(0, total - n0), min(n1, total) + 1)
    ways = -gammaln(y + 1) - gammaln(n1 - y + 1) - gammaln(total - y + 1) - gammaln(n0 - total + y + 1)
    joint = ways[:, None] + y[:, None] * theta
    return y, np.exp(joint - logsumexp(joint, axis=0))
