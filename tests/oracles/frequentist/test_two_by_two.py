"""Every test for two proportions against a figure that does not come from the package.

Published values; enumeration from first principles in fractions (Fisher, mid-p) and over a fine grid of the
common chance (Barnard, Boschloo); closed forms with the error function; statsmodels.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb, erfc, sqrt

import numpy as np
import pytest
from scipy.stats import chi2_contingency, fisher_exact
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import proportions_ztest
from statsmodels.stats.proportion import test_proportions_2indep as two_proportions

from mgbayes.frequentist import mcnemar
from mgbayes.frequentist.published import PublishedTest
from mgbayes.frequentist.two_by_two import TESTS, Table

two_proportions.__test__ = False  # statsmodels names it like a test

EXACT = 1e-12  # both sides are closed forms in double precision
GRID = 2e-5  # both sides maximise over values of the common chance, neither over all of them

TEA = Table(3, 4, 1, 4)  # Fisher 1935: three of four cups right in either kind
VACCINE = Table(7, 15, 12, 15)  # Mehta and Senchaudhuri 2003: infected, vaccinated v placebo
JOBS = Table(74, 117, 31, 63)  # SciPy's page on Boschloo's test: very satisfied, professors v scientists
RITLAND = Table(0, 16, 15, 72)  # Fagerland, Lydersen and Laake, Statistical Analysis of Contingency Tables
RELAPSE = Table(10, 17, 6, 16)
MINIMAL = Table(10, 17, 11, 16)
REMISSION = Table(12, 17, 9, 16)
MAINTENANCE = Table(4, 17, 11, 16)
THYMECTOMY = Table(15, 17, 5, 16)
SPARING_12M = Table(18, 33, 8, 33)
SPARING_LAST = Table(18, 33, 5, 33)

TABLES = (
    TEA,
    VACCINE,
    RITLAND,
    RELAPSE,
    MINIMAL,
    REMISSION,
    MAINTENANCE,
    THYMECTOMY,
    SPARING_12M,
    SPARING_LAST,
    Table(1, 3, 7, 9),
    Table(0, 5, 4, 4),
    Table(2, 2, 0, 7),
    Table(8, 16, 8, 16),
)


def _rows(table: Table) -> list[list[int]]:
    return [[table.x, table.m - table.x], [table.y, table.n - table.y]]


def _by_name(name: str) -> PublishedTest:
    return next(test for test in TESTS if test.name == name)


# ------------------------------------------------------------------ published values

PUBLISHED = [
    # Fisher 1935, The Design of Experiments: 17 / 70 one-sided; 34 / 70 = 0.4857 two-sided (R's fisher.test).
    ("fisher_one_sided", TEA, 17 / 70, 1e-12),
    ("fisher_exact", TEA, 0.4857, 5e-5),
    ("fisher_central", TEA, 0.4857, 5e-5),
    # Fagerland, Lydersen and Laake 2017, chapter 4 (R package contingencytables, its tests), tea tasting:
    # Pearson 0.15730, with correction 0.47950, and the pooled unconditional test 0.28916 = 37/128 + 0.0001,
    # the 0.0001 being their margin for the confidence set of the common chance.
    ("pearson_chi_square", TEA, 0.15730, 5e-6),
    ("yates_chi_square", TEA, 0.47950, 5e-6),
    ("barnard", TEA, 37 / 128, 1e-6),
    # The same book and package, Ritland et al. 2007 (0/16 v 15/72).
    ("fisher_exact", RITLAND, 0.06287, 5e-6),
    # Mehta and Senchaudhuri 2003: 0.0341 one-sided; twice that for two equal arms.
    ("barnard", VACCINE, 2 * 0.0341, 1e-4),
    # SciPy's page on boschloo_exact: 0.0355... for "greater"; its two-sided p is twice the smaller one.
    ("boschloo", JOBS, 2 * 0.03555, 1e-4),
    # The printed claims of the index study, as R gives them.
    ("pearson_chi_square", RELAPSE, 0.2206, 5e-5),
    ("fisher_exact", RELAPSE, 0.3028, 5e-5),
    ("fisher_exact", MINIMAL, 0.7207, 5e-5),
    ("pearson_chi_square", MINIMAL, 0.5536, 5e-5),
]


@pytest.mark.parametrize(("name", "table", "p", "tolerance"), PUBLISHED)
def test_published_p_values_come_out(name: str, table: Table, p: float, tolerance: float) -> None:
    assert _by_name(name)(table) == pytest.approx(p, abs=tolerance)


# ------------------------------------------------------------------ chi-square tests: closed forms


def _chi_square(table: Table, *, less: float = 0.0) -> float:
    """N (|ad - bc| - less)² / (product of the margins)."""
    (a, b), (c, d) = _rows(table)
    total, events = table.m + table.n, table.x + table.y
    distance = max(abs(a * d - b * c) - less, 0)
    return total * distance**2 / (table.m * table.n * events * (total - events))


def _upper_tail(chi_square: float) -> float:
    """P(Z² > chi-square) for a standard normal Z."""
    return erfc(sqrt(chi_square / 2))


@pytest.mark.parametrize("table", TABLES)
def test_pearson_is_the_closed_form_and_what_statsmodels_gives(table: Table) -> None:
    p = _by_name("pearson_chi_square")(table)
    assert p == pytest.approx(_upper_tail(_chi_square(table)), rel=1e-9)
    # The z test of two proportions with a pooled variance is Pearson's test.
    assert p == pytest.approx(proportions_ztest([table.x, table.y], [table.m, table.n])[1], rel=1e-9)
    nominal = Table2x2(np.array(_rows(table)), shift_zeros=False).test_nominal_association()
    assert p == pytest.approx(nominal.pvalue, rel=1e-9)


@pytest.mark.parametrize("table", TABLES)
def test_yates_takes_half_of_the_patients_off_the_distance(table: Table) -> None:
    expected = _upper_tail(_chi_square(table, less=(table.m + table.n) / 2))
    assert _by_name("yates_chi_square")(table) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("table", TABLES)
def test_n_minus_1_is_the_closed_form_and_the_score_test_of_statsmodels(table: Table) -> None:
    # Campbell 2007: Pearson's statistic times (N - 1) / N, the factor that Miettinen and Nurminen (1985) put
    # into the variance of their score test.
    p = _by_name("n1_chi_square")(table)
    total = table.m + table.n
    assert p == pytest.approx(_upper_tail(_chi_square(table) * (total - 1) / total), rel=1e-9)
    if 0 < table.x < table.m and 0 < table.y < table.n:  # statsmodels solves for the null elsewhere
        score = two_proportions(
            table.x, table.m, table.y, table.n, method="score", compare="diff", correction=True
        )
        assert p == pytest.approx(score.pvalue, rel=1e-6)


@pytest.mark.parametrize("table", TABLES)
def test_the_one_sided_chi_square_is_the_z_test_in_the_direction_seen(table: Table) -> None:
    seen = "larger" if table.x * table.n >= table.y * table.m else "smaller"
    z_test = proportions_ztest([table.x, table.y], [table.m, table.n], alternative=seen)[1]
    assert _by_name("pearson_one_sided")(table) == pytest.approx(z_test, rel=1e-9)


# ------------------------------------------------------------------ exact tests: enumeration in fractions


def _null(table: Table) -> dict[int, Fraction]:
    """The chance of each x given the margins, exactly."""
    events = table.x + table.y
    ways = {
        x: comb(table.m, x) * comb(table.n, events - x)
        for x in range(table.m + 1)
        if 0 <= events - x <= table.n
    }
    return {x: Fraction(way, sum(ways.values())) for x, way in ways.items()}


def _fisher(table: Table) -> Fraction:
    """Minimum likelihood: every table that is no likelier than the one seen."""
    null = _null(table)
    return sum((p for p in null.values() if p <= null[table.x]), Fraction(0))


def _tails(table: Table, seen: Fraction) -> tuple[Fraction, Fraction]:
    null = _null(table)
    here = null[table.x] * seen
    below = sum((p for x, p in null.items() if x < table.x), here)
    return below, sum((p for x, p in null.items() if x > table.x), here)


@pytest.mark.parametrize("table", TABLES)
def test_fisher_by_minimum_likelihood_is_the_enumerated_sum(table: Table) -> None:
    assert _by_name("fisher_exact")(table) == pytest.approx(float(_fisher(table)), rel=EXACT)


@pytest.mark.parametrize("table", TABLES)
def test_central_fisher_is_twice_the_smaller_enumerated_tail(table: Table) -> None:
    expected = min(1.0, float(2 * min(_tails(table, Fraction(1)))))
    assert _by_name("fisher_central")(table) == pytest.approx(expected, rel=EXACT)


@pytest.mark.parametrize("table", TABLES)
def test_one_sided_fisher_is_the_smaller_enumerated_tail(table: Table) -> None:
    expected = float(min(_tails(table, Fraction(1))))
    assert _by_name("fisher_one_sided")(table) == pytest.approx(expected, rel=EXACT)


@pytest.mark.parametrize("table", TABLES)
def test_the_mid_p_counts_the_table_seen_by_half(table: Table) -> None:
    # For the tea tasting 2 (1/70 + 16/70 / 2) = 18/70.
    expected = float(2 * min(_tails(table, Fraction(1, 2))))
    assert _by_name("fisher_mid_p")(table) == pytest.approx(expected, rel=EXACT)


def test_the_mid_p_of_the_tea_tasting_is_18_of_70() -> None:
    assert _by_name("fisher_mid_p")(TEA) == pytest.approx(18 / 70, rel=EXACT)


# ------------------------------------------------------------------ unconditional tests: enumeration


def _worst_chance(extreme: np.ndarray) -> float:
    """The greatest chance of the extreme tables over the chance that both groups share: 2001 values of it."""
    m, n = (size - 1 for size in extreme.shape)
    chance = np.linspace(0, 1, 2001)[:, None]
    first, second = (
        np.array([comb(size, k) for k in range(size + 1)], float)
        * chance ** np.arange(size + 1)
        * (1 - chance) ** np.arange(size, -1, -1)
        for size in (m, n)
    )
    return float(((first @ extreme) * second).sum(axis=1).max())


def _barnard(table: Table) -> float:
    """Tables with a pooled Wald statistic at least that of the one seen; ties by exact arithmetic."""
    total = table.m + table.n

    def squared(x: int, y: int) -> Fraction:
        events = x + y
        spread = events * (total - events)
        return Fraction((x * table.n - y * table.m) ** 2, spread) if spread else Fraction(0)

    seen = squared(table.x, table.y)
    cells = [[squared(x, y) >= seen for y in range(table.n + 1)] for x in range(table.m + 1)]
    return _worst_chance(np.array(cells, float))


def _boschloo(table: Table) -> float:
    """Tables whose one-sided Fisher p is at most that of the one seen; twice the better direction."""
    tails = {
        (x, y): _tails(Table(x, table.m, y, table.n), Fraction(1))
        for x in range(table.m + 1)
        for y in range(table.n + 1)
    }
    seen = tails[table.x, table.y]
    extreme = np.zeros((2, table.m + 1, table.n + 1))
    for (x, y), tail in tails.items():
        extreme[:, x, y] = [tail[0] <= seen[0], tail[1] <= seen[1]]
    return min(1.0, 2 * min(_worst_chance(side) for side in extreme))


SMALL = tuple(table for table in TABLES if table.m + table.n < 40)


@pytest.mark.parametrize("table", [*SMALL, SPARING_12M, SPARING_LAST, RITLAND])
def test_barnard_is_the_enumerated_worst_case_over_the_common_chance(table: Table) -> None:
    assert _by_name("barnard")(table) == pytest.approx(_barnard(table), abs=GRID)


@pytest.mark.parametrize("table", SMALL)
def test_boschloo_is_the_enumerated_worst_case_over_the_common_chance(table: Table) -> None:
    assert _by_name("boschloo")(table) == pytest.approx(_boschloo(table), abs=GRID)


# ------------------------------------------------------------------ properties of all of them


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
@pytest.mark.parametrize("table", TABLES)
def test_the_names_of_groups_and_of_the_event_do_not_matter(test: PublishedTest, table: Table) -> None:
    groups_swapped = Table(table.y, table.n, table.x, table.m)
    event_swapped = Table(table.m - table.x, table.m, table.n - table.y, table.n)
    assert test(groups_swapped) == pytest.approx(test(table), abs=1e-6)
    assert test(event_swapped) == pytest.approx(test(table), abs=1e-6)


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
@pytest.mark.parametrize("table", [Table(0, 5, 0, 9), Table(5, 5, 9, 9), Table(0, 0, 3, 9)])
def test_a_table_without_information_gives_one(test: PublishedTest, table: Table) -> None:
    assert test(table) == 1.0


def test_barnard_is_at_least_the_chance_of_the_extreme_tables_when_the_common_chance_is_one_half() -> None:
    # At 1/2 a table has the chance comb(17, x) comb(16, y) / 2^33: a floor under the worst case.
    total = sum(
        comb(17, x) * comb(16, y) for x in range(18) for y in range(17) if _as_far(x, y, REMISSION)
    ) / 2 ** (17 + 16)
    assert _by_name("barnard")(REMISSION) >= total - 1e-9


def _as_far(x: int, y: int, table: Table) -> bool:
    def squared(a: int, b: int) -> Fraction:
        spread = (a + b) * (table.m + table.n - a - b)
        return Fraction((a * table.n - b * table.m) ** 2, spread) if spread else Fraction(0)

    return squared(x, y) >= squared(table.x, table.y)


# ------------------------------------------------------------------ all 306 tables of 17 v 16 at once


def test_every_pearson_and_yates_p_of_17_v_16_is_that_of_scipy() -> None:
    every = Table.every(17, 16)
    pearson, yates = _by_name("pearson_chi_square")(every), _by_name("yates_chi_square")(every)
    assert pearson.shape == yates.shape == (18, 17)
    for x in range(18):
        for y in range(17):
            if 0 < x + y < 33:
                rows = [[x, 17 - x], [y, 16 - y]]
                assert pearson[x, y] == pytest.approx(
                    chi2_contingency(rows, correction=False).pvalue, rel=1e-9
                )
                assert yates[x, y] == pytest.approx(chi2_contingency(rows, correction=True).pvalue, rel=1e-9)
            else:
                assert pearson[x, y] == yates[x, y] == 1.0


def test_every_fisher_p_of_17_v_16_is_that_of_scipy_and_of_exact_fractions() -> None:
    p = _by_name("fisher_exact")(Table.every(17, 16))
    for x in range(18):
        for y in range(17):
            assert p[x, y] == pytest.approx(fisher_exact([[x, 17 - x], [y, 16 - y]]).pvalue, rel=1e-9)
            assert p[x, y] == pytest.approx(float(_fisher(Table(x, 17, y, 16))), rel=EXACT)


def test_every_mcnemar_range_of_seven_patients_is_that_of_all_ways_to_pair_them() -> None:
    low, high = mcnemar.every_range(7)
    ranges: dict[tuple[int, int], set[Fraction]] = {}
    for ways in np.ndindex(8, 8, 8):  # both visits, first only, second only; the others neither
        both, lost, gained = (int(k) for k in ways)
        if both + lost + gained <= 7:
            ranges.setdefault((both + lost, both + gained), set()).add(_binomial_p(lost, gained))
    for (before, after), ps in ranges.items():
        assert low[before, after] == pytest.approx(float(min(ps)), rel=EXACT)
        assert high[before, after] == pytest.approx(float(max(ps)), rel=EXACT)


def _binomial_p(lost: int, gained: int) -> Fraction:
    changed, fewer = lost + gained, min(lost, gained)
    tail = Fraction(sum(comb(changed, k) for k in range(fewer + 1)), 2**changed)
    return min(Fraction(1), 2 * tail)
