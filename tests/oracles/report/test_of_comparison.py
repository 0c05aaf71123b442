"""What a comparison of rules says of tables that were seen, and which test it recommends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats

from mgbayes.comparison.operating import behaviour
from mgbayes.comparison.rules import Rule
from mgbayes.comparison.run import Comparison, Seen, compare
from mgbayes.frequentist.odds_ratio import Interval
from mgbayes.report.comparison_tables import seen
from mgbayes.report.comparison_words import recommendation
from mgbayes.study import load_study

M, N = 9, 7
SEEN = (
    Seen("falls", "falls", "lower", 6, 1),
    Seen("home", "home", "higher", 2, 6),
    Seen("woman", "woman", None, 6, 1),
)


@pytest.fixture(name="found", scope="module")
def _found() -> Comparison:
    return replace(compare(arms=(M, N)), study=load_study(), seen=SEEN)


def _more_events(x: int, y: int) -> float:
    """P(risk of the contrast above that of the reference arm) under uniform priors, by an integral."""
    one, other = stats.beta(x + 1, M - x + 1), stats.beta(y + 1, N - y + 1)
    return float(integrate.quad(lambda risk: one.pdf(risk) * other.sf(risk), 0, 1)[0])


def test_a_test_has_its_two_sided_p_and_a_prior_the_chance_of_benefit(found: Comparison) -> None:
    table = seen(found).set_index(["endpoint", "rule"])
    for row in SEEN:
        fisher = table.loc[row.endpoint, "fisher"]
        x, y = row.reference, row.contrast
        assert fisher["p"] == pytest.approx(stats.fisher_exact([[x, M - x], [y, N - y]]).pvalue)
        assert np.isnan(float(fisher["p_benefit"] or np.nan))
        more = _more_events(x, y)
        uniform = table.loc[row.endpoint, "uniform_0.95"]
        assert uniform["p_benefit"] == pytest.approx(1 - more if row.benefit == "lower" else more, abs=1e-3)
    concludes = [table.loc[row.endpoint, "uniform_0.95"]["concludes"] for row in SEEN]
    assert concludes == ["contrast better", "contrast better", "reference more"]


def test_the_test_that_finds_most_of_those_that_keep_the_level_is_recommended(found: Comparison) -> None:
    sound = [
        (power, rule.label)
        for rule, power, size in zip(found.rules, found.mean_power, found.largest_size, strict=True)
        if rule.symmetric and not rule.bayesian and size <= 0.05005
    ]
    label = max(sound)[1]
    assert f"use {label}" in recommendation(found)[0]


def test_type_s_is_of_the_conclusions_and_coverage_of_the_tables_that_have_an_interval() -> None:
    """Four tables, of which three conclude and three have an interval, by hand."""
    nan = np.nan
    rule = Rule(
        "toy",
        "Toy",
        False,
        "",
        np.array([1, -1, 1, 0]),
        np.full(4, 0.5),
        np.ones(4, bool),
        Interval(
            np.array([1.0, -1.0, 2.0, nan]), np.array([0.5, -2.0, 1.0, nan]), np.array([1.5, -0.5, 3.0, nan])
        ),
    )
    it = behaviour(rule, np.array([[0.2, 0.1, 0.1, 0.6]]), np.array([0.7]))
    assert it.power == pytest.approx([0.3])
    assert it.wrong_side == pytest.approx([0.1])
    assert it.type_s == pytest.approx([0.25])
    assert it.coverage == pytest.approx([0.5])
