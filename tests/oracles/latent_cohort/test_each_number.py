"""Numbers that are left out: what the chain predicts, against integrals and products that are exact."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import stats

from mgbayes.latent_cohort.each_number import Unit, _predicted, units_of
from mgbayes.latent_cohort.predicted import Predicted, farthest_first
from mgbayes.latent_cohort.run import Settings, cohort_of, outcomes_of, settled, started
from mgbayes.latent_cohort.sampler import Cohort
from mgbayes.latent_cohort.table import Tables
from mgbayes.models.plan_file import load_plan
from mgbayes.study import load_study
from mgbayes.study.schema import Study
from mgbayes.study.statistics.statistic import Number
from tests.calibration.latent_cohort.simulate import _amount
from tests.oracles.latent_cohort.small_studies import FALLS, PILLS, WALKS, plan, stays
from tests.oracles.latent_cohort.test_enumeration import (
    TIME,
    agrees,
    by_patient,
    moved,
)

STUDY = load_study()


def _cohort(of: Study, like: str, endpoint: str, dependence: float = 0.5, **others: Any) -> Cohort:
    return cohort_of(of, outcomes_of(of, (plan(like, endpoint, **others),), dependence)[0])


def _unit(cohort: Cohort, claim: str, group: str) -> Unit:
    return next(one for one in units_of(cohort) if (one.judged.claim, one.judged.group) == (claim, group))


def _of_unit(cohort: Cohort, settings: Settings, claim: str) -> tuple[Predicted, ...]:
    _, state = settled(cohort, settings)
    return _predicted(cohort, settings, state, _unit(cohort, claim, "old"))


def test_a_count_is_predicted_as_by_quadrature() -> None:
    """P(x of 4 | 3 of 3 in the other arm), over normal priors of level and log odds ratio."""
    cohort = _cohort(WALKS, "binary", "walks", dependence=0.0)
    settings = Settings(dependence=0.0, chains=400, warmup=60, draws=20, thin=5, seed=3)
    (found,) = _of_unit(cohort, settings, "walks")
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    level, effect = np.meshgrid(1.5 * nodes, 1.5 * nodes, indexing="ij")
    weight = np.outer(weights, weights) * stats.binom.pmf(3, 3, 1 / (1 + np.exp(-level - effect / 2)))
    chance = [(weight * stats.binom.pmf(x, 4, 1 / (1 + np.exp(-level + effect / 2)))).sum() for x in range(5)]
    exact = np.array(chance) / np.sum(chance)
    for x in range(5):
        by_chain = (found.values == x).mean(axis=1)
        assert by_chain.mean() == pytest.approx(exact[x], abs=4.5 * by_chain.std() / 20 + 1e-4)
    assert found.tail == pytest.approx(2 * (exact[0] + exact[1] / 2), abs=0.03)
    odds = 0.02 * (1 / 5) / (0.98 * exact[1])
    assert found.misprint == pytest.approx(odds / (1 + odds), rel=0.1)


@pytest.mark.long
def test_a_mean_is_predicted_as_by_rejection() -> None:
    """Of patients simulated from the priors, those are kept whose other arm has its mean and SD.

    Steps are small beside the values: simulated ones are rounded, drawn ones have the density at the step.
    """
    rows = PILLS.model_dump(mode="json", exclude_none=True)
    rows["claims"][0]["summaries"] = [
        {"group": "old", "mean": "25", "sd": "20"},
        {"group": "new", "mean": "11", "sd": "10"},
    ]
    cohort = _cohort(Study.model_validate(rows), "prednisone", "pills")
    settings = Settings(chains=400, warmup=150, draws=30, thin=5, seed=3)
    mean, sd = _of_unit(cohort, settings, "pills")
    (outcome,), rng = cohort.outcomes, np.random.default_rng(4)
    other = next(one for one in cohort.statements if one.group == "new")
    kept = []
    for _ in range(40):
        theta, effect = outcome.layout.draw(rng, 50_000), rng.standard_normal((50_000, 7))
        one_visit = {"log_ratio_sd": np.zeros(len(theta)), "deviation": np.zeros((len(theta), 1))}
        values = one_visit | outcome.layout.values(theta)
        steps, possible = _amount(rng, outcome, values, effect, cohort.arm, None)
        kept.append(
            steps["pills.value"][possible & other.hold(Tables(cohort.columns, cohort.arm, steps))][:, :4]
        )
    simulated = np.concatenate(kept)
    assert len(simulated) > 1500
    for found, expected in ((mean, simulated.mean(axis=1)), (sd, simulated.std(axis=1, ddof=1))):
        assert found.ok
        for p in (0.2, 0.5, 0.8):
            cut = np.quantile(expected, p) + 1e-9
            share, by_chain = (expected <= cut).mean(), (found.values <= cut).mean(axis=1)
            error = np.hypot(by_chain.std() / 20, np.sqrt(share * (1 - share) / len(expected)))
            assert by_chain.mean() == pytest.approx(share, abs=4 * error)


def test_counts_of_events_that_are_not_told_are_independent_of_each_other() -> None:
    """At fixed parameters and effects the patients of the arm are apart: their sum is a convolution."""
    of = stays(("1.5", "1"), ("1.0", "1"))
    cohort = _cohort(of, "hospital", "stays")
    without = _unit(cohort, "stays", "old").without(cohort)
    assert [one.group for one in without.statements] == ["new"]
    sampler, state, drawn = moved(without, [-0.2, -0.6, -0.3, 0.7], sweeps=640, keep=20)
    values = np.repeat(np.arange(60)[:, None], 7, axis=1)
    listed = Tables(cohort.columns, cohort.arm, {"stays.value": values, "followup": np.ones_like(values)})
    share = np.exp(by_patient(sampler, state, listed))
    share /= share.sum(axis=0)
    total = np.array([1.0])
    for i in range(4):
        total = np.convolve(total, share[:, i])
    x = drawn.steps["stays.value"]
    _has_shares(x[:, 0], share[:, 0])
    _has_shares(x[:, :4].sum(axis=1), total)
    assert set(x[:, 4:].sum(axis=1)) == {3}


@pytest.mark.long
def test_events_that_are_not_counted_come_and_go_with_their_times() -> None:
    of_fell = _cohort(FALLS, "relapse", "fall", horizons=[5], restricted_to=9)
    unit = _unit(of_fell, "fell", "new")
    assert sorted(one.claim for one in unit.left_out) == ["fell", "times"]
    cohort = unit.without(of_fell)
    statements = tuple(one for one in cohort.statements if one.claim != "followup")
    cohort = Cohort(
        cohort.columns, cohort.arm, cohort.outcomes, cohort.followup, statements, cohort.relations
    )
    sampler, state, drawn = moved(cohort, TIME, sweeps=800, keep=20)
    event, time = drawn.steps["fall.event"], drawn.steps["fall.time"]
    assert ((event > 0) == (time > 0)).all()
    lengths = np.repeat(np.arange(1, 60)[:, None], 7, axis=1)
    share = np.zeros((30, 7))  # of every time, 0 for no event, follow-up summed over
    for t in range(len(share)):
        one = np.full_like(lengths, t)
        steps = {"fall.event": (one > 0).astype(int), "fall.time": one, "followup": lengths}
        listed = Tables(cohort.columns, cohort.arm, steps)
        share[t] = np.exp(by_patient(sampler, state, listed)).sum(axis=0)
    share /= share.sum(axis=0)
    for i in range(4, 7):
        _has_shares(time[:, i], share[:, i])
    none = np.array([1.0])
    for i in range(4, 7):
        none = np.convolve(none, [1 - share[0, i], share[0, i]])
    _has_shares(3 - event[:, 4:].sum(axis=1), none)
    assert set(event[:, :4].sum(axis=1)) == {3}


def _has_shares(values: Any, share: Any) -> None:
    """Of 0, 1, 2, ...; those of the last hundredth are taken as one."""
    last = int(np.argmax(np.cumsum(share) > 0.99))
    lumped = np.append(share[:last], share[last:].sum())
    agrees(np.minimum(values, last), lumped, np.arange(last + 1))


def test_chains_start_apart_in_what_is_left_out() -> None:
    """Eight starts, where all values of the other arm are about alike."""
    rows = PILLS.model_dump(mode="json", exclude_none=True)
    rows["claims"][0]["summaries"][1] |= {"mean": "900", "sd": "1"}
    cohort = _cohort(Study.model_validate(rows), "prednisone", "pills")
    _, state = started(_unit(cohort, "pills", "old").without(cohort), Settings(chains=8, seed=3))
    old = state.tables.steps["pills.value"][:, :4].sum(axis=1)
    assert old.max() > 2 * old.min()


def test_each_number_is_left_out_once_with_what_would_tell_it() -> None:
    rows = FALLS.model_dump(mode="json", exclude_none=True)
    rows["claims"][0]["summaries"].append({"group": "all", "count": "4"})
    cohort = _cohort(Study.model_validate(rows), "relapse", "fall", horizons=[5], restricted_to=9)
    units = [(one.judged.claim, one.judged.group, len(one.left_out)) for one in units_of(cohort)]
    assert units == [("fell", "old", 3), ("fell", "new", 3), ("times", "all", 1), ("followup", "all", 1)]


def _judged(name: str, text: str, values: Any, *, exact: bool = False) -> Predicted:
    statement = _cohort(PILLS, "prednisone", "pills").statements[0]
    return Predicted(statement, Number(name, text, exact), np.asarray(values, float), 0.02)


def test_a_mean_has_the_misprint_of_its_density_and_size() -> None:
    """Normal(10, 1) predicted; 10.5 could be of any size within four powers of ten if it is a misprint."""
    draws = 10 + np.random.default_rng(1).normal(size=(64, 400))
    found = _judged("mean", "10.5", draws)
    chance = 0.1 * stats.norm.pdf(0.5)
    odds = 0.02 * (0.1 / (10.5 * np.log(1e4))) / (0.98 * chance)
    assert found.ok
    assert found.misprint == pytest.approx(odds / (1 + odds), rel=0.05)
    assert found.tail == pytest.approx(2 * stats.norm.sf(0.5), abs=0.02)
    assert found.middle == pytest.approx((10, 10 - 1.645, 10 + 1.645), abs=0.03)
    far = _judged("mean", "16.5", draws)
    least = 0.02 * (0.1 / (16.5 * np.log(1e4))) / (0.98 * 0.1 * stats.norm.pdf(2.326))
    assert far.beyond
    assert not found.beyond
    assert far.misprint == pytest.approx(least / (1 + least), rel=0.1)
    assert [row.number.text for row in farthest_first([found, far])] == ["16.5", "10.5"]


def test_chains_that_disagree_give_no_answer_and_come_last() -> None:
    apart = np.repeat(np.arange(8.0), 8)[:, None] * 9 + np.random.default_rng(2).normal(size=(64, 20))
    apart = apart.reshape(8, 8, 20).swapaxes(0, 1).reshape(64, 20)
    lost = _judged("mean", "2.5", apart)
    assert not lost.ok
    assert not _judged("mean", "2.5", np.full((64, 10), np.nan)).ok
    known = _judged("mean", "2.5", np.random.default_rng(3).normal(2.5, 1, (64, 20)))
    assert [row is known for row in farthest_first([lost, known])] == [True, False]


def test_a_count_that_no_cohort_has_is_as_rare_as_one_draw() -> None:
    found = _judged("count", "4", np.zeros((64, 10)), exact=True)
    assert found.tail == 0
    odds = 0.02 * (1 / 5) / (0.98 / 640)
    assert found.misprint == pytest.approx(odds / (1 + odds))
    assert all(low <= high for low, high in pairwise((found.middle[1], found.middle[0], found.middle[2])))


def test_counts_that_a_definition_ties_are_left_out_together() -> None:
    """Whoever has minimal manifestations has improved: the one count bounds the other."""
    cohort = cohort_of(STUDY, outcomes_of(STUDY, (load_plan("binary"),), 0.5)[0])
    unit = _unit(cohort, "pis.mm_12m", STUDY.reference.id)
    assert {(one.claim, one.group) for one in unit.left_out} == {
        ("pis.mm_12m", STUDY.reference.id),
        ("pis.improved", STUDY.reference.id),
    }
