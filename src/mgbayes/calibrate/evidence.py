"""Calibration as stored evidence: dated, and bound to what the model computes.

A record holds the ranks and the verdict, and everything that they follow from (``setting.Basis``): a fingerprint of
the model, the plan's priors, the study's numbers, the sampler's settings and the calibrator's code. It is current as
long as none of these changes; renaming and rewriting a model change none.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from mgbayes.cache import PACKAGE
from mgbayes.calibrate.sbc import SbcResult
from mgbayes.calibrate.setting import Basis

PACKAGES = ("mgbayes", "numpy", "nutpie", "pymc", "pytensor", "scipy")
SCHEMA = 2


def store(result: SbcResult, basis: Basis, path: Path) -> None:
    """Write a result as JSON, with its date, commit, versions, verdict, and what it stands on."""
    record = {
        "schema_version": SCHEMA,
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(PACKAGE),
        "versions": {name: version(name) for name in PACKAGES},
        **verdict(result),
        "basis": asdict(basis),
        "result": asdict(result),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n", "utf-8")


def verdict(result: SbcResult) -> dict[str, object]:
    """What the ranks say."""
    return {
        "verdict": result.verdict(),
        "calibrated": result.calibrated(),
        "uniform": result.uniform(),
        "replicates": result.replicates,
        "failed": result.failed,
        "failed_share": result.failed / result.replicates,
        "chi_square_p": result.chi_square_p(),
        "ecdf_p": result.ecdf_p(),
    }


def outdated(path: Path, basis: Basis) -> tuple[str, ...]:
    """Why stored evidence does not hold for a model as it is now; empty where it does."""
    if not path.exists():
        return ("there is none",)
    record = json.loads(path.read_text("utf-8"))
    if record.get("schema_version") != SCHEMA:
        return ("it does not say what it stands on",)
    return Basis.read(record["basis"]).differences(basis)


def load(path: Path) -> SbcResult:
    """Read a stored result."""
    fields = json.loads(path.read_text("utf-8"))["result"]
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
