"""The grid as a whole: its size, going on after a kill, the same tables from any number of processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mgbayes.errors import InputError
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan_file import load_plan, parse_plan, shipped_plans
from mgbayes.report.write_grid import write_grid
from mgbayes.robustness.run import Grid, sensitivity
from mgbayes.robustness.settings import settings
from mgbayes.robustness.tables import tables
from mgbayes.study import Study
from mgbayes.study.cohorts import context_cohorts, embedded_cohorts
from mgbayes.synthesis.cohorts import cohort_evidence
from tests.conftest import ROOT, run_cli

SCRIPT = """
import sys
from pathlib import Path
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan_file import parse_plan
from mgbayes.report.write_grid import write_grid
from mgbayes.robustness.run import Grid, sensitivity
from mgbayes.study import load_study
from tests.oracles.normal_toy import PLAN, ROW
MODELS["toy"] = ROW
plan = parse_plan(PLAN, "toy.toml")
write_grid(sensitivity(load_study(), [plan], cores=1), Path(sys.argv[1]))
"""
PRINTED = [plan for plan in shipped_plans() if not MODELS[plan.model].patients_only]
"""The plans that a paper alone can feed: how far these can be pushed is what the grid asks."""
CELLS = 12
REFITS = 15
BINARY = (ROOT / "models" / "binary.toml").read_text("utf-8")


def _start(out: Path, cache: Path) -> subprocess.Popen[bytes]:
    cache.mkdir(exist_ok=True)
    env = os.environ | {"MGBAYES_CACHE": str(cache)}
    command = [sys.executable, "-c", SCRIPT, str(out)]
    return subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True)


def _kept(cache: Path) -> dict[Path, int]:
    places = [*(cache / "cells").glob("*.json"), *(cache / "refits").glob("*.json")]
    return {path: path.stat().st_mtime_ns for path in places}


@pytest.mark.long
def test_killed_in_the_middle_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    running = _start(tmp_path / "never", cache)
    deadline = time.monotonic() + 300
    while len(_kept(cache)) < 3 and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    os.killpg(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    before = _kept(cache)
    assert 3 <= len(before) < CELLS
    assert not (tmp_path / "never").exists()

    assert _start(tmp_path / "resumed", cache).wait() == 0
    after = _kept(cache)
    assert len(after) == CELLS + REFITS
    assert {path: after[path] for path in before} == before

    assert _start(tmp_path / "whole", tmp_path / "other").wait() == 0
    for path in sorted((tmp_path / "whole").rglob("*")):
        if path.is_file():
            other = tmp_path / "resumed" / path.relative_to(tmp_path / "whole")
            assert other.read_bytes() == path.read_bytes(), path


@pytest.mark.long
def test_the_same_files_from_one_process_and_from_two(study: Study, tmp_path: Path) -> None:
    plan = load_plan("binary")
    small = plan.model_copy(update={"sensitivity": plan.sensitivity[:1]})
    grids = [sensitivity(study, [small], cores=cores, use_cache=False) for cores in (1, 2)]
    assert len(grids[0].cells) == 13
    for grid, name in zip(grids, ("one", "two"), strict=True):
        write_grid(grid, tmp_path / name)
    files = [path for path in sorted((tmp_path / "one").rglob("*")) if path.is_file()]
    assert {path.name for path in files} >= {f"{name}.csv" for name in tables(grids[0])}
    for path in files:
        other = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert other.read_bytes() == path.read_bytes(), path


@pytest.mark.long
def test_chains_start_alike_whatever_the_prior_and_the_doubtful_number(study: Study) -> None:
    """Else the draws of a cell would hang on which cell a compiled model was built for."""
    starts: dict[tuple[str, str], set[str]] = {}
    for plan in PRINTED:
        for row in settings(study, plan):
            if (
                row.printed_p
                or not row.has_effect
                or row.reference_prior.name not in ("plan", "pessimistic, strong")
            ):
                continue
            job = row.refit()
            assert job.start is not None
            built = job.model.build(job.data, job.family, job.start.prior_set(job.family))
            point = repr({name: np.round(at, 12).tolist() for name, at in built.initial_point(1).items()})
            starts.setdefault((plan.id, row.family), set()).add(point)
    assert {family: len(points) for family, points in starts.items()} == dict.fromkeys(starts, 1)


def test_the_grid_of_the_embedded_study_has_at_least_200_cells(study: Study) -> None:
    grid = [row for plan in PRINTED for row in settings(study, plan)]
    assert len(grid) >= 200
    assert {row.plan.id for row in grid} == {"remission", "relapse", "prednisone", "binary"}
    assert sum(row.is_base for row in grid) == sum(len(plan.sensitivity) for plan in PRINTED)
    others = {row.varied.effect for row in grid if row.reference_prior.name == "other cohorts, robust"}
    assert others == {"log_odds_ratio"}


def test_every_outcome_plan_says_what_it_varies_and_decides(study: Study) -> None:
    for plan in PRINTED:
        if plan.role == "outcome" and plan.effects(
            plan.family
        ):  # the effects of ordered classes are one a visit
            assert plan.decision is not None
            assert plan.decision.estimand in {row.estimand for row in plan.sensitivity}
            assert all("no powered effect" in row.why for row in plan.sensitivity)


@pytest.mark.long
def test_the_command_writes_tables_figures_and_json(tmp_path: Path) -> None:
    one = tmp_path / "one.toml"
    one.write_text(_with_one_row(BINARY), "utf-8")
    run = run_cli("sensitivity", "--plan", one, "--out", tmp_path / "out", "--cores", "1", "--json")
    assert run.code == 0, run.err
    result = json.loads(run.out)
    assert [row["rule"] for row in result["decisions"]] == [
        "Conclude that MuSK+ does better when P(odds ratio, minimal manifestations or better (PIS) > 1) "
        "is at least 0.95."
    ]
    for name in result["files"]:
        assert (tmp_path / "out" / name).stat().st_size > 0
    cells = pd.read_csv(tmp_path / "out" / "tables" / "cells.csv")
    assert len(cells) == len(result["cells"]) == 13
    suffixes = {Path(name).suffix for name in result["files"] if name.startswith("figures/")}
    assert suffixes == {".svg", ".png", ".csv"}
    drawn = pd.read_csv(tmp_path / "out" / "figures" / "binary_odds_ratio_pis_mm_cells.csv")
    assert drawn["p_benefit"].tolist() == sorted(cells.loc[cells["status"] != "failed", "p_benefit"])
    page = (tmp_path / "out" / "sensitivity.html").read_text("utf-8")
    assert page.count("<img ") == len([name for name in result["files"] if name.endswith(".svg")])
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    for cell in result["cells"]:
        assert cell["evidence"] != "published" or cell["family"] != "independent" or cell["belief"] in page
    assert "Chance of benefit" in page


def _with_one_row(text: str) -> str:
    head, *rows = text.split("[[sensitivity]]")
    tail = rows[-1][rows[-1].index("[sampling]") :]
    return f"{head}[[sensitivity]]{rows[0]}{tail}"


MISTAKES = {
    "no effect of the model": (
        'effect = "log_odds_ratio_pis_mm"',
        'effect = "tau"',
        ["sensitivity → 1 → effect", "'tau'", "log_odds_ratio_pis_mm, log_odds_ratio_pis_improved"],
    ),
    "a ratio of one": ("expected = 2.0", "expected = 1.0", ["sensitivity", "a ratio of 1 is no effect"]),
    "no reason": ('why = "An odds', 'whi = "An odds', ["whi", "why"]),
    "an impossible probability": ("probability = 0.95", "probability = 0.4", ["decision", "0.4"]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_in_a_plan_is_named(name: str) -> None:
    before, after, said = MISTAKES[name]
    assert before in BINARY
    with pytest.raises(InputError) as error:
        parse_plan(BINARY.replace(before, after, 1), "mine.toml")
    for part in said:
        assert part in str(error.value)


def test_estimands_that_the_model_does_not_have_are_named(study: Study) -> None:
    text = BINARY.replace('estimand = "odds_ratio_pis_improved"\nexpected', 'estimand = "odds"\nexpected')
    text = text.replace('[decision]\nestimand = "odds_ratio_pis_mm"', '[decision]\nestimand = "chances"')
    with pytest.raises(InputError) as error:
        settings(study, parse_plan(text, "mine.toml"))
    assert len(error.value.problems) == 2
    assert "'odds'" in str(error.value)
    assert "'chances'" in str(error.value)


OWN = """
[[sensitivity.priors]]
name = "%s"
form = "normal"
values = [0.4, 0.3]
why = "What was found in the clinic before."
"""


def test_a_prior_of_the_users_own_is_tried_beside_the_named_ones(study: Study) -> None:
    first = BINARY.index("[[sensitivity]]", BINARY.index("[[sensitivity]]") + 1)
    text = BINARY[:first] + OWN % "our clinic" + BINARY[first:]
    rows = [
        row
        for row in settings(study, parse_plan(text, "mine.toml"))
        if row.reference_prior.name == "our clinic"
    ]
    assert [(row.varied.estimand, row.family) for row in rows] == [("odds_ratio_pis_mm", "independent")]
    assert (rows[0].reference_prior.mean, rows[0].reference_prior.sd) == pytest.approx((0.4, 0.3))
    taken = BINARY[:first] + OWN % "skeptical, strong" + BINARY[first:]
    with pytest.raises(InputError, match="a name that no other prior has"):
        settings(study, parse_plan(taken, "mine.toml"))
    with pytest.raises(InputError, match="normal or student_t_mixture"):
        parse_plan(
            text.replace('form = "normal"\nvalues = [0.4, 0.3]', 'form = "beta"\nvalues = [2, 3]'),
            "mine.toml",
        )


def test_a_family_without_the_effect_is_named(study: Study) -> None:
    text = BINARY.replace('family = "independent"', 'family = "beta"')
    text = text.replace('alternative_families = ["beta"]', "")
    with pytest.raises(InputError, match="a family with an effect"):
        settings(study, parse_plan(text, "mine.toml"))


def test_other_cohorts_stand_on_the_page_with_their_conflict_and_their_weight(
    study: Study, tmp_path: Path
) -> None:
    plan = load_plan("remission")
    evidence = cohort_evidence(study, embedded_cohorts(), context=context_cohorts(), claim="remission.ever")
    write_grid(Grid(study, (plan,), (), (), (), (), evidence), tmp_path / "out")
    page = (tmp_path / "out" / "sensitivity.html").read_text("utf-8")
    robust = evidence.main.robust
    assert f"weight {robust.vague_before:.2f} before and {robust.vague_after:.2f} after" in page
    assert f"predictive probability of {round(100 * evidence.main.conflict.p_as_low)} %" in page
    assert all(f": {row.study}</td>" in page for row in evidence.cohorts)
    for kind in ("svg", "csv"):
        drawn = {path.stem for path in (tmp_path / "out" / "figures").glob(f"*.{kind}")}
        assert drawn == {"cohorts_forest", "cohorts_conflict"}
    forest = pd.read_csv(tmp_path / "out" / "figures" / "cohorts_forest.csv")
    assert forest["p_benefit"].iloc[-1] == pytest.approx(robust.posterior.above(0.0), rel=1e-5)
    answers = pd.read_csv(tmp_path / "out" / "tables" / "cohorts_answers.csv")
    assert len(answers) == 1 + len(evidence.variations)


def test_a_plan_that_varies_nothing_is_refused(study: Study) -> None:
    with pytest.raises(InputError, match="plan balance"):
        sensitivity(study, [load_plan("balance")])
