"""mgbayes cohort: what it writes, in the words of a study, and what it refuses."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import mgbayes
from mgbayes.latent_cohort.run import Settings
from mgbayes.latent_cohort.tables import tables
from mgbayes.report.latent_cohort_words import short_answer, why_it_differs
from mgbayes.report.write_latent_cohort import write_latent_cohort
from tests.conftest import run_cli
from tests.oracles.latent_cohort.small_studies import FALLS, PILLS, plan

SETTINGS = Settings(chains=32, warmup=20, draws=8, thin=2, seed=2)


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
