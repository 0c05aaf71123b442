"""Asked to end (SIGTERM), a command takes its worker processes with it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

WORKERS = 2


def _family(root: int) -> set[int]:
    """A process and all that it started."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    family, found = {root} & set(parents), -1
    while len(family) > found:
        found = len(family)
        family |= {child for child, parent in parents.items() if parent in family}
    return family


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return False


def test_worker_processes_end_with_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mgbayes", "calibrate", "binary", "--replicates", "5000"]
    options = ["--jobs", str(WORKERS), "--out", str(tmp_path)]
    job = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True)
    assert _wait(lambda: len(_family(job.pid)) > WORKERS, 90)
    family = _family(job.pid)
    job.send_signal(signal.SIGTERM)
    assert job.wait(60) == 130
    assert "Interrupted" in job.communicate()[1]
    assert _wait(lambda: not any(_family(member) for member in family), 30)
