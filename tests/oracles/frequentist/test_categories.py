"""Tests of categories against every table, SciPy, two by two tables, and a published p value."""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from mgbayes.frequentist.categories import (
    OF_ORDERED_CATEGORIES,
    freeman_halton,
    is_enumerable,
    pearson,
)
from mgbayes.frequentist.two_by_two import Table, fisher_exact, pearson_chi_square
from mgbayes.study.load import load_study
from mgbayes.verification import Verdict, verify
from tests.conftest import ROOT


@pytest.mark.parametrize("seed", range(12))
def test_the_exact_p_is_that_of_every_table(seed: int) -> None:
    first, second = np.random.default_rng(seed).integers(0, 6, (2, 4))
    totals, m = first + second, int(first.sum())

    def ways(row: tuple[int, ...]) -> int:
        return int(np.prod([comb(int(c), x) for c, x in zip(totals, row, strict=True)], dtype=object))

    tables = [row for row in product(*(range(int(c) + 1) for c in totals)) if sum(row) == m]
    seen = ways(tuple(int(x) for x in first))
    p = sum(ways(row) for row in tables if ways(row) <= seen) / sum(ways(row) for row in tables)
    assert freeman_halton(first, second) == pytest.approx(p, rel=1e-9)


def test_two_categories_are_a_two_by_two_table() -> None:
    for x, y in product(range(8), range(10)):
        first, second, table = np.array([x, 7 - x]), np.array([y, 9 - y]), Table(x, 7, y, 9)
        assert freeman_halton(first, second) == pytest.approx(float(fisher_exact(table)))
        assert pearson(first, second) == pytest.approx(float(pearson_chi_square(table)))


def test_ranks_are_those_of_the_patients() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        patients = [rng.integers(0, 4, n) for n in (12, 15)]
        counts = [np.bincount(x, minlength=4) for x in patients]
        found = [test(*counts) for test in OF_ORDERED_CATEGORIES]
        expected = [
            mannwhitneyu(*patients, method="asymptotic", use_continuity=continuity).pvalue
            for continuity in (True, False)
        ]
        assert found == pytest.approx(expected)


def test_a_published_p_of_five_grades_is_the_exact_one() -> None:
    """Front Oncol 2022;12:916455 names no test for its 0.434; chi-square gives 0.358, ranks 0.357."""
    study = load_study(ROOT / "studies" / "fonc2022.toml")
    result = verify(study, search=False, use_cache=False).claim("complications")
    assert result.verdict is Verdict.reproduced
    assert [test.name for test in result.tests if test.matches] == ["fisher_of_categories"]
    others = {test.name: round(test.p_low, 3) for test in result.tests if test.p_low is not None}
    assert others["pearson_of_categories"] == 0.358
    assert others["mann_whitney_of_categories"] == 0.357


def test_large_tables_are_not_gone_through() -> None:
    assert is_enumerable(np.array([28, 1, 3, 2, 0]), np.array([25, 3, 1, 3, 2]))
    assert not is_enumerable(np.full(5, 40), np.full(5, 40))
