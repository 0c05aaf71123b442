"""Papers that print true numbers: public data sets whose summaries and p values are worked out here.

Each is written as a study file that holds what a paper would print (counts, mean ± SD) and the true p value of the
test that was done, with the test named in the methods, at the claim, or nowhere. No true p may be called wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, ttest_rel, wilcoxon
from statsmodels.duration.survfunc import survdiff

from mgbayes.study.load import parse_study
from mgbayes.study.schema import Study
from mgbayes.verification import Ledger, Verdict, verify

DATA = Path(__file__).parent / "data"
NAMED_WHERE = ("methods", "claim", "nowhere")
HONEST = {Verdict.reproduced, Verdict.possible, Verdict.not_checkable}

HEAD = """
schema_version = 1
id = "honest"
title = "An honest paper"
citation = "none"
question = "Does the second arm do better?"
sources = [{{ id = "paper", what = "made from public data" }}]
arms = [
  {{ id = "one", label = "{one}", n = "{n[0]}", reference = true }},
  {{ id = "two", label = "{two}", n = "{n[1]}" }},
]
"""

SURVIVAL = """
[[endpoints]]
id = "had"
label = "had the event"
kind = "binary"
benefit = "lower"

[[endpoints]]
id = "observed"
label = "time observed"
kind = "continuous"

[[endpoints]]
id = "time"
label = "time to the event"
kind = "time_to_event"
benefit = "higher"
event = "had"
times = "time"
{followup}

[[claims]]
id = "had"
what = "patients with the event"
source = ["paper"]
endpoint = "had"
summaries = [{{ group = "one", count = "{d[0]}" }}, {{ group = "two", count = "{d[1]}" }}]
p = "{p_count}"
comparison = {{ between = "arms"{test_count} }}

[[claims]]
id = "observed"
what = "time observed"
source = ["paper"]
endpoint = "observed"
summaries = [{{ group = "all", mean = "{observed[0]}", sd = "{observed[1]}" }}]

[[claims]]
id = "time"
what = "time to the event, of those who had it"
source = ["paper"]
endpoint = "time"
summaries = [
  {{ group = "one", n = "{d[0]}", mean = "{m[0]}", sd = "{s[0]}" }},
  {{ group = "two", n = "{d[1]}", mean = "{m[1]}", sd = "{s[1]}" }},
]
p = "{p_time}"
comparison = {{ between = "arms"{test_time} }}
"""

SURVIVAL_METHODS = """
[methods]
source = ["paper"]
tests = [
  { test = "log_rank", kinds = ["time_to_event"] },
  { test = "chi_square", kinds = ["binary"] },
  { test = "t", kinds = ["continuous"] },
]
"""


@cache
def _survival(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / f"{name}.csv")


ARMS = {
    "gehan": ("placebo", "6-MP"),
    "lung": ("male", "female"),
    "aml": ("nonmaintained", "maintained"),
}
# What is published of each: patients and events by arm, and the log-rank chi-square (data/README.md).
PUBLISHED = {
    "gehan": ([21, 21], [21, 9], 16.8),
    "lung": ([138, 90], [112, 53], 10.3),
    "aml": ([12, 11], [11, 7], 3.4),
}


def _log_rank(name: str) -> tuple[float, float]:
    rows = _survival(name)
    statistic, p = survdiff(rows.time, rows.event, rows.arm)
    return float(statistic), float(p)


def _written(p: float, *, exact: bool) -> str:
    """As journals print it: with two digits, or as below a limit."""
    if not exact and p < 0.001:
        return "<0.001"
    return np.format_float_positional(float(f"{p:.2g}"))


def _test(named_where: str, test: str) -> str:
    return f', test = "{test}"' if named_where == "claim" else ""


def survival_study(
    name: str, named_where: str, *, exact: bool, followed: bool, p_time: str | None = None
) -> Study:
    rows = _survival(name)
    parts = [rows[rows.arm == arm] for arm in ARMS[name]]
    with_event = [part[part.event == 1].time for part in parts]
    d, n = [len(times) for times in with_event], [len(part) for part in parts]
    table = [d, [size - events for size, events in zip(n, d, strict=True)]]
    text = (HEAD + SURVIVAL).format(
        one=ARMS[name][0],
        two=ARMS[name][1],
        n=n,
        d=d,
        m=[f"{times.mean():.1f}" for times in with_event],
        s=[f"{times.std():.1f}" for times in with_event],
        observed=[f"{rows.time.mean():.1f}", f"{rows.time.std():.1f}"],
        followup='followup = "observed"' if followed else "",
        p_count=_written(chi2_contingency(table, correction=False).pvalue, exact=exact),
        p_time=p_time or _written(_log_rank(name)[1], exact=exact),
        test_count=_test(named_where, "chi_square"),
        test_time=_test(named_where, "log_rank"),
    )
    methods = SURVIVAL_METHODS if named_where == "methods" else ""
    return parse_study(text + methods, "honest.toml")


def _check(ledger: Ledger) -> None:
    verdicts = {row.id: row.verdict for row in ledger.claims}
    assert set(verdicts.values()) <= HONEST, verdicts
    for row in ledger.claims:
        if row.p_printed is not None and row.verdict is Verdict.not_checkable:
            assert row.not_computed
            assert all(test.needs for test in row.not_computed)
            assert any("needs" in note for note in row.notes)
    assert not any("()" in finding.text for finding in ledger.findings)


@pytest.mark.parametrize("name", ARMS)
def test_the_data_are_those_that_were_published(name: str) -> None:
    rows = _survival(name)
    patients, events, chi_square = PUBLISHED[name]
    parts = [rows[rows.arm == arm] for arm in ARMS[name]]
    assert [len(part) for part in parts] == patients
    assert [int(part.event.sum()) for part in parts] == events
    assert round(_log_rank(name)[0], 1) == chi_square


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("followed", [True, False])
@pytest.mark.parametrize("named_where", NAMED_WHERE)
@pytest.mark.parametrize("name", ARMS)
def test_no_true_p_of_survival_is_called_wrong_without_a_search(
    name: str, named_where: str, followed: bool, exact: bool
) -> None:
    study = survival_study(name, named_where, exact=exact, followed=followed)
    ledger = verify(study, search=False, use_cache=False)
    _check(ledger)
    assert ledger.claim("had").verdict is Verdict.reproduced
    time = ledger.claim("time")
    # Welch's and Student's t of those with the event are no log-rank test.
    assert time.verdict is Verdict.not_checkable or named_where == "nowhere"
    assert "log_rank" in [str(test.test) for test in time.not_computed]
    nowhere = [note for note in time.notes if "names no test" in note]
    assert bool(nowhere) == (named_where == "nowhere")


@pytest.mark.parametrize("named_where", NAMED_WHERE)
@pytest.mark.parametrize("name", ["gehan", "aml"])
def test_no_true_p_of_survival_is_called_wrong_by_a_search(name: str, named_where: str) -> None:
    _check(verify(survival_study(name, named_where, exact=True, followed=True), use_cache=False))


def test_no_true_p_of_228_patients_is_called_wrong_by_a_search() -> None:
    _check(verify(survival_study("lung", "claim", exact=True, followed=True), use_cache=False))


def test_a_log_rank_p_that_a_search_does_not_reach_is_not_called_wrong() -> None:
    # How long those without the event were followed is assumed by the search, not printed.
    study = survival_study("aml", "claim", exact=True, followed=True, p_time="0.0000000001")
    time = verify(study, use_cache=False).claim("time")
    assert time.verdict is Verdict.not_checkable
    (missing,) = time.not_computed
    assert "data sets searched" in missing.needs


# ------------------------------------------------------------------ the same patients twice

SLEEP = """
visits = [{{ id = "first", label = "drug 1" }}, {{ id = "second", label = "drug 2" }}]
endpoints = [{{ id = "gain", label = "sleep gained", kind = "continuous", unit = "hours", benefit = "higher" }}]

[[claims]]
id = "gain"
what = "sleep gained"
source = ["paper"]
endpoint = "gain"
summaries = [
  {{ {sides[0]}, n = "10", mean = "{m[0]:.2f}", sd = "{s[0]:.2f}" }},
  {{ {sides[1]}, n = "10", mean = "{m[1]:.2f}", sd = "{s[1]:.2f}" }},
]
p = "{p}"
comparison = {{ {comparison} }}
"""

FORMS = {
    "visits": (
        ('group = "all", visit = "first"', 'group = "all", visit = "second"'),
        'between = "visits", groups = ["all"], visits = ["first", "second"]',
    ),
    "arms": (('group = "one"', 'group = "two"'), 'between = "arms", paired = true'),
}


def _t(rows: pd.DataFrame) -> float:
    return float(ttest_rel(rows.drug_1, rows.drug_2).pvalue)


def _signed_rank(rows: pd.DataFrame) -> float:
    return float(wilcoxon(rows.drug_1, rows.drug_2, method="asymptotic", correction=True).pvalue)


def sleep_study(test: str, p: Callable[[pd.DataFrame], float], form: str, named_where: str) -> Study:
    rows = pd.read_csv(DATA / "sleep.csv")
    sides, comparison = FORMS[form]
    text = (HEAD + SLEEP).format(
        one="drug 1",
        two="drug 2",
        n=[10, 10],
        sides=sides,
        m=[rows.drug_1.mean(), rows.drug_2.mean()],
        s=[rows.drug_1.std(), rows.drug_2.std()],
        p=_written(p(rows), exact=True),
        comparison=comparison + _test(named_where, test),
    )
    methods = f'\n[methods]\ntests = [{{ test = "{test}", kinds = ["continuous"], design = "paired" }}]\n'
    return parse_study(text + (methods if named_where == "methods" else ""), "sleep.toml")


@pytest.mark.parametrize("search", [True, False])
@pytest.mark.parametrize("named_where", NAMED_WHERE)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("test", "p", "published", "verdict"),
    [
        # Some correlation between the two drugs gives the paired t; nothing printed gives the ranks.
        ("t", _t, 0.0028, Verdict.possible),
        ("signed_rank", _signed_rank, 0.0091, Verdict.not_checkable),
    ],
)
def test_no_true_p_of_the_same_patients_twice_is_called_wrong(
    test: str,
    p: Callable[[pd.DataFrame], float],
    published: float,
    verdict: Verdict,
    form: str,
    named_where: str,
    search: bool,
) -> None:
    assert float(f"{p(pd.read_csv(DATA / 'sleep.csv')):.2g}") == published
    ledger = verify(sleep_study(test, p, form, named_where), search=search, use_cache=False)
    _check(ledger)
    (gain,) = ledger.claims
    # Where no test is named, the paired t is among those that could stand behind the p.
    assert gain.verdict is (Verdict.possible if named_where == "nowhere" else verdict)


# ------------------------------------------------------------------ what is wrong is still seen


def test_a_wrong_p_is_not_excused() -> None:
    # 21 of 21 v 9 of 21: no chi-square test gives 0.4.
    for named_where in NAMED_WHERE:
        text = survival_study("gehan", named_where, exact=True, followed=False).model_dump(mode="json")
        had = next(claim for claim in text["claims"] if claim["id"] == "had")
        had["p"] = "0.4"
        ledger = verify(Study.model_validate(text), search=False, use_cache=False)
        assert ledger.claim("had").verdict is Verdict.not_reproduced
        (finding,) = [row for row in ledger.findings if row.rule == "p_not_reproduced"]
        assert "chi-square" in finding.text
        assert "()" not in finding.text


def test_a_wrong_p_of_the_same_patients_twice_is_not_excused() -> None:
    # Even with the changes as far apart as they can be, the paired t of 0.75 ± 1.79 and 2.33 ± 2.00 is below 0.25.
    study = sleep_study("t", lambda rows: 0.9, "visits", "claim")
    assert verify(study, search=False, use_cache=False).claim("gain").verdict is Verdict.not_reproduced
