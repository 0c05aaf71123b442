"""Outcomes of which only a p value is reported, against cohorts simulated with SciPy alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mgbayes.inference.job import Job
from mgbayes.latent_cohort.answer import plans_of_cohort
from mgbayes.latent_cohort.counted import Counted
from mgbayes.latent_cohort.p_alone import p_alone, statements_alone
from mgbayes.models.plan_file import load_plan
from mgbayes.models.time_evidence import followup_of
from mgbayes.study import Study, load_study
from tests.oracles.latent_cohort.small_studies import stays

STUDY = load_study()
SIMULATED = 400_000
OLD, NEW = int(STUDY.reference.n), int(STUDY.contrast.n)


def simulated() -> tuple[np.ndarray, ...]:
    """log rate ratios from the prior, and by test p and the difference of means (SIMULATED,) of a cohort of each."""
    rng = np.random.default_rng(12)
    level, ratio = rng.normal(-1.2, 1.5, SIMULATED), rng.normal(0.0, 1.0, SIMULATED)
    shape = np.abs(rng.normal(0.0, 1.0, SIMULATED)) ** -2.0
    half = np.repeat([-0.5, 0.5], [OLD, NEW])
    mean, sd = 1861 / 365.25, 953.4 / 365.25
    years = rng.gamma((mean / sd) ** 2, sd**2 / mean, (SIMULATED, OLD + NEW))
    expected = np.exp(level[:, None] + half * ratio[:, None]) * years
    events = rng.negative_binomial(shape[:, None], shape[:, None] / (shape[:, None] + expected))
    one, other = events[:, :OLD], events[:, OLD:]
    with np.errstate(invalid="ignore"):
        student = stats.ttest_ind(one, other, axis=1).pvalue
        welch = stats.ttest_ind(one, other, axis=1, equal_var=False).pvalue
    ranks = stats.mannwhitneyu(one, other, axis=1, method="asymptotic").pvalue
    less = stats.rankdata(events, axis=1)[:, OLD:].mean(axis=1) < (OLD + NEW + 1) / 2
    below = other.mean(axis=1) < one.mean(axis=1)
    return ratio, np.stack([student, welch, ranks]), np.stack([below, below, less])


@pytest.mark.parametrize(
    ("name", "low", "high", "directed"),
    [pytest.param("hospital", 0.0445, 0.047, True, marks=pytest.mark.long), ("rescue", 0.265, 0.28, False)],
)
def test_what_a_p_value_alone_says_is_what_simulated_cohorts_say(
    name: str, low: float, high: float, directed: bool
) -> None:
    """Probability of the p, and of benefit given it, within 4 Monte Carlo errors; each of three tests as likely.

    A p of 0.27 was rounded or cut off: from 0.265 to 0.28.
    """
    (own,) = p_alone(STUDY, [plan for plan in plans_of_cohort(STUDY) if plan.id == name], 5)
    ratio, p, below = simulated()
    weight = ((p >= low) & (p < high) & (below | (not directed))).mean(axis=0)
    cohorts = (weight > 0).sum()
    assert own.chance == pytest.approx(
        weight.mean(), rel=4 * np.sqrt(1 / cohorts + 1 / own.draws["log_rate"].size)
    )
    here, there = float((own.draws["log_rate_ratio"] < 0).mean()), np.average(ratio < 0, weights=weight)
    error = np.sqrt(0.25 / cohorts + 0.25 / own.draws["log_rate"].size)
    assert here == pytest.approx(there, abs=4 * error)
    assert (own.statements[0].direction == -1) == directed


def test_an_outcome_of_which_a_number_is_reported_is_none_of_these() -> None:
    study = stays(("1.5", "1.3"), ("1.0", "1.0"))
    plan = load_plan("hospital").model_copy(update={"study": None})
    endpoints = (plan.endpoints[0].model_copy(update={"endpoint": "stays"}),)
    plan = plan.model_copy(update={"endpoints": endpoints})
    assert statements_alone(study, Counted(Job(study, plan, plan.family), None, {})) == ()
    hospital = load_plan("hospital")
    assert statements_alone(STUDY, Counted(Job(STUDY, hospital, hospital.family), None, {})) != ()


def counted(endpoint: dict[str, object], claim: dict[str, object]) -> Counted:
    """Hospitalizations with more said of them."""
    raw = STUDY.model_dump(mode="json", exclude_none=True)
    next(row for row in raw["endpoints"] if row["id"] == "hospital").update(endpoint)
    next(row for row in raw["claims"] if row["id"] == "hospital.between").update(claim)
    study, plan = Study.model_validate(raw), load_plan("hospital")
    return Counted(Job(study, plan, plan.family), None, {})


@pytest.mark.parametrize(
    "claim",
    [
        {"summaries": [{"group": "achr", "count": "14"}, {"group": "musk", "count": "4"}]},
        {"effects": [{"rate_ratio": "0.40", "ci": ["0.20", "0.80"]}]},
    ],
)
def test_where_any_number_is_reported_it_is_not_the_p_alone(claim: dict[str, object]) -> None:
    outcome = counted({}, claim)
    assert statements_alone(outcome.job.study, outcome) == ()


@pytest.mark.parametrize(
    ("endpoint", "unit"),
    [({}, "days"), ({"unit": "months"}, "months"), ({"unit": "events"}, "days")],
)
def test_follow_up_is_in_the_unit_that_it_was_read_in(endpoint: dict[str, object], unit: str) -> None:
    """The reported mean of 1861 days is 5.1 years in each."""
    outcome = counted(endpoint, {})
    given = followup_of(outcome.job.study, outcome.plan)
    assert outcome.time_unit == unit
    assert given is not None
    assert outcome._years(given.mean) == pytest.approx(1861 / 365.25, rel=1e-3)
