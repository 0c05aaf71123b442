"""Sentences of the report on the toy: each number and each word that gives it a direction, worked out here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mgbayes.inference.diagnostics import Diagnostics
from mgbayes.inference.predictive import PredictiveCheck
from mgbayes.overall.tables import agreement
from mgbayes.report import document_tables
from mgbayes.report.answer import plan_answer, predictive_answer
from mgbayes.report.conclusion import conclusion
from mgbayes.report.confounding_words import confounding_cautions
from mgbayes.report.document import Ref
from mgbayes.report.findings_table import findings_table
from mgbayes.report.live import parts
from mgbayes.report.manuscript.checklists import checklist
from mgbayes.report.manuscript.journal import profile, save_as
from mgbayes.report.manuscript.latex_text import escaped
from mgbayes.report.manuscript.methods import methods
from mgbayes.report.overall_words import overall_answer, overall_rows
from mgbayes.report.picture import Picture
from mgbayes.robustness.reference_priors import heavy_tailed
from tests.oracles.report import toy
from tests.oracles.report.test_what_is_written import expected, shown_interval, shown_percent

TOY = toy.reanalysis()
FITS = {plan[0].plan.id: plan for plan in TOY.by_plan()}


def test_an_answer_that_moves_by_more_than_a_fifth_depends_on_the_analysis() -> None:
    one, other = (expected(fit, fit.rows[1]).p_benefit for fit in toy.FITS[:2])
    assert one is not None
    assert other is not None
    assert one - other > 0.2
    said = (
        f"This depends on the analysis: from {shown_percent(other)} (gamma distribution, follow-up assumed) to "
        f"{shown_percent(one)} (log-normal distribution, follow-up assumed) over 2 analyses."
    )
    assert said in " ".join(plan_answer(TOY, FITS["home"]))
    low, high = (expected(fit, fit.rows[0]).p_benefit for fit in toy.FITS[3:5])
    assert low is not None
    assert high is not None
    assert high - low < 0.2
    assert "It depends little on the analysis: from" in " ".join(plan_answer(TOY, FITS["falls"]))


def test_a_plan_of_the_balance_is_answered_by_its_differences() -> None:
    row = toy.WOMAN_ROWS[1]
    (said,) = plan_answer(TOY, FITS["balance"])
    assert (
        said == f"New care against Old care. {row.label}: {shown_interval(row, expected(toy.FITS[8], row))}."
    )


def test_a_number_outside_the_prediction_is_told_with_what_was_expected() -> None:
    fit = TOY.fits[3]
    inside = "Falls, Weibull distribution: 1 of 1 reported numbers lie within the central 95 % that the fit expects."
    assert predictive_answer(fit) == inside
    far = PredictiveCheck("falls, patients", "contrast", "", 15.0, (1.0, 8.0, 17.0), (2.0, 6.0, 11.0))
    assert predictive_answer(replace(fit, checks=(far,))) == (
        "Falls, Weibull distribution: 1 of 1 reported numbers lie outside: falls, patients (contrast arm) 15.0, "
        "expected 2.00 to 11.0."
    )
    (row,) = document_tables.predictive(replace(TOY, fits=(replace(fit, checks=(far,)),))).rows
    assert row[1:] == (
        "falls, patients, New care",
        "15.0",
        "8.00 (1.00 to 17.0)",
        "6.00 (2.00 to 11.0)",
        "no",
    )


def test_the_overall_answer_is_told_from_its_lowest_to_its_highest() -> None:
    benefit = TOY.overall
    assert benefit is not None
    chances = [row.overall.p_mean for row in benefit.variations]
    low, high = shown_percent(min(chances)), shown_percent(max(chances))
    assert low != high
    text = conclusion(TOY)
    assert text.index(f"between {low} (") < text.index(f"and {high} (")
    first, *_ = overall_rows(TOY)
    at_least = benefit.main.p_at_least
    assert (first["but_one"], first["all"]) == (shown_percent(at_least[1]), shown_percent(at_least[2]))
    assert first["but_one"] != first["all"]
    bounds = agreement(benefit).set_index("at_least").loc[3]
    all_three = f"that all 3 favour New care lies between {shown_percent(bounds['low_any_dependence'])} and "
    assert f"{all_three}{shown_percent(bounds['high_any_dependence'])}." in overall_answer(TOY)[-1]


def test_the_table_of_findings_counts_the_patients_of_both_arms() -> None:
    assert {row[1] for row in findings_table(TOY).rows} == {"40"}


def test_the_largest_monte_carlo_error_is_that_of_the_chance_nearest_to_one_half() -> None:
    chances = [expected(f, r).p_benefit for f in toy.FITS if not f.failed for r in f.rows]
    nearest = min((p for p in chances if p is not None), key=lambda p: abs(p - 0.5))
    size = toy.CHAINS * toy.DRAWS
    assert float(document_tables.worst_mcse(TOY)) == pytest.approx(
        (nearest * (1 - nearest) / size) ** 0.5, rel=0.15
    )


def test_a_fact_before_treatment_whose_interval_leaves_out_no_difference_is_told() -> None:
    first, *_ = confounding_cautions(TOY)
    assert first.startswith("The arms differed before treatment: woman, odds ratio ")


def test_the_patients_of_a_counted_outcome_are_those_of_whom_it_is_known() -> None:
    (fit,) = (fit for fit in TOY.fits if "patients" in fit.data)
    endpoint = fit.plan.endpoints[0].endpoint
    of_arm = {TOY.study.reference.id: "12", TOY.study.contrast.id: "15"}
    claims = tuple(
        claim.model_copy(
            update={
                "summaries": tuple(
                    row.model_copy(update={"n": of_arm.get(row.group, row.n), "count": "7"})
                    for row in claim.summaries
                )
            }
        )
        if claim.endpoint == endpoint
        else claim
        for claim in TOY.study.claims
    )
    study = TOY.study.model_copy(update={"claims": claims})
    rows = replace(TOY, study=study).summary_of_findings
    assert [row.patients for row in rows if row.fit is fit] == [(12, 15)]


def test_the_methods_say_draws_after_tuning_and_the_patients_of_each_arm() -> None:
    arms = [arm.model_copy(update={"n": n}) for arm, n in zip(TOY.study.arms, ("20", "21"), strict=True)]
    plan = TOY.fits[3].plan
    sampling = plan.sampling.model_copy(update={"chains": 3, "draws": 1234, "tune": 567, "seed": 89})
    fit = replace(TOY.fits[3], plan=plan.model_copy(update={"sampling": sampling}))
    other = replace(TOY, study=TOY.study.model_copy(update={"arms": tuple(arms)}), fits=(fit,))
    text = "".join(part for paragraph in methods(other) for part in paragraph if isinstance(part, str))
    assert "3 chains of 1234 draws after 567 tuning draws, seed 89." in text
    assert "New care (21 patients) was compared with Old care (20 patients), the reference." in text


def test_a_figure_is_as_wide_as_the_journal_asks(tmp_path) -> None:  # type: ignore[no-untyped-def]
    from matplotlib.image import imread

    picture = Picture("one", "One.", (5.0, 3.0), lambda figure: figure.subplots(), lambda: None)  # type: ignore[arg-type, return-value]
    wanted = profile("190mm-300dpi")
    (file,) = save_as(picture, wanted, tmp_path / "one", ("png",))
    assert imread(file).shape[1] == pytest.approx(wanted.width_mm / 25.4 * wanted.dpi, abs=1)


def test_the_peak_of_a_heavy_tailed_prior_is_that_of_its_student_t() -> None:
    """Of t with 3 degrees of freedom 2 / (π √3); of the normal 1 / √(2 π)."""
    own = TOY.fits[3].priors["effect"]
    (normal,), (heavy,) = parts(own), [row for row in parts(heavy_tailed(own).prior) if row["df"]][:1]
    assert normal["peak"] == pytest.approx(-0.5 * np.log(2 * np.pi))
    assert heavy["peak"] == pytest.approx(np.log(2 / (np.pi * 3**0.5)))


def test_every_failed_diagnostic_is_told() -> None:
    from mgbayes.report.answer import failure

    bad = Diagnostics(1.02, 500, 2000, 3, 0.5, 0.0)
    text = failure(replace(TOY.fits[3], diagnostics=bad))
    assert "largest R-hat is 1.02, asked at most 1.01" in text
    assert "smallest bulk effective sample size is 500, asked at least 1000" in text
    assert "divergent transitions is 3, asked none" in text
    assert "tail" not in text


def test_a_chance_of_a_quarter_is_inconclusive_and_not_worse() -> None:
    quarter = expected(toy.FITS[6], toy.SLIP_ROWS[0]).p_benefit
    assert quarter is not None
    assert 0.05 < quarter < 0.4
    text = conclusion(replace(TOY, fits=(TOY.fits[3], replace(TOY.fits[6], alternative=None))))
    assert "Worse" not in text
    assert f"mean difference, pain at end {shown_percent(quarter)}" in text.partition("Inconclusive")[2]


def test_what_latex_would_take_for_a_command_is_text() -> None:
    assert escaped("50 % of A&B_x #1 {y} ~z^2 $5") == (
        r"50 \% of A\&B\_x \#1 \{y\} \textasciitilde{}z\textasciicircum{}2 \$5"
    )


def test_a_checklist_names_where_an_item_stands_or_that_it_is_missing() -> None:
    (item, *_) = [row for row in checklist("BARG").items if row.where == ("priors",)]
    place = checklist("BARG").items.index(item)
    here = checklist("BARG").filled({"priors": "Table 2"}).rows[place]
    absent = checklist("BARG").filled({}).rows[place]
    assert (here[2], here[3]) == ((Ref("priors"),), item.says or "Not reported.")
    assert (absent[2], absent[3]) == ((), "Not in this analysis.")
    assert absent[4] == (item.gap or "To be added by the authors.")
