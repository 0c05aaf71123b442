"""Synthetic patients are marked, timed and counted as they should be; and some parts of models, by hand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from mgbayes.comparison.run import compare
from mgbayes.estimands.estimand import Estimand
from mgbayes.grade.explorer import _stored
from mgbayes.latent_cohort.sampler import Run, Sampler
from mgbayes.models.binary import Binary
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.patient_comparison.cells import SmallCells
from mgbayes.patient_comparison.claims import ClaimCheck, Match
from mgbayes.patient_comparison.mask import Mask
from mgbayes.patient_comparison.result import MASKED
from mgbayes.patients.subset import Subset
from mgbayes.planning.times import _bare
from mgbayes.simulation.cohort import Cohort, Times
from mgbayes.simulation.table import columns_of, map_of
from mgbayes.simulation.write import _checked
from mgbayes.study import load_study

NAN = float("nan")


def test_every_row_is_marked_and_a_time_is_that_of_the_event_or_the_end_of_follow_up() -> None:
    study = load_study()
    mapping = map_of(study)
    event, day = np.array([1.0, 0.0, 1.0, 0.0]), np.array([100.0, NAN, 250.0, NAN])
    cohort = Cohort(
        (2, 2), {}, {"time_to_relapse": Times(event, day)}, np.array([900.0, 800.0, 700.0, 600.0])
    )
    columns = columns_of(np.random.default_rng(1), study, mapping, cohort, "toy")
    assert columns["origin"] == ["synthetic"] * 4
    row = next(one for one in mapping.endpoints if one.endpoint == "time_to_relapse")
    arm = columns[mapping.arm.column]
    times = sorted(zip(arm, columns[str(row.time)], strict=True), key=str)
    ends = [900, 800, 700, 600] if row.followup is None else [None] * 4
    days = [100, ends[1], 250, ends[3]]
    labels = [mapping.arm.values.get(one.id, (one.label,))[0] for one in (study.reference, study.contrast)]
    assert times == sorted(zip(np.repeat(labels, 2).tolist(), days, strict=True), key=str)


def test_what_a_file_reproduces_is_neither_what_differs_nor_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def check(number: str, match: str, from_rows: float | None = 1.0, alternative: str | None = None) -> Any:
        return SimpleNamespace(
            claim="c", quantity="q", printed="1", group="g", number=number, match=match, from_rows=from_rows,
            alternative=alternative,
        )  # fmt: skip

    checks = [
        *[check("mean", "agree")] * 3,
        *[check("sd", "differ")] * 2,
        check("count", "not_available", None),
        check("p", "differ"),
        check("mean", "differ", alternative="slip"),
    ]
    monkeypatch.setattr("mgbayes.patient_comparison.claims.compare_with_claims", lambda *_: checks)
    monkeypatch.setattr("mgbayes.patient_comparison.run.run_tests", lambda *_: None)
    monkeypatch.setattr("mgbayes.patients.read_patients", lambda *_: None)
    found = _checked(load_study(), Path("any.csv"), from_published=True)
    assert (found.agree, len(found.differ), len(found.not_in_file)) == (3, 2, 1)


def test_effects_that_no_outcome_reads_are_standard_normal() -> None:
    """100 chains of 50 patients after 60 sweeps: a variance within 4 · √(2 / 5000) of 1."""
    rng = np.random.default_rng(1)
    sampler = Sampler(SimpleNamespace(outcomes=()), (), rng)  # type: ignore[arg-type]
    state: Any = SimpleNamespace(
        tables=SimpleNamespace(every=lambda: None), effect=rng.normal(size=(100, 50))
    )
    for _ in range(60):
        sampler._effects(state, Run(), None)
    assert state.effect.var() == pytest.approx(1.0, abs=4 * (2 / 5000) ** 0.5)


def test_a_hierarchy_induces_the_sd_of_a_sum() -> None:
    study, plan = load_study(), load_plan("binary")
    priors = {"mu": Prior("normal", (0.4, 0.75), "a test"), "tau": Prior("half_normal", (0.5,), "a test")}
    name = plan.effects("hierarchical")[0]
    found = Binary().effect_prior(study, plan, "hierarchical", priors, name)
    assert found.values == pytest.approx((0.4, (0.75**2 + 0.5**2) ** 0.5))


def test_an_event_that_is_better_sooner_may_never_come_and_any_other_comes_to_all() -> None:
    study = load_study()
    models = {one.id: _bare(study, one).model for one in study.endpoints if one.kind == "time_to_event"}
    for name, model in models.items():
        sooner = study.endpoint(name).benefit == "lower"
        assert model == ("cure" if sooner else "proportional_hazards")
    assert set(models.values()) == {"cure", "proportional_hazards"}


def test_with_arms_of_one_size_a_rule_that_favours_neither_decides_alike_for_both() -> None:
    for rule in compare(arms=(12, 12)).rules:
        if rule.symmetric and rule.bayesian:
            decides = rule.decides.reshape(13, 13)
            assert (decides == -decides.T).all(), rule.id


def test_the_draws_of_the_live_page_are_spread_evenly_over_all() -> None:
    draws = np.random.default_rng(1).normal(size=(4, 5000))
    dims = ("chain", "draw")
    fit: Any = SimpleNamespace(
        posterior=xr.Dataset({"effect": (dims, draws)}),
        contrasts=xr.Dataset({"ratio": (dims, np.exp(draws))}),
        sample_stats=xr.Dataset(),
    )
    ratio = Estimand("ratio", "Ratio", "", 1.0, "lower")
    found = _stored(fit, "effect", Prior("normal", (0.0, 1.0), "toy"), ratio, ())
    assert found.error is None
    levels = (np.arange(4000) + 0.5) / 4000
    inner = slice(40, -40)  # draws are far apart in the tails
    assert np.log(found.contrast)[inner] == pytest.approx(np.quantile(draws, levels)[inner], abs=0.02)
    assert found.effect == pytest.approx(np.log(found.contrast))


def test_who_has_no_value_is_in_no_subset() -> None:
    values, arms = np.array([NAN, 0.0, 1.0]), np.array(["old", "old", "new"])
    assert Subset("some", "x", "!=", 0.0).members(values, arms).tolist() == [False, False, True]
    assert Subset("some", "x", "<=", 9.0, "old").members(values, arms).tolist() == [False, True, False]


@pytest.mark.parametrize("number", ["median", "iqr", "range", "quantiles"])
def test_what_can_be_the_value_of_one_patient_is_masked_wherever_cells_are(number: str) -> None:
    nothing = SmallCells(frozenset(), frozenset())
    mask = Mask(3, nothing, frozenset({"old", "new"}), frozenset(), {"c": "e"})
    check = ClaimCheck("c", "q", "1", 0.5, 1.5, 1.0, Match.agree, "a note", number=number, group="old")
    row = mask.claim({"from_patients": 1.0, "match": "agree", "note": "a note"}, check)
    assert row == {"from_patients": MASKED, "match": MASKED, "note": ""}
