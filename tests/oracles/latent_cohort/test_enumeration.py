"""Moves of tables against a list of all tables that meet what is published, at fixed parameters."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest

from mgbayes.inference.job import Job
from mgbayes.latent_cohort.ordered import Ordered
from mgbayes.latent_cohort.run import Settings, cohort_of, outcomes_of, started
from mgbayes.latent_cohort.sampler import Run, log_density
from mgbayes.latent_cohort.table import Tables
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.study.schema import Study
from tests.oracles.latent_cohort.small_studies import (
    FALLS,
    GRADES,
    NIGHTS_PLAN,
    PILLS,
    nights,
    plan,
    stays,
    two_visits,
)

SETTINGS = Settings(dependence=0.5, chains=400, seed=5)
# Parameters on the scale without edges: log level and ratio, zero shares, between, within, loading; and log hazard
# ratio, log scale, shape, loading.
AMOUNT = [0.9, -0.3, -0.5, 0.2, -0.4, -0.2, -0.3, 0.0, 0.6]
TIME = [0.3, 1.8, 0.2, 0.5]


def moved(cohort: Any, theta: Any, sweeps: int, keep: int) -> tuple[Any, Any, Tables]:
    """Chains of which only the tables move, after some sweeps and every few of them."""
    sampler, state = started(cohort, SETTINGS)
    for outcome in cohort.outcomes:  # the same parameters and effects in every chain
        state.move(outcome, np.repeat(np.array([theta]), SETTINGS.chains, axis=0))
    state.effect = np.repeat(state.effect[:1], SETTINGS.chains, axis=0)
    kept: list[dict[str, Any]] = []
    for sweep in range(sweeps):
        for move, about in sampler.concerned:
            sampler._table(state, move, about, Run(), -60.0 if sweep < 20 else None)
        for scan in sampler.scans:
            scan.update(sampler.rng, state.tables, state.values[scan.outcome.name], state.effect)
        if sweep >= sweeps // 4 and sweep % keep == 0:
            kept.append(dict(state.tables.steps))
    steps = {name: np.concatenate([one[name] for one in kept]) for name in kept[0]}
    return sampler, state, Tables(cohort.columns, cohort.arm, steps)


def weights(sampler: Any, state: Any, tables: Tables) -> Any:
    """The share of each of some tables in the target, 0 for those that do not meet what is published."""
    hold = np.ones(tables.chains, bool)
    for statement in sampler.cohort.statements:
        hold &= statement.hold(tables)
    density = by_patient(sampler, state, tables).sum(axis=1)
    share = np.where(hold, np.exp(density - density[hold].max()), 0.0)
    return share / share.sum()


def by_patient(sampler: Any, state: Any, tables: Tables) -> Any:
    """Of each patient of some tables, at the parameters and effects of the first chain."""
    size = tables.chains
    for outcome in sampler.cohort.outcomes:
        state.move(outcome, np.repeat(state.theta[outcome.name][:1], size, axis=0))
    return log_density(sampler.cohort, state, tables.every(), np.repeat(state.effect[:1], size, axis=0))


def agrees(value: Any, share: Any, listed: Any) -> None:
    """The share of each value among drawn tables against the list, to 4.5 Monte Carlo errors between chains."""
    for v in np.unique(listed[share > 0]):
        expected = share[listed == v].sum()
        by_chain = (value == v).reshape(-1, SETTINGS.chains).mean(axis=0)
        error = by_chain.std() / np.sqrt(SETTINGS.chains) + 1e-4
        assert by_chain.mean() == pytest.approx(expected, abs=4.5 * error), (v, expected, error)


def test_amounts_on_a_grid() -> None:
    outcomes = outcomes_of(PILLS, (plan("prednisone", "pills"),), 0.5)[0]
    cohort = cohort_of(PILLS, outcomes)
    sampler, state, drawn = moved(cohort, AMOUNT, sweeps=240, keep=20)
    old = np.array(list(product(range(9), repeat=4)))
    new = np.array(list(product(range(6), repeat=3)))
    met = [old[(old.sum(1) >= 8) & (old.sum(1) <= 12)], new[(new.sum(1) >= 1) & (new.sum(1) <= 6)]]
    every = np.array([[*a, *b] for a in met[0] for b in met[1]])
    every = every[
        np.logical_and.reduce(
            [
                one.hold(Tables(cohort.columns, cohort.arm, {"pills.value": every}))
                for one in sampler.cohort.statements
            ]
        )
    ]
    listed = Tables(cohort.columns, cohort.arm, {"pills.value": every})
    share = weights(sampler, state, listed)
    x = drawn.steps["pills.value"]
    assert {tuple(row) for row in x} <= {tuple(row) for row in every[share > 0]}
    assert (share > 0).sum() > 50
    agrees((x == 0).sum(1), share, (every == 0).sum(1))
    agrees(x[:, 0], share, every[:, 0])
    agrees(x.max(1), share, every.max(1))


@pytest.mark.parametrize(
    ("old", "new"),
    [({"median": "2.5"}, {"median": "2"}), ({"median": "2", "iqr": ["1.5", "2.5"]}, {"median": "1"})],
)
def test_values_by_their_median_and_quartiles(old: Any, new: Any) -> None:
    """Patients differ by their effects, so that it matters who has which value."""
    study = nights(old, new, methods={"software": "R"})
    cohort = cohort_of(study, outcomes_of(study, (NIGHTS_PLAN,), 0.5)[0])
    sampler, state, drawn = moved(cohort, [0.4, -0.3, -0.4, -0.2, 0.6], sweeps=400, keep=20)
    name, (told, other) = "nights.value", cohort.statements
    fours = np.array(list(product(range(14), repeat=4)))
    threes = np.array(list(product(range(14), repeat=3)))
    of_old, of_new = fours[told.statistic.allows(fours)], threes[other.statistic.allows(threes)]
    x = drawn.steps[name]
    for every, who, fill in ((of_old, slice(0, 4), of_new[0]), (of_new, slice(4, 7), of_old[0])):
        whole = np.empty((len(every), 7), np.int64)
        whole[:, who] = every
        whole[:, slice(4, 7) if who.start == 0 else slice(0, 4)] = fill
        share = weights(sampler, state, Tables(cohort.columns, cohort.arm, {name: whole}))
        assert (share > 0).sum() >= 12
        agrees((x[:, who] == 0).sum(1), share, (every == 0).sum(1))
        agrees(np.minimum(x[:, who.start], 5), share, np.minimum(every[:, 0], 5))
        agrees(np.minimum(x[:, who].max(1), 7), share, np.minimum(every.max(1), 7))


def test_counts_of_events() -> None:
    study = stays(("1.5", "1"), ("1.0", "1"))
    cohort = cohort_of(study, outcomes_of(study, (plan("hospital", "stays"),), 0.5)[0])
    sampler, state, drawn = moved(cohort, [-0.2, -0.6, -0.3, 0.7], sweeps=240, keep=20)
    old = [x for x in product(range(7), repeat=4) if sum(x) == 6]
    new = [x for x in product(range(4), repeat=3) if sum(x) == 3]
    every = np.array([[*a, *b] for a in old for b in new])
    listed = Tables(cohort.columns, cohort.arm, {"stays.value": every, "followup": np.ones_like(every)})
    share, x = weights(sampler, state, listed), drawn.steps["stays.value"]
    assert (share > 0).sum() > 50
    agrees((x == 0).sum(1), share, (every == 0).sum(1))
    agrees(x[:, 0], share, every[:, 0])
    agrees(x.max(1), share, every.max(1))


def test_classes_by_their_median_and_by_their_counts() -> None:
    """Patients differ by their effects, so that it matters who has which class."""
    raw = load_plan("mgfa").model_dump(mode="json")["priors"]
    priors = {name: raw[name] for name in ("first_cut", "gap", "log_odds_ratio")}
    job = Job(GRADES, plan("mgfa", "grade", priors=priors), "cumulative_logit")
    # The model on print alone takes medians of both arms or counts of both; the cohort takes what there is.
    outcome = Ordered(
        job, Prior("normal", (0.0, 0.5), "a test"), {"level": np.array(GRADES.endpoint("grade").levels)}
    )
    cohort = cohort_of(GRADES, (outcome,))
    assert [one.claim for one in cohort.statements] == ["median", "grades"]
    sampler, state, drawn = moved(cohort, [-0.6, 0.2, 0.5, 0.4, 0.7], sweeps=240, keep=20)
    every = np.array(list(product(range(4), repeat=7)))
    listed = Tables(cohort.columns, cohort.arm, {"grade.value": every})
    share, x = weights(sampler, state, listed), drawn.steps["grade.value"]
    ordered = np.sort(every[share > 0], axis=1)
    assert (np.sort(every[share > 0][:, :4], axis=1)[:, 1:3].mean(axis=1) == 1).all()
    assert (np.sort(every[share > 0][:, 4:], axis=1) == [0, 2, 2]).all()
    assert len(ordered) > 50
    agrees(x[:, 0], share, every[:, 0])
    agrees(x[:, 4], share, every[:, 4])
    agrees(x[:, :4].sum(1), share, every[:, :4].sum(1))


@pytest.mark.long
def test_classes_at_two_visits_are_scanned() -> None:
    """By medians of four and of three patients at one visit, and by a median and counts at the other."""
    study = two_visits()
    raw = load_plan("mgfa").model_dump(mode="json")["priors"]
    priors = {
        name: raw[name] for name in ("first_cut", "gap", "log_odds_ratio", "shift", "base", "patient_sd")
    }
    endpoints = [{"endpoint": "grade", "visit": visit} for visit in ("start", "end")]
    job = Job(study, plan("mgfa", "grade", priors=priors, endpoints=endpoints), "cumulative_logit")
    outcome = Ordered(
        job, Prior("normal", (0.0, 0.5), "a test"), {"level": np.array(study.endpoint("grade").levels)}
    )
    cohort = cohort_of(study, (outcome,))
    theta = [-0.6, 0.2, 0.5, 0.3, -0.5, 0.4, 0.7]
    sampler, state, drawn = moved(cohort, theta, sweeps=120, keep=10)
    assert len(sampler.scans) == 1
    columns = [column.name for column in outcome.columns]
    classes = np.array(list(product(range(3), repeat=7)))
    first, second = (classes[met(cohort, classes, name)] for name in columns)
    at = np.array(list(product(range(len(first)), range(len(second)))))
    listed = Tables(
        cohort.columns, cohort.arm, dict(zip(columns, (first[at[:, 0]], second[at[:, 1]]), strict=True))
    )
    share = weights(sampler, state, listed)
    assert (share > 0).sum() > 500
    for name in columns:
        x, every = drawn.steps[name], listed.steps[name]
        agrees(x[:, 0], share, every[:, 0])
        agrees(x[:, 6], share, every[:, 6])
        agrees(x.sum(1), share, every.sum(1))
    one, other = columns
    together = drawn.steps[one][:, 0] * 3 + drawn.steps[other][:, 0]
    agrees(together, share, listed.steps[one][:, 0] * 3 + listed.steps[other][:, 0])


def met(cohort: Any, classes: Any, name: str) -> Any:
    """Which of some values of a column meet its statements."""
    tables = Tables(cohort.columns, cohort.arm, {name: classes})
    return np.all([one.hold(tables) for one in cohort.statements if one.column.name == name], axis=0)


def test_follow_up_in_another_unit_is_not_held_and_times_in_another_are_left_out() -> None:
    raw = FALLS.model_dump(mode="json", exclude_none=True)
    raw["endpoints"][2]["unit"] = "weeks"
    raw["endpoints"].append(raw["endpoints"][1] | {"id": "slip", "unit": "weeks"})
    study = Study.model_validate(raw)
    plans = [
        plan("relapse", name, id=name, title=name, horizons=[5], restricted_to=9) for name in ("fall", "slip")
    ]
    outcomes, left_out = outcomes_of(study, plans, 0.0)
    assert [outcome.name for outcome in outcomes] == ["fall"]
    assert [row.what for row in left_out] == ["slip"]
    assert {row.claim for row in cohort_of(study, outcomes).statements} == {"fell", "times"}
    assert "followup" in {row.claim for row in cohort_of(FALLS, outcomes).statements}


@pytest.mark.long
def test_events_times_and_follow_up() -> None:
    outcomes = outcomes_of(FALLS, (plan("relapse", "fall", horizons=[5], restricted_to=9),), 0.5)[0]
    cohort = cohort_of(FALLS, outcomes)
    # Follow-up of few days keeps the list short.
    cohort = replace(cohort, statements=tuple(s for s in cohort.statements if s.claim != "followup"))
    sampler, state, drawn = moved(cohort, TIME, sweeps=800, keep=20)
    event, time, followup = (drawn.steps[name] for name in ("fall.event", "fall.time", "followup"))
    rows, alike = [], list(product(range(1, 12), repeat=4))
    times = np.array([t for t in alike if 13 <= sum(t) <= 20 and 2.4 < np.std(t, ddof=1) < 2.65])
    for first in combinations(range(4), 3):
        for other in range(4, 7):
            places = np.array([*first, other])
            table = np.zeros((len(times), 7), int)
            table[:, places] = times
            rows.append(table)
    every = np.concatenate(rows)
    # Follow-up is summed over: by patient, of every length on the grid that the density gives weight to.
    share = _summed_over_followup(sampler, state, every)
    agrees(event[:, 0], share, (every[:, 0] > 0).astype(int))
    agrees(time[:, 0], share, every[:, 0])
    agrees(time.max(1), share, every.max(1))
    assert (time < followup)[event > 0].all()


def _summed_over_followup(sampler: Any, state: Any, times: Any) -> Any:
    lengths = np.arange(1, 400)
    cohort = sampler.cohort
    of_time = np.zeros((12, 7))  # log density of each time (0 for no event), follow-up summed over
    for t in range(12):
        one = np.full((len(lengths), 7), t)
        tables = Tables(
            cohort.columns,
            cohort.arm,
            {
                "fall.event": (one > 0).astype(int),
                "fall.time": one,
                "followup": np.repeat(lengths[:, None], 7, axis=1),
            },
        )
        density = by_patient(sampler, state, tables)
        of_time[t] = np.log(np.exp(density).sum(axis=0))
    log_share = of_time[times, np.arange(7)].sum(axis=1)
    event = (times > 0).astype(int)
    tables = Tables(
        cohort.columns,
        cohort.arm,
        {"fall.event": event, "fall.time": times, "followup": np.full(times.shape, 500)},
    )
    hold = np.ones(len(times), bool)
    for statement in cohort.statements:
        hold &= statement.hold(tables)
    share = np.where(hold, np.exp(log_share - log_share.max()), 0.0)
    return share / share.sum()
