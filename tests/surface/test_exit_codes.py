"""Exit codes that a script can tell apart."""

from __future__ import annotations

import subprocess
import sys

from mgbayes.errors import EXIT_FIT_FAILED, EXIT_INPUT, EXIT_UNEXPECTED

# The command line as it is started, with one function under it broken.
BROKEN = """
import sys
import mgbayes.study.load as load
from mgbayes.cli import main

def broken(study):
    raise {error}

load.load_study = broken
sys.argv = ["mgbayes", "verify"]
main()
"""


def _run(error: str) -> subprocess.CompletedProcess[str]:
    code = BROKEN.format(error=error)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_an_unexpected_error_ends_with_70_its_traceback_and_what_to_do() -> None:
    run = _run('RuntimeError("the disk is on fire")')
    assert run.returncode == EXIT_UNEXPECTED == 70
    assert run.stdout == ""
    assert "Traceback" in run.stderr
    assert "RuntimeError: the disk is on fire" in run.stderr
    assert run.stderr.rstrip().endswith("please report it with the lines above.")


def test_every_other_end_keeps_its_code() -> None:
    assert len({0, EXIT_FIT_FAILED, EXIT_INPUT, EXIT_UNEXPECTED, 130}) == 5
    input_error = _run('__import__("mgbayes.errors").errors.InputError("mine.toml", [])')
    assert input_error.returncode == EXIT_INPUT
    assert "Traceback" not in input_error.stderr
    assert _run('__import__("typer").Exit(1)').returncode == EXIT_FIT_FAILED
    assert _run("KeyboardInterrupt").returncode == 130
