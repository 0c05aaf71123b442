"""Tests and intervals of every table of two arms, by id; those that have no interval of their own are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mgbayes.comparison.tables import Floats, Tables
from mgbayes.frequentist import odds_ratio, two_by_two
from mgbayes.frequentist.odds_ratio import Interval
from mgbayes.frequentist.two_by_two import Table

_TESTS: Mapping[str, Callable[[Table], Floats]] = {
    "pearson": two_by_two.pearson_chi_square,
    "n_minus_1": two_by_two.n1_chi_square,
    "yates": two_by_two.yates_chi_square,
    "fisher": two_by_two.fisher_exact,
    "fisher_central": two_by_two.fisher_central,
    "mid_p_central": two_by_two.fisher_mid_p,
    "mid_p": two_by_two.fisher_mid_p_minimum_likelihood,
    "likelihood_ratio": two_by_two.likelihood_ratio,
    "wald": two_by_two.wald,
    "firth": two_by_two.firth,
    "barnard": two_by_two.barnard,
    "boschloo": two_by_two.boschloo_minimum_likelihood,
    "boschloo_central": two_by_two.boschloo,
}


def p_values(tables: Tables) -> dict[str, Floats]:
    """Two-sided, (table,); NaN where a test gives none."""
    return {name: test(tables.counts) for name, test in _TESTS.items()}


def intervals(tables: Tables) -> dict[str, Interval]:
    """Of the log odds ratio, (table,)."""
    table, total = tables.counts, tables.m + tables.n
    return {
        "pearson": odds_ratio.score(table),
        "n_minus_1": odds_ratio.score(table, total / (total - 1)),
        "fisher_central": odds_ratio.conditional(table),
        "mid_p_central": odds_ratio.conditional(table, 0.5),
        "likelihood_ratio": odds_ratio.profile(table),
        "wald": odds_ratio.wald(table),
        "firth": odds_ratio.profile(table, 0.5),
    }
