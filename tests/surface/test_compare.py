"""mgbayes compare: what it writes for a study of another field, in its words, and what it refuses."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mgbayes
from mgbayes.comparison.simulated import METHODS
from tests.conftest import ROOT, Run, run_cli

TABLES = (
    "rules",
    "scenarios",
    "size",
    "calibration",
    "seen",
    "average",
    "times",
    "values",
    "lost",
    "verdicts",
)
FIGURES = (
    *("size", "power", "calibration"),
    *(f"{kind}_{name}" for kind in ("times", "values") for name in ("scenarios", "zip", "calibration")),
)
FILES = {
    "comparison.html",
    *(f"tables/{name}.csv" for name in TABLES),
    *(f"figures/{name}.{kind}" for name in FIGURES for kind in ("svg", "png", "csv")),
}
NONE = ("--repetitions", "0")
OF_ONE_STUDY = re.compile("rituximab|prednisone|remission|relapse|antibod|musk|achr|mgfa", re.IGNORECASE)


@pytest.fixture(scope="module", name="made")
def _made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    folder = tmp_path_factory.mktemp("compared")
    mgbayes.init(folder / "mine")
    asked = ("--repetitions", "100", "--published", "20", "--out", folder / "out")
    run = run_cli("compare", folder / "mine" / "study.toml", *asked)
    return run, folder / "out"


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "tables" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.long
def test_it_answers_in_words_and_writes_a_page_tables_and_figures(made: tuple[Run, Path]) -> None:
    run, folder = made
    assert run.code == 0, run.err
    assert run.out.startswith("• For a yes/no outcome of 20 and 18 patients, use ")
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == FILES


@pytest.mark.long
def test_the_page_is_of_the_study_and_fetches_nothing(made: tuple[Run, Path]) -> None:
    html = (made[1] / "comparison.html").read_text("utf-8")
    text = re.sub(r"data:image/svg\+xml;base64,[A-Za-z0-9+/=]+", "", html)
    assert "Which rule can be trusted with 20 and 18 patients?" in text
    assert not OF_ONE_STUDY.search(text)
    assert not re.findall(r"(?:src|href)=\"https?:", text)
    for sentence in made[0].out.splitlines():
        assert sentence.removeprefix("• ").replace("'", "&#39;") in text
    assert len(re.findall("<figure", text)) == len(FIGURES)


@pytest.mark.long
def test_every_simulated_figure_has_its_error_and_stands_on_the_page(made: tuple[Run, Path]) -> None:
    html = (made[1] / "comparison.html").read_text("utf-8")
    for name, methods in zip(("times", "values"), METHODS.values(), strict=True):
        table = _rows(made[1], name)
        assert {row["rule"] for row in table} == set(methods)
        for row in table:
            measure = "power" if row["power"] else "concludes_by_mistake"
            share = float(row[measure])
            assert float(row[f"{measure}_mcse"]) == pytest.approx(
                (share * (1 - share) / 100) ** 0.5, abs=1e-6
            )
        for method in methods.values():
            assert f'<th scope="row">{method.label}'.replace("'", "&#39;") in html
    assert "100 simulated studies of each scenario" in html


@pytest.mark.long
def test_the_counts_of_the_paper_stand_under_every_rule(made: tuple[Run, Path]) -> None:
    study = mgbayes.load_study(made[1].parent / "mine" / "study.toml")
    seen, rules = _rows(made[1], "seen"), _rows(made[1], "rules")
    outcomes = {row["endpoint"] for row in seen}
    assert outcomes
    assert len(seen) == len(outcomes) * len(rules)
    for row in seen:
        label = study.endpoint(row["endpoint"]).label
        assert row["outcome"] == label
        assert (row["reference"].split("/")[1], row["contrast"].split("/")[1]) == ("20", "18")


@pytest.mark.long
def test_benefit_follows_the_study(made: tuple[Run, Path], tmp_path: Path) -> None:
    """A probability of benefit becomes its complement where what was better is worse."""
    text = (made[1].parent / "mine" / "study.toml").read_text("utf-8")
    turned = text.replace('benefit = "higher"', "@").replace('benefit = "lower"', 'benefit = "higher"')
    (tmp_path / "study.toml").write_text(turned.replace("@", 'benefit = "lower"'), "utf-8")
    assert run_cli("compare", tmp_path / "study.toml", *NONE, "--out", tmp_path / "out").code == 0
    other = {
        "contrast better": "reference better",
        "reference better": "contrast better",
        "neither": "neither",
    }
    for one, two in zip(_rows(made[1], "seen"), _rows(tmp_path / "out", "seen"), strict=True):
        assert one["p"] == two["p"]
        assert two["concludes"] == other[one["concludes"]]
        if one["p_benefit"]:
            assert float(one["p_benefit"]) == pytest.approx(1 - float(two["p_benefit"]), abs=2e-6)


@pytest.mark.long
def test_arms_by_themselves_and_results_for_machines(tmp_path: Path) -> None:
    run = run_cli("compare", "--arms", "8", "9", *NONE, "--json", cwd=tmp_path)
    assert run.code == 0, run.err
    rows = {row["rule"]: row for row in json.loads(run.out)}
    assert rows["fisher"]["largest_size"] < 0.05
    assert rows["barnard"]["least_coverage"] is None
    assert (tmp_path / "reports" / "comparison-8-9" / "comparison.html").exists()
    assert not (tmp_path / "reports" / "comparison-8-9" / "tables" / "seen.csv").exists()


def test_every_fault_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    run = run_cli(
        *("compare", "--arms", "0", "99", "--expected", "0.5", "--repetitions", "7", "--published", "7"),
        *("--method", "log_rnk", "--out", tmp_path / "out"),
    )
    assert (run.code, run.out) == (2, "")
    assert "6 problems" in run.err
    assert "did you mean 'log_rank'?" in run.err
    assert "Traceback" not in run.err
    assert not (tmp_path / "out").exists()


@pytest.mark.long
def test_arms_too_small_for_the_simulated_methods_are_compared_by_counts_alone(tmp_path: Path) -> None:
    run = run_cli("compare", "--arms", "3", "4", "--out", tmp_path / "out")
    assert run.code == 0, run.err
    assert not (tmp_path / "out" / "tables" / "times.csv").exists()
    refused = run_cli("compare", "--arms", "3", "4", "--repetitions", "500", "--out", tmp_path / "out")
    assert refused.code == 2
    assert "with 4 patients or more in each arm" in refused.err


@pytest.mark.long
def test_scenarios_are_those_of_the_file_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "truths.toml"
    path.write_text(
        "[[scenarios]]\nreference = 0.3\nodds_ratio = 1.0\n[[scenarios]]\nreference = 0.2\nodds_ratio = 4.0\n"
    )
    args = ("compare", "--arms", "6", "7", *NONE, "--scenarios", path, "--out", tmp_path / "out")
    assert run_cli(*args).code == 0
    found = {(row["reference_risk"], row["odds_ratio"]) for row in _rows(tmp_path / "out", "scenarios")}
    assert found == {("0.3", "1"), ("0.2", "4")}
    path.write_text("[[scenarios]]\nreference = 1.3\n[[scenarios]]\nreference = 0.2\nodds_ratio = -4.0\n")
    run = run_cli(*args)
    assert (run.code, run.out) == (2, "")
    assert "3 problems" in run.err
    assert "scenarios[1] → reference" in run.err


@pytest.mark.long
def test_scenarios_of_times_and_measured_outcomes_are_those_of_the_file_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "truths.toml"
    path.write_text(
        "[[times]]\nhazard_ratio = 0.5\nfollowed = [0.5, 2.0]\n[[times]]\n"
        '[[values]]\neffect_size = -1.0\nlaw = "with zeros"\n[[values]]\nsd_ratio = 3.0\n'
    )
    some = [part for name in ("log_rank", "welch") for part in ("--method", name)]
    args = (
        "compare",
        "--arms",
        "6",
        "7",
        "--repetitions",
        "100",
        *some,
        "--scenarios",
        path,
        "--out",
        tmp_path / "out",
    )
    assert run_cli(*args).code == 0
    assert [(row["rule"], row["scenario"]) for row in _rows(tmp_path / "out", "times")] == [
        ("log_rank", "hazard ratio 0.5, Weibull shape 1, followed for 0.5 to 2"),
        ("log_rank", "no effect, Weibull shape 1"),
    ]
    assert {row["scenario"] for row in _rows(tmp_path / "out", "values")} == {
        "shift of -1 SD, with zeros",
        "no effect, normal, SD 3 times as large in the contrast arm",
    }
    path.write_text(
        '[[times]]\nshape = -1.0\nkind = "never"\nfollowed = [3.0, 1.0]\n'
        '[[values]]\nsd_ratio = -2.0\nlaws = "normal"\n'
    )
    run = run_cli(*args, "--method", "log_rnk")
    assert (run.code, run.out) == (2, "")
    assert "6 problems" in run.err
    assert "the shortest follow-up, then the longest" in run.err
    assert "times[1] → shape" in run.err


@pytest.mark.long
def test_killed_and_started_again_it_repeats_no_finished_block_and_writes_the_same(tmp_path: Path) -> None:
    """Killed by the operating system once a few blocks are kept; in the end the tables are those of one run."""
    some = [part for name in ("log_rank", "bayesian_piecewise_usual", "welch") for part in ("--method", name)]
    args = ["--arms", "9", "8", "--repetitions", "2000", "--cores", "1", *some]

    def start(cache: str, out: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "mgbayes", "compare", *args, "--out", str(tmp_path / out)]
        environment = os.environ | {"MGBAYES_CACHE": str(tmp_path / cache)}
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    killed = start("one", "out")
    kept = tmp_path / "one" / "comparisons"
    for _ in range(1200):
        if len(list(kept.glob("*.json"))) >= 5 or killed.poll() is not None:
            break
        time.sleep(0.1)
    killed.kill()
    assert killed.wait() == -signal.SIGKILL
    before = {path.name: path.stat().st_mtime_ns for path in kept.glob("*.json")}
    assert len(before) >= 5
    assert start("one", "out").wait() == 0
    assert start("two", "other").wait() == 0
    after = {path.name: path.stat().st_mtime_ns for path in kept.glob("*.json")}
    assert before.items() <= after.items()
    assert len(after) > len(before)
    for path in (tmp_path / "other" / "tables").iterdir():
        assert path.read_bytes() == (tmp_path / "out" / "tables" / path.name).read_bytes()


@pytest.mark.long
def test_the_committed_comparison_is_what_the_command_writes(tmp_path: Path) -> None:
    assert run_cli("compare", *NONE, "--out", tmp_path / "out").code == 0
    committed = ROOT / "reports" / "litchman2020" / "comparison"
    for name in ("rules", "seen"):
        for old, new in zip(_rows(committed, name), _rows(tmp_path / "out", name), strict=True):
            assert old.keys() == new.keys()
            for key, value in new.items():
                assert old[key] == value or float(old[key]) == pytest.approx(float(value), rel=1e-4, abs=1e-6)
