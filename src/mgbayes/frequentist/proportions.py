"""Tests of a yes/no endpoint in two groups of patients.

Pearson (1900); Yates (1934); Fisher (1935), the minimum likelihood definition; Boschloo (1970). The
difference of the risks has Newcombe's interval (1998, Stat Med 17:873, method 10), the odds ratio of
Fisher's test its conditional maximum likelihood estimate and exact interval (SciPy; R's fisher.test).
"""

from __future__ import annotations

from mgbayes.frequentist.result import LEVEL, Estimate, Outcome
from mgbayes.frequentist.samples import TwoGroups
from mgbayes.verification.two_by_two import Table
from mgbayes.verification.two_by_two import boschloo as boschloo_p


def table_of(groups: TwoGroups) -> Table:
    """Events of patients, the contrast first."""
    one, other = groups.contrast, groups.reference
    return Table(int(one.sum()), len(one), int(other.sum()), len(other))


def pearson(groups: TwoGroups) -> Outcome:
    """Pearson's chi-square without correction, 1 degree of freedom."""
    return _chi_square(table_of(groups), correction=False)


def yates(groups: TwoGroups) -> Outcome:
    """Pearson's chi-square with Yates' continuity correction."""
    return _chi_square(table_of(groups), correction=True)


def fisher(groups: TwoGroups) -> Outcome:
    """Fisher's exact test."""
    from scipy.stats import fisher_exact
    from scipy.stats.contingency import odds_ratio

    table = table_of(groups)
    ratio = odds_ratio(table.rows)
    limits = ratio.confidence_interval(LEVEL)
    estimate = Estimate("odds ratio", ratio.statistic, limits.low, limits.high, "exact conditional")
    return Outcome(float(fisher_exact(table.rows).pvalue), estimate=estimate)


def boschloo(groups: TwoGroups) -> Outcome:
    """Boschloo's unconditional exact test."""
    table = table_of(groups)
    return Outcome(boschloo_p(table), estimate=risk_difference(table))


def risk_difference(table: Table) -> Estimate:
    """Risk of the contrast less that of the reference, with Newcombe's hybrid score interval."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(
        table.x, table.m, table.y, table.n, method="newcomb", compare="diff", alpha=1 - LEVEL
    )
    difference = table.x / table.m - table.y / table.n
    return Estimate("risk difference", difference, float(low), float(high), "Newcombe")


def _chi_square(table: Table, *, correction: bool) -> Outcome:
    from scipy.stats import chi2_contingency

    result = chi2_contingency(table.rows, correction=correction)
    least = float(result.expected_freq.min())
    note = f"least expected count {least:.1f}: below 5" if least < 5 else ""
    return Outcome(float(result.pvalue), float(result.statistic), "chi-square", risk_difference(table), note)
