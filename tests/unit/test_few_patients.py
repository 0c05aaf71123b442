"""Few patients, ties, no events, gaps: a reason in words, never an exception and never a NaN."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from mgbayes.inference.predictive import predictive_checks
from mgbayes.models.evidence import Times
from mgbayes.models.model import PrintedQuantity
from mgbayes.models.plan_file import load_plan
from mgbayes.patient_comparison.run import run_tests
from mgbayes.patient_comparison.tested import PatientTests
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.patients.subset import Subset
from mgbayes.reanalysis import _jobs_of
from tests.unit.patient_rows import ENDPOINTS, METHODS, rows_of, study_of

STUDY = study_of(ENDPOINTS, methods=METHODS)
GAP = float("nan")


def honest(result: PatientTests) -> None:
    json.dumps([row.to_row() for row in result.rows], allow_nan=False)
    for row in result.rows:
        assert row.p is None or 0 <= row.p <= 1
        assert row.p is not None or row.note
        assert row.holm_p is None or (row.p is not None and row.holm_p >= row.p)


@st.composite
def patients(draw: st.DrawFn) -> xr.Dataset:
    n = draw(st.integers(0, 9))

    def column(values: st.SearchStrategy[float], visits: int = 1) -> np.ndarray:
        flat = [draw(st.one_of(st.just(GAP), values)) for _ in range(n * visits)]
        return np.array(flat, float).reshape((n,) if visits == 1 else (n, visits))

    levels = st.integers(0, 3).map(float)
    return rows_of(
        [draw(st.sampled_from(["old", "new"])) for _ in range(n)],
        well=column(st.sampled_from([0.0, 1.0]), 2),
        dose=column(st.sampled_from([0.0, 2.5, 10.0]), 2),
        grade=column(levels, 2),
        attacks=column(levels, 2),
        attacks__exposure=column(st.sampled_from([30.0, 365.0]), 2),
        relapse__time=column(st.integers(1, 4).map(float)),
        relapse__event=column(st.sampled_from([0.0, 1.0])),
    )


@given(patients())
@settings(max_examples=12, deadline=None)
@pytest.mark.long
def test_any_rows_give_honest_tests(rows: xr.Dataset) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "error"
        )  # a library's complaint would be one more thing that a reader cannot use
        honest(run_tests(STUDY, rows))


def only(
    rows: xr.Dataset, endpoint: str, test: str, comparison: str = "new v old"
) -> tuple[float | None, str]:
    row = run_tests(STUDY, rows).row(endpoint, comparison, test)
    return row.p, row.note


@pytest.mark.parametrize(
    ("arms", "columns", "endpoint", "test", "reason"),
    [
        (["old"], {"dose": [5]}, "dose", "welch_t", "one of the groups has no patient with a value"),
        (["old", "new"], {"dose": [5, 6]}, "dose", "welch_t", "fewer than two patients"),
        (["old"] * 3 + ["new"] * 3, {"dose": [5] * 6}, "dose", "mann_whitney", "every patient has the same value"),
        (["old"] * 3 + ["new"] * 3, {"dose": [1, 1, 1, 2, 2, 2]}, "dose", "student_t", "no group has any variation"),
        (["old"] * 3 + ["new"] * 3, {"well": [1] * 6}, "well", "fisher_exact", "or none, had the event"),
        (["old"] * 2 + ["new"] * 2, {"attacks": [0] * 4}, "attacks", "poisson_exact", "no event in either group"),
        (["old"] * 2 + ["new"] * 2, {"attacks": [0, 0, 1, 2]}, "attacks", "negative_binomial", "group has no event"),
        (["old"] * 2 + ["new"] * 2, {"grade": [0, 1, 2, 3]}, "grade", "brunner_munzel", "the groups do not overlap"),
    ],
)  # fmt: skip
def test_the_reason_is_said(
    arms: list[str], columns: dict[str, list[float]], endpoint: str, test: str, reason: str
) -> None:
    p, note = only(rows_of(arms, **columns), endpoint, test)
    assert p is None
    assert reason in note


@pytest.mark.parametrize(
    ("event", "test", "reason"),
    [
        ([0, 0, 0, 0], "log_rank", "no event in either group"),
        ([1, 1, 0, 0], "cox", "a group has no event: the hazard ratio has no finite estimate"),
        ([1, 0, 0, 1], "cox", "a group had no event while the other was still followed"),
        ([1, 0, 1, 0], "cox_zph", "fewer than three event times with both groups still followed"),
    ],
)
def test_the_reason_is_said_of_times(event: list[float], test: str, reason: str) -> None:
    rows = rows_of(["old", "old", "new", "new"], relapse__time=[10, 20, 15, 30], relapse__event=event)
    p, note = only(rows, "relapse", test)
    assert p is None
    assert reason in note


def test_separation_has_a_finite_estimate_from_firth_and_an_open_one_from_fisher() -> None:
    rows = rows_of(["old"] * 5 + ["new"] * 5, well=[0] * 5 + [1] * 5)
    result = run_tests(STUDY, rows)
    fisher, firth = (result.row("well", "new v old", test) for test in ("fisher_exact", "firth_logistic"))
    assert fisher.to_row()["estimate"] == "inf"
    assert firth.to_row()["estimate"] == pytest.approx(121)  # (5.5 / 0.5)²
    assert "separation" in firth.note


def test_every_missing_patient_is_counted() -> None:
    rows = rows_of(["old"] * 4 + ["new"] * 4, dose=[[1, 2], [GAP, 2], [3, 1], [2, 2]] * 2)
    result = run_tests(STUDY, rows)
    for comparison, used, missing in (
        ("new v old at baseline", 6, 2),
        ("new v old at 12m", 8, 0),
        ("12m v baseline", 6, 2),
        ("12m v baseline in new", 3, 1),
    ):
        row = result.of("dose", comparison)[0]
        assert (row.n_used, row.n_missing) == (used, missing)


def test_tests_among_those_with_the_event_count_only_these() -> None:
    rows = rows_of(
        ["old"] * 3 + ["new"] * 3, relapse__time=[1, 2, 3, 4, 5, 6], relapse__event=[1, 1, 0, 1, 1, 0]
    )
    result = run_tests(STUDY, rows)
    assert result.row("relapse", "new v old", "welch_t").n_used == 4
    assert result.row("relapse", "new v old", "log_rank").n_used == 6


def test_an_event_known_only_between_two_visits_counts_at_the_later_one() -> None:
    columns = {
        "relapse__event": [1, 1, 1, 0],
        "relapse__time": [10, GAP, 15, 30],
        "relapse__lower": [10, 5, 15, 30],
        "relapse__upper": [10, 20, 15, float("inf")],
    }
    exact = {"relapse__event": [1, 1, 1, 0], "relapse__time": [10, 20, 15, 30]}
    arms = ["old", "old", "new", "new"]
    p, note = only(rows_of(arms, **columns), "relapse", "log_rank")
    assert p == only(rows_of(arms, **exact), "relapse", "log_rank")[0]
    assert note.endswith("events known only to lie between two visits, counted at the time given: 1")


def test_a_subset_without_a_rule_is_not_guessed() -> None:
    study = study_of(ENDPOINTS, methods=METHODS, subgroups=[{"id": "many", "label": "many cycles"}])
    rows = rows_of(
        ["old", "old", "new", "new"] * 2,
        relapse__time=[10, 20, 15, 30, 12, 22, 17, 32],
        relapse__event=[1, 1, 1, 0, 1, 0, 1, 1],
        covariate__cycles=[1, 3, 4, 5, 3, 3, 2, 4],
    )
    assert not run_tests(study, rows).of("relapse", "new v old in many")
    chosen = run_tests(study, rows, (Subset.parse("many = cycles >= 3"),)).of("relapse", "new v old in many")
    assert {row.n_used for row in chosen if row.test == "log_rank"} == {6}


def test_places_in_a_list_of_levels_are_no_yes_or_no() -> None:
    study = study_of(ENDPOINTS, methods=METHODS, subgroups=[{"id": "thymoma", "label": "thymoma"}])
    rows = rows_of(["old", "new"], relapse__time=[10, 20], relapse__event=[1, 1], covariate__thymoma=[0, 1])
    assert run_tests(study, rows).of("relapse", "new v old in thymoma")
    rows["covariate.thymoma"].attrs["levels"] = ["present", "absent"]
    assert not run_tests(study, rows).of("relapse", "new v old in thymoma")


def test_made_up_patients_stay_marked() -> None:
    rows = rows_of(["old", "new"], dose=[1, 2])
    assert not run_tests(STUDY, rows).synthetic
    assert run_tests(STUDY, rows.assign_attrs(synthetic=True)).synthetic


def test_a_yes_no_column_is_its_own_subset_and_the_rest_of_the_patients() -> None:
    groups = [{"id": "thymoma", "label": "thymoma"}, {"id": "no_thymoma", "label": "no thymoma"}]
    study = study_of(ENDPOINTS, methods=METHODS, subgroups=groups)
    rows = rows_of(
        ["old", "old", "new", "new"] * 2,
        relapse__time=[10, 20, 15, 30, 12, 22, 17, 32],
        relapse__event=[1, 1, 1, 0, 1, 0, 1, 1],
        covariate__thymoma=[1, 1, 1, GAP, 0, 0, 0, 0],
    )
    result = run_tests(study, rows)
    for part, used in (("thymoma", 3), ("no_thymoma", 4)):
        assert result.row("relapse", f"new v old in {part}", "log_rank").n_used == used


def test_the_rest_of_a_subgroup_of_one_arm_is_the_rest_of_that_arm() -> None:
    groups = [
        {"id": "thymoma", "label": "thymoma", "within": "old"},
        {"id": "others", "label": "no thymoma", "rest_of": "thymoma"},
    ]
    study = study_of(ENDPOINTS, methods=METHODS, subgroups=groups)
    rows = rows_of(["old", "old", "old", "new"], dose=[1, 2, 3, 4], covariate__thymoma=[1, 0, 0, 0])
    assert PatientRows(study, rows).members("others").tolist() == [False, True, True, False]
    whole = study_of(ENDPOINTS, methods=METHODS, subgroups=[{"id": "thymoma", "label": "thymoma"}, groups[1]])
    assert PatientRows(whole, rows).members("others").tolist() == [False, True, True, True]


class _Times:
    """A model of times that prints what it is asked for: means and SDs of both arms, of 2 and of 3 times."""

    def printed_quantities(self, data: Times) -> tuple[PrintedQuantity, ...]:
        return tuple(
            PrintedQuantity(name, (a,), 5.0, name, arm, "days")
            for name in ("time_mean", "time_sd", "events")
            for a, arm in enumerate(("reference", "contrast"))
        )

    def prior_draws(self, *arguments: object) -> xr.Dataset:
        return self.draws

    def predict(self, rng: object, draws: xr.Dataset, *arguments: object) -> xr.Dataset:
        return draws

    draws = xr.Dataset(
        {name: (("chain", "draw", "arm"), np.ones((1, 40, 2))) for name in ("time_mean", "time_sd", "events")}
    )


def test_a_mean_and_sd_of_two_times_are_not_told() -> None:
    """They are the two times."""
    model = _Times()
    data = Times(row=np.array([[2, 3, 4], [5, 6, 7]]), events=np.array([2, 3]), time_mean=np.ones(2))
    found = predictive_checks(model, np.random.default_rng(1), model.draws, data, "any", {})
    assert [(row.quantity, row.arm) for row in found] == [
        ("time_mean", "contrast"),
        ("time_sd", "contrast"),
        ("events", "reference"),
        ("events", "contrast"),
    ]


def test_a_named_plan_is_of_the_patients_and_another_only_where_they_feed_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mgbayes.inference.job.jobs_on_patients", lambda *_: iter(["patients"]))
    monkeypatch.setattr("mgbayes.inference.job.jobs_of", lambda *_: iter(["published"]))
    plan, masked = load_plan("relapse"), xr.Dataset(attrs={"masked_below": 3})
    for fed in (True, False):
        monkeypatch.setattr("mgbayes.inference.job.applies", lambda *_, fed=fed: fed)
        expected = {
            (False, False): "patients" if fed else "published",
            (True, False): "patients",
            (False, True): "patients" if fed else "published",
            (True, True): "patients" if fed else "published",
        }
        for (named, small), what in expected.items():
            rows = masked if small else xr.Dataset()
            assert list(_jobs_of(STUDY, plan, rows, {}, named)) == [what]
