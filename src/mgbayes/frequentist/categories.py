r"""Tests of two groups counted in the same categories: everything that they need is published.

With counts x_j and y_j in category j, c_j = x_j + y_j and m = Σ x_j:

- chi-square: Pearson's, without correction;
- Fisher, Freeman and Halton: P(table) ∝ Π C(c_j, x_j) given the margins; p adds up every table that is no likelier
  than the one seen;
- Mann-Whitney, of ordered categories: the normal approximation with ties, with and without correction for continuity.

Sources: Freeman and Halton (1951), Biometrika 38:141; as R's chisq.test, fisher.test and wilcox.test.
"""

from __future__ import annotations

from functools import partial
from math import comb, log, prod

import numpy as np
from numpy.typing import NDArray

from mgbayes.frequentist.published import PublishedTest
from mgbayes.study.schema import TestFamily

Counts = NDArray[np.int64]
_AS_LIKELY = 1 + 1e-7
_MOST_TABLES = 1_000_000


def pearson(first: Counts, second: Counts) -> float:
    """Pearson's chi-square; categories that nobody is in are left out."""
    from scipy.stats import chi2_contingency

    table = np.stack([first, second])
    table = table[:, table.sum(axis=0) > 0]
    return float(chi2_contingency(table, correction=False).pvalue) if table.shape[1] > 1 else 1.0


def is_enumerable(first: Counts, second: Counts) -> bool:
    """Whether the exact test ends in seconds."""
    return prod(int(total) + 1 for total in first + second) <= _MOST_TABLES


def freeman_halton(first: Counts, second: Counts) -> float:
    """The exact test, by the probabilities of all tables, one category after the other."""
    ways = {0: {0.0: 1.0}}
    for total in first + second:
        ways = _with_category(ways, int(total), int(first.sum()))
    tables = ways[int(first.sum())]
    seen = sum(log(comb(int(x + y), int(x))) for x, y in zip(first, second, strict=True))
    weights = np.array([[log_ways, count] for log_ways, count in tables.items()])
    chance = weights[:, 1] * np.exp(weights[:, 0])
    return float(chance[weights[:, 0] <= seen + log(_AS_LIKELY)].sum() / chance.sum())


def _with_category(
    ways: dict[int, dict[float, float]], total: int, most: int
) -> dict[int, dict[float, float]]:
    """How many tables have each log weight, by the patients of the first group so far."""
    found: dict[int, dict[float, float]] = {}
    for before, tables in ways.items():
        for x in range(min(total, most - before) + 1):
            row, added = found.setdefault(before + x, {}), log(comb(total, x))
            for log_ways, count in tables.items():
                key = round(log_ways + added, 10)
                row[key] = row.get(key, 0.0) + count
    return found


def mann_whitney(first: Counts, second: Counts, *, continuity: bool) -> float:
    """Of ranks with ties."""
    from scipy.stats import mannwhitneyu

    one, other = (np.repeat(np.arange(len(row)), row) for row in (first, second))
    if len(np.unique(np.concatenate([one, other]))) < 2:
        return 1.0
    return float(mannwhitneyu(one, other, method="asymptotic", use_continuity=continuity).pvalue)


OF_CATEGORIES = (
    PublishedTest("pearson_of_categories", "chi-square of the categories", TestFamily.chi_square, pearson),
    PublishedTest(
        "fisher_of_categories",
        "Fisher's exact (Freeman and Halton) of the categories",
        TestFamily.fisher,
        freeman_halton,
    ),
)
OF_ORDERED_CATEGORIES = tuple(
    PublishedTest(
        name, f"Mann-Whitney, {how}", TestFamily.mann_whitney, partial(mann_whitney, continuity=correct)
    )
    for name, how, correct in (
        ("mann_whitney_of_categories", "continuity correction", True),
        ("mann_whitney_of_categories_plain", "no continuity correction", False),
    )
)
