"""Killed by the operating system at random moments, a command loses no finished work and ends with the same files."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT

KILLS = 10
"""Of each command."""
COMMANDS = {"reanalyze": ("--no-search",), "sensitivity": ("--no-surfaces",)}
STUDY = ROOT / "studies" / "lim2011.toml"
FAMILIES = 'family = "independent"\nalternative_families = ["beta"]'
MORE = """
[priors.p]
form = "beta"
values = [1.0, 1.0]
why = "a test"

[[sensitivity]]
effect = "log_odds_ratio_death"
estimand = "odds_ratio_death"
expected = 0.5
why = "a test"
"""


def _start(command: str, base: Path, name: str) -> subprocess.Popen[bytes]:
    """The command with an output folder and a cache of this name."""
    options = ["--plan", str(base / "plan.toml"), *COMMANDS[command], "--out", str(base / name / "out")]
    return subprocess.Popen(
        [sys.executable, "-m", "mgbayes", command, str(STUDY), *options],
        env=os.environ | {"MGBAYES_CACHE": str(base / name / "cache")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _kept(cache: Path) -> dict[Path, int]:
    """Finished work, and when it was written."""
    return {path: path.stat().st_mtime_ns for path in cache.glob("*/*") if path.is_file()}


def _written(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def _same(folder: Path, other: Path) -> None:
    """All files alike but the draws in netCDF, whose bytes HDF5 does not fix."""
    one, two = _written(folder), _written(other)
    assert one.keys() == two.keys()
    assert [name for name in one if not name.endswith(".nc") and one[name] != two[name]] == []


@pytest.mark.evidence
@pytest.mark.parametrize("command", COMMANDS)
def test_killed_at_random_moments_it_goes_on_where_it_stopped(command: str, tmp_path: Path) -> None:
    plan = (ROOT / "studies" / "lim2011" / "yes_no.toml").read_text("utf-8")
    assert 'family = "independent"' in plan
    text = plan.replace('family = "independent"', FAMILIES) + MORE
    (tmp_path / "plan.toml").write_text(text, "utf-8")
    start = time.monotonic()
    assert _start(command, tmp_path, "whole").wait() == 0
    seconds = time.monotonic() - start
    everything = len(_kept(tmp_path / "whole" / "cache"))

    rng = np.random.default_rng(20)
    killed = {"out": tmp_path / "killed" / "out", "cache": tmp_path / "killed" / "cache"}
    before: dict[Path, int] = {}
    found = []
    while len(found) < KILLS:
        job = _start(command, tmp_path, "killed")
        try:
            code = job.wait(timeout=rng.uniform(0.1, 1.0) * seconds)
        except subprocess.TimeoutExpired:
            os.killpg(job.pid, signal.SIGKILL)
            assert job.wait() == -signal.SIGKILL
            after = _kept(killed["cache"])
            assert before.items() <= after.items()
            before = after
            found.append(len(after))
        else:  # it came to its end first: the files are those of one run, and it begins from nothing
            assert code == 0
            assert before.items() <= _kept(killed["cache"]).items()
            _same(tmp_path / "whole" / "out", killed["out"])
            shutil.rmtree(tmp_path / "killed")
            before = {}
    assert _start(command, tmp_path, "killed").wait() == 0
    assert before.items() <= _kept(killed["cache"]).items()
    _same(tmp_path / "whole" / "out", killed["out"])
    assert any(0 < kept < everything for kept in found), (found, everything)
