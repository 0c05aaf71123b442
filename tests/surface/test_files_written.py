"""What the commands write, and where: every file that is opened for writing, by them and by their child processes."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

HOOK = """
import os, sys

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
_LOG = os.open(os.environ["FILES_WRITTEN"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def _hook(event, args):
    if event == "open" and isinstance(args[2], int) and args[2] & _WRITES and not isinstance(args[0], int):
        path = args[0]
    elif event in ("os.rename", "os.link", "os.symlink"):
        path = args[1]
    elif event == "os.mkdir":
        path = args[0]
    else:
        return
    os.write(_LOG, (os.path.abspath(os.fsdecode(path)) + "\\n").encode())


sys.addaudithook(_hook)
"""
STUDY = """
schema_version = 1
id = "walks"
title = "Walking with new and old shoes"
citation = "invented"
question = "Do more walk with new shoes?"
sources = [{ id = "A", what = "invented" }]
arms = [
  { id = "old", label = "old shoes", n = "12", reference = true },
  { id = "new", label = "new shoes", n = "11" },
]
endpoints = [{ id = "walks", label = "walking", kind = "binary", benefit = "higher" }]

[[claims]]
id = "walks"
what = "walking"
source = ["A"]
endpoint = "walks"
summaries = [{ group = "old", count = "5" }, { group = "new", count = "8" }]
p = "0.15"
comparison = { between = "arms" }

[patients]
id = "who"
arm = { column = "shoes", values = { old = ["old"], new = ["new"] } }
endpoints = [{ endpoint = "walks", column = "walks" }]
"""
PLAN = """
schema_version = 1
id = "walks"
title = "Walking"
question = "Do more walk with new shoes?"
model = "binary"
family = "independent"
endpoints = [{ endpoint = "walks" }]

[priors.level]
form = "normal"
values = [0.0, 1.5]
why = "a test"

[priors.log_odds_ratio]
form = "normal"
values = [0.0, 1.5]
why = "a test"

[decision]
estimand = "odds_ratio_walks"

[[sensitivity]]
effect = "log_odds_ratio_walks"
estimand = "odds_ratio_walks"
expected = 2.0
why = "a test"
"""
COMMANDS = {
    "verify": ("study.toml", "--patients", "Zbigniew Quux.csv", "--no-search"),
    "reanalyze": ("study.toml", "--plan", "plan.toml", "--patients", "Zbigniew Quux.csv", "--no-search"),
    "manuscript": ("study.toml", "--plan", "plan.toml", "--no-search"),
    "sensitivity": ("study.toml", "--plan", "plan.toml", "--no-surfaces"),
    "cohort": ("study.toml", "--plan", "plan.toml"),
    "compare": ("--arms", "5", "5", "--repetitions", "100", "--method", "log_rank", "--method", "welch"),
}
SECRETS = (b"Zbigniew", b"Quux", b"Blvd")

pytestmark = pytest.mark.long


@pytest.fixture(scope="module", name="base")
def _base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home, a working folder with a study and a spreadsheet of named patients, and nothing else."""
    base = tmp_path_factory.mktemp("files")
    for name in ("hook", "home", "tmp", "work", "cache", "out"):
        (base / name).mkdir()
    (base / "hook" / "sitecustomize.py").write_text(HOOK, "utf-8")
    (base / "work" / "study.toml").write_text(STUDY, "utf-8")
    (base / "work" / "plan.toml").write_text(PLAN, "utf-8")
    rng = np.random.default_rng(3)
    arms, walks = ["old"] * 12 + ["new"] * 11, ["yes"] * 5 + ["no"] * 7 + ["yes"] * 8 + ["no"] * 3
    with (base / "work" / "Zbigniew Quux.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["who", "shoes", "walks", "remarks"])
        for k in rng.permutation(23):
            writer.writerow([f"Zbigniew Quux-{k:05d}", arms[k], walks[k], f"lives at Blvd {k:05d}"])
    return base


def _run(base: Path, command: str) -> tuple[str, set[Path]]:
    """What a command says, and the places that it writes to."""
    log = base / f"{command}.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    for name in ("MPLCONFIGDIR", "PYTENSOR_FLAGS"):
        environment.pop(name, None)
    environment |= {
        "HOME": str(base / "home"),
        "TMPDIR": str(base / "tmp"),
        "MGBAYES_CACHE": str(base / "cache"),
        "PYTHONPATH": str(base / "hook"),
        "PYTHONDONTWRITEBYTECODE": "1",  # bytecode is the interpreter's matter
        "FILES_WRITTEN": str(log),
    }
    done = subprocess.run(
        [sys.executable, "-m", "mgbayes", command, *COMMANDS[command], "--out", str(base / "out" / command)],
        cwd=base / "work",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr, {Path(line) for line in log.read_text("utf-8").splitlines()}


def _stray(base: Path, command: str, places: set[Path]) -> list[Path]:
    """Those outside the output folder, the cache and the folders for temporary files; a folder above one is none."""
    allowed = [base / "out" / command, base / "cache", base / "tmp", Path("/dev/shm"), Path(os.devnull)]
    return [
        place
        for place in sorted(places)
        if not any(place.is_relative_to(one) or one.is_relative_to(place) for one in allowed)
    ]


def _contents(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and of what is compressed in it."""
    yield path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from map(archive.read, archive.namelist())
    elif path.suffix == ".nc":
        found: list[bytes] = []

        def visit(name: str, node: h5py.HLObject) -> None:
            found.append(f"{name} {dict(node.attrs)}".encode())
            if isinstance(node, h5py.Dataset) and node.dtype.kind in "OSU":
                found.append(repr(node[()]).encode())

        with h5py.File(path) as file:
            file.visititems(visit)
            found.append(str(dict(file.attrs)).encode())
        yield from found


@pytest.mark.parametrize("command", COMMANDS)
def test_files_are_written_to_the_output_folder_and_the_cache_and_name_no_patient(
    base: Path, command: str
) -> None:
    said, places = _run(base, command)
    assert any(place.is_relative_to(base / "out" / command) for place in places)
    assert _stray(base, command, places) == []
    # What is written without Python's knowledge (HDF5) shows in what is there afterwards.
    assert sorted(path.name for path in (base / "work").iterdir()) == [
        "Zbigniew Quux.csv",
        "plan.toml",
        "study.toml",
    ]
    assert list((base / "home").rglob("*")) == []
    assert {path.name for path in (base / "out").iterdir()} <= set(COMMANDS)
    written = [
        path for name in ("out", "cache", "tmp") for path in (base / name).rglob("*") if path.is_file()
    ]
    assert written
    for secret in SECRETS:
        assert secret not in said.encode()
        assert [path for path in written if any(secret in part for part in _contents(path))] == []


def test_a_name_would_be_seen(base: Path, tmp_path: Path) -> None:
    """In plain text, a zip file and HDF5; and a file beside the output folder."""
    (tmp_path / "a.csv").write_bytes(b"Zbigniew")
    with zipfile.ZipFile(tmp_path / "b.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside", "Zbigniew " * 100)
    with h5py.File(tmp_path / "c.nc", "w") as file:
        file.create_dataset("names", data=["Zbigniew"] * 100, compression="gzip")
    for path in tmp_path.iterdir():
        assert any(b"Zbigniew" in part for part in _contents(path)), path
    beside = base / "out" / ".verify-1" / "x.csv"
    assert _stray(base, "verify", {beside, base / "out" / "verify" / "x.csv", base / "out"}) == [beside]
