"""Parts of the cohort behind a paper, by hand: convergence, relations, windows, what is not published."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from mgbayes.latent_cohort.answer import _together
from mgbayes.latent_cohort.diagnostics import GROUPS, Convergence, nested_rhat
from mgbayes.latent_cohort.exchangeable import exchangeable_statements
from mgbayes.latent_cohort.relations import Quiet
from mgbayes.latent_cohort.reported_numbers import ReportedNumber, reported_numbers
from mgbayes.latent_cohort.run import Settings, cohort_of, outcomes_of, started
from mgbayes.latent_cohort.start import _with_moments, _with_quantiles
from mgbayes.latent_cohort.statements import Statement, Windows, moments
from mgbayes.latent_cohort.table import Column
from mgbayes.latent_cohort.timed import Timed
from mgbayes.latent_cohort.unpublished import _Counts
from mgbayes.models.plan_file import load_plan
from mgbayes.study import load_study
from mgbayes.study.schema import Study
from mgbayes.study.statistics.means import MeanSD
from mgbayes.study.statistics.quantile_definition import QuantileDefinition
from mgbayes.study.statistics.quantiles import Quantiles
from tests.oracles.latent_cohort.small_studies import nights

STUDY = load_study()


def test_nested_rhat_is_that_of_its_definition() -> None:
    values = np.random.default_rng(1).normal(size=(3 * GROUPS, 50)) + np.repeat(
        [[0.0], [0.3], [0.1]], GROUPS, 0
    )
    values[::GROUPS] += 0.5  # the chains of one group lie apart
    groups = [values[k::GROUPS] for k in range(GROUPS)]
    means = [group.mean() for group in groups]
    within = [group.mean(1).var(ddof=1) + np.mean([chain.var(ddof=1) for chain in group]) for group in groups]
    exact = (1 + np.var(means, ddof=1) / np.mean(within)) ** 0.5
    assert nested_rhat(values) == pytest.approx(exact)
    assert exact > 1.001


def test_an_answer_needs_chains_that_agree_and_draws_enough() -> None:
    assert Convergence(1.005, 500).ok
    assert not Convergence(1.05, 5000).ok
    assert not Convergence(1.005, 300).ok


def _answer(name: str, better: list[bool]) -> Any:
    return SimpleNamespace(outcome=SimpleNamespace(name=name), better=np.array([better]))


def test_outcomes_together_are_counted_draw_by_draw_and_their_scores_correlate_by_both_loadings() -> None:
    main = [
        _answer("a", [True, True, True, False]),
        _answer("b", [True, True, False, False]),
        _answer("c", [True, False, False, False]),
    ]
    loadings = {"a": 0.5, "b": 1.2, "c": -0.3}
    draws = {name: xr.Dataset({"loading": (("chain", "draw"), [[x] * 4])}) for name, x in loadings.items()}
    found = _together(1.0, main, draws)
    assert found.favoured == (0.25, 0.25, 0.25, 0.25)
    assert (found.all, found.at_least_two) == (0.25, 0.5)
    assert found.single == {"a": 0.75, "b": 0.5, "c": 0.25}
    for (one, other), (median, low, high) in found.correlations.items():
        exact = np.tanh(loadings[one]) * np.tanh(loadings[other])
        assert (median, low, high) == pytest.approx((exact,) * 3)


def test_quiet_is_without_either_event_before_the_first_or_long_after_it() -> None:
    relation = Quiet("first", "second", 365.0, "quiet")
    rows: Any = {
        "first.event": np.array([1, 1, 1, 1, 0, 1]),
        "second.event": np.array([1, 1, 1, 1, 1, 0]),
        "first.time": np.array([100.0, 100.0, 100.0, 100.0, 1.0, 100.0]),
        "second.time": np.array([50.0, 100.0, 465.0, 466.0, 50.0, 150.0]),
    }
    assert relation.holds(rows).tolist() == [True, True, False, True, True, True]


def test_a_window_is_of_the_variance_with_n_minus_1() -> None:
    values = np.array([1, 2, 4])  # sum 7, squares 21, variance 7 / 3
    hold = [
        bool(Windows(3, 7, 7, low, high).hold(np.array(7.0), np.array(21.0)))
        for low, high in ((2.33, 2.34), (2.34, 9.0), (0.0, 2.33))
    ]
    assert hold == [True, False, False]
    assert values.var(ddof=1) == pytest.approx(7 / 3)


def test_an_sd_at_the_lower_edge_of_its_rounding_is_reported_so_and_one_at_the_upper_is_not() -> None:
    """Three values 1 - d, 1, 1 + d have the SD d: 1.05 rounds to 1.1, and 1.2 is neither rounded nor cut to it."""
    windows = moments(MeanSD("1.0", "1.1", 3), 0.05)
    d = np.array([20, 21, 23, 24])  # steps of 0.05
    assert windows.hold(np.full(4, 60), 3 * 20**2 + 2 * d**2).tolist() == [False, True, True, False]


def test_counts_that_are_not_published_bear_the_name_of_their_arm() -> None:
    arms = SimpleNamespace(reference=SimpleNamespace(label="old"), contrast=SimpleNamespace(label="new"))
    tables: Any = SimpleNamespace(arm=np.array([0, 0, 0, 1, 1]))
    which = np.array([[True, True, False, True, False], [True, True, True, False, False]])
    found = list(_Counts(arms, tables, ()).of("both", which))  # type: ignore[arg-type]
    assert [(row.arm, row.n, row.count.tolist()) for row in found] == [("old", 3, [2, 3]), ("new", 2, [1, 0])]


def test_an_event_counts_where_follow_up_exceeds_it_by_the_waiting_time() -> None:
    outcome: Any = SimpleNamespace(event="event", time="time", waiting=30.0)
    rows: Any = {
        "event": np.array([1, 1, 0]),
        "time": np.array([60.0, 80.0, 1.0]),
        "followup": np.array([100.0, 100.0, 100.0]),
    }
    event, time, left, possible = Timed._seen(outcome, rows)
    assert event.tolist() == [True, True, False]
    assert time.tolist() == [60.0, 80.0, 1.0]
    assert left.tolist() == [70.0, 70.0, 70.0]
    assert possible.tolist() == [True, False, True]


def account(study: Study) -> list[ReportedNumber]:
    plans = [load_plan(name) for name in ("remission", "relapse", "prednisone", "binary", "mgfa")]
    cohort = cohort_of(study, outcomes_of(study, plans, 0.0)[0])
    rng, columns = np.random.default_rng(1), cohort.columns.values()
    others, refused = exchangeable_statements(rng, study, columns, cohort.arm)
    return list(reported_numbers(study, cohort.statements, others, refused, {"relapse.time"}))


def test_every_reported_number_is_used_or_left_out_with_a_reason() -> None:
    study = load_study()
    found = account(study)
    for claim in study.claims:
        numbers = len(claim.summaries) + len(set(claim.p_by_source.values()))
        assert sum(row.claim == claim.id for row in found) == max(numbers, 1)
    assert all(row.why for row in found if row.use == "left out")
    uses = {(row.claim, row.use) for row in found}
    assert {
        ("baseline.n", "met by the table"),
        ("baseline.age", "met by the table"),
        ("baseline.thymectomy", "met by the table"),
        ("prednisone.last", "in the model"),
        ("mgfa.musk_last", "in the model"),
        ("thymoma.cycles", "left out"),
        ("hospital.between", "left out"),
    } <= uses
    (users,) = (row for row in found if row.claim == "baseline.prednisone_users")
    assert users.why == "27 of 33 are not 87.9 %: the count is met, the percentage is not"


def test_numbers_without_a_model_that_no_table_has_stop_nothing() -> None:
    raw = load_study().model_dump(mode="json", exclude_none=True)
    next(row for row in raw["claims"] if row["id"] == "baseline.thymectomy_all")["summaries"][0]["count"] = (
        "21"
    )
    found = account(Study.model_validate(raw))
    thymectomy = [
        row for row in found if row.claim.startswith("baseline.thymectomy") and row.number[:2] != "p "
    ]
    assert {row.use for row in thymectomy} == {"left out"}
    assert {row.why for row in thymectomy} == {
        "no table was found that has it together with the other numbers of its endpoint"
    }
    assert any(row.use == "in the model" for row in found)


def test_groups_of_chains_start_with_few_zeros_and_with_many() -> None:
    """Where all started with few, agreement of the groups would not show that zeros are still being gained."""
    cohort = cohort_of(load_study(), outcomes_of(load_study(), (load_plan("prednisone"),), 0.5)[0])
    _, state = started(cohort, Settings(chains=GROUPS))
    assert all(one.hold(state.tables).all() for one in cohort.statements)
    for name in ("prednisone.12m", "prednisone.last"):
        for arm in (0, 1):
            zeros = (state.tables.steps[name] == 0)[:, cohort.arm == arm].sum(axis=1)
            assert np.ptp(zeros) >= 4, (name, arm, zeros)


def test_no_chain_starts_where_its_table_is_unlikely() -> None:
    """Each start is the likeliest of many draws from the prior: far above most of them."""
    (outcome,), _ = outcomes_of(STUDY, (load_plan("relapse"),), 0.5)
    cohort, rng = cohort_of(STUDY, (outcome,)), np.random.default_rng(3)
    _, state = started(cohort, Settings(chains=GROUPS, seed=5))
    rows = state.tables.every(outcome.reads)

    def of(theta: Any) -> Any:
        density = outcome.log_density(outcome.values(theta), rows, state.effect)
        return np.maximum(np.nan_to_num(density, nan=-60), -60).sum(axis=1)

    drawn = np.array([of(outcome.layout.draw(rng, GROUPS)) for _ in range(400)])
    assert (of(state.theta["relapse"]) > np.quantile(drawn, 0.9, axis=0)).all()
    assert len(np.unique(state.theta["relapse"][:, 0])) == GROUPS


def test_changes_without_their_ends_are_left_out_and_named() -> None:
    """What is reported at a visit is no number of the changes up to it."""
    shipped = load_plan("prednisone")
    priors = {name: one for name, one in shipped.priors.items() if name != "zero_share"}
    part = shipped.endpoints[1].model_copy(update={"change_from": "baseline"})
    changed = {"endpoints": (part,), "baseline": None, "family": "normal", "alternative_families": ()}
    plan = shipped.model_copy(update=changed | {"priors": priors})
    outcomes, left_out = outcomes_of(STUDY, (plan,), 0.0)
    assert outcomes == ()
    assert [row.what for row in left_out] == [shipped.title]
    assert "changes" in left_out[0].why


@pytest.mark.parametrize("definition", list(QuantileDefinition))
@pytest.mark.parametrize("unit", [1.0, 0.1])
def test_starts_have_the_quantiles_of_any_sample(definition: QuantileDefinition, unit: float) -> None:
    """By whichever definition a paper computed them, and however it rounded them."""
    rng = np.random.default_rng(7)
    column = Column("y", unit, 0, "y")
    for n in (3, 4, 7, 10, 16, 33):
        for digits in (0, 1):
            sample = unit * rng.integers(0, 40, n)
            text = [
                f"{x:.{digits}f}"
                for x in Quantiles.of_texts(n, "0", ("0", "0"), definitions=(definition,)).of(sample)
            ]
            told = Quantiles.of_texts(n, text[1], (text[0], text[2]), definitions=(definition,))
            if not told.allows(sample):  # a tie that Python rounds to even
                continue
            statement = Statement("c", "g", column, np.ones(n, bool), told, None)
            values = _with_quantiles(rng, column, statement)
            assert told.allows(values * unit)
            assert values.min() >= 0


@pytest.mark.parametrize(
    ("mean", "sd", "n"), [("181.0", "52.9", 3), ("521.8", "73.5", 4), ("162.8", "212.4", 4)]
)
def test_few_values_start_with_their_mean_and_sd_whatever_the_seed(mean: str, sd: str, n: int) -> None:
    """521.75 lies on the edge of 521.8, and no other mean of four whole numbers is reported so."""
    column, told = Column("t", 1.0, 1, "t"), MeanSD(mean, sd, n)
    statement = Statement("c", "g", column, np.ones(n, bool), told, moments(told, 1.0))
    assert statement.windows is not None
    for seed in range(20):
        values = _with_moments(
            np.random.default_rng(seed), column, np.ones(n, np.int64), np.ones(n, bool), [statement]
        )
        assert statement.windows.hold(values.sum(), (values * values).sum())
        assert values.min() >= 1


@pytest.mark.parametrize("arms", [("old", "new"), ()])
def test_quantiles_of_all_are_left_out_for_those_of_each_arm_only_where_there_are_some(
    arms: tuple[str, ...],
) -> None:
    study = nights({"median": "5"}, {"median": "3"})
    raw = study.model_dump(mode="json", exclude_none=True)
    raw["claims"][0]["summaries"] = [{"group": group, "median": "4"} for group in (*arms, "all")]
    found = reported_numbers(Study.model_validate(raw), (), (), {}, set())
    why = next(row.why for row in found if row.number.startswith("all"))
    assert ("each arm has its own" in why) == bool(arms)
