"""A paper about generated patients with every kind of statistic: what is true passes, what is altered is found."""

from __future__ import annotations

import re

import numpy as np
import pytest
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.weightstats import DescrStatsW

from mgbayes.study.load import parse_study
from mgbayes.verification import Ledger, Verdict, verify

TEXT = """
schema_version = 1
id = "generated"
title = "A paper about generated patients"
citation = "none"
question = "Does the second arm do better?"
sources = [{{ id = "paper", what = "generated" }}]
arms = [
  {{ id = "one", label = "one", n = "{n[0]}", reference = true }},
  {{ id = "two", label = "two", n = "{n[1]}" }},
]
visits = [{{ id = "before", label = "before" }}, {{ id = "after", label = "after" }}]
endpoints = [
  {{ id = "days", label = "days in hospital", kind = "continuous", whole = true, benefit = "lower" }},
  {{ id = "score", label = "score", kind = "continuous", benefit = "higher" }},
  {{ id = "cure", label = "cure", kind = "binary", benefit = "higher" }},
  {{ id = "class", label = "class", kind = "ordinal", levels = ["0", "I", "II"], benefit = "lower" }},
  {{ id = "time", label = "time to relapse", kind = "time_to_event", benefit = "higher" }},
]
[methods]
software = "R version 4.2"

[[claims]]
id = "days"
what = "days in hospital"
source = ["paper"]
endpoint = "days"
summaries = [
  {days[0]},
  {days[1]},
]

[[claims]]
id = "score"
what = "score"
source = ["paper"]
endpoint = "score"
summaries = [
  {{ group = "one", visit = "before", mean = "{before[0]}", sd = "{before[1]}", ci = {before[2]} }},
  {{ group = "one", visit = "after", mean = "{after[0]}", sd = "{after[1]}" }},
  {{ group = "two", visit = "after", mean = "{other[0]}", sd = "{other[1]}" }},
]
effects = [{{ mean_difference = "{difference}", of = "two", versus = "one", visit = "after", adjusted = false }}]

[[claims]]
id = "change"
what = "change of the score"
source = ["paper"]
endpoint = "score"
summaries = [{{ group = "one", visit = "after", change_from = "before", mean = "{change[0]}", sd = "{change[1]}" }}]
p = "{p_change}"
comparison = {{ between = "visits", groups = ["one"], visits = ["before", "after"], test = "t" }}

[[claims]]
id = "cure"
what = "cure"
source = ["paper"]
endpoint = "cure"
summaries = [{{ group = "one", count = "{cured[0]}" }}, {{ group = "two", count = "{cured[1]}" }}]
effects = [{{ odds_ratio = "{odds[0]}", ci = ["{odds[1]}", "{odds[2]}"], adjusted = false }}]
p = "{odds[3]}"
comparison = {{ between = "arms", test = "wald" }}

[[claims]]
id = "class"
what = "class"
source = ["paper"]
endpoint = "class"
summaries = [
  {{ group = "one", level = "0", count = "{levels[0]}" }},
  {{ group = "one", level = "I", count = "{levels[1]}" }},
  {{ group = "one", level = "II", count = "{levels[2]}" }},
  {{ group = "one", median = "{levels[3]}" }},
]

[[claims]]
id = "time"
what = "time to relapse"
source = ["paper"]
endpoint = "time"
summaries = [
  {{ group = "one", at = "6", survival = "{survival[0]}", at_risk = "{risk[0]}" }},
  {{ group = "one", at = "12", survival = "{survival[1]}", at_risk = "{risk[1]}" }},
  {{ group = "one", median_survival = "{median}" }},
]
effects = [{{ hr = "{hr[0]}", ci = ["{hr[1]}", "{hr[2]}"] }}]
p = "{hr[3]}"
comparison = {{ between = "arms", test = "wald" }}
"""


def paper(seed: int) -> str:
    """The text of a study file about generated patients; everything is worked out here by NumPy and statsmodels."""
    from scipy.stats import ttest_rel

    rng = np.random.default_rng([7, seed])
    n = [int(k) for k in rng.integers(8, 40, 2)]
    days = [np.rint(rng.lognormal(2, 0.8, k)) for k in n]
    before = rng.normal(50, 10, n[0])
    after, other = before + rng.normal(3, 6, n[0]), rng.normal(57, 9, n[1])
    cured = [int(rng.integers(2, k - 1)) for k in n]
    table = Table2x2([[cured[1], n[1] - cured[1]], [cured[0], n[0] - cured[0]]])
    levels = rng.integers(0, 3, n[0] | 1)[: n[0]]
    end = [np.minimum(rng.exponential(scale, k), 24) for scale, k in zip((8, 14), n, strict=True)]
    time, event = np.concatenate(end), (np.concatenate(end) < 24).astype(float)
    fit = PHReg(time, np.repeat([0.0, 1.0], n), status=event).fit()
    curve = SurvfuncRight(end[0], end[0] < 24)
    share = [
        100 * curve.surv_prob[curve.surv_times <= at][-1] if (end[0] <= at).any() else 100 for at in (6, 12)
    ]
    middle = np.sort(levels)[(n[0] - 1) // 2]
    if np.median(levels) != middle:  # between two levels: papers name neither
        levels[np.argsort(levels)[n[0] // 2]] = middle
    low, high = DescrStatsW(before).tconfint_mean()
    return TEXT.format(
        n=n,
        days=[_summary(arm, x) for arm, x in zip(("one", "two"), days, strict=True)],
        before=[f"{before.mean():.1f}", f"{before.std(ddof=1):.1f}", f'["{low:.1f}", "{high:.1f}"]'],
        after=[f"{x:.1f}" for x in (after.mean(), after.std(ddof=1))],
        other=[f"{x:.1f}" for x in (other.mean(), other.std(ddof=1))],
        difference=f"{other.mean() - after.mean():.1f}",
        change=[f"{x:.2f}" for x in ((after - before).mean(), (after - before).std(ddof=1))],
        p_change=f"{max(ttest_rel(after, before).pvalue, 1e-6):.6f}",
        cured=cured,
        odds=[
            *(f"{x:.3f}" for x in (table.oddsratio, *table.oddsratio_confint())),
            f"{table.oddsratio_pvalue():.3f}",
        ],
        levels=[*(int((levels == k).sum()) for k in range(3)), ("0", "I", "II")[int(np.median(levels))]],
        survival=[f"{x:.1f}" for x in share],
        risk=[int((end[0] >= at).sum()) for at in (6, 12)],
        median=f"{curve.quantile(0.5):.1f}" if np.isfinite(curve.quantile(0.5)) else "not reached",
        hr=[*(f"{x:.3f}" for x in np.exp([fit.params[0], *fit.conf_int()[0]])), f"{fit.pvalues[0]:.3f}"],
    )


def _summary(arm: str, x: np.ndarray) -> str:
    low, q1, median, q3, high = (f"{q:g}" for q in np.quantile(x, (0, 0.25, 0.5, 0.75, 1)))
    quantiles = f'median = "{median}", iqr = ["{q1}", "{q3}"], range = ["{low}", "{high}"]'
    return f'{{ group = "{arm}", {quantiles}, mean = "{x.mean():.1f}", sd = "{x.std(ddof=1):.1f}" }}'


def ledger_of(text: str) -> Ledger:
    return verify(parse_study(text, "generated.toml"), search=False, use_cache=False)


@pytest.mark.parametrize("seed", range(40))
def test_no_true_statistic_is_called_wrong(seed: int) -> None:
    ledger = ledger_of(paper(seed))
    failing = [check.text for row in ledger.claims for check in row.checks if not check.holds]
    assert failing == []
    wrong = {Verdict.inconsistent, Verdict.not_reproduced, Verdict.not_checkable}
    assert not [row.id for row in ledger.claims if row.verdict in wrong]
    names = {check.name for row in ledger.claims for check in row.checks}
    assert names >= {
        *(
            "quantiles",
            "mean_with_quantiles",
            "sd_with_quantiles",
            "mean_interval",
            "effect",
            "effect_interval",
        ),
        *("mean_of_change", "sd_of_change", "levels_total", "median_of_levels", "survival", "at_risk"),
    }
    assert ledger.claim("change").verdict is Verdict.reproduced
    assert ledger.claim("cure").verdict is Verdict.reproduced
    assert not [row for row in ledger.findings if row.rule == "interval_and_p"]


ALTERED = {  # what is replaced, by what, and the check that must fail
    "a median between whole numbers": (r'(median = "\d+)(?:\.5)?", iqr', r'\1.3", iqr', "quantiles"),
    "a mean above the maximum": (
        r'mean = "[\d.]+", sd = "[\d.]+" \}',
        'mean = "900.0", sd = "5.0" }',
        "mean_with_quantiles",
    ),
    "an SD beyond the range": (r'(range = .*?sd = )"[\d.]+"', r'\1"400.0"', "sd_with_quantiles"),
    "an interval of another length": (
        r'(mean = "[\d.]+", sd = "[\d.]+", ci = )\["[\d.]+", "[\d.]+"\]',
        None,
        "mean_interval",
    ),
    "another difference of means": (r'mean_difference = "-?[\d.]+"', 'mean_difference = "40.0"', "effect"),
    "another change": (r'(change_from = "before", mean = )"-?[\d.]+"', r'\1"31.00"', "mean_of_change"),
    "an SD of the change beyond both": (r'(change_from.*sd = )"[\d.]+"', r'\1"80.00"', "sd_of_change"),
    "another odds ratio": (r'odds_ratio = "[\d.]+", ci = \[[^]]*\]', 'odds_ratio = "90.1"', "effect"),
    "a survival that rises": (r'(at = "12", survival = )"[\d.]+"', r'\1"100.0"', "survival"),
}


@pytest.mark.parametrize("name", ALTERED)
def test_an_altered_statistic_is_found(name: str) -> None:
    pattern, other, check = ALTERED[name]
    for seed in range(4):
        text = paper(seed)
        if other is None:  # centred on the mean, three times as long
            mean = float(re.search(r'visit = "before", mean = "([\d.]+)"', text)[1])  # type: ignore[index]
            other = rf'\1["{mean - 20:.1f}", "{mean + 20:.1f}"]'
        altered, count = re.subn(pattern, other, text, count=1)
        assert count == 1
        failing = {one.name for row in ledger_of(altered).claims for one in row.checks if not one.holds}
        assert check in failing, name
        other = ALTERED[name][1]


def test_an_interval_that_stands_for_another_p_is_said() -> None:
    text = re.sub(r"effects = \[\{ hr.*\n", 'effects = [{ hr = "0.52", ci = ["0.31", "0.88"] }]\n', paper(1))
    right, wrong = (
        re.sub(r'p = "[\d.]+"\n(comparison.*wald" \}\n)$', rf'p = "{p}"\n\1', text) for p in ("0.015", "0.4")
    )
    assert ledger_of(right).claim("time").verdict is Verdict.reproduced
    ledger = ledger_of(wrong)
    assert ledger.claim("time").verdict is Verdict.not_reproduced
    (finding,) = [row for row in ledger.findings if row.rule == "interval_and_p"]
    assert "reported 0.4" in finding.text
