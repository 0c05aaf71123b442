"""Deliberate faults, one at a time, each in a private copy of the project: do its tests notice?

``python -m tests.mutants.run`` prints what became of every mutant and the share that was noticed, and ends with 1
where that is below 90 %. A mutant is noticed when one of its tests fails, or when they do not end in time, which is
told. Results are stored as they come; a mutant whose file and tests have not changed since is not run again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.mutants.mutant import ROOT, SOURCE, Mutant, mutants

LEAST = 0.9
SECONDS = 120.0
KILLED, IN_TIME, SURVIVED, BROKEN = "killed", "killed by time", "survived", "tests fail without it"
_SLOW_TO_LOAD = ("arviz_stats", "matplotlib.pyplot", "nutpie", "pandera.pandas", "pymc", "statsmodels.api")
_NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "site", "dist")


class Copy:
    """A copy of the project, in which one mutant after another is tried."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        shutil.copytree(ROOT, self.root, ignore=_NOT_COPIED)
        self._clock = time.time()

    def outcome(self, mutant: Mutant, seconds: float = SECONDS) -> tuple[str, str]:
        """What became of a mutant, and the test that failed."""
        place = mutant.place(self.root)
        original = place.read_text("utf-8")
        self._write(place, mutant.edited())
        try:
            return self.run(mutant.tests, seconds)
        finally:
            self._write(place, original)

    def run(self, tests: Sequence[str], seconds: float = SECONDS) -> tuple[str, str]:
        """What became of these tests, in a process of their own: libraries are loaded, the project is not.

        The threads that libraries started (of linear algebra) do not exist in it, and are started anew where needed.
        """
        with tempfile.TemporaryDirectory() as scratch:
            told = Path(scratch) / "failed"
            child = os.fork()
            if child == 0:
                _test(self.root, tests, Path(scratch), told)
            code = _wait(child, seconds)
            failed = told.read_text("utf-8") if told.exists() else ""
        if code is None:
            return IN_TIME, ""
        return (SURVIVED, "") if code == 0 else (KILLED, failed or f"pytest ended with {code}")

    def _write(self, place: Path, text: str) -> None:
        """Each time with a later date, by which Python tells compiled code of an older source."""
        place.write_text(text, "utf-8", newline="\n")
        self._clock += 2
        os.utime(place, (self._clock, self._clock))


def _test(root: Path, tests: Sequence[str], scratch: Path, told: Path) -> NoReturn:
    """Run tests in a forked process that has nothing of the project yet, up to the first that fails."""
    os.setsid()
    with (scratch / "output").open("w", encoding="utf-8") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    os.chdir(root)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "mgbayes")]:
        del sys.modules[name]
    source = str(root / SOURCE.partition("/")[0])
    sys.path = [source, str(root), *(path for path in sys.path if path not in ("", str(ROOT)))]
    os.environ |= {"PYTHONPATH": source, "TMPDIR": str(scratch)}
    tempfile.tempdir = None
    code = 70
    with suppress(BaseException):
        code = int(pytest.main(["-n0", "-x", "-m", "", *tests], plugins=[_FirstFailure(root, told)]))
    os._exit(code)


class _FirstFailure:
    """Writes the name of the test that failed, and sees to it that the copy is what is tested."""

    def __init__(self, root: Path, told: Path) -> None:
        self._root, self._told = root, told

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self._told.exists():
            self._told.write_text(report.nodeid, "utf-8")

    def pytest_sessionfinish(self) -> None:
        package = sys.modules.get("mgbayes")
        if package is not None and self._root not in Path(str(package.__file__)).parents:
            os._exit(71)


def _wait(child: int, seconds: float) -> int | None:
    """The exit code; None for a process that did not end in time, which is killed with all that it started."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def key(mutant: Mutant) -> str:
    """A hash of the mutant, the file that it edits and the files of its tests."""
    files = [mutant.place(), *(ROOT / test.partition("::")[0] for test in mutant.tests)]
    texts = [path.read_bytes() for path in dict.fromkeys(files)]
    return hashlib.sha256(repr((astuple(mutant), texts)).encode()).hexdigest()[:16]


def try_all(chosen: Sequence[Mutant], stored: Path, seconds: float = SECONDS) -> dict[str, tuple[str, str]]:
    """The outcome of each mutant by its key: read where it is stored, else found and stored."""
    results = _read(stored)
    found: dict[str, tuple[str, str]] = {}
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    for name in _SLOW_TO_LOAD:
        __import__(name)
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder))
        waiting = [mutant for mutant in chosen if key(mutant) not in results]
        unsound = _fail_anyway(copy, dict.fromkeys(test for mutant in waiting for test in mutant.tests))
        for mutant in chosen:
            at = key(mutant)
            if at not in results:
                sound = unsound.isdisjoint(mutant.tests)
                results[at] = copy.outcome(mutant, seconds) if sound else (BROKEN, "")
                _store(stored, results)
            found[at] = results[at]
            print(f"{found[at][0]:<14}  {mutant.file}: {mutant.fault}", flush=True)
    return found


def _fail_anyway(copy: Copy, tests: Iterable[str]) -> set[str]:
    """The tests that do not pass without a mutant: all are run together and, where one fails, each by itself."""
    every = list(tests)
    if not every or copy.run(every, SECONDS * len(every))[0] == SURVIVED:
        return set()
    return {test for test in every if copy.run([test])[0] != SURVIVED}


def _read(stored: Path) -> dict[str, tuple[str, str]]:
    if not stored.exists():
        return {}
    return {at: (row[0], row[1]) for at, row in json.loads(stored.read_text("utf-8")).items()}


def _store(stored: Path, results: Mapping[str, Any]) -> None:
    kept = {at: row for at, row in results.items() if row[0] != BROKEN}
    stored.write_text(json.dumps(kept, indent=0) + "\n", "utf-8", newline="\n")


def table(chosen: Sequence[Mutant], found: Mapping[str, tuple[str, str]]) -> str:
    """By package how many mutants there are and how many were noticed; those that were not; and the score."""
    outcomes = {mutant: found[key(mutant)][0] for mutant in chosen}
    every, noticed = Counter(mutant.package for mutant in chosen), Counter[str]()
    for mutant, outcome in outcomes.items():
        noticed[mutant.package] += outcome in (KILLED, IN_TIME)
    lines = [f"{package:<20}{noticed[package]:>4} of {count:<4}" for package, count in sorted(every.items())]
    lines += [
        f"{outcome}: {mutant.file}: {mutant.fault}" + (f" ({mutant.survives})" if mutant.survives else "")
        for mutant, outcome in outcomes.items()
        if outcome != KILLED
    ]
    score = f"{sum(noticed.values())} of {len(chosen)} mutants noticed ({share(found):.1%})"
    return "\n".join([*lines, score])


def share(found: Mapping[str, tuple[str, str]]) -> float:
    """The share of mutants that was noticed."""
    return sum(row[0] in (KILLED, IN_TIME) for row in found.values()) / max(len(found), 1)


def main() -> None:
    """Print the table; ends with 1 where less than ``LEAST`` are noticed, or a test fails without a mutant."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", default="", help="mutants whose file or fault has this text")
    options.add_argument("--seconds", type=float, default=SECONDS, help="for the tests of one mutant")
    options.add_argument("--results", type=Path, default=ROOT / "mutants.json")
    given = options.parse_args()
    chosen = [one for one in mutants() if given.only in one.file or given.only in one.fault]
    found = try_all(chosen, given.results, given.seconds)
    print(table(chosen, found))
    broken = any(row[0] == BROKEN for row in found.values())
    raise SystemExit(broken or share(found) < LEAST)


if __name__ == "__main__":
    main()
