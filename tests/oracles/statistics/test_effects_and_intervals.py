"""Confidence intervals, effects and survival beside statsmodels and SciPy, on public and generated data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.weightstats import DescrStatsW

from mgbayes.frequentist.rank_bounds import mann_whitney_bounds
from mgbayes.study.statistics import (
    AtRisk,
    Categories,
    Effect,
    Followed,
    MeanCI,
    MeanSD,
    MeanSE,
    Measure,
    MedianSurvival,
    Percent,
    QuantileDefinition,
    Quantiles,
    Support,
    SurvivalAt,
)
from tests.oracles.statistics.as_reported import as_reported

DATA = Path(__file__).parents[1] / "verification" / "data"


def test_the_interval_of_a_mean_is_that_of_statsmodels() -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        n, level = int(rng.integers(2, 60)), str(rng.choice(["90", "95", "99"]))
        x = rng.lognormal(2, 0.7, n)
        low, high = DescrStatsW(x).tconfint_mean(alpha=1 - float(level) / 100)
        blank = MeanCI("0.00", "0.00", "0.00", n, level)
        np.testing.assert_allclose(blank.of(x), (x.mean(), low, high), rtol=1e-9)
        reported = MeanCI(*as_reported(blank, x), n, level)
        assert list(reported.faults()) == []
        assert reported.is_symmetric
        assert x.std(ddof=1) in reported.sd_interval
        assert reported.sd_value == pytest.approx(x.std(ddof=1), abs=0.05 * n**0.5)


def test_a_standard_error_stands_for_its_sd() -> None:
    x = np.random.default_rng(2).normal(30, 8, 25)
    mean, se = as_reported(MeanSE("0.000", "0.000", 25), x)
    assert MeanSE(mean, se, 25).sd_value == pytest.approx(x.std(ddof=1), abs=0.003)
    assert x.std(ddof=1) in MeanSE(mean, se, 25).sd_interval
    assert x.std(ddof=1) not in MeanSD(mean, se, 25).sd_interval


def test_the_wald_p_of_an_odds_or_risk_ratio_holds_that_of_statsmodels() -> None:
    rng = np.random.default_rng(3)
    for _ in range(400):
        counts = rng.integers(1, 40, (2, 2))
        table, places = Table2x2(counts), int(rng.integers(2, 4))
        for measure, value, limits, p in (
            (Measure.odds_ratio, table.oddsratio, table.oddsratio_confint(), table.oddsratio_pvalue()),
            (Measure.risk_ratio, table.riskratio, table.riskratio_confint(), table.riskratio_pvalue()),
        ):
            texts = [f"{number:.{places}f}" for number in (value, *limits)]
            if min(map(float, texts)) <= 0:
                continue
            effect = Effect(measure, *texts)
            assert list(effect.faults()) == []
            assert effect.is_symmetric, texts
            assert effect.wald_p.low <= p + 1e-12
            assert p <= effect.wald_p.high + 1e-12
            yes = [np.repeat([1, 0], row) for row in counts]
            assert effect.of((yes[0], yes[1]))[0] == pytest.approx(value)


def test_the_hazard_ratio_of_gehans_patients_gives_its_wald_p() -> None:
    rows = pd.read_csv(DATA / "gehan.csv")
    fit = PHReg(rows.time, (rows.arm == "6-MP").astype(float), status=rows.event, ties="efron").fit()
    low, high = np.exp(fit.conf_int()[0])
    effect = Effect(Measure.hazard_ratio, *(f"{x:.3f}" for x in (np.exp(fit.params[0]), low, high)))
    assert effect.wald_p.low <= fit.pvalues[0] <= effect.wald_p.high
    assert effect.normal == pytest.approx((fit.params[0], fit.bse[0]), abs=2e-3)
    wrong = Effect(Measure.hazard_ratio, effect.estimate, effect.low, "0.990")
    assert not wrong.is_symmetric


@pytest.mark.parametrize(("name", "arm"), [("gehan", "6-MP"), ("aml", "maintained"), ("lung", "male")])
def test_survival_and_its_median_are_those_of_statsmodels(name: str, arm: str) -> None:
    rows = pd.read_csv(DATA / f"{name}.csv").query("arm == @arm")
    followed = Followed(rows.time.to_numpy(float), rows.event.to_numpy(float))
    fitted = SurvfuncRight(rows.time, rows.event)
    for at in np.quantile(rows.time, (0.1, 0.4, 0.7)):
        expected = (
            100 * fitted.surv_prob[fitted.surv_times <= at][-1] if (fitted.surv_times <= at).any() else 100.0
        )
        assert SurvivalAt(f"{at:.2f}", "0").of(followed)[0] == pytest.approx(expected)
        assert AtRisk(f"{at:.2f}", "0").of(followed)[0] == (rows.time >= float(f"{at:.2f}")).sum()
    median = f"{fitted.quantile(0.5):g}"
    assert MedianSurvival(median).allows(followed)
    assert not MedianSurvival(str(float(median) + 5)).allows(followed)
    assert not MedianSurvival("not reached").allows(followed)
    censored = Followed(followed.time, np.zeros_like(followed.event))
    assert MedianSurvival("not reached").allows(censored)


@pytest.mark.parametrize("whole", [True, False])
def test_no_true_mann_whitney_p_lies_outside_its_bounds(whole: bool) -> None:
    rng, narrow = np.random.default_rng(4), 0
    for _ in range(400):
        sizes = rng.integers(4, 25, 2)
        x, y = (
            rng.lognormal(2 + shift, 0.6, n)
            for n, shift in zip(sizes, (0, rng.choice([0, 0.7, 1.5])), strict=True)
        )
        if whole:
            x, y = np.rint(x), np.rint(y)
        reported = []
        for part in (x, y):
            blank = Quantiles.of_texts(
                len(part), "0.0", ("0.0", "0.0"), ("0.0", "0.0"), (), (QuantileDefinition.type_7,)
            )
            low, q1, median, q3, high = as_reported(blank, part)
            reported.append(
                Quantiles.of_texts(len(part), median, (q1, q3), (low, high), (), blank.definitions)
            )
        bounds = mann_whitney_bounds(*reported, Support(whole=whole, low=0))
        methods = [("asymptotic", True), ("asymptotic", False)]
        methods += [] if len(np.unique(np.r_[x, y])) < len(x) + len(y) else [("exact", True)]
        for method, correction in methods:
            p = mannwhitneyu(x, y, method=method, use_continuity=correction).pvalue
            assert bounds.low - 1e-12 <= p <= bounds.high + 1e-12, (method, p, bounds)
        narrow += bounds.high < 1
    assert narrow > 40  # often the quartiles alone exclude a large p


def test_percentages_and_categories_count_what_they_say() -> None:
    assert Percent("58.8", 17).counts() == [10]
    assert Percent("38.46").sizes(12) == []
    assert Percent("38.46").sizes(13) == [13]
    counted = Categories(("none", "mild", "severe"), ("3", "2", "1"), 6)
    assert counted.allows(np.array([0, 0, 1, 2, 0, 1]))
    assert not counted.allows(np.array([0, 0, 1, 2, 2, 1]))
