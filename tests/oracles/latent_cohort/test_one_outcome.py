"""Chains of tables that are led to a reported p value, against the draws that selection keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mgbayes.inference.fit import Agreement
from mgbayes.inference.job import Job
from mgbayes.inference.run import Fitter
from mgbayes.latent_cohort.one_outcome import LEAST_SHARE, Led, has_tables, led_to_p
from mgbayes.models.plan import PrintedPUse
from mgbayes.models.plan_file import load_plan
from mgbayes.robustness.settings import as_mixtures
from mgbayes.study import Study, load_study
from tests.oracles.latent_cohort.test_two_engines import agree

STUDY = load_study()


def job_of(name: str, test: str, **others: object) -> Job:
    """The fit of a shipped plan given the p value of a test."""
    plan = load_plan(name).model_copy(update=others)
    return Job(STUDY, plan, plan.family, tuple(use for use in plan.printed_p if use.test == test))


@pytest.mark.parametrize(
    ("name", "test"),
    [
        pytest.param("relapse", "log-rank", marks=pytest.mark.long),
        pytest.param("remission", "Mann-Whitney", marks=pytest.mark.evidence),
    ],
)
def test_tables_led_to_a_p_are_the_data_sets_that_selection_keeps(
    monkeypatch: pytest.MonkeyPatch, name: str, test: str
) -> None:
    """Every estimand within 3 Monte Carlo errors, and the share of data sets that have the p within 4.5.

    Tables have whole days, which can tie, and selection has times that cannot: a rank test differs a little for that.
    """
    job = job_of(name, test)
    led = led_to_p(job)
    assert led.posterior is not None
    monkeypatch.setattr(Agreement, "FEW_TO_SELECT", 0.0)
    selected = Fitter(use_cache=False, predictive=False).fit(job)
    assert selected.agreement is not None
    assert not selected.agreement.by_tables
    outcome, share = job.model, selected.agreement.share
    agree(outcome.estimands(led.posterior, job.data, job.family), selected.contrasts, selected.declared)
    error = np.hypot(led.climbs[0].error, np.sqrt(4 / (share * selected.agreement.drawn)))
    assert error < 0.2
    assert np.log(led.share) == pytest.approx(np.log(share), abs=4.5 * error)


@pytest.mark.long
def test_a_p_in_conflict_with_the_summaries_is_not_led_to_for_ever() -> None:
    led = led_to_p(job_of("remission", "log-rank"))
    assert led.posterior is None
    assert led.share == 0
    last = led.climbs[-1]
    assert LEAST_SHARE / 100 < np.exp(last.log_chance) < LEAST_SHARE
    assert last.nearest > 0


def test_tables_are_of_published_numbers_and_priors_that_they_know() -> None:
    job = job_of("relapse", "log-rank")
    assert has_tables(job)
    assert not has_tables(replace(job, printed_p=()))
    assert not has_tables(job_of("prednisone", "paired t"))
    mixtures = as_mixtures(STUDY, job.plan, job.family, "log_hazard_ratio")
    assert not has_tables(replace(job, plan=mixtures))


@pytest.mark.parametrize(
    ("claim", "summaries"),
    [
        ("remission.ever", [{"group": "achr", "count": "12"}, {"group": "musk", "count": "9", "n": "15"}]),
        (
            "remission.ever",
            [
                {"group": "achr", "count": "12", "visit": "last"},
                {"group": "musk", "count": "9", "visit": "last"},
            ],
        ),
        (
            "remission.time",
            [
                {"group": "achr", "n": "12", "median": "400", "iqr": ["200", "600"]},
                {"group": "musk", "n": "9", "median": "200", "iqr": ["100", "300"]},
            ],
        ),
        ("remission.12m", [{"group": "achr", "count": "8"}, {"group": "musk", "count": "5"}]),
    ],
)
def test_tables_must_have_the_evidence_of_the_fit(claim: str, summaries: list[dict[str, str]]) -> None:
    """Of fewer patients, at a visit, by medians, or beside other counts of the same: the draws are selected."""
    raw = STUDY.model_dump(mode="json", exclude_none=True)
    if claim == "remission.12m":
        row = {"id": claim, "what": "in remission", "source": ["D"], "endpoint": "remission"}
        raw["claims"].append(row | {"summaries": summaries})
    else:
        (found,) = (row for row in raw["claims"] if row["id"] == claim)
        found["summaries"] = summaries
    job = replace(job_of("remission", "Mann-Whitney"), study=Study.model_validate(raw))
    assert has_tables(job_of("remission", "Mann-Whitney"))
    assert not has_tables(job)


def test_a_p_of_a_part_of_the_patients_is_none_of_tables() -> None:
    use = PrintedPUse(claim="relapse.time_3cycles", test="log-rank", statistic="logrank")
    assert not has_tables(replace(job_of("relapse", "log-rank"), printed_p=(use,)))


def test_a_mean_that_no_sum_on_the_grid_has_is_told() -> None:
    """Two times in steps of 0.1 have no mean of 7.56."""
    raw = STUDY.model_dump(mode="json", exclude_none=True)
    for endpoint in raw["endpoints"]:
        if endpoint["id"] == "time_to_remission":
            endpoint |= {"unit": "months", "whole": False}
            for name in ("step", "confirmed_after", "minimum_followup"):
                endpoint.pop(name, None)
    claims = {row["id"]: row for row in raw["claims"]}
    claims["remission.ever"]["summaries"] = [
        {"group": "achr", "count": "12"},
        {"group": "musk", "count": "2"},
    ]
    claims["remission.time"]["summaries"] = [
        {"group": "achr", "n": "12", "mean": "14.5", "sd": "11.1"},
        {"group": "musk", "n": "2", "mean": "7.56", "sd": "2.97"},
    ]
    job = replace(job_of("remission", "Mann-Whitney"), study=Study.model_validate(raw))
    assert has_tables(job)
    assert led_to_p(job) == Led((), None)
