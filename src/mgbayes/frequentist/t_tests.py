"""Student's, Welch's and the paired t test: on samples, and on published means and SDs over their rounding.

For a box of means and SDs the two-sided p falls with the distance of the means; where their ranges overlap, the
largest p is 1. Student's p rises with each SD, so the corners of the box hold its range. Welch's need not: a larger
SD can bring more degrees of freedom. At a given standard error p falls with these, which are greatest where the two
variances share it as n1 - 1 to n2 - 1; so no extreme lies inside the box of SDs, but one can lie on an edge, and
the edges are walked. The pairing itself is not published: the paired t has a range over every correlation.
"""

from __future__ import annotations

import warnings
from functools import partial
from math import sqrt
from typing import Any

import numpy as np

from mgbayes.frequentist.published import PublishedTest
from mgbayes.frequentist.result import LEVEL, Estimate, Result
from mgbayes.frequentist.samples import Floats, Pairs, TwoGroups
from mgbayes.study.rounding import Interval
from mgbayes.study.schema import TestFamily
from mgbayes.study.statistics.means import MeanAndSpread

_STEPS = 33


def student(groups: TwoGroups) -> Result:
    """One variance for both groups, m + n - 2 degrees of freedom (SciPy)."""
    return _two_groups(groups, equal_variances=True)


def welch(groups: TwoGroups) -> Result:
    """A variance for each group, Satterthwaite's degrees of freedom (SciPy)."""
    return _two_groups(groups, equal_variances=False)


def paired_t(pairs: Pairs) -> Result:
    """The mean change over its standard error, n - 1 degrees of freedom (SciPy)."""
    from scipy.stats import ttest_1samp

    return _result("mean change", pairs.change.mean(axis=-1), ttest_1samp(pairs.change, 0.0, axis=-1))


def _two_groups(groups: TwoGroups, *, equal_variances: bool) -> Result:
    from scipy.stats import ttest_ind

    difference = groups.contrast.mean(axis=-1) - groups.reference.mean(axis=-1)
    with warnings.catch_warnings():  # one group without spread is no fault where the other has some
        warnings.simplefilter("ignore", RuntimeWarning)
        tested = ttest_ind(groups.contrast, groups.reference, axis=-1, equal_var=equal_variances)
        return _result("difference of means", difference, tested)


def _result(name: str, value: Floats, tested: Any) -> Result:
    """No answer where nothing spreads."""
    known, limits = np.isfinite(tested.statistic), tested.confidence_interval(LEVEL)
    p, value, low, high = (
        np.where(known, part, np.nan) for part in (tested.pvalue, value, limits.low, limits.high)
    )
    return Result(p, tested.statistic, "t", Estimate(name, value, low, high, "t"), side=np.sign(value))


def summary_p(difference: Any, sd1: Any, n1: Any, sd2: Any, n2: Any, *, equal_variances: bool) -> Floats:
    """Two-sided p from summaries (SciPy); without spread 1 where there is no difference, else 0."""
    from scipy.stats import ttest_ind_from_stats

    with np.errstate(divide="ignore", invalid="ignore"):
        p = ttest_ind_from_stats(difference, sd1, n1, 0.0, sd2, n2, equal_var=equal_variances).pvalue
    still = (np.asarray(sd1) == 0) & (np.asarray(sd2) == 0)
    return np.where(np.asarray(difference) == 0, 1.0, np.where(still, 0.0, p))


def paired_t_interval(before: MeanAndSpread, after: MeanAndSpread) -> Interval:
    """The range of the paired t test's p over every within-patient correlation r in [-1, 1].

    SD of the change: sqrt(s1² + s2² - 2 r s1 s2), least at r = 1 and greatest at r = -1.
    """
    if before.n != after.n:
        raise ValueError("pairs need the same patients at both visits")
    m1, m2, s1, s2 = before.mean_interval, after.mean_interval, before.sd_interval, after.sd_interval
    near, far = _distances(m1, m2)
    least, _ = _distances(s1, s2)
    return Interval(_paired_p(far, least, before.n), _paired_p(near, s1.high + s2.high, before.n))


def paired_t_of_change(change: MeanAndSpread) -> Interval:
    """The range of the paired t test's p over the rounding of a published mean and SD of the change."""
    near, far = _distances(change.mean_interval, Interval(0.0, 0.0))
    sd = change.sd_interval
    return Interval(_paired_p(far, sd.low, change.n), _paired_p(near, sd.high, change.n))


def _paired_p(change: float, sd: float, n: int) -> float:
    from scipy.special import stdtr

    if change == 0 or sd == 0:
        return float(change == 0)
    return float(2 * stdtr(n - 1, -change / sd * sqrt(n)))


def _distances(one: Interval, other: Interval) -> tuple[float, float]:
    """The least and the largest distance between values of two ranges."""
    ends = abs(one.low - other.high), abs(one.high - other.low)
    return 0.0 if one.meets(other) else min(ends), max(ends)


def p_interval(
    first: MeanAndSpread,
    second: MeanAndSpread,
    *,
    equal_variances: bool = False,
    sd_is_se: bool = False,
    sides: int = 2,
) -> Interval:
    """The range of p over the rounding of the inputs; one-sided in the direction that was seen.

    ``sd_is_se`` reads what is published as an SD as a standard error, SD = SE sqrt(n).
    """
    m1, m2 = first.mean_interval, second.mean_interval
    sds = [
        np.linspace(part.sd_interval.low, part.sd_interval.high, _STEPS) * (sqrt(part.n) if sd_is_se else 1.0)
        for part in (first, second)
    ]
    one, other = np.meshgrid(*sds)
    edge = np.zeros(one.shape, bool)
    edge[[0, -1]] = edge[:, [0, -1]] = True
    differences = np.array([m1.low - m2.high, m1.high - m2.low])[:, None]
    p = summary_p(differences, one[edge], first.n, other[edge], second.n, equal_variances=equal_variances)
    high = 1.0 if m1.meets(m2) else float(p.max())
    return Interval(float(p.min()) * sides / 2, high * sides / 2)


_BOTH = (("welch_t", "Welch's t", False), ("student_t", "Student's t", True))
TESTS = (
    *(
        PublishedTest(name, label, TestFamily.t, partial(p_interval, equal_variances=equal))
        for name, label, equal in _BOTH
    ),
    *(
        PublishedTest(
            f"{name}_one_sided",
            f"{label}, one-sided",
            None,
            partial(p_interval, equal_variances=equal, sides=1),
            unusual=True,
        )
        for name, label, equal in _BOTH
    ),
    *(
        PublishedTest(
            f"{name}_sd_as_se",
            f"{label}, the SD read as a standard error",
            None,
            partial(p_interval, equal_variances=equal, sd_is_se=True),
            unusual=True,
        )
        for name, label, equal in _BOTH
    ),
)
PAIRED_T = PublishedTest(
    "paired_t",
    "paired t, any within-patient correlation",
    TestFamily.t,
    paired_t_interval,
    independent=False,
    bound=True,
)
T_OF_CHANGE = PublishedTest(
    "paired_t_of_change",
    "paired t, from the mean and SD of the change",
    TestFamily.t,
    paired_t_of_change,
    independent=False,
)
