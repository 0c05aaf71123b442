"""Which fits the overall benefit is made of, and which of its changes are told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from mgbayes.estimands.estimand import Estimand
from mgbayes.inference.diagnostics import Diagnostics
from mgbayes.inference.fit import Fit
from mgbayes.models.plan import Plan
from mgbayes.overall.main_outcomes import contrast, first_fit, main_outcomes
from mgbayes.study.schema import Study
from tests.oracles.report import toy

STUDY = Study.model_validate(toy.STUDY)
FAILED = Diagnostics(1.5, 20, 20, 9, 1.0, 0.0)
FITS = [toy.fit(row) for row in toy.FITS]


def fits(**changes: Any) -> list[Fit]:
    """The toy's fits, the first of the plans named changed."""
    seen: set[str] = set()
    made = []
    for fit in FITS:
        is_first = fit.plan.id not in seen
        seen.add(fit.plan.id)
        made.append(replace(fit, **changes[fit.plan.id]) if is_first and fit.plan.id in changes else fit)
    return made


def test_the_estimand_of_the_decision_speaks_for_a_plan_and_the_first_headline_without_one() -> None:
    benefit = main_outcomes(STUDY, FITS).benefit
    assert benefit is not None
    assert [row.outcome for row in benefit.contrasts] == ["home", "falls", "pain"]
    assert [row.standardization for row in benefit.contrasts] == ["time_ratio", "hazard_ratio", "difference"]


def test_an_outcome_that_overlaps_with_an_earlier_one_is_no_separate_evidence() -> None:
    benefit = main_outcomes(STUDY, FITS).benefit
    assert benefit is not None
    assert benefit.overlapping == ("Walking",)
    apart = STUDY.model_copy(
        update={
            "endpoints": tuple(row.model_copy(update={"overlaps": ()}) for row in STUDY.endpoints),
        }
    )
    benefit = main_outcomes(apart, FITS).benefit
    assert benefit is not None
    assert [row.outcome for row in benefit.contrasts][-1] == "walks"


def test_every_other_fit_is_a_change_and_a_failed_one_is_named() -> None:
    benefit = main_outcomes(STUDY, FITS).benefit
    assert benefit is not None
    changes = [row.change for row in benefit.variations if row.kind == "other fit"]
    assert changes == [
        "Discharge, home-gamma-published",
        "Falls, falls-weibull-published_p-log-rank",
        "Pain, pain-normal-published-slip",
    ]
    assert benefit.missing == ("Discharge, home-weibull-published",)
    others = [row.change for row in benefit.variations if row.kind == "other contrast"]
    assert others == ["Odds ratio, discharge at any time"]


def test_a_change_puts_the_other_contrast_in_the_place_of_its_outcome() -> None:
    """The suspected misprint turns the difference in pain round: the overall falls, and by the closed form."""
    benefit = main_outcomes(STUDY, FITS).benefit
    assert benefit is not None
    slip = next(row.overall for row in benefit.variations if row.change.endswith("slip"))
    assert slip.p_mean < benefit.main.p_mean
    # 10 points is the pooled SD of both arms' reported SDs of 10; higher pain is worse
    draws = FITS[6].contrasts["mean_difference_end"].to_numpy()
    assert slip.p_separate[2] == pytest.approx((draws < 0).mean())


def test_without_two_outcomes_there_is_none_and_nothing_to_say() -> None:
    found = main_outcomes(STUDY, [fit for fit in FITS if fit.plan.id in ("pain", "balance")])
    assert found.benefit is None
    assert found.why_not == ""


def test_where_a_first_fit_failed_no_other_takes_its_place_and_it_is_named() -> None:
    found = main_outcomes(STUDY, fits(falls={"diagnostics": FAILED}))
    assert found.benefit is None
    assert "Falls, falls-weibull-published" in found.why_not


def test_patients_and_published_summaries_are_not_mixed() -> None:
    assert "patients" in main_outcomes(STUDY, fits(falls={"evidence": "patients"})).why_not
    every = {name: {"evidence": "patients"} for name in ("home", "falls", "pain")}
    assert main_outcomes(STUDY, fits(**every)).benefit is not None


def test_a_fit_given_a_reported_p_read_otherwise_or_adjusted_is_not_the_first() -> None:
    plain = FITS[3]
    others = [
        FITS[4],
        replace(plain, alternative="slip"),
        replace(plain, evidence="patients", adjusted=("covariates",)),
    ]
    assert first_fit([*others, plain]) is plain


def _fit_of(estimand: Estimand, draws: np.ndarray, **other: Any) -> Fit:
    dims = ("chain", "draw")
    update = {"declared": (estimand,), "contrasts": xr.Dataset({estimand.id: (dims, draws)})}
    return replace(FITS[0], **(update | other))


@pytest.mark.parametrize(
    ("family", "draw"),
    [
        ("lognormal", lambda rng, shape: rng.lognormal(0.3, shape, 400_000)),
        ("gamma", lambda rng, shape: rng.gamma(shape, 3.0, 400_000)),
        ("weibull", lambda rng, shape: 3.0 * rng.weibull(shape, 400_000)),
    ],
)
def test_a_time_ratio_is_measured_in_sds_of_the_log_times_of_its_family(family: str, draw: Any) -> None:
    shape, draws = 1.7, np.exp(np.random.default_rng(1).normal(-0.5, 0.1, (2, 500)))
    posterior = xr.Dataset({"shape": (("chain", "draw"), np.full((2, 500), shape))})
    fit = _fit_of(Estimand("time_ratio", "t", "", 1.0, "lower"), draws, family=family, posterior=posterior)
    found = contrast(STUDY, fit, fit.declared[0])
    sd = np.log(draw(np.random.default_rng(2), shape)).std()
    assert found is not None
    # the SD of 400 000 log times is known to 0.2 % of itself, a bit more where they are skewed
    assert found.mean == pytest.approx(-np.log(draws).mean() / sd, rel=0.01)


def test_a_difference_is_measured_in_the_models_own_spread_at_its_visit() -> None:
    class Model:
        def spread(self, data: Any, visit: str | None) -> float:
            assert visit == "end"
            return 4.0

    draws = np.random.default_rng(1).normal(-8.0, 1.0, (2, 500))
    fit = replace(
        _fit_of(Estimand("mean_difference_end", "d", "points", 0.0, "lower"), draws),
        plan=Plan.model_validate(toy.PAIN),
        module=Model(),
    )
    found = contrast(STUDY, fit, fit.declared[0])
    assert found is not None
    assert found.mean == pytest.approx(-draws.mean() / 4.0)


def test_an_outcome_that_cannot_be_brought_to_the_scale_is_named() -> None:
    without_sd = STUDY.model_copy(
        update={"claims": tuple(row for row in STUDY.claims if row.id != "pain.end")}
    )
    found = main_outcomes(without_sd, FITS)
    assert found.benefit is None
    assert "Mean difference, pain at end" in found.why_not
