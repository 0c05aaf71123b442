"""Unmeasured confounding from a plan file to the sentence, on draws made for the purpose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from mgbayes.errors import InputError
from mgbayes.estimands.estimand import Estimand
from mgbayes.inference.diagnostics import Diagnostics
from mgbayes.inference.fit import Fit
from mgbayes.models.plan import Plan
from mgbayes.models.plan_file import load_plan, parse_plan
from mgbayes.overall.contrasts import outcome_sd
from mgbayes.reanalysis import reanalyze
from mgbayes.report.confounding_page import baseline, confounding_part
from mgbayes.report.confounding_words import confounding_cautions, confounding_sentence, plan_confounding
from mgbayes.report.results import Reanalysis
from mgbayes.robustness.bias import check_bias_prior
from mgbayes.robustness.confounding import CONFOUNDING, Confounded, PlanConfounding, confounded, is_asked
from mgbayes.robustness.e_value import Measure, measure_of
from mgbayes.robustness.settings import settings
from mgbayes.robustness.tables import CONFOUNDING_COLUMNS, confounding_rows
from mgbayes.study import Study
from tests.conftest import ROOT

RATIO = Estimand("time_ratio", "ratio of times", "", 1.0, "lower")
SCORE = Estimand("mean_difference_last", "difference in the score", "points", 0.0, "higher")
TEXT = (ROOT / "models" / "relapse.toml").read_text("utf-8")
BIAS = '\n[confounding]\nestimand = "hazard_ratio"\nwhy = "a toy"\n'


def _draws(median: float = 0.5, sd: float = 0.3) -> np.ndarray:
    return np.exp(np.random.default_rng(8).normal(np.log(median), sd, (4, 2500)))


def _row(study: Study, estimand: Estimand, draws: np.ndarray, table: str = "") -> Confounded:
    plan = parse_plan(TEXT + table.replace("hazard_ratio", estimand.id), "relapse.toml")
    return confounded(study, plan, estimand, draws)


def _fit(plan: Plan, estimand: Estimand, draws: np.ndarray) -> Fit:
    dims = ("chain", "draw")
    return Fit(
        plan=plan,
        family=plan.family,
        evidence="published",
        alternative=None,
        priors={},
        declared=(estimand,),
        data={},
        posterior=xr.Dataset(),
        contrasts=xr.Dataset({estimand.id: (dims, draws)}),
        sample_stats=xr.Dataset(),
        diagnostics=Diagnostics(1.0, 20_000, 20_000, 0, 1.0, 0.0),
        key="toy",
    )


@pytest.mark.parametrize(
    ("text", "place", "accepted"),
    [
        ("", "confounding", "bias = { mean, sd }"),
        (
            "bias = { mean = 0, sd = 1 }\nconfounder = { prevalence_reference = [1, 1], "
            "prevalence_contrast = [1, 1], log_ratio = { mean = 0, sd = 1 } }",
            "confounding",
            "not both",
        ),
        ("bias = { mean = 0, sd = -1 }", "confounding → bias → sd", "greater than or equal to 0"),
        (
            "confounder = { prevalence_reference = [0, 1], prevalence_contrast = [1, 1], "
            "log_ratio = { mean = 0, sd = 1 } }",
            "confounding → confounder → prevalence_reference",
            "greater than 0",
        ),
        (
            "confounder = { prevalence_reference = [1, 1], prevalence_contrast = [1, 1] }",
            "confounding → confounder",
            "either log_ratio",
        ),
        ("biass = { mean = 0, sd = 1 }\noutcome_sd = 1", "confounding → biass", "did you mean 'bias'?"),
    ],
)
def test_what_a_plan_says_wrongly_is_told_with_its_place(text: str, place: str, accepted: str) -> None:
    with pytest.raises(InputError) as error:
        parse_plan(TEXT + BIAS + text, "relapse.toml")
    told = str(error.value)
    assert place in told
    assert accepted in told


def test_an_estimand_that_is_not_there_or_a_confounder_on_the_wrong_scale_is_refused() -> None:
    plan = parse_plan(TEXT + BIAS + "bias = { mean = 0, sd = 0.2 }", "relapse.toml")
    with pytest.raises(InputError, match="one of time_ratio"):
        check_bias_prior(plan, (RATIO,))
    wrong = (
        "confounder = { prevalence_reference = [1, 1], prevalence_contrast = [1, 1], "
        "difference = { mean = 0, sd = 1 } }"
    )
    plan = parse_plan(TEXT + BIAS.replace("hazard_ratio", "time_ratio") + wrong, "relapse.toml")
    with pytest.raises(InputError, match="log_ratio: the estimand time_ratio is a ratio"):
        check_bias_prior(plan, (RATIO,))


def test_the_measure_is_read_from_the_null_value_and_the_name() -> None:
    assert measure_of(RATIO) is Measure.ratio
    assert measure_of(SCORE) is Measure.difference
    assert measure_of(replace(RATIO, id="odds_ratio_relapse")) is Measure.odds_ratio
    assert measure_of(replace(RATIO, id="effect", label="Hazard ratio, relapse")) is Measure.hazard_ratio


def test_the_sd_of_the_outcome_is_the_printed_one_at_the_visit_of_the_estimand(study: Study) -> None:
    plan = load_plan("prednisone")
    found = outcome_sd(study, plan, replace(SCORE, id="adjusted_difference_last"))
    printed = {
        row.group: (int(row.n or study.group_n(row.group) or 0), float(row.sd))
        for claim in study.claims
        for row in claim.summaries
        if claim.endpoint == "prednisone" and row.visit == "last" and row.sd
    }
    (n1, s1), (n0, s0) = (printed[arm.id] for arm in study.arms)
    assert found == pytest.approx(np.sqrt(((n1 - 1) * s1**2 + (n0 - 1) * s0**2) / (n1 + n0 - 2)))
    assert outcome_sd(study, plan, replace(SCORE, id="mean_difference")) is None
    assert outcome_sd(study, load_plan("relapse"), SCORE) is None


def test_a_confounder_at_the_e_value_takes_the_chance_of_benefit_to_one_half(study: Study) -> None:
    """The bound at the E-value is a bias that puts half of the draws on each side."""
    row = _row(study, RATIO, _draws())
    assert row.e_value is not None
    bound = row.e_value**2 / (2 * row.e_value - 1)
    shifted = _draws() * bound
    assert (shifted < 1).mean() == pytest.approx(0.5, abs=1e-3)
    assert row.tip(0.5).strength == pytest.approx(row.e_value)
    assert row.tip(0.5).factor == pytest.approx(row.median)
    assert row.tip(0.5).flatters


def test_with_the_arms_exchanged_e_values_stay_and_biases_turn_round(study: Study) -> None:
    table = BIAS + "bias = { mean = 0.3, sd = 0 }"
    one = _row(study, RATIO, _draws(), table)
    other = _row(study, RATIO, 1 / _draws(), table.replace("0.3", "-0.3"))
    assert one.p_benefit == pytest.approx(1 - other.p_benefit)
    assert one.e_value == pytest.approx(other.e_value)
    assert one.e_value_limit == pytest.approx(other.e_value_limit)
    assert [tip.bias for tip in one.tips] == pytest.approx([-tip.bias for tip in reversed(other.tips)])
    assert [tip.flatters for tip in one.tips] == [not tip.flatters for tip in reversed(other.tips)]
    assert one.after is not None
    assert other.after is not None
    assert one.after.p_benefit == pytest.approx(1 - other.after.p_benefit)
    # a bias of +0.3 made the ratio too high, where lower is better: without it the answer is better
    assert one.after.p_benefit > one.p_benefit
    assert one.after.median == pytest.approx(one.median * np.exp(-0.3))


def test_a_bias_prior_with_its_tipping_mean_gives_the_probability_asked(study: Study) -> None:
    text = BIAS + "bias = { mean = MEAN, sd = 0.25 }"
    row = _row(study, RATIO, _draws(), text.replace("MEAN", "0.1"))
    assert row.after is not None
    for tip in row.after.tips:
        moved = _row(study, RATIO, _draws(), text.replace("MEAN", f"{tip.bias:.12f}")).after
        assert moved is not None
        # the prior's mean is set to the tip, while a tip is of the mean of its 10 000 draws: SE 0.0025
        assert moved.p_benefit == pytest.approx(tip.probability, abs=0.01)


def test_reanalyze_and_sensitivity_refuse_a_bias_of_what_the_model_lacks(
    study: Study, tmp_path: Path
) -> None:
    text = TEXT + BIAS.replace("hazard_ratio", "odds_ratio") + "bias = { mean = 0, sd = 0.2 }"
    plan = parse_plan(text, "relapse.toml")
    with pytest.raises(InputError, match="confounding → estimand"):
        reanalyze(study, tmp_path / "out", plans=[plan])
    with pytest.raises(InputError, match="confounding → estimand"):
        settings(study, plan)
    assert not (tmp_path / "out").exists()


def test_benefit_reversed_leaves_e_values_and_reverses_what_flatters(study: Study) -> None:
    one, other = _row(study, RATIO, _draws()), _row(study, replace(RATIO, benefit="higher"), _draws())
    assert one.e_value == other.e_value
    assert one.p_benefit == pytest.approx(1 - other.p_benefit)
    assert one.tip(0.5).flatters
    assert not other.tip(0.5).flatters


def test_a_difference_without_an_sd_has_a_tipping_bias_in_its_unit_and_no_e_value(study: Study) -> None:
    draws = np.random.default_rng(1).normal(11, 4, (4, 2500))
    row = _row(study, SCORE, draws)
    assert row.e_value is None
    assert row.tip(0.5).bias == pytest.approx(row.median)
    text = confounding_sentence(row, "B")
    assert text.startswith("Difference in the score, 11.0 (")
    assert "points: a bias of 11.0 points in favour of B would bring it to 0." in text
    assert "E-value" not in text
    with_sd = _row(study, SCORE, draws, BIAS + "outcome_sd = 10.0")
    assert with_sd.e_value is not None
    assert "E-value of the difference in SDs of the outcome, 10.0 points" in confounding_sentence(
        with_sd, "B"
    )


def test_the_sentence_names_the_estimand_the_number_and_what_it_means(study: Study) -> None:
    row = _row(study, RATIO, _draws(0.6, 0.5), BIAS + "bias = { mean = -0.2, sd = 0.3 }")
    text = confounding_sentence(row, "B")
    assert text.startswith(
        "Ratio of times, 0.60 (0.23 to 1.58): an unmeasured confounder associated with both arm "
    )
    assert "by a ratio of at least 2.7 each could bring it to 1 (E-value; 1.0 for the interval, which" in text
    assert "Under the plan's prior of the bias the chance of benefit is " in text
    sure = confounding_sentence(_row(study, RATIO, _draws(0.3, 0.3)), "B")
    assert "for the limit of the interval nearer to 1)" in sure
    assert (
        "With a bias by a factor of 0.49 in favour of B (a ratio of 3.5 each) the chance of benefit falls "
        in sure
    )
    worse = confounding_sentence(_row(study, RATIO, _draws(3.3, 0.3)), "B")
    assert "against B" in worse
    assert "the chance of benefit rises above 0.05" in worse


def test_results_keep_every_number_in_the_cache(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = (
        BIAS + "confounder = { prevalence_reference = [4, 13], prevalence_contrast = [9, 7], "
        "log_ratio = { mean = -0.4, sd = 0.3 } }"
    )
    row = _row(study, RATIO, _draws(), table)
    plan = PlanConfounding("relapse", (row,))
    monkeypatch.setenv("MGBAYES_CACHE", str(tmp_path))
    CONFOUNDING.cache.write("this", plan)
    assert CONFOUNDING.cache.read("this") == plan
    rows = list(confounding_rows(row))
    assert len(rows) == 6
    assert all(set(one) == set(CONFOUNDING_COLUMNS) for one in rows)
    assert {one["bias_prior"] for one in rows} == {None, row.after and row.after.prior}


def test_the_answer_names_the_imbalance_and_one_sentence_a_plan(study: Study) -> None:
    hazard = replace(RATIO, id="hazard_ratio", label="hazard ratio of relapse")
    rng = np.random.default_rng(2)
    facts = [
        Estimand("odds_ratio_x", "odds ratio, thymectomy", "", 1.0, None),
        Estimand("risk_difference_x", "difference in chance, thymectomy", "", 0.0, None),
    ]
    draws = [np.exp(rng.normal(-2.5, 0.5, (4, 2500))), rng.normal(-0.5, 0.1, (4, 2500))]
    balance = _fit(load_plan("balance"), facts[0], draws[0])
    balance = replace(
        balance,
        declared=tuple(facts),
        contrasts=xr.Dataset({row.id: (("chain", "draw"), x) for row, x in zip(facts, draws, strict=True)}),
    )
    fit = _fit(load_plan("relapse"), hazard, _draws())
    found = Reanalysis(study, SimpleNamespace(), (fit, balance))  # type: ignore[arg-type]
    told = list(confounding_cautions(found))
    assert told[0] == "The arms differed before treatment: thymectomy, odds ratio 0.08."
    assert told[1].startswith("Hazard ratio of relapse, 0.50 (")
    assert len(told) == 2
    assert list(plan_confounding(found, [fit])) == []
    randomized = replace(found, study=study.model_copy(update={"randomized": True}))
    assert list(confounding_cautions(randomized)) == []
    assert list(plan_confounding(randomized, [fit])) == []
    assert randomized.confounded(fit) == {}


def test_only_outcomes_of_arms_without_randomization_are_asked_about(study: Study) -> None:
    assert is_asked(study, RATIO)
    assert not is_asked(study, replace(RATIO, benefit=None))
    assert not is_asked(study, replace(RATIO, of_arms=False))
    assert not is_asked(study.model_copy(update={"randomized": True}), RATIO)


def test_the_page_has_every_comparison_and_the_printed_facts_before_treatment(study: Study) -> None:
    table = BIAS + "bias = { mean = 0, sd = 0.2 }"
    plan = parse_plan(TEXT + table.replace("hazard_ratio", "time_ratio"), "relapse.toml")
    rows = (_row(study, RATIO, _draws(), table), _row(study, SCORE, _draws()))
    failed = PlanConfounding("relapse", reason="R-hat 1.2")
    grid: Any = SimpleNamespace(
        study=study, plans=(plan,), confounding=(PlanConfounding(plan.id, rows), failed)
    )
    part: Any = confounding_part(grid)
    assert [row["label"] for row in part["rows"]] == ["Ratio of times", "Difference in the score"]
    assert part["rows"][1]["e_value"] == "not defined"
    assert len(part["sentences"]) == len(part["priors"]) == 1
    assert part["failed"] == [f"{plan.title}: R-hat 1.2"]
    grid.study = study.model_copy(update={"randomized": True})
    assert confounding_part(grid) is None
    facts = {row["label"]: row for row in baseline(study)}
    for row in facts.values():
        assert " of " in row["contrast"]
        assert row["ratio"].startswith("no ratio") or float(row["ratio"]) >= 1
