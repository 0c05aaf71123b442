"""Mean and SD of changes, with both ends and without: made-up patients, and the model with a known correlation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mgbayes.inference.job import jobs_of
from mgbayes.models.continuous import published
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.planning.propose import propose_plans
from mgbayes.study.schema import Study
from tests.oracles.continuous_fits import log_density

N = (12, 9)
RNG = np.random.default_rng(8)
PATIENTS = [RNG.multivariate_normal([50 + 3 * a, 40.0], [[90, 60], [60, 120]], size=N[a]) for a in (0, 1)]


def _row(arm: str, values: np.ndarray, **place: str) -> dict[str, Any]:
    return {"group": arm, "mean": f"{values.mean():.2f}", "sd": f"{values.std(ddof=1):.2f}", **place}


def study_of(*, ends: bool, changes: bool = True, factor: float = 1.0) -> Study:
    """A score of two arms before and after, with the summaries that a paper would give of the patients."""
    rows = []
    for arm, values in zip(("old", "new"), PATIENTS, strict=True):
        change = values[:, 1] - values[:, 0]
        if ends:
            rows += [_row(arm, values[:, v], visit=at) for v, at in enumerate(("start", "end"))]
        if changes:
            rows.append(
                _row(arm, change.mean() + factor * (change - change.mean()), visit="end", change_from="start")
            )
    return Study.model_validate(
        {
            "schema_version": 1,
            "id": "changes",
            "title": "Two ways of care",
            "citation": "Nobody 2001",
            "question": "Which is better?",
            "sources": [{"id": "A", "what": "nothing"}],
            "arms": [
                {"id": "old", "label": "old care", "n": str(N[0]), "reference": True},
                {"id": "new", "label": "new care", "n": str(N[1])},
            ],
            "visits": [{"id": "start", "label": "the start", "days": "0"}, {"id": "end", "label": "the end"}],
            "endpoints": [
                {"id": "score", "label": "score", "kind": "continuous", "unit": "points", "benefit": "lower"}
            ],
            "claims": [
                {"id": "score", "what": "score", "source": ["A"], "endpoint": "score", "summaries": rows}
            ],
        }
    )


def evidence(study: Study, plan: Plan | None = None) -> tuple[Plan, Any, dict[str, Any]]:
    """The proposed plan, or another, with its model and data."""
    plan = plan or propose_plans(study)[0]
    (job, *_) = jobs_of(study, plan)
    return plan, job.model, job.data


def test_with_both_ends_the_sd_of_changes_says_how_they_correlate() -> None:
    plan, model, data = evidence(study_of(ends=True))
    assert plan.baseline == "start"
    for a, values in enumerate(PATIENTS):
        r = np.corrcoef(values.T)[0, 1]
        low, high = data["bounds"][a, 0]
        assert low - 1e-3 < r < high + 1e-3  # the SDs at the ends are rounded too
        assert high - low < 0.01
    # In the middle of its bounds the density is that of a known correlation.
    middle = data["bounds"].mean(axis=-1)
    known = published(data["printed_mean"], data["printed_sd"], data["n"], sample_correlation=middle)
    priors = plan.prior_set("normal")
    at = {
        "level": np.array([52.0, 41.0]),
        "difference": 1.0,
        "difference_sd": 2.0,
        "difference_by_visit": np.array([3.0, 0.5]),
        "sd": np.array([[9.0, 10.0], [10.0, 11.0]]),
        "vine": np.full((2, 1), 0.75),
    }
    placed = at | {"sample_place": np.full((2, 1), 0.5)}
    within = np.sum(log_density(model.build(data, "normal", priors), placed))
    exact = np.sum(log_density(model.build(known, "normal", priors), at))
    assert within == pytest.approx(exact, rel=1e-9)


def test_without_sds_of_changes_nothing_is_known_of_the_correlation() -> None:
    _, _, data = evidence(study_of(ends=True, changes=False))
    np.testing.assert_array_equal(data["bounds"], np.broadcast_to([-1.0, 1.0], (2, 1, 2)))


def test_an_sd_of_changes_that_no_correlation_gives_is_refused() -> None:
    study = study_of(ends=True, factor=9.0)
    plan = propose_plans(study_of(ends=True))[0]
    (job, *_) = jobs_of(study, plan)
    with pytest.raises(NotPrinted, match="correlation"):
        job.model.from_study(study, plan)


def test_changes_alone_are_an_outcome_of_their_own() -> None:
    plan, model, data = evidence(study_of(ends=False))
    change = [values[:, 1] - values[:, 0] for values in PATIENTS]
    np.testing.assert_allclose(data["printed_mean"][:, 0], [row.mean() for row in change], atol=0.006)
    np.testing.assert_allclose(data["printed_sd"][:, 0], [row.std(ddof=1) for row in change], atol=0.006)
    assert not model.outcome.nonnegative
    (declared,) = model.declared(data)
    assert (declared.id, declared.benefit) == ("mean_difference_end", "lower")
    assert "change in score" in declared.label
    ratio = plan.model_copy(update={"family": "normal_ratio"})
    with pytest.raises(NotPrinted, match="family normal"):
        model.from_study(study_of(ends=False), ratio)
