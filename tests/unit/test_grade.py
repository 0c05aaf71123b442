"""Summary of findings: the rules of certainty by enumeration, and each row from the draws of its fit."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.stats import norm

from mgbayes.grade.certainty import LEVELS, certainty
from mgbayes.report import words
from mgbayes.report.conclusion import conclusion
from mgbayes.report.findings_table import findings_table
from tests.toy_results import MINIMAL, PRIOR, RELAPSE, toy_results

RULES = ("imbalance", "assumed_followup", "misprint", "imprecise", "depends")


@pytest.mark.parametrize("randomized", [True, False])
def test_every_further_concern_costs_one_level_and_none_is_left_out(randomized: bool) -> None:
    for flags in product([False, True], repeat=len(RULES)):
        found = certainty(randomized=randomized, **dict(zip(RULES, flags, strict=True)))
        start = 3 if randomized else 1
        assert found.level == LEVELS[max(0, start - sum(flags))]
        assert len(found.concerns) == sum(flags) + (not randomized)


def test_a_row_has_the_numbers_of_its_draws() -> None:
    results = toy_results()
    row = next(row for row in results.main_findings if row.plan.id == "relapse")
    draws = results.fits[0].contrasts["hazard_ratio"].to_numpy()
    assert row.summary.p_benefit == pytest.approx(np.mean(draws < 1))
    assert row.summary.p_important == pytest.approx(np.mean(draws < row.plan.threshold("hazard_ratio")))
    assert row.absolute is not None
    shares = results.fits[0].contrasts["event_free_difference_730"].to_numpy()
    low, high = np.quantile(shares, [0.025, 0.975])
    cells = findings_table(results).rows[0]
    assert cells[3].startswith(
        f"{100 * np.median(shares):.0f} more per 100 ({-100 * low:.0f} fewer to {100 * high:.0f}"
    )
    assert words.percent(np.mean(draws < 1)) in cells


def test_an_odds_ratio_stands_beside_the_difference_of_its_own_outcome() -> None:
    row = next(row for row in toy_results().main_findings if row.summary.estimand.id == "odds_ratio_pis_mm")
    assert row.absolute is not None
    assert row.absolute.estimand.id == "risk_difference_pis_mm"


def test_a_yes_no_outcome_is_repeated_under_a_skeptical_prior_too() -> None:
    row = next(row for row in toy_results().main_findings if row.summary.estimand.id == "odds_ratio_pis_mm")
    mean, sd = MINIMAL
    precision = 1 / sd**2 - 1 / PRIOR.values[1] ** 2  # of the likelihood that this posterior and prior imply
    after = 1 / (precision + 1 / 0.355**2)
    exact = norm.cdf(after * mean / sd**2 / after**0.5)
    assert min(abs(chance.value - exact) for chance in row.robustness.chances) < 0.01


def test_a_single_outcome_is_answered_in_words() -> None:
    results = toy_results()
    mean, sd = RELAPSE
    assert 0.75 < norm.cdf(-mean / sd) < 0.9
    text = conclusion(replace(results, fits=results.fits[:1]))
    assert text.startswith(
        "Judged by one outcome, MuSK+ patients perhaps benefit more than AChR+ patients: hazard ratio, relapse "
        f"{np.exp(mean):.2f} ({np.exp(mean - 1.96 * sd):.2f} to {np.exp(mean + 1.96 * sd):.2f}), "
    )


def test_an_outcome_that_no_draw_favours_is_worse_and_not_inconclusive() -> None:
    results = toy_results()
    first, second = results.fits
    draws = first.contrasts["hazard_ratio"]
    harmful = replace(first, contrasts=first.contrasts.assign(hazard_ratio=1.0 + draws))
    text = conclusion(replace(results, fits=(harmful, second)))
    assert re.search(r"Worse for MuSK\+: hazard ratio, relapse [^;]+, P\(benefit\) under 1 %", text)
    assert not re.search(r"Inconclusive[^.]*relapse", text)
