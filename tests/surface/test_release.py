"""What a release states of itself, alike in every place, and how the command is called."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version

import mgbayes
from tests.conftest import ROOT, run_cli


def test_the_version_is_the_same_everywhere() -> None:
    citation = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    latest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert citation
    assert latest
    assert citation[1] == latest[1] == version("mgbayes") == mgbayes.__version__


def test_the_date_of_the_citation_is_that_of_the_changelog() -> None:
    released = re.search(r"^date-released: (.+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    assert released
    assert f"## {mgbayes.__version__} ({released[1]})\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_command_says_its_version() -> None:
    run = run_cli("--version")
    assert (run.code, run.out, run.err) == (0, f"mgbayes {mgbayes.__version__}\n", "")


def test_a_shell_completes_the_commands() -> None:
    asked = {"_MGBAYES_COMPLETE": "complete_bash", "COMP_WORDS": "mgbayes re", "COMP_CWORD": "1"}
    command = [
        sys.executable,
        "-c",
        "import sys; sys.argv = ['mgbayes']; from mgbayes.cli import main; main()",
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=asked, check=False)
    assert done.stdout.split() == ["reanalyze", "reconstruct"]
