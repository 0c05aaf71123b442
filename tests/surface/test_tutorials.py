"""The tutorials: commands run when the site is built, and the numbers that they quote are those of the fits."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.conftest import ROOT, run_cli

DOCS = ROOT / "docs"
# page, study, plan, and the estimand whose interval and probability of benefit the page quotes
QUOTED = [
    ("first-paper", "decarli2021", "qor40", "mean_difference_24h", 1),
    ("medians", "fonc2022", "stay", "median_ratio", 2),
    ("hazard-ratios", "roumier2021", "support", "hazard_ratio", 2),
]


def _number(value: float, places: int) -> str:
    return f"{value:.{places}f}".replace("-", "−")


@pytest.mark.evidence
@pytest.mark.parametrize(("page", "study", "plan", "estimand", "places"), QUOTED)
def test_the_numbers_of_a_page_are_those_of_its_command(
    page: str, study: str, plan: str, estimand: str, places: int, tmp_path: Path
) -> None:
    text = (DOCS / f"{page}.md").read_text("utf-8")
    arguments = ["reanalyze", f"studies/{study}.toml", "--plan", f"studies/{study}/{plan}.toml"]
    assert f"uv run mgbayes {' '.join(arguments)}\n" in text
    run = run_cli(*arguments, "--out", tmp_path, cwd=ROOT)
    assert run.code == 0, run.err
    fits = json.loads((tmp_path / "results.json").read_text("utf-8"))["fits"]
    (row,) = (row for row in fits[0]["estimands"] if row["id"] == estimand)
    low, high = (_number(row["interval"][end], places) for end in ("low", "high"))
    assert _number(row["median"], places) in text
    assert f"from {low} to {high}" in " ".join(text.split())
    assert row["p_benefit"] > 0.995 or f"{100 * row['p_benefit']:.0f} %" in text


def test_the_definitions_of_a_quartile_cost_what_the_page_says() -> None:
    text = " ".join((DOCS / "medians.md").read_text("utf-8").split())
    with (DOCS / "_static" / "quantile_definitions.csv").open(newline="") as file:
        rows = {(row["computed"], row["taken_for"]): row for row in csv.DictReader(file)}
    for right in ("6", "7"):
        assert abs(float(rows[right, right]["coverage_sd"]) - 0.95) < 3 * (0.95 * 0.05 / 500) ** 0.5
        assert float(rows[right, right]["p_sd"]) > 0.01
    wide, narrow = (2.718281828 ** float(rows[pair]["log_sd_error"]) for pair in (("6", "7"), ("7", "6")))
    assert f"{100 * (wide - 1):.0f} % too large" in text
    assert f"{100 * (1 - narrow):.0f} % too small" in text
    assert f"cover {100 * float(rows['6', '7']['coverage_sd']):.0f} %" in text


@pytest.mark.long
@pytest.mark.parametrize("path", sorted((ROOT / "studies").glob("*.toml")), ids=lambda path: path.stem)
def test_each_study_is_re_analyzed_and_its_page_is_built(path: Path, tmp_path: Path) -> None:
    """With the plans in its folder, or else with all that are proposed."""
    plans = sorted((path.parent / path.stem).glob("*.toml"))
    named = [word for plan in plans for word in ("--plan", plan)]
    run = run_cli("reanalyze", path, *named, "--no-search", "--out", tmp_path / "report")
    assert "Traceback" not in run.err
    assert run.code == 0, run.err
    fits = json.loads((tmp_path / "report" / "results.json").read_text("utf-8"))["fits"]
    assert fits
    assert all(fit["estimands"] for fit in fits)
    assert path.stem in (tmp_path / "report" / "report.html").read_text("utf-8")
