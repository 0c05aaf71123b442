"""mgbayes cohort: what it writes, in the words of a study, and what it refuses."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mgbayes
from mgbayes.latent_cohort.predicted import Predicted
from mgbayes.latent_cohort.run import Settings, cohort_of, outcomes_of
from mgbayes.latent_cohort.tables import tables
from mgbayes.report.latent_cohort_words import short_answer, why_it_differs
from mgbayes.report.write_latent_cohort import write_latent_cohort
from mgbayes.study.statistics.statistic import Number
from tests.conftest import run_cli
from tests.oracles.latent_cohort.small_studies import FALLS, PILLS, WALKS, plan

SETTINGS = Settings(chains=32, warmup=20, draws=8, thin=2, seed=2)
EACH = Settings(chains=64, warmup=60, draws=40, thin=5, seed=2, each_number=True)


@pytest.fixture(scope="module", name="made")
def _made(tmp_path_factory: pytest.TempPathFactory) -> tuple[mgbayes.Study, Path]:
    folder = tmp_path_factory.mktemp("cohort") / "out"
    plans = [plan("relapse", "fall", horizons=[5], restricted_to=9)]
    found = mgbayes.cohort(FALLS, plans, settings=SETTINGS, cores=1)
    write_latent_cohort(found, folder)
    (folder / "sentences.txt").write_text("\n".join(short_answer(found)), "utf-8")
    return FALLS, folder


def test_it_writes_a_page_tables_and_figures_but_no_patient(made: tuple[mgbayes.Study, Path]) -> None:
    study, folder = made
    page = (folder / "cohort.html").read_text("utf-8")
    assert study.question in page
    assert "https://" not in page.replace("http://www.w3.org", "")
    written = {path.stem for path in (folder / "tables").glob("*.csv")}
    assert {"estimands", "dependence", "moves", "numbers"} <= written
    with (folder / "tables" / "numbers.csv").open(encoding="utf-8") as file:
        assert {(row["claim"], row["use"]) for row in csv.DictReader(file)} == {
            (claim, "in the model") for claim in ("fell", "times", "followup")
        }
    assert all(len(path.read_text("utf-8").splitlines()) < 40 for path in (folder / "tables").glob("*.csv"))


def test_each_number_is_told_with_what_the_others_predict(tmp_path: Path) -> None:
    """One count that is predicted, and a mean far from what others would say."""
    found = mgbayes.cohort(WALKS, [plan("binary", "walks")], settings=EACH, cores=1)
    assert [row.statement.group for row in found.predicted] == ["old", "new"]
    mean = cohort_of(PILLS, outcomes_of(PILLS, (plan("prednisone", "pills"),), 0.5)[0]).statements[0]
    draws = np.random.default_rng(1).normal(20, 3, (64, 30))
    far = Predicted(
        replace(mean, column=found.predicted[0].statement.column), Number("mean", "2.5"), draws, 0.02
    )
    found = replace(found, predicted=(*found.predicted, far))
    frame = tables(found)["each_number"]
    assert frame["number"].tolist()[0] == "mean"
    assert frame["tail"].is_monotonic_increasing
    write_latent_cohort(found, tmp_path / "out")
    page = (tmp_path / "out" / "cohort.html").read_text("utf-8")
    assert "Count of walks, Old care" in page
    said = " ".join(short_answer(found))
    assert "Of 3 numbers, each left out and predicted from all the others, 1 lies in the outer 5 %" in said
    assert "do not predict mean of walks, Old care: 2.5 where they say 19.9" in said
    assert "Probability of a misprint: 2 % before, at least" in said


def test_an_estimand_whose_chains_disagree_has_no_number() -> None:
    """Two chains a group and hardly a sweep: nothing has converged, and nothing is told."""
    short = Settings(chains=16, warmup=1, draws=4, thin=1)
    found = mgbayes.cohort(PILLS, [plan("prednisone", "pills")], settings=short, cores=1)
    frame = tables(found)["estimands"]
    reasons = " ".join(why_it_differs(found))
    assert "a share at zero" in reasons
    assert "definitions" not in reasons
    assert found.failed
    assert frame.loc[frame["rhat"] > 1.01, ["median", "p_benefit"]].isna().all().all()
    assert next(iter(short_answer(found))).startswith("Without an estimate")


def test_numbers_that_no_table_has_are_refused_with_their_place(tmp_path: Path) -> None:
    raw = PILLS.model_dump(mode="json", exclude_none=True)
    raw["claims"][0]["summaries"][0] |= {"mean": "2.5", "sd": "0.01"}
    broken = mgbayes.Study.model_validate(raw)
    with pytest.raises(Exception, match=r'summaries of "old".*2.5 ± 0.01') as error:
        mgbayes.cohort(broken, [plan("prednisone", "pills")], settings=SETTINGS, cores=1)
    assert type(error.value).__name__ == "InputError"


def test_a_plan_that_it_cannot_hold_is_refused() -> None:
    run = run_cli("cohort", "litchman2020", "--plan", "hospital")
    assert run.code == 2
    assert "an amount that is never negative" in run.err


@pytest.mark.long
def test_p_values_are_looked_for_and_told(tmp_path: Path) -> None:
    """A p that many tables have is evidence; one that none has is disbelieved, and does not stop the rest."""
    raw = PILLS.model_dump(mode="json", exclude_none=True)
    claim = raw["claims"][0]
    raw["claims"][0] = claim | {"p": "0.28", "comparison": {"between": "arms"}}
    raw["claims"].append(claim | {"id": "again", "what": "again", "summaries": [], "p": "<0.001"})
    raw["claims"][1] |= {"comparison": {"between": "arms"}}
    study = mgbayes.Study.model_validate(raw)
    settings = Settings(chains=32, warmup=20, draws=8, thin=2, seed=2, p_values=True)
    found = mgbayes.cohort(study, [plan("prednisone", "pills")], settings=settings, cores=1)
    assert found.given_p is not None
    assert [row.text for row in found.given_p.met] == ["0.28"]
    usual, never = found.given_p.rows
    assert usual.misprint < usual.prior < 0.5 < never.misprint
    assert sum(usual.of_tests or ()) == pytest.approx(1)
    assert never.of_tests is None
    write_latent_cohort(found, tmp_path / "out")
    page = (tmp_path / "out" / "cohort.html").read_text("utf-8")
    assert "not reached from 8 starts" in page
    assert "The other numbers disbelieve p &lt;0.001 for again" in page
    assert {"p_given_the_rest", "estimands_given_p"} <= {
        path.stem for path in (tmp_path / "out" / "tables").glob("*.csv")
    }
