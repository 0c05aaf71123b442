"""Brunner and Munzel's test: the chance that a patient of one group stands above one of the other.

P(reference < contrast) + ½ P(equal), with its own variance in each group (Brunner and Munzel 2000, Biom J
42:17).
"""

from __future__ import annotations

from mgbayes.frequentist.result import LEVEL, Estimate, Outcome
from mgbayes.frequentist.samples import TwoGroups


def brunner_munzel(groups: TwoGroups) -> Outcome:
    """The t form of the test, its estimate and interval (statsmodels)."""
    from statsmodels.stats.nonparametric import rank_compare_2indep

    result = rank_compare_2indep(groups.contrast, groups.reference, use_t=True)
    low, high = (float(limit) for limit in result.conf_int(alpha=1 - LEVEL))
    estimate = Estimate(
        "chance of the higher value", float(result.prob1), max(low, 0.0), min(high, 1.0), "t (Brunner-Munzel)"
    )
    return Outcome(float(result.pvalue), float(result.statistic), "t", estimate)
