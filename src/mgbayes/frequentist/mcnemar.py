"""Tests of a yes/no endpoint in the same patients at two visits: McNemar (1947), its exact forms, and the sign test.

Only the patients who changed count: b lost it, c gained it, and c ~ Binomial(b + c, ½) under the null; p values are
of whole numbers or arrays of them, and 1 where nobody changed. The odds ratio c / b has the exact interval π / (1 -
π) of Clopper and Pearson. Fagerland et al. (2013), BMC Med Res Methodol 13:91, advise the mid-p form. Where only
the counts at both visits are published, p has a range: over every number of patients who may have changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mgbayes.frequentist.published import PublishedTest
from mgbayes.frequentist.result import LEVEL, Estimate, Result, odds
from mgbayes.frequentist.samples import Floats, Pairs
from mgbayes.study.rounding import Interval
from mgbayes.study.schema import TestFamily

Whole = NDArray[np.int64]


def exact(lost: Any, gained: Any) -> Floats:
    """Two-sided binomial test of lost against gained."""
    from scipy.special import bdtr

    return np.minimum(1.0, 2 * bdtr(np.minimum(lost, gained), np.add(lost, gained), 0.5))


def mid_p(lost: Any, gained: Any) -> Floats:
    """The exact test less the probability of the split seen: half of each tail's."""
    from scipy.stats import binom

    seen = binom.pmf(lost, np.add(lost, gained), 0.5)
    p = np.where(np.equal(lost, gained), 1 - seen / 2, exact(lost, gained) - seen)
    return np.where(np.add(lost, gained) > 0, p, 1.0)


def chi_square(lost: Any, gained: Any) -> Floats:
    """(b - c)² / (b + c) against chi-square with 1 degree of freedom."""
    return _upper_tail(_statistic(lost, gained, 0))


def chi_square_corrected(lost: Any, gained: Any) -> Floats:
    """(|b - c| - 1)² / (b + c), the corrected form that R gives by default."""
    return _upper_tail(_statistic(lost, gained, 1))


def _statistic(lost: Any, gained: Any, correction: int) -> Floats:
    distance = np.maximum(np.abs(np.subtract(lost, gained)) - correction, 0)
    return distance**2 / np.maximum(np.add(lost, gained), 1)


def _upper_tail(statistic: Floats) -> Floats:
    from scipy.special import chdtrc

    return chdtrc(1, statistic)


def discordant_pairs(before: int, after: int, n: int) -> tuple[Whole, Whole]:
    """Every (lost, gained) that turns ``before`` of n into ``after`` of n.

    lost - gained = before - after, lost <= before, gained <= n - before.
    """
    gained = np.arange(max(0, after - before), min(after, n - before) + 1, dtype=np.int64)
    return before - after + gained, gained


def p_range(test: Callable[[Any, Any], Floats], before: int, after: int, n: int) -> Interval:
    """The least and the largest p over every way to pair the patients."""
    p = test(*discordant_pairs(before, after, n))
    return Interval(float(p.min()), float(p.max()))


TESTS = tuple(
    PublishedTest(name, label, TestFamily.mcnemar, partial(p_range, test), independent=False, bound=True)
    for name, label, test in (
        ("mcnemar_exact", "McNemar's exact", exact),
        ("mcnemar_mid_p", "McNemar's mid-p", mid_p),
        ("mcnemar_chi_square", "McNemar's chi-square", chi_square),
        ("mcnemar_chi_square_corrected", "McNemar's chi-square, corrected", chi_square_corrected),
    )
)
"""Of the counts before and after and the patients."""


def every_range(n: int) -> tuple[Floats, Floats]:
    """The least and the largest exact p of every count before and after, (n + 1, n + 1) each."""
    ranges = [[p_range(exact, before, after, n) for after in range(n + 1)] for before in range(n + 1)]
    low, high = (np.array([[getattr(p, end) for p in row] for row in ranges]) for end in ("low", "high"))
    return low, high


def mcnemar_exact(pairs: Pairs) -> Result:
    """Two-sided binomial test of lost against gained."""
    return _of_pairs(pairs, exact)


def mcnemar_mid_p(pairs: Pairs) -> Result:
    """The exact test less the probability of the split that was seen."""
    return _of_pairs(pairs, mid_p)


def mcnemar_chi_square(pairs: Pairs) -> Result:
    """The corrected chi-square test."""
    return _of_pairs(pairs, chi_square_corrected, statistic="chi-square")


def sign_test(pairs: Pairs) -> Result:
    """How many patients rose against how many fell, for levels without a distance: two-sided binomial test."""
    fell, rose = _changes(pairs)
    share = _share("share that rose", fell, rose)
    note = f"{rose} rose, {fell} fell, {len(pairs.change) - rose - fell} stayed"
    return Result(float(exact(fell, rose)), float(rose), "rose", share, note)


def _changes(pairs: Pairs) -> tuple[int, int]:
    """How many patients lost it, and how many gained it."""
    return int((pairs.change < 0).sum()), int((pairs.change > 0).sum())


def _share(name: str, fell: int, rose: int) -> Estimate:
    from scipy.stats import binomtest

    limits = binomtest(rose, rose + fell).proportion_ci(LEVEL, method="exact")
    return Estimate(name, rose / (rose + fell), float(limits.low), float(limits.high), "Clopper-Pearson")


def _of_pairs(pairs: Pairs, test: Callable[[Any, Any], Floats], statistic: str = "gained") -> Result:
    lost, gained = _changes(pairs)
    share = _share("odds ratio", lost, gained)
    ratio = replace(share, value=odds(share.value), low=odds(share.low), high=odds(share.high))
    value = float(_statistic(lost, gained, 1)) if statistic == "chi-square" else float(gained)
    return Result(float(test(lost, gained)), value, statistic, ratio, f"{lost} lost it, {gained} gained it")
