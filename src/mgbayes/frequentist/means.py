"""t tests: Student's and Welch's for two groups, the paired one for two visits."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from mgbayes.frequentist.result import LEVEL, Estimate, Outcome
from mgbayes.frequentist.samples import Pairs, TwoGroups


def student(groups: TwoGroups) -> Outcome:
    """One variance for both groups, m + n - 2 degrees of freedom (SciPy)."""
    return _t(groups, equal_variances=True)


def welch(groups: TwoGroups) -> Outcome:
    """A variance for each group, Satterthwaite's degrees of freedom (SciPy)."""
    return _t(groups, equal_variances=False)


def paired_t(pairs: Pairs) -> Outcome:
    """The mean change over its standard error, n - 1 degrees of freedom (SciPy)."""
    from scipy.stats import ttest_1samp

    change = pairs.change
    return _outcome("mean change", float(np.mean(change)), ttest_1samp(change, 0.0))


def _t(groups: TwoGroups, *, equal_variances: bool) -> Outcome:
    from scipy.stats import ttest_ind

    difference = float(np.mean(groups.contrast) - np.mean(groups.reference))
    with warnings.catch_warnings():  # one group without spread is no fault where the other has some
        warnings.simplefilter("ignore", RuntimeWarning)
        result = ttest_ind(groups.contrast, groups.reference, equal_var=equal_variances)
    return _outcome("difference of means", difference, result)


def _outcome(name: str, value: float, result: Any) -> Outcome:
    limits = result.confidence_interval(LEVEL)
    estimate = Estimate(name, value, float(limits.low), float(limits.high), "t")
    return Outcome(float(result.pvalue), float(result.statistic), "t", estimate)
