"""The sign test: how many patients rose against how many fell, for levels without a distance."""

from __future__ import annotations

from mgbayes.frequentist.result import LEVEL, Estimate, Outcome
from mgbayes.frequentist.samples import Pairs


def sign_test(pairs: Pairs) -> Outcome:
    """Two-sided binomial test among the patients who changed (SciPy), Clopper-Pearson interval."""
    from scipy.stats import binomtest

    rose, fell = int((pairs.change > 0).sum()), int((pairs.change < 0).sum())
    result = binomtest(rose, rose + fell)
    limits = result.proportion_ci(LEVEL, method="exact")
    share = Estimate(
        "share that rose", rose / (rose + fell), float(limits.low), float(limits.high), "Clopper-Pearson"
    )
    same = len(pairs.change) - rose - fell
    note = f"{rose} rose, {fell} fell, {same} stayed"
    return Outcome(float(result.pvalue), float(rose), "rose", share, note)
