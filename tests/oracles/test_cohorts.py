"""The evidence from other cohorts: files as printed, quadrature against NUTS, tables against their parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from mgbayes.errors import InputError
from mgbayes.overall import tables as overall_tables
from mgbayes.overall.benefit import overall_benefit
from mgbayes.overall.contrasts import Contrast
from mgbayes.report import cohort_figures, overall_figures, style
from mgbayes.study import Study, embedded_studies
from mgbayes.study.cohorts import context_cohorts, embedded_cohorts, parse_context
from mgbayes.synthesis.cohorts import Assumptions, CohortEvidence, cohort_evidence, pool
from mgbayes.synthesis.counts import ArmCount, counts_by_arm
from mgbayes.synthesis.hierarchy import THETA, HierarchyPrior, TauRule, hierarchy
from mgbayes.synthesis.tables import tables as cohort_tables
from mgbayes.verification.ledger import verify
from tests.conftest import ROOT

STORED = json.loads((Path(__file__).parent / "stored" / "cohort_draws.json").read_text("utf-8"))
HISTORY = [(23, 107), (12, 44), (19, 51), (9, 39), (39, 139), (6, 20), (9, 78), (10, 35)]
Z = 4


@pytest.fixture(scope="module")
def evidence(study: Study) -> CohortEvidence:
    return cohort_evidence(study, embedded_cohorts(), context=context_cohorts(), claim="remission.ever")


# ------------------------------------------------------------------ the files


def test_the_counts_are_the_published_ones() -> None:
    found = {row.id: counts_by_arm(row) for row in embedded_cohorts()}
    assert {name: (str(row.reference), str(row.contrast)) for name, row in found.items()} == {
        "topakian2019": ("14/39", "10/14"),
        "caballero2022": ("6/18", "12/12"),
        "heckmann2022": ("3/10", "3/5"),
        "castiglione2021": ("8/8", "8/8"),
    }
    assert {name for name, row in found.items() if not row.printed} == {"topakian2019"}


def test_the_other_outcome_of_heckmann_is_there_and_is_not_pooled() -> None:
    heckmann = next(row for row in embedded_cohorts() if row.id == "heckmann2022")
    other = counts_by_arm(heckmann, "prednisone_stopped.ever")
    assert (other.reference, other.contrast, other.printed) == (ArmCount(2, 10), ArmCount(4, 5), False)


def test_printed_p_values_of_the_cohorts_come_out() -> None:
    """0.022 (chi-square, as the abstract's own numbers) and below 0.01."""
    for cohort in embedded_cohorts():
        for row in verify(cohort, search=False, use_cache=False).claims:
            assert row.p_printed is None or str(row.verdict).startswith("reproduced"), row


def test_cohorts_are_not_studies_to_re_analyze() -> None:
    assert embedded_studies() == ("litchman2020",)


def test_what_is_not_independent_is_context_and_never_pooled(evidence: CohortEvidence) -> None:
    context = {row.id: row for row in evidence.context}
    assert set(context) == {
        "yale",
        "diazmanera2012",
        "cortesvicente2018",
        "hehir2017",
        "tandan2017",
        "beatmg2022",
    }
    assert not set(context) & {row.study for row in evidence.cohorts}
    known = {"litchman2020", *(row.id for row in embedded_cohorts())}
    assert all(
        row.overlaps and set(row.overlaps) <= known for row in context.values() if row.why == "overlap"
    )


def test_a_faulty_context_file_is_told_all_at_once() -> None:
    text = 'schema_version = 1\nstudy = "x"\n[[cohorts]]\nid = "a"\nwhy = "small"\nnumbers = []\n'
    with pytest.raises(InputError) as caught:
        parse_context(text, "c.toml")
    places = " ".join(problem.place for problem in caught.value.problems)
    assert all(key in places for key in ("who", "why", "numbers"))


def test_a_bad_event_is_counted_as_those_without_it(study: Study) -> None:
    relapse = counts_by_arm(study, "relapse.ever")
    assert (relapse.reference, relapse.contrast, relapse.printed) == (
        ArmCount(7, 17),
        ArmCount(10, 16),
        False,
    )
    with pytest.raises(InputError, match=r"given the claim 'prednisone\.stop'; accepted: .*remission\.ever"):
        counts_by_arm(study, "prednisone.stop")


# ------------------------------------------------------------------ the model


def check(mean: float, sd: float, stored: Mapping[str, Any]) -> None:
    assert mean == pytest.approx(stored["mean"], abs=Z * stored["mcse_mean"])
    assert sd == pytest.approx(stored["sd"], abs=Z * stored["mcse_sd"])


def moments(tau: TauRule) -> tuple[float, float]:
    mean = tau.nodes @ tau.weights
    return float(mean), float(np.sqrt(tau.weights @ np.square(tau.nodes - mean)))


def test_the_quadrature_agrees_with_nuts(evidence: CohortEvidence) -> None:
    found, stored = evidence.main.together, STORED["cohorts"]
    check(found.mu.mean, found.mu.sd, stored["mu"])
    check(*moments(found.tau), stored["tau"])
    check(found.predictive.mean, found.predictive.sd, stored["theta_new"])
    above = stored["new_above_0"]
    assert found.predictive.above(0.0) == pytest.approx(above["mean"], abs=Z * above["mcse_mean"])


def test_the_quadrature_of_the_published_example_agrees_with_nuts() -> None:
    found, stored = (
        hierarchy([stats.binom.logpmf(*row, expit(THETA)) for row in HISTORY], HierarchyPrior()),
        STORED["spondylitis"],
    )
    check(found.mu.mean, found.mu.sd, stored["mu"])
    check(*moments(found.tau), stored["tau"])
    chance = 1 / (1 + np.exp(-found.predictive.values))
    mean = found.predictive.mass @ chance
    sd = np.sqrt(found.predictive.mass @ np.square(chance - mean))
    check(mean, sd, stored["chance_new"])


def test_the_mixture_stands_for_the_prediction(evidence: CohortEvidence) -> None:
    """Distribution functions less than 0.002 apart; the posterior moves by less than 0.002."""
    main = evidence.main
    values = main.together.predictive.values[::25]
    weight, mean, sd = main.prediction.columns
    apart = [abs(weight @ stats.norm.cdf(x, mean, sd) - main.together.predictive.cdf(x)) for x in values]
    assert max(apart) < 0.002
    exact = main.together.predictive.mass * np.exp(_index_likelihood(evidence))
    share = exact[main.together.predictive.values > 0].sum() / exact.sum()
    assert evidence.weights[0].p_benefit == pytest.approx(share, abs=0.005)


def _index_likelihood(evidence: CohortEvidence) -> np.ndarray:
    from mgbayes.synthesis.counts import two_arms

    return two_arms(evidence.index)


def test_left_out_is_the_analysis_of_the_rest(evidence: CohortEvidence) -> None:
    left_out = [row for row in evidence.variations if row.kind == "left out"]
    assert [row.change for row in left_out] == [row.study for row in evidence.cohorts]
    rest = [row for row in evidence.cohorts if row.study != "caballero2022"]
    expected = pool(evidence.index, rest, Assumptions())
    (found,) = (row.pooled for row in left_out if row.change == "caballero2022")
    assert found.robust.p_benefit == expected.robust.p_benefit


def test_the_other_outcome_can_be_asked_for(study: Study, evidence: CohortEvidence) -> None:
    asked = Assumptions(outcomes={"heckmann2022": "prednisone_stopped.ever"})
    found = cohort_evidence(study, embedded_cohorts(), asked, claim="remission.ever").main
    (varied,) = (row.pooled for row in evidence.variations if row.kind == "other outcome")
    assert found.robust.p_benefit == varied.robust.p_benefit


def test_the_conflict_is_shown_and_the_vague_part_gains(evidence: CohortEvidence) -> None:
    """The cohorts expect more than the 9 that were seen; the weight grows by Bayes' theorem, at every weight."""
    check_ = evidence.main.conflict
    assert check_.possible @ check_.predicted > check_.observed
    for row in evidence.weights:
        if 0 < row.vague_before < 1:
            odds = row.vague_after / (1 - row.vague_after) * (1 - row.vague_before) / row.vague_before
            assert odds == pytest.approx(_evidence(evidence, -1) / _evidence(evidence, 0), rel=1e-6)
            assert row.vague_after > row.vague_before


def _evidence(evidence: CohortEvidence, at: int) -> float:
    """The probability of the index study's counts under one of the priors, up to a constant."""
    prior = np.sum(
        [w * stats.norm.pdf(THETA, m, s) for w, m, s in evidence.weights[at].prior.components], axis=0
    )
    return float(prior @ np.exp(_index_likelihood(evidence)))


def test_nothing_to_pool_is_refused(study: Study) -> None:
    with pytest.raises(ValueError, match="nothing to pool"):
        cohort_evidence(study, [], claim="remission.ever")


def test_the_index_study_is_not_evidence_for_itself(study: Study) -> None:
    with pytest.raises(InputError, match="'litchman2020' 2 times"):
        cohort_evidence(study, [*embedded_cohorts(), study], claim="remission.ever")


def test_every_fault_of_what_is_asked_for_is_told_at_once(study: Study) -> None:
    asked = Assumptions(outcomes={"heckmann2022": "cured", "nobody": "cured"})
    with pytest.raises(InputError) as caught:
        cohort_evidence(study, embedded_cohorts(), asked, claim="prednisone.stop")
    told = str(caught.value)
    assert len(caught.value.problems) == 3
    assert all(part in told for part in ("'nobody'", "heckmann2022 → claims", "litchman2020 → claims"))


# ------------------------------------------------------------------ tables, figures and the page


def test_the_page_says_what_comes_out(evidence: CohortEvidence) -> None:
    page = " ".join((ROOT / "docs" / "cohorts.md").read_text("utf-8").split())
    main, alone = evidence.main, evidence.alone["litchman2020"]
    low, high = np.exp(main.together.predictive.interval)
    by_change = {row.change: row.pooled.conflict.p_as_low for row in evidence.variations}
    for sentence in (
        f"an odds ratio of {np.exp(main.together.predictive.median):.1f} ({low:.2f} to {high:.0f})",
        f"above 1 with probability {main.together.predictive.above(0.0):.2f}",
        f"(12/17 against 9/16) give {np.exp(alone.median):.2f}",
        f"a predictive probability of {main.conflict.p_as_low:.3f}",
        f"from {main.robust.vague_before:.2f} to {main.robust.vague_after:.2f}",
        f"from {alone.above(0.0):.2f} (index study alone) to {main.robust.p_benefit:.2f}",
        f"the conflict is mildest ({by_change['caballero2022']:.2f})",
        f"({by_change['tau ~ HalfNormal(0.25)']:.3f} at a scale of 0.25)",
    ):
        assert sentence in page, sentence
    left_out = {row.change: by_change[row.change] for row in evidence.variations if row.kind == "left out"}
    assert max(left_out, key=lambda name: left_out[name]) == "caballero2022"


def test_tables_hold_the_results(evidence: CohortEvidence) -> None:
    found = dict(cohort_tables(evidence))
    assert set(found) == {
        f"cohorts_{name}" for name in ("studies", "answers", "weights", "prediction", "components", "context")
    }
    main = found["cohorts_answers"].iloc[0]
    assert main["index_p_benefit"] == evidence.main.robust.p_benefit
    assert main["conflict_p_as_low"] == evidence.main.conflict.p_as_low
    assert list(found["cohorts_studies"]["pooled"]) == [True] * 4 + [False]
    assert found["cohorts_components"]["weight"].sum() == pytest.approx(1)


def test_the_forest_shows_what_the_table_says(study: Study, evidence: CohortEvidence) -> None:
    from matplotlib.figure import Figure

    forest, counts = cohort_figures.pictures(study, evidence)
    figure = Figure()
    forest.draw(figure)
    (axes,) = figure.axes
    drawn = sorted(float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() in "oDs")
    main = evidence.main
    shown = [*evidence.alone.values(), main.together.mu, main.together.predictive, main.robust.posterior]
    assert drawn == pytest.approx(sorted(float(np.exp(row.median)) for row in shown))
    figure = Figure()
    counts.draw(figure)
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert sum(heights) == pytest.approx(100)


def test_the_figure_of_overall_benefit_shows_the_bounds(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    benefit = overall_benefit(
        [
            Contrast(f"o{k}", f"o{k}", m, 0.4, p, "SD", "difference")
            for k, (m, p) in enumerate([(0.1, 0.6), (0.5, 0.9)])
        ]
    )
    (picture,) = overall_figures.pictures(benefit, "MuSK+")
    figure = Figure()
    picture.draw(figure)
    bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in figure.axes[1].patches]
    table = overall_tables.agreement(benefit)
    expected = 100 * table[["low_any_dependence", "high_any_dependence"]].to_numpy()
    assert np.array(bars) == pytest.approx(expected)
    first = style.save(picture.draw, picture.size, tmp_path / "a")
    again = style.save(picture.draw, picture.size, tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
