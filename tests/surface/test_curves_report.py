"""reanalyze --curves: the report says that its patients are reconstructed, and tells none of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mgbayes.reconstruction.from_curve import reconstruct
from mgbayes.reconstruction.write import write_ensemble
from tests.conftest import ROOT, run_cli
from tests.oracles.known_patients import bench
from tests.oracles.test_curves_as_evidence import ARMS, KNOWN

MEMBERS = 3


def _plan(folder: Path) -> Path:
    """The shipped plan with one family and fewer draws."""
    text = (ROOT / "models" / "relapse.toml").read_text("utf-8")
    text = re.sub(r"(?m)^alternative_families = .*$", "alternative_families = []", text)
    text = re.sub(r"(?m)^draws = .*$", "draws = 1000", text)
    path = folder / "relapse.toml"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture(scope="module", name="report")
def _report(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path, np.ndarray]:
    folder = tmp_path_factory.mktemp("curves")
    rng = np.random.default_rng(1)
    setting = bench.Setting("noise", table=True)
    curves = [bench.digitized(arm, name, setting, rng) for arm, name in zip(KNOWN, ARMS, strict=True)]
    ensemble = reconstruct(curves, members=5, seed=1)
    file = write_ensemble(ensemble, folder / "Jane Doe.csv")
    options = ("--curve-members", str(MEMBERS), "--plan", _plan(folder), "--no-search", "--json")
    run = run_cli("reanalyze", "--curves", f"time_to_relapse={file}", *options, "--out", folder / "out")
    assert run.code == 0, run.err
    return json.loads(run.out), folder / "out", ensemble.data["time"].to_numpy().ravel()


@pytest.mark.long
def test_the_fit_is_said_to_stand_on_curves(report: tuple[dict[str, Any], Path, np.ndarray]) -> None:
    result, folder, _ = report
    (fit,) = [fit for fit in result["fits"] if fit["evidence"] == "km"]
    assert result["provenance"]["reconstructed_patients"] is True
    assert (fit["reconstructed"]["members"], fit["reconstructed"]["members_available"]) == (MEMBERS, 5)
    assert len(fit["reconstructed"]["diagnostics_by_member"]) == MEMBERS
    assert {row["id"] for row in fit["reconstructed"]["spread"]} == {row["id"] for row in fit["estimands"]}
    page = (folder / "report.html").read_text("utf-8")
    assert "Reconstructed patients." in page
    assert f"each of {MEMBERS} data sets" in page


@pytest.mark.long
def test_neither_the_file_nor_a_time_of_it_is_told(report: tuple[dict[str, Any], Path, np.ndarray]) -> None:
    _, folder, times = report
    told = {f"{time * days:.6f}" for time in times for days in (1, 365.25 / 12)}
    for path in folder.rglob("*"):
        if path.is_file():
            assert b"Jane Doe" not in path.read_bytes()
        if path.suffix in (".json", ".csv", ".html"):
            numbers = {
                f"{float(number):.6f}" for number in re.findall(r"\d+\.\d{3,}", path.read_text("utf-8"))
            }
            assert not numbers & told, path


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("relapse.csv", "ENDPOINT=FILE"),
        ("time_to_relapse=none.csv", "none.csv"),
        ("dose=none.csv", "none.csv"),
    ],
)
def test_a_faulty_option_stops_before_anything_is_written(tmp_path: Path, option: str, told: str) -> None:
    run = run_cli("reanalyze", "--curves", option, "--out", tmp_path / "out")
    assert run.code == 2
    assert told in run.err
    assert "Traceback" not in run.err
    assert not (tmp_path / "out").exists()
