"""Another implementation: R's survival package, on four published cohorts."""

from __future__ import annotations

import numpy as np
import pytest

from mgbayes.frequentist.cox import cox, proportional_hazards
from mgbayes.frequentist.kaplan_meier import at_horizon, median_time
from mgbayes.frequentist.log_rank import log_rank, log_rank_permutation, log_rank_scores
from mgbayes.frequentist.permutation import RESAMPLES
from mgbayes.frequentist.samples import FollowUp
from mgbayes.patient_comparison.needs import EVENT_IN_EACH, missing_need
from tests.oracles.frequentist.figures import CLOSE, FOLLOWED, data, figures, followed

NAMES = list(FOLLOWED)


@pytest.mark.parametrize("name", NAMES)
def test_the_log_rank_test_is_survdiff(name: str) -> None:
    r, outcome = figures()["survdiff"][name], log_rank(followed(name))
    assert outcome.statistic == pytest.approx(r["statistic"], rel=CLOSE)
    assert outcome.p == pytest.approx(r["p"], rel=CLOSE)


def test_the_log_rank_test_of_a_subset_is_survdiff() -> None:
    rows, r = followed("veteran"), figures()["survdiff"]["veteran_karno60"]
    part = (data("veteran")["karno"] >= 60).to_numpy()
    outcome = log_rank(FollowUp(rows.time[part], rows.event[part], rows.contrast[part]))
    assert (outcome.statistic, outcome.p) == pytest.approx((r["statistic"], r["p"]), rel=CLOSE)


@pytest.mark.parametrize("name", NAMES)
def test_observed_less_expected_is_the_sum_of_scores(name: str) -> None:
    rows, r = followed(name), figures()["survdiff"][name]
    scores = log_rank_scores(rows)
    assert scores[rows.contrast].sum() == pytest.approx(r["observed"][1] - r["expected"][1], abs=1e-8)
    assert scores.sum() == pytest.approx(0, abs=1e-9)


def test_the_log_rank_by_permutation_is_the_exact_one_of_coin() -> None:
    exact = figures()["logrank_exact"]["ovarian"]["p"]
    error = np.sqrt(exact * (1 - exact) / RESAMPLES)
    assert log_rank_permutation(followed("ovarian")).p == pytest.approx(exact, abs=4 * error)


@pytest.mark.parametrize("name", NAMES)
def test_the_share_free_of_the_event_at_each_time_is_that_of_survfit(name: str) -> None:
    rows, r = followed(name), figures()["survfit"][name]
    strata = np.array(r["strata"])
    for k in (0, 1):
        part = strata == sorted(set(strata))[k]
        time, surv, error = (np.array(r[key], float)[part] for key in ("time", "surv", "std_err"))
        for at, expected, theirs in zip(time, surv, error, strict=True):
            mine = at_horizon(rows, bool(k), at)
            assert mine.survival == pytest.approx(expected, rel=CLOSE, abs=1e-12)
            if expected > 1e-12:
                assert np.sqrt(mine.survival_variance) == pytest.approx(theirs, rel=CLOSE)


@pytest.mark.parametrize("name", NAMES)
def test_the_median_is_that_of_survfit(name: str) -> None:
    rows, r = followed(name), figures()["survfit"][name]
    for k, group in enumerate((~rows.contrast, rows.contrast)):
        theirs = r["median"][k]
        assert median_time(rows.time[group], rows.event[group]) == (np.inf if theirs is None else theirs)


@pytest.mark.parametrize("name", NAMES)
def test_cox_is_coxph_with_efrons_ties(name: str) -> None:
    r, outcome = figures()["coxph"][name], cox(followed(name))
    assert outcome.estimate is not None
    assert outcome.estimate.value == pytest.approx(r["coef"], abs=1e-6)
    limits = np.exp([outcome.estimate.low, outcome.estimate.high])
    assert limits == pytest.approx([r["low"], r["high"]], rel=1e-6)
    assert outcome.statistic == pytest.approx(r["likelihood_ratio"], abs=1e-8)
    assert outcome.p == pytest.approx(r["p_likelihood_ratio"], abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_check_of_proportional_hazards_is_cox_zph(name: str) -> None:
    r, outcome = figures()["cox_zph"][name], proportional_hazards(followed(name))
    assert outcome.statistic == pytest.approx(r["statistic"][0], rel=1e-5)
    assert outcome.p == pytest.approx(r["p"][0], rel=1e-5)


def test_the_restricted_mean_is_that_of_survfit() -> None:
    rows, r = followed("ovarian"), figures()["rmst"]["ovarian"]
    for k in (0, 1):
        mine = at_horizon(rows, bool(k), 700.0)
        assert (mine.mean, np.sqrt(mine.mean_variance)) == pytest.approx(
            (r["mean"][k], r["se"][k]), rel=CLOSE
        )


def test_cox_finds_the_closed_form_where_newtons_steps_from_zero_overshoot() -> None:
    # One patient of the reference, who has the event at time 1 together with one of 7 of the contrast. With Efron's
    # ties the score is zero where 7x / (7x + 1) + 13x / (13x + 1) = 1, that is at x = 1 / sqrt(91).
    time = np.array([2.0, 1, 3, 5, 5, 1, 4, 2])
    event = np.array([False, True, False, True, False, True, True, True])
    contrast = np.array([True, True, True, True, True, False, True, True])
    estimate = cox(FollowUp(time, event, contrast)).estimate
    assert estimate is not None
    assert np.exp(estimate.value) == pytest.approx(1 / np.sqrt(91), rel=1e-6)


def test_a_group_without_an_event_has_no_hazard_ratio() -> None:
    time = np.array([3.0, 5.0, 8.0, 9.0])
    rows = FollowUp(time, np.array([True, True, False, False]), np.array([False, False, True, True]))
    assert missing_need(rows, (EVENT_IN_EACH,)) == EVENT_IN_EACH.reason
