"""docs/new-model.md followed literally in a copy: one file, one plan and one row give a model that fits."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "new-model.md").read_text("utf-8")
ROW_STARTS = "MODELS: Mapping[str, ModelRow] = {\n"


def _followed(folder: Path) -> Path:
    """A copy of the package and its plans with the file, the plan and the row of the page."""
    for name in ("src", "models"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    steps = re.findall(
        r"\*\*\d\. One (\w+)\*\*[^`]*(?:`MODELS`[^`]*)?`([\w./]+)`.*?```\w+\n(.*?)```", PAGE, re.DOTALL
    )
    assert [what for what, _, _ in steps] == ["file", "plan", "row"]
    (_, file, code), (_, plan, numbers), (_, catalogue, row) = steps
    assert not (folder / file).exists()
    assert not (folder / plan).exists()
    (folder / file).write_text(code, "utf-8")
    (folder / plan).write_text(numbers, "utf-8")
    text = (folder / catalogue).read_text("utf-8")
    assert text.count(ROW_STARTS) == 1
    (folder / catalogue).write_text(text.replace(ROW_STARTS, ROW_STARTS + row), "utf-8")
    return folder


@pytest.fixture(scope="module", name="copy")
def _copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _followed(tmp_path_factory.mktemp("copy"))


def _run(copy: Path, name: str) -> None:
    """The page's own command of that name, in the copy."""
    (line,) = re.findall(rf"^\$ uv run mgbayes ({name} .*)$", PAGE, re.MULTILINE)
    done = subprocess.run(
        [sys.executable, "-m", "mgbayes", *line.split()],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _exact(counts: tuple[int, int], patients: tuple[int, int]) -> tuple[float, float]:
    """P(odds ratio > 1) and its posterior median by summation over a grid of both parameters."""
    level, effect = np.linspace(-6, 6, 801)[:, None], np.linspace(-3, 3, 1201)[None, :]
    log_density = stats.norm.logpdf(level, 0, 1.5) + stats.norm.logpdf(effect, 0, 0.5)
    for side, y, n in zip((-0.5, 0.5), counts, patients, strict=True):
        log_density = log_density + stats.binom.logpmf(y, n, 1 / (1 + np.exp(-(level + side * effect))))
    weights = np.exp(log_density - log_density.max()).sum(axis=0)
    weights /= weights.sum()
    above = float(weights[effect[0] > 0].sum() + weights[effect[0] == 0].sum() / 2)
    return above, float(np.exp(np.interp(0.5, weights.cumsum() - weights / 2, effect[0])))


@pytest.mark.long
def test_the_model_of_the_page_is_fitted_and_reported(copy: Path) -> None:
    _run(copy, "reanalyze")
    results = json.loads((copy / "out" / "results.json").read_text("utf-8"))
    (fit,) = results["fits"]
    assert (fit["plan"], fit["family"], fit["status"]) == ("log_odds", "logistic", "ok")
    (row,) = fit["estimands"]
    p_benefit, median = _exact((11, 12), (17, 16))
    assert row["p_benefit"] == pytest.approx(p_benefit, abs=4 * row["mcse_p_benefit"])
    assert row["median"] == pytest.approx(median, rel=0.03)
    page = (copy / "out" / "report.html").read_text("utf-8")
    assert "Odds ratio of improvement" in page
    assert (copy / "out" / "figures" / "log_odds_ratios.svg").exists()


@pytest.mark.long
def test_the_model_of_the_page_can_be_calibrated(copy: Path) -> None:
    _run(copy, "calibrate")
    (stored,) = (copy / "evidence").rglob("*.json")
    assert json.loads(stored.read_text("utf-8"))["replicates"] == 10
