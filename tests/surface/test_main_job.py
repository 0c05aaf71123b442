"""The main job, run as a user runs it: what it writes, and that the pieces agree."""

from __future__ import annotations

import csv
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from mgbayes.inference.diagnostics import DIAGNOSTICS
from tests.conftest import ROOT, Run, run_cli

Job = tuple[Run, Path]
MAIN_FITS = {("remission", "lognormal"), ("relapse", "weibull"), ("prednisone", "normal_ratio")}


pytestmark = pytest.mark.long


@pytest.fixture(scope="module", name="job")
def _job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """The main job on the embedded study, with a cache of its own, started as a user would."""
    base = tmp_path_factory.mktemp("job")
    env = {"MGBAYES_CACHE": str(base / "cache")}
    run = run_cli("reanalyze", "--out", base / "out", "--json", env=env)
    return run, base / "out"


@pytest.fixture(scope="module", name="results")
def _results(job: Job) -> dict:
    return json.loads((job[1] / "results.json").read_text("utf-8"))


def test_it_ends_well_and_prints_the_results_on_standard_output(job: Job, results: dict) -> None:
    run, _ = job
    assert run.code == 0, run.err
    assert json.loads(run.out) == results


def test_results_have_the_agreed_form(results: dict) -> None:
    assert results["schema_version"] == 1
    assert results["study"] == "litchman2020"
    assert results["evidence"] == "published"
    assert len(results["claims"]) == 52
    for fit in results["fits"]:
        assert {"plan", "family", "prior", "alternative", "evidence", "status", "diagnostics"} <= set(fit)
        assert {row.id for row in DIAGNOSTICS} == set(fit["diagnostics"])
        if fit["status"] != "ok":  # a printed p that no credible data set gives: told, and no estimate made
            assert fit["printed_p"]["share_of_draws_that_agree"] == 0
            assert fit["estimands"] == []
        for row in fit["estimands"]:
            assert row["interval"]["kind"] == "equal-tailed"
            assert row["interval"]["prob"] == 0.95
            assert row["interval"]["low"] < row["median"] < row["interval"]["high"]


def test_no_fit_failed_its_diagnostics_and_only_the_log_rank_p_of_remission_has_no_draws(
    results: dict,
) -> None:
    failed = [fit for fit in results["fits"] if fit["status"] != "ok"]
    assert [(fit["plan"], fit["printed_p"]["test"]) for fit in failed] == [("remission", "log-rank")]
    # Chains of tables have no trajectories that could diverge.
    by_tables = [fit for fit in results["fits"] if fit["diagnostics"]["divergences"] is None]
    assert {fit["printed_p"]["test"] for fit in by_tables} == {"Mann-Whitney", "log-rank"}
    others = [fit for fit in results["fits"] if fit["estimands"] and fit not in by_tables]
    assert all(fit["diagnostics"]["divergences"] == 0 for fit in others)


def test_the_three_main_outcomes_have_the_estimands_of_the_design(results: dict) -> None:
    ids = {(fit["plan"], row["id"]) for fit in results["fits"] for row in fit["estimands"]}
    for plan, names in {
        "remission": "odds_ratio_ever time_ratio risk_difference_365 risk_difference_730 rmst_difference_1825",
        "relapse": "hazard_ratio event_free_difference_730 rmst_difference_1825",
        "prednisone": "mean_difference_12m mean_difference_last change_difference_12m change_difference_last "
        "adjusted_difference_12m adjusted_difference_last",
    }.items():
        assert {(plan, name) for name in names.split()} <= ids


def test_printed_values_lie_in_the_predictive_bands_or_the_page_says_that_they_do_not(
    job: Job, results: dict
) -> None:
    page = (job[1] / "report.html").read_text("utf-8")
    outside = [row for fit in results["fits"] for row in fit["predictive_checks"] if not row["inside"]]
    assert page.count("reported numbers lie outside") == len(
        [fit for fit in results["fits"] if any(not row["inside"] for row in fit["predictive_checks"])]
    )
    assert len(outside) <= 0.1 * sum(len(fit["predictive_checks"]) for fit in results["fits"])


def test_every_reported_estimand_has_at_least_4000_effective_draws(results: dict) -> None:
    rows = [row for fit in results["fits"] for row in fit["estimands"]]
    assert rows
    assert min(row["ess_bulk"] for row in rows) >= 4000


def test_the_endpoints_with_printed_counts_are_fitted(results: dict) -> None:
    ids = {row["id"] for fit in results["fits"] for row in fit["estimands"]}
    for endpoint in ("pis_mm", "pis_improved", "maintenance_user", "thymectomy"):
        assert f"odds_ratio_{endpoint}" in ids
        assert f"risk_difference_{endpoint}" in ids


def test_only_outcomes_have_a_probability_of_benefit(results: dict) -> None:
    for fit in results["fits"]:
        for row in fit["estimands"]:
            assert (row["p_benefit"] is None) == (fit["plan"] == "balance")


def test_the_tables_say_what_the_results_say(job: Job, results: dict) -> None:
    with (job[1] / "tables" / "estimands.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    flat = [(fit, row) for fit in results["fits"] for row in fit["estimands"]]
    assert len(rows) == len(flat)
    for table, (fit, row) in zip(rows, flat, strict=True):
        assert (table["plan"], table["family"], table["estimand"]) == (fit["plan"], fit["family"], row["id"])
        assert float(table["median"]) == pytest.approx(row["median"], rel=1e-9)  # ten digits are written


def test_the_stored_draws_give_the_reported_median(job: Job, results: dict) -> None:
    fit = results["fits"][0]
    path = job[1] / "posterior" / f"{fit['plan']}-{fit['family']}-{fit['evidence']}.nc"
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        for row in fit["estimands"]:
            draws = tree["contrasts"][row["id"]].to_numpy()
            assert np.median(draws) == pytest.approx(row["median"], rel=1e-9)  # ten digits are written


def test_all_outcomes_together_stand_on_the_fits_of_each(job: Job, results: dict) -> None:
    overall = results["overall"]
    found = {
        (fit["plan"], row["id"]): row["p_benefit"]
        for fit in results["fits"]
        for row in fit["estimands"]
        if fit["alternative"] is None and fit["printed_p"] is None
        if (fit["plan"], fit["family"]) in MAIN_FITS
    }
    names = {
        "remission": "odds_ratio_ever",
        "relapse": "hazard_ratio",
        "prednisone": "adjusted_difference_last",
    }
    assert [row["outcome"] for row in overall["outcomes"]] == list(names)
    for row in overall["outcomes"]:
        assert row["p_benefit"] == pytest.approx(found[row["outcome"], names[row["outcome"]]], abs=1e-12)
    every, p = overall["agreement"][-1], [row["p_benefit"] for row in overall["outcomes"]]
    # Frechet: all of three lie between the excess of the sum over two and the smallest.
    assert every["bounds"]["low"] == pytest.approx(max(0.0, sum(p) - 2))
    assert every["bounds"]["high"] == pytest.approx(min(p))
    # With no correlation they are independent.
    assert dict(map(tuple, every["by_correlation"]))[0.0] == pytest.approx(np.prod(p), abs=1e-9)
    kinds = {row["kind"] for row in overall["variations"]}
    assert {"left out", "other contrast", "other fit", "correlation of outcomes"} <= kinds
    assert 'id="together"' in (job[1] / "report.html").read_text("utf-8")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.images = 0
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.images += tag == "img"
        for name, value in attrs:
            if name in ("src", "href") and value and not value.startswith(("data:", "#")):
                self.fetched.append(value)
        assert tag not in ("link", "iframe", "object")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_is_self_contained_and_holds_every_figure(job: Job) -> None:
    html = (job[1] / "report.html").read_text("utf-8")
    page = _Page()
    page.feed(html)
    assert page.fetched == []
    assert "@import" not in html
    assert not re.search(r"url\((?!['\"]?(?:data:|#))", html)
    assert page.images == len(list((job[1] / "figures").glob("*.svg")))


def test_the_page_shows_every_claim_and_every_finding(job: Job, results: dict) -> None:
    page = _Page()
    page.feed((job[1] / "report.html").read_text("utf-8"))
    text = " ".join(" ".join(page.text).split())
    for claim in results["claims"]:
        assert claim["id"] in text
    for finding in results["findings"]:
        assert " ".join(finding["text"][1:].split()) in text


def test_each_figure_is_there_as_svg_and_png(job: Job) -> None:
    stems = {path.stem for path in (job[1] / "figures").glob("*.svg")}
    assert stems == {path.stem for path in (job[1] / "figures").glob("*.png")}
    assert {"printed_p", "binary_ratios", "binary_chances"} <= stems


def test_the_committed_report_is_what_the_command_writes(job: Job, results: dict) -> None:
    """Verdicts and words to the letter; draws may differ between processors, so numbers by their error."""
    committed = json.loads((ROOT / "reports" / "litchman2020" / "results.json").read_text("utf-8"))
    assert committed["files"] == results["files"]
    assert [(row["id"], row["verdict"]) for row in committed["claims"]] == [
        (row["id"], row["verdict"]) for row in results["claims"]
    ]
    assert [row["text"] for row in committed["findings"]] == [row["text"] for row in results["findings"]]
    for old, new in zip(committed["fits"], results["fits"], strict=True):
        assert (old["plan"], old["family"], old["priors"]) == (new["plan"], new["family"], new["priors"])
        for before, now in zip(old["estimands"], new["estimands"], strict=True):
            assert before["id"] == now["id"]
            # Two independent runs: the difference of their medians is within five standard errors; the error
            # of a median is at most 1.5 times that of a mean for posteriors like these.
            error = 1.5 * np.hypot(
                before["sd"] / before["ess_bulk"] ** 0.5, now["sd"] / now["ess_bulk"] ** 0.5
            )
            assert abs(before["median"] - now["median"]) < 5 * error


def test_a_second_run_reads_the_kept_fits_and_writes_the_same_bytes(job: Job, tmp_path: Path) -> None:
    first = job[1]
    env = {"MGBAYES_CACHE": str(first.parent / "cache")}
    kept = {path: path.stat().st_mtime_ns for path in (first.parent / "cache").rglob("*.nc")}
    run = run_cli("reanalyze", "--out", tmp_path / "again", env=env)
    assert run.code == 0, run.err
    assert kept == {path: path.stat().st_mtime_ns for path in (first.parent / "cache").rglob("*.nc")}
    for path in sorted(first.rglob("*")):
        if path.is_file() and path.suffix != ".nc":
            assert path.read_bytes() == (tmp_path / "again" / path.relative_to(first)).read_bytes(), path


def test_a_report_is_replaced_without_touching_other_files(job: Job, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(job[1], folder)
    (folder / "my notes.txt").write_text("mine", "utf-8")
    stale = folder / "figures" / "stale.svg"
    stale.write_text("old", "utf-8")
    results = json.loads((folder / "results.json").read_text("utf-8"))
    results["files"] += ["figures/stale.svg", "../outside.txt"]
    outside = tmp_path / "outside.txt"
    outside.write_text("not ours", "utf-8")
    (folder / "results.json").write_text(json.dumps(results), "utf-8")
    env = {"MGBAYES_CACHE": str(job[1].parent / "cache")}
    assert run_cli("reanalyze", "--no-search", "--plan", "balance", "--out", folder, env=env).code == 0
    assert (folder / "my notes.txt").read_text("utf-8") == "mine"
    assert outside.read_text("utf-8") == "not ours"
    assert not stale.exists()
    assert not (folder / "figures" / "binary_ratios.svg").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
