"""Calibration as stored evidence: dated, tied to its source, and expiring with it."""

import hashlib
import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from mgbayes.calibrate.sbc import SbcResult

PACKAGES = ("mgbayes", "numpy", "nutpie", "pymc", "pytensor", "scipy")


def source_hash(source_files: Sequence[Path]) -> str:
    """SHA-256 over the names and contents of source files, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(source_files, key=lambda p: p.name):
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def store(result: SbcResult, path: Path, source_files: Sequence[Path]) -> None:
    """Write a result as JSON, with its date, commit, versions and the hash of its source files."""
    record = {
        "schema_version": 1,
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(source_files[0].parent),
        "versions": {name: version(name) for name in PACKAGES},
        "source_files": sorted(file.name for file in source_files),
        "source_sha256": source_hash(source_files),
        "replicates": result.replicates,
        "failed": result.failed,
        "uniform": result.uniform(),
        "calibrated": result.calibrated(),
        "chi_square_p": result.chi_square_p(),
        "ecdf_p": result.ecdf_p(),
        "result": asdict(result),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")


def is_current(path: Path, source_files: Sequence[Path]) -> bool:
    """Whether stored evidence exists and was made with these very source files."""
    if not path.exists():
        return False
    stored: str = json.loads(path.read_text())["source_sha256"]
    return stored == source_hash(source_files)


def load(path: Path) -> SbcResult:
    """Read a stored result."""
    fields = json.loads(path.read_text())["result"]
    ranks = {name: tuple(values) for name, values in fields["ranks"].items()}
    return SbcResult(**fields | {"ranks": ranks, "problems": tuple(fields["problems"])})


def _commit(folder: Path) -> str:
    """The commit checked out in a folder, marked when the tree differs; empty outside git."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return described.stdout.strip()
