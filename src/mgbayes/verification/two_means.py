"""t tests from two printed means and SDs, over the rounding of each number.

For a box of means and SDs the two-sided p falls with the distance of the means; where their ranges
overlap, the largest p is 1. Student's p rises with each SD, so the corners of the box hold its
range. Welch's need not: a larger SD can bring more degrees of freedom. At a given standard error
p falls with these, which are greatest where the two variances share it as n1 - 1 to n2 - 1; so no
extreme lies inside the box of SDs, but one can lie on an edge, and the edges are walked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import sqrt

import numpy as np

from mgbayes.study.rounding import Interval
from mgbayes.study.schema import TestFamily
from mgbayes.study.statistics.means import MeanAndSpread

_STEPS = 33


def student_t(difference: float, sd1: float, n1: int, sd2: float, n2: int) -> float:
    """Two-sided p of the t test with one pooled variance, n1 + n2 - 2 degrees of freedom."""
    df = n1 + n2 - 2
    variance = ((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / df
    return two_sided_t(difference, sqrt(variance * (1 / n1 + 1 / n2)), df)


def welch_t(difference: float, sd1: float, n1: int, sd2: float, n2: int) -> float:
    """Two-sided p of the t test with two variances and Satterthwaite's degrees of freedom."""
    v1, v2 = sd1**2 / n1, sd2**2 / n2
    if v1 + v2 == 0:
        return two_sided_t(difference, 0.0, n1 + n2 - 2)
    df = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
    return two_sided_t(difference, sqrt(v1 + v2), df)


def two_sided_t(difference: float, standard_error: float, df: float) -> float:
    """P(|T| >= |difference| / standard error) for Student's t; 1 for no difference at all."""
    from scipy.special import stdtr

    if difference == 0:
        return 1.0
    if standard_error == 0:
        return 0.0
    return float(2 * stdtr(df, -abs(difference) / standard_error))


def p_interval(
    test: Callable[[float, float, int, float, int], float],
    first: MeanAndSpread,
    second: MeanAndSpread,
    *,
    sd_is_se: bool = False,
    sides: int = 2,
) -> Interval:
    """The range of p over every value behind the printed means and SDs.

    ``sd_is_se`` reads what is printed as an SD as a standard error, SD = SE sqrt(n); ``sides = 1``
    halves p, in the direction that was seen.
    """
    m1, m2 = first.mean_interval, second.mean_interval
    differences = (m1.low - m2.high, m1.high - m2.low)
    scale1, scale2 = (sqrt(first.n), sqrt(second.n)) if sd_is_se else (1.0, 1.0)
    sds1 = np.array([first.sd_interval.low, first.sd_interval.high]) * scale1
    sds2 = np.array([second.sd_interval.low, second.sd_interval.high]) * scale2
    corners = [
        test(float(d), float(s1), first.n, float(s2), second.n)
        for d in differences
        for s1, s2 in _edges(sds1, sds2)
    ]
    high = 1.0 if m1.meets(m2) else max(corners)
    return Interval(min(corners) * sides / 2, high * sides / 2)


def _edges(sds1: np.ndarray, sds2: np.ndarray) -> list[tuple[float, float]]:
    """The outline of the box of two SDs, corners included."""
    one, other = (np.linspace(sds[0], sds[1], _STEPS) for sds in (sds1, sds2))
    return [*product(one, sds2), *product(sds1, other)]


@dataclass(frozen=True)
class MeanTest:
    """A t test on printed summaries, with the conventions it assumes."""

    name: str
    label: str
    family: TestFamily | None
    test: Callable[[float, float, int, float, int], float]
    sd_is_se: bool = False
    sides: int = 2

    @property
    def unusual(self) -> bool:
        """Whether it is one-sided or reads an SD as a standard error, which a paper would have to say."""
        return self.sd_is_se or self.sides == 1

    def __call__(self, first: MeanAndSpread, second: MeanAndSpread) -> Interval:
        """The range of p over the rounding of the inputs."""
        return p_interval(self.test, first, second, sd_is_se=self.sd_is_se, sides=self.sides)


TESTS = (
    MeanTest("welch_t", "Welch's t", TestFamily.t, welch_t),
    MeanTest("student_t", "Student's t", TestFamily.t, student_t),
    MeanTest("welch_t_one_sided", "Welch's t, one-sided", None, welch_t, sides=1),
    MeanTest("student_t_one_sided", "Student's t, one-sided", None, student_t, sides=1),
    MeanTest(
        "welch_t_sd_as_se",
        "Welch's t, the SD read as a standard error",
        None,
        welch_t,
        sd_is_se=True,
    ),
    MeanTest(
        "student_t_sd_as_se",
        "Student's t, the SD read as a standard error",
        None,
        student_t,
        sd_is_se=True,
    ),
)
