"""What results.json, the tables and the words of a report take from a re-analysis, each number from its own place.

The toy's chances are worked out by plain arithmetic from its draws (test_what_is_written).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mgbayes import cache
from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.summary import summarize
from mgbayes.grade.robustness import Chance, Robustness
from mgbayes.inference.fit import Agreement
from mgbayes.inference.pooled import Pooled, Spread
from mgbayes.report import robustness_words, tables, words
from mgbayes.report.results import Reanalysis, provenance, results_json
from tests.oracles.report import toy
from tests.oracles.report.test_what_is_written import HEADLINES, ROWS, close, expected

TOY = toy.reanalysis()


@pytest.fixture(scope="module", name="results")
def _results() -> dict:
    return results_json(TOY)


def test_each_finding_has_the_range_over_its_analyses_and_how_many_conclude(results: dict) -> None:
    found = {row["estimand"]: row for row in results["summary_of_findings"]}
    assert {name for name, row in found.items() if row["main"]} == {
        "time_ratio",
        "hazard_ratio",
        "mean_difference_end",
        "odds_ratio_walks",
    }
    for fit, row in HEADLINES:
        chances = [expected(f, r).p_benefit or 0.0 for f, r in ROWS if r.id == row.id and f.plan is fit.plan]
        analyses = found[row.id]["analyses"]
        assert (analyses["p_benefit_low"], analyses["p_benefit_high"]) == (min(chances), max(chances))
        assert analyses["analyses"] == len(chances)
    assert found["odds_ratio_walks"]["analyses"]["concluding"] == 1  # that it does worse
    assert found["odds_ratio_ever"]["analyses"]["concluding"] == 0


def test_a_reported_p_has_the_share_that_agrees_and_all_draws(results: dict) -> None:
    (given,) = [fit["printed_p"] for fit in results["fits"] if fit["printed_p"]]
    expected_of_it = {"test": "log-rank", "claims": ["fall.time"], "share_of_draws_that_agree": 0.25}
    assert given == expected_of_it | {"draws": 1000, "estimates_by": "selection"}


def test_every_fit_has_its_seed(results: dict) -> None:
    assert len(results["provenance"]["seeds"]) == len(toy.FITS)


@pytest.fixture(name="package")
def _package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of three files, in place of this one."""
    for folder in ("models", "inference", "estimands"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "one.py").write_text("x = 1\n", "utf-8")
    monkeypatch.setattr(cache, "PACKAGE", tmp_path)
    cache.source_hash.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    cache.source_hash.cache_clear()


@pytest.mark.parametrize("folder", ["models", "inference", "estimands"])
def test_the_hash_of_the_source_sees_every_character_of_what_computes(package: Path, folder: str) -> None:
    before = provenance(TOY)["source_sha256"]
    (package / folder / "one.py").write_text("x = 2\n", "utf-8")
    cache.source_hash.cache_clear()
    assert provenance(TOY)["source_sha256"] != before


def test_a_reported_p_that_no_draw_agrees_with_is_no_failed_computation() -> None:
    failed = toy.fit(toy.FITS[2])
    none_agrees = replace(failed, agreement=Agreement(failed.plan.printed_p, 0.0, 1000))
    assert Reanalysis(TOY.study, TOY.ledger, (none_agrees,)).failed == ()
    assert Reanalysis(TOY.study, TOY.ledger, (failed,)).failed == (failed,)


def test_variances_between_and_within_data_sets_stand_under_their_names() -> None:
    spread = Spread("hazard_ratio", within=2.0, between=3.0, members=4)
    one = toy.fit(toy.FITS[3])
    pooled = replace(one, pooled=Pooled(4, 9, 40, (one.diagnostics,) * 4, (spread,)))
    (found,) = results_json(Reanalysis(TOY.study, TOY.ledger, (pooled,)))["fits"]
    (row,) = found["reconstructed"]["spread"]
    assert (row["variance_within"], row["variance_between"]) == (2.0, 3.0)
    assert row["share_between"] == pytest.approx(1 - 2 / (2 + 1.25 * 3))  # Rubin's total: W + (1 + 1/M) B
    assert (found["reconstructed"]["members"], found["reconstructed"]["members_available"]) == (4, 9)


def test_columns_of_the_tables_hold_what_their_names_say() -> None:
    import arviz_stats as az

    for (fit, row), (_, got) in zip(ROWS, tables.estimands(TOY).iterrows(), strict=True):
        draws = toy.draws_of(fit, row)
        assert got["ess_bulk"] == pytest.approx(float(az.ess(draws, method="bulk")))
        assert got["ess_tail"] == pytest.approx(float(az.ess(draws, method="tail", prob=(0.05, 0.95))))
    found = tables.summary_of_findings(TOY).set_index("estimand")
    absolute = expected(toy.FITS[0], toy.HOME_ROWS[2])
    time_ratio = found.loc["time_ratio"]
    assert (time_ratio["absolute_low"], time_ratio["absolute_high"]) == (
        close(absolute.low),
        close(absolute.high),
    )
    tests = tables.tests(TOY).set_index(["claim", "test"])
    student = tests.loc[
        ("pain.end", "student_t")
    ]  # 30 ± 10 and 25 ± 10, 20 patients each: t = 1.58, p = 0.122
    assert student["p_low"] < 0.1221 < student["p_high"]


def test_a_chance_is_told_in_whole_percents_and_its_meaning_by_the_step_that_it_reaches() -> None:
    assert [words.percent(p) for p in (0.004, 0.03, 0.5, 0.994, 0.996)] == [
        "under 1 %",
        "3 %",
        "50 %",
        "99 %",
        "over 99 %",
    ]
    assert words.how_sure(0.95) == "very probably better"
    assert words.how_sure(0.05) == "probably worse"


def test_differences_of_shares_are_told_with_median_limits_and_side() -> None:
    share = Estimand("risk_difference", "Risk difference", "", 0.0, "lower")
    draws = np.concatenate([np.full(60, 0.1), np.full(40, 0.6)]).reshape(2, 50)  # median 0.1, mean 0.3
    row = summarize(draws, share, threshold=-0.2)
    assert words.interval(row) == "10 (10 to 60) percentage points"
    assert words.per_hundred(row) == "10 more per 100 (10 more to 60 more)"
    assert words.per_hundred(summarize(-draws, share)) == "10 fewer per 100 (60 fewer to 10 fewer)"
    assert words.important(row) == "under 1 % (below −20 percentage points)"
    assert words.rule(row) == "P(risk difference < 0) < 0.01"


def test_the_rule_for_the_worse_arm_has_the_complement_of_its_probability() -> None:
    worse = Robustness((Chance(0.01, 0.001), Chance(0.02, 0.001)), 0.95)
    assert robustness_words.verdict(worse) == "robust, worse: P(benefit) at most 0.05 in 2 of 2 analyses"
