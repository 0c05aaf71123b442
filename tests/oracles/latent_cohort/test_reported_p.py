"""Reported p values against lists of all tables: how probable they are, and which test gave them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from mgbayes.frequentist.log_rank import gehan, log_rank
from mgbayes.frequentist.mcnemar import mcnemar_chi_square, mcnemar_exact, sign_test
from mgbayes.frequentist.proportions import fisher
from mgbayes.frequentist.ranks import mann_whitney, signed_rank
from mgbayes.frequentist.samples import FollowUp, Pairs, TwoGroups, among_those_with_event
from mgbayes.frequentist.t_tests import paired_t, student, welch
from mgbayes.inference.job import Job
from mgbayes.latent_cohort.derived import Derived
from mgbayes.latent_cohort.ordered import Ordered
from mgbayes.latent_cohort.p_evidence import reported_p_values
from mgbayes.latent_cohort.p_statements import PStatement, p_statements_of, with_named_tests
from mgbayes.latent_cohort.run import cohort_of, outcomes_of, started
from mgbayes.latent_cohort.sampler import Sampler
from mgbayes.latent_cohort.table import Column, Tables
from mgbayes.latent_cohort.table_test import PValues, TableTest
from mgbayes.latent_cohort.tempering import Ladder, log_weight
from mgbayes.latent_cohort.tests_between_arms import column_tests, count_tests
from mgbayes.latent_cohort.tests_between_visits import visit_tests
from mgbayes.models.plan_file import load_plan
from mgbayes.study import load_study
from mgbayes.study.schema import Study
from tests.oracles.latent_cohort.small_studies import FALLS, PILLS, plan, two_visits
from tests.oracles.latent_cohort.test_enumeration import AMOUNT, SETTINGS, TIME, by_patient, weights


@dataclass
class OnlyTables(Sampler):
    """A sampler that leaves parameters and effects as they are, so that tables can be listed."""

    def _parameters(self, *args: Any) -> None:
        pass

    def _effects(self, *args: Any) -> None:
        pass


def start(cohort: Any, theta: Any) -> tuple[OnlyTables, Any]:
    """Settled chains with the same parameters and effects in each."""
    usual, state = started(cohort, SETTINGS)
    sampler = OnlyTables(cohort, usual.moves, usual.rng, usual.scans)
    for outcome in cohort.outcomes:
        state.move(outcome, np.repeat(np.array([theta]), SETTINGS.chains, axis=0))
    state.effect = np.repeat(state.effect[:1], SETTINGS.chains, axis=0)
    sampler.run(state, warmup=60, draws=1, thin=1)
    return sampler, state


def pills(cohort: Any) -> Tables:
    """Every table of the sums that are reported so, and more."""
    old = [x for x in product(range(9), repeat=4) if 9 <= sum(x) <= 11]
    new = [x for x in product(range(6), repeat=3) if 2 <= sum(x) <= 5]
    every = np.array([[*a, *b] for a in old for b in new])
    return Tables(cohort.columns, cohort.arm, {"pills.value": every})


def alike(sampler: Sampler, state: Any) -> None:
    """The same parameters in every chain again, after a list had as many as tables."""
    for outcome in sampler.cohort.outcomes:
        state.move(outcome, np.repeat(state.theta[outcome.name][:1], SETTINGS.chains, axis=0))


def agrees(value: Any, share: Any, listed: Any) -> None:
    """The share of each value against the list, to 4.5 errors between starts: chains of one are copies in part."""
    for v in np.unique(listed[share > 0]):
        expected = share[listed == v].sum()
        by_start = (value == v).reshape(-1, SETTINGS.chains // 8, 8).mean(axis=(0, 1))
        error = by_start.std(ddof=1) / np.sqrt(8) + 1e-3
        assert by_start.mean() == pytest.approx(expected, abs=4.5 * error), (v, expected, error)


def climbs_to(sampler: OnlyTables, state: Any, stated: PStatement, listed: Tables, share: Any) -> Any:
    """The ladder's probability is that of the list; the share of each listed table given the p."""
    inside = np.exp(log_weight(stated.distances(listed), 0.0))
    alike(sampler, state)
    climb = Ladder(sampler, state, sweeps=20).climb(stated)
    expected = (share * inside).sum()
    assert climb.reached
    assert climb.starts == 8
    assert 0.01 < climb.error < 0.35
    assert climb.log_chance == pytest.approx(np.log(expected), abs=4.5 * climb.error)
    return share * inside / expected


def drawn(sampler: OnlyTables, state: Any) -> Tables:
    """Tables within the sampler's last window."""
    run = sampler.run(state, warmup=0, draws=12, thin=15)
    steps = {name: np.concatenate(parts).astype(int) for name, parts in run.steps.items()}
    return Tables(sampler.cohort.columns, sampler.cohort.arm, steps)


@pytest.mark.long
def test_a_rank_test_of_amounts_and_which_test_it_was() -> None:
    """A p that few tables have, from either of two tests: of both, and of each alone."""
    cohort = cohort_of(PILLS, outcomes_of(PILLS, (plan("prednisone", "pills"),), 0.5)[0])
    listed = pills(cohort)
    every = listed.steps["pills.value"]
    tests = tuple(column_tests(cohort.columns["pills.value"]))
    stated = PStatement("pills", "pills", "0.27", 0.265, 0.272, -1, tests)
    sampler, state = start(cohort, AMOUNT)
    share = climbs_to(sampler, state, stated, listed, weights(sampler, state, listed))
    tables = drawn(sampler, state)
    x = tables.steps["pills.value"]
    assert np.isfinite(log_weight(stated.distances(tables), 0.0)).all()
    agrees(x[:, 0], share, every[:, 0])
    agrees((x == 0).sum(1), share, (every == 0).sum(1))
    assert 0 < share[every[:, 0] == 0].sum() < 1


def test_which_test_it_was_and_whether_it_is_a_misprint() -> None:
    """Bayes' rule with the probabilities of the list."""
    cohort = cohort_of(PILLS, outcomes_of(PILLS, (plan("prednisone", "pills"),), 0.5)[0])
    listed = pills(cohort)
    tests = tuple(column_tests(cohort.columns["pills.value"]))
    stated = PStatement("pills", "pills", "0.28", 0.275, 0.285, -1, tests)
    sampler, state = start(cohort, AMOUNT)
    by_test = (weights(sampler, state, listed) * (stated.distances(listed) == 0)).sum(axis=1)
    alike(sampler, state)
    (row,) = reported_p_values(sampler, state, [stated], prior=0.1)
    error = max(climb.error for climb in row.climbs)
    assert error < 0.2
    assert by_test.min() > 0
    assert row.chances == pytest.approx(by_test, rel=4.5 * error)
    assert row.of_tests == pytest.approx(by_test / by_test.sum(), rel=4.5 * error)
    misprinted = 0.1 * 0.01 / 2
    expected = misprinted / (misprinted + 0.9 * by_test.mean())
    assert row.misprint == pytest.approx(expected, rel=4.5 * error)


def test_a_p_of_no_named_visit_could_be_of_each() -> None:
    raw = two_visits().model_dump(mode="json", exclude_none=True)
    row = {"source": ["A"], "endpoint": "grade", "p": "0.4", "comparison": {"between": "arms"}}
    raw["claims"].append(row | {"id": "between", "what": "grades"})
    at_end = {"between": "arms", "visits": ["end"]}
    raw["claims"].append(row | {"id": "at_end", "what": "grades at the end", "comparison": at_end})
    study = Study.model_validate(raw)
    job = Job(study, plan("mgfa", "grade", endpoints=[_at("start"), _at("end")]), "cumulative_logit")
    outcome = Ordered(job, None, {"level": np.array(study.endpoint("grade").levels)})
    tests = {row.claim: [test.name for test in row.tests] for row in p_statements_of(study, (outcome,), ())}
    assert [name for name in tests["between"] if name.startswith("Mann")] == [
        "Mann-Whitney, the start",
        "Mann-Whitney, the end",
    ]
    assert [name for name in tests["at_end"] if name.startswith("Mann")] == ["Mann-Whitney"]


def test_the_text_may_say_which_arm_has_more() -> None:
    """A p without numbers has no direction by itself, whatever its size."""
    raw = PILLS.model_dump(mode="json", exclude_none=True)
    row = {"source": ["A"], "endpoint": "pills", "what": "pills", "comparison": {"between": "arms"}}
    raw["claims"] += [row | {"id": "silent", "p": "0.01"}]
    raw["claims"] += [
        row | {"id": arm, "p": "0.2", "comparison": {"between": "arms", "larger": arm}}
        for arm in ("old", "new")
    ]
    study = Study.model_validate(raw)
    outcomes = outcomes_of(study, (plan("prednisone", "pills"),), 0.5)[0]
    found = {row.claim: row.direction for row in p_statements_of(study, outcomes, ())}
    assert found == {"silent": 0, "old": -1, "new": 1}


def _at(visit: str) -> dict[str, str]:
    return {"endpoint": "grade", "visit": visit}


@pytest.mark.long
def test_a_log_rank_test_of_events_times_and_follow_up() -> None:
    """One patient without a fall, whose follow-up counts; that of the others is summed over."""
    raw = FALLS.model_dump(mode="json", exclude_none=True)
    raw["claims"][0]["summaries"] = [{"group": "old", "count": "4"}, {"group": "new", "count": "2"}]
    raw["claims"][1]["summaries"] = [{"group": "all", "n": "6", "mean": "4.0", "sd": "1.9"}]
    study = Study.model_validate(raw)
    outcomes = outcomes_of(study, (plan("relapse", "fall", horizons=[5], restricted_to=9),), 0.5)[0]
    cohort = cohort_of(study, outcomes)
    cohort = replace(cohort, statements=tuple(s for s in cohort.statements if s.claim != "followup"))
    sampler, state = start(cohort, TIME)
    listed, share = falls(sampler, state)
    (stated,) = (
        PStatement("fall", "falls", "0.04", 0.03, 0.05, 1, (test,))
        for test in column_tests(cohort.columns["fall.time"])
        if test.name == "log-rank"
    )
    share = climbs_to(sampler, state, stated, listed, share)
    tables = drawn(sampler, state)
    x, every = (one.steps["fall.time"] for one in (tables, listed))
    agrees(x[:, 0], share, every[:, 0])
    agrees(x[:, 4], share, every[:, 4])
    censored, all_censored = (
        np.where(one.steps["fall.event"] == 0, one.steps["followup"], 0).max(axis=1)
        for one in (tables, listed)
    )
    agrees(np.minimum(censored, 12), share, np.minimum(all_censored, 12))


def falls(sampler: Sampler, state: Any) -> tuple[Tables, Any]:
    """Every table with six falls of seven patients, and its share; 40 days stand for all longer follow-up."""
    cohort, alike = sampler.cohort, np.array(list(product(range(1, 10), repeat=6)))
    alike = alike[(np.abs(alike.sum(axis=1) - 24) <= 1) & (((alike - 4) ** 2).sum(axis=1) <= 24)]
    longest = 40
    lengths = np.arange(1, 400)
    seen = np.empty((10, len(lengths), 7))  # log density by time (0: no fall), follow-up and patient
    for t in range(10):
        time, event = np.full((len(lengths), 7), t), np.full((len(lengths), 7), int(t > 0))
        followup = np.repeat(lengths[:, None], 7, axis=1)
        steps = {"fall.event": event, "fall.time": time, "followup": followup}
        seen[t] = by_patient(sampler, state, Tables(cohort.columns, cohort.arm, steps))
    unseen = np.log(np.exp(seen).sum(axis=1))
    times, followup, shares = [], [], []
    for one in (4, 5, 6):
        others = np.delete(np.arange(7), one)
        for length in range(1, longest):
            table = np.zeros((len(alike), 7), int)
            table[:, others] = alike
            times.append(table)
            followup.append(np.full(table.shape, 500))
            followup[-1][:, one] = length
            shares.append(unseen[alike, others].sum(axis=1) + seen[0, length - 1, one])
    every, share = np.concatenate(times), np.exp(np.concatenate(shares))
    steps = {"fall.event": (every > 0).astype(int), "fall.time": every, "followup": np.concatenate(followup)}
    listed = Tables(cohort.columns, cohort.arm, steps)
    share = np.where(np.all([one.hold(listed) for one in cohort.statements], axis=0), share, 0.0)
    return listed, share / share.sum()


@pytest.mark.parametrize("values", [5, 10**6])
def test_tests_are_those_of_frequentist_ties_and_all(values: int) -> None:
    rng, arm = np.random.default_rng(8), np.repeat([0, 1], [9, 8])
    time, event = (
        Column("it.time", 1.0, 1, "it", counted_in="it.event"),
        Column("it.event", 1.0, 0, "it", high=1),
    )
    steps = {
        "it.time": rng.integers(1, values, (300, 17)),
        "it.event": (rng.random((300, 17)) < 0.7).astype(int),
        "followup": rng.integers(1, values, (300, 17)),
        "dose": rng.integers(0, values, (300, 17)),
    }
    columns = {"it.time": time, "it.event": event, "followup": Column("followup", 1.0, 1, "")}
    tables = Tables(columns | {"dose": Column("dose", 1.0, 0, "dose")}, arm, steps)
    seen, dose = steps["it.event"] > 0, np.asarray(steps["dose"], float)
    follow_up = FollowUp(np.where(seen, steps["it.time"], steps["followup"]).astype(float), seen, arm == 1)
    groups = TwoGroups(dose[:, arm == 0], dose[:, arm == 1])
    counts = Derived("low", "low", tables.columns["dose"], 2)
    own = {test.name: test.on(tables) for test in (*column_tests(time), *column_tests(columns["followup"]))}
    own_dose = {test.name: test.on(tables) for test in column_tests(tables.columns["dose"])}
    for name, other in (("log-rank", log_rank), ("Gehan-Wilcoxon", gehan)):
        assert own[name].p == pytest.approx(other(follow_up).p, abs=1e-12)
        clear = other(follow_up).p < 0.999
        assert (own[name].side == -other(follow_up).side)[clear].all()
    for name, other in (("Mann-Whitney", mann_whitney), ("Student's t", student), ("Welch's t", welch)):
        assert own_dose[name].p == pytest.approx(other(groups).p, abs=1e-12)
        assert (own_dose[name].side == np.sign(other(groups).side))[other(groups).p < 0.999].all()
        among = own[f"{name}, those with the event"]
        for k in range(40):
            one = among_those_with_event(FollowUp(*(part[k] for part in _shaped(follow_up))))
            alone = other(TwoGroups(one.reference[None], one.contrast[None]))
            assert among.p[k] == pytest.approx(alone.p[0], abs=1e-12)
    exact, among = (
        test.on(tables) for test in count_tests(counts, columns["followup"], "start") if "Fisher" in test.name
    )
    having = (dose <= 2).astype(float)
    for k in range(40):
        assert exact.p[k] == pytest.approx(fisher(TwoGroups(having[k, :9], having[k, 9:])).p, abs=1e-12)
        above = steps["followup"][k] > 2
        groups = TwoGroups(*(having[k][above & (arm == a)] for a in (0, 1)))
        assert among.p[k] == pytest.approx(fisher(groups).p, abs=1e-12)
        assert among.side[k] == np.sign(groups.contrast.mean() - groups.reference.mean())


def _shaped(follow_up: FollowUp) -> Any:
    return np.broadcast_arrays(follow_up.time, follow_up.event, follow_up.contrast)


def test_statements_have_the_rounding_the_direction_and_the_tests_of_the_claim() -> None:
    study = load_study()
    outcomes = outcomes_of(study, (load_plan("remission"), load_plan("relapse")), 0.0)[0]
    remission, relapse = (with_named_tests(row, study) for row in p_statements_of(study, outcomes, ()))
    assert (remission.claim, remission.direction) == ("remission.time", -1)
    assert remission.low == pytest.approx(0.0485)
    assert [test.name for test in remission.tests] == [
        "log-rank",
        "Student's t, those with the event",
        "Welch's t, those with the event",
        "Mann-Whitney, those with the event",
    ]
    # p = 0.09 is no difference by the paper's own 0.05: no direction is stated.
    assert (relapse.direction, [test.name for test in relapse.tests]) == (0, ["log-rank"])


def test_distance_runs_through_p_of_1_to_the_other_direction() -> None:
    stated = PStatement("it", "it", "0.04", 0.03, 0.05, -1, ())
    p, side = np.array([0.04, 0.1, 1.0, 0.1, 0.04, np.nan]), np.array([-1.0, -1, 0, 1, 1, 0])
    near = np.log([1, 2, 20, 200, 500])
    by_values = TableTest("it", None, (), lambda tables: PValues(p, side))
    assert stated.distance(by_values, PValues(p, side)) == pytest.approx([*near, np.inf])
    undirected = replace(stated, direction=0)
    without = pytest.approx([0, *np.log([2, 20, 2, 1]), np.inf])
    assert undirected.distance(by_values, PValues(p, side)) == without
    # A test of all patients need not go the way of the means; it does where the study file says so.
    of_all = replace(by_values, of_values=False)
    assert stated.distance(of_all, PValues(p, side)) == without
    assert replace(stated, told=True).distance(of_all, PValues(p, side)) == pytest.approx([*near, np.inf])


@pytest.mark.parametrize("values", [4, 10**6])
def test_tests_of_changes_are_those_of_frequentist_ties_and_all(values: int) -> None:
    rng, arm = np.random.default_rng(9), np.repeat([0, 1], [9, 8])
    first, later = (Column(f"it.{at}", 0.5, 0, "it", at) for at in ("start", "end"))
    steps = {column.name: rng.integers(0, values, (61, 17)) for column in (first, later)}
    steps["it.end"][60] = steps["it.start"][60]
    tables, who = Tables({first.name: first, later.name: later}, arm, steps), arm == 1
    own = {test.name: test.on(tables) for test in visit_tests(first, later, who)}
    others = {"paired t": paired_t, "Wilcoxon signed rank": signed_rank, "sign test": sign_test}
    assert own.keys() == others.keys()
    for name, other in others.items():
        assert (own[name].p[60], own[name].side[60]) == (1, 0)  # nobody changed
        for k in range(60):
            pairs = Pairs(*(tables.value(column.name)[k, who] for column in (first, later)))
            assert own[name].p[k] == pytest.approx(float(other(pairs).p), abs=1e-12), (name, k)
    change = steps["it.end"][:, who] - steps["it.start"][:, who]
    assert (own["sign test"].side == np.sign(np.sign(change).sum(axis=1))).all()
    assert (own["paired t"].side == np.sign(change.sum(axis=1))).all()
    assert (own["Wilcoxon signed rank"].side[(change > 0).all(axis=1)] == 1).all()
    assert (values == 4) == bool((change[:60] == 0).any())  # ties and unchanged patients, or neither


def test_yes_no_at_two_visits_is_tested_by_mcnemar() -> None:
    rng, arm = np.random.default_rng(9), np.repeat([0, 1], [9, 8])
    first, later = (Column(f"it.{at}", 1.0, 0, "it", at, high=1) for at in ("start", "end"))
    steps = {column.name: rng.integers(0, 2, (60, 17)) for column in (first, later)}
    steps["it.end"][0] = steps["it.start"][0]
    tables, everybody = Tables({first.name: first, later.name: later}, arm, steps), arm >= 0
    exact, corrected = (test.on(tables) for test in visit_tests(first, later, everybody))
    assert exact.p[0] == corrected.p[0] == 1  # nobody changed
    for k in range(1, 60):
        pairs = Pairs(steps["it.start"][k].astype(float), steps["it.end"][k].astype(float))
        assert exact.p[k] == pytest.approx(mcnemar_exact(pairs).p, abs=1e-12)
        assert corrected.p[k] == pytest.approx(mcnemar_chi_square(pairs).p, abs=1e-12)


def test_a_p_between_visits_stands_for_each_later_one() -> None:
    study = load_study()
    outcomes = outcomes_of(study, (load_plan("prednisone"), load_plan("mgfa")), 0.0)[0]
    found = [
        (row.claim, row.what.partition(": ")[2], row.text, row.direction)
        for row in p_statements_of(study, outcomes, ())
        if row.claim.startswith(("prednisone.within", "mgfa.all", "mgfa.musk"))
    ]
    visits = {visit.id: visit.label for visit in study.visits}
    each = [(visits["12m"], "<0.01", -1), (visits["last"], "<0.01", -1)]
    assert [row[1:] for row in found if row[0] == "prednisone.within_musk"] == each
    assert [row[2:] for row in found if row[0].startswith("mgfa.musk")] == [("<0.01", -1)] * 2
    # Of all patients no median is reported: no direction.
    assert {row[1:] for row in found if row[0] == "mgfa.all"} == {
        (visits[at], text, 0) for at in ("12m", "last") for text in ("<.001", "<0.01")
    }
    within = next(
        row for row in p_statements_of(study, outcomes, ()) if row.claim == "prednisone.within_musk"
    )
    of_musk = within.tests[0]
    assert of_musk.columns == ("prednisone.baseline", "prednisone.12m")
