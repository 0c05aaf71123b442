"""Tests of a yes/no endpoint in two groups of patients, with the size of the effect.

The difference of the risks has Newcombe's interval (1998, Stat Med 17:873, method 10), the odds ratio that of its
test (mgbayes.frequentist.odds_ratio).
"""

from __future__ import annotations

import numpy as np

from mgbayes.frequentist import odds_ratio, two_by_two
from mgbayes.frequentist.odds_ratio import Interval
from mgbayes.frequentist.result import LEVEL, Estimate, Result
from mgbayes.frequentist.samples import TwoGroups
from mgbayes.frequentist.two_by_two import Table


def table_of(groups: TwoGroups) -> Table:
    """Events of patients."""
    one, other = groups.reference, groups.contrast
    return Table(int(one.sum()), len(one), int(other.sum()), len(other))


def pearson(groups: TwoGroups) -> Result:
    """Pearson's chi-square without correction, 1 degree of freedom."""
    table = table_of(groups)
    return _chi_square(table, float(two_by_two.pearson_chi_square(table)), 0.0)


def yates(groups: TwoGroups) -> Result:
    """Pearson's chi-square with Yates' continuity correction."""
    table = table_of(groups)
    return _chi_square(table, float(two_by_two.yates_chi_square(table)), 0.5)


def fisher(groups: TwoGroups) -> Result:
    """Fisher's exact test."""
    table = table_of(groups)
    ratio = _ratio(odds_ratio.conditional(table), "exact conditional")
    return Result(float(two_by_two.fisher_exact(table)), estimate=ratio)


def firth(groups: TwoGroups) -> Result:
    """Firth's penalized logistic regression on the group: finite estimates under separation."""
    table = table_of(groups)
    ratio = _ratio(odds_ratio.profile(table, 0.5), "profile penalized likelihood")
    p, statistic = two_by_two.firth(table), two_by_two.likelihood_ratio_statistic(table, 0.5)
    empty = 0 in (table.x, table.m - table.x, table.y, table.n - table.y)
    note = "all patients of a group, or none, had the event (separation)" if empty else ""
    return Result(float(p), float(statistic), "likelihood ratio", ratio, note)


def boschloo(groups: TwoGroups) -> Result:
    """Boschloo's unconditional exact test."""
    table = table_of(groups)
    return Result(float(two_by_two.boschloo(table)), estimate=risk_difference(table))


def risk_difference(table: Table) -> Estimate:
    """Risk of the contrast less that of the reference, with Newcombe's hybrid score interval."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(
        table.y, table.n, table.x, table.m, method="newcomb", compare="diff", alpha=1 - LEVEL
    )
    difference = table.y / table.n - table.x / table.m
    return Estimate("risk difference", difference, float(low), float(high), "Newcombe")


def _ratio(interval: Interval, kind: str) -> Estimate:
    value, low, high = (float(np.exp(x)) for x in (interval.estimate, interval.low, interval.high))
    return Estimate("odds ratio", value, low, high, kind)


def _chi_square(table: Table, p: float, correction: float) -> Result:
    events, total = table.x + table.y, table.m + table.n
    least = min(events, total - events) * min(table.m, table.n) / total
    note = f"least expected count {least:.1f}: below 5" if least < 5 else ""
    statistic = float(two_by_two.chi_square(table, correction))
    return Result(p, statistic, "chi-square", risk_difference(table), note)
