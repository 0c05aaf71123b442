"""What several test files share: the embedded study, and runs of the command."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from mgbayes.study import Study, load_study

# Many tests start a process of their own; without bytecode each would compile every library it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Every test has a cache of its own; what libraries compile, or know of fonts, is made once for all.
os.environ.setdefault("PYTENSOR_FLAGS", f"base_compiledir={Path.home() / '.pytensor'}")
os.environ.setdefault("MPLCONFIGDIR", str(Path.home() / ".cache" / "matplotlib"))

# A browser, TeX and LibreOffice are system packages that not everyone has: where no browser is named, the files that
# need them are not collected, and the last lines of every run say so.
_NEED_A_BROWSER = [
    "surface/test_office.py",
    "surface/test_page_in_browser.py",
    "surface/test_live.py",
    "surface/test_live_refits.py",
]
collect_ignore = [] if os.environ.get("MGBAYES_BROWSER") else _NEED_A_BROWSER


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which files were left out."""
    if collect_ignore:
        terminalreporter.section("not collected: MGBAYES_BROWSER names no Chromium", yellow=True)
        for name in collect_ignore:
            terminalreporter.line(f"tests/{name}")


ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Run:
    """One run of the command line."""

    code: int
    out: str
    err: str


def run_cli(*args: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> Run:
    """Run mgbayes in a process of its own, as a user does."""
    done = subprocess.run(
        [sys.executable, "-m", "mgbayes", *map(str, args)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | (env or {}),
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing that an earlier run kept is read by the tests."""
    os.environ["MGBAYES_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def study() -> Study:
    return load_study()
