"""``mgbayes calibrate`` says of each model whether it is calibrated, and ends with 1 where one is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mgbayes.calibrate import run
from mgbayes.calibrate.sbc import LEVELS, SbcResult
from mgbayes.cli import app

RANKS = tuple(range(LEVELS + 1)) * 5


@pytest.mark.parametrize(
    ("ranks", "code", "words"),
    [(RANKS, 0, "hospital poisson: calibrated"), ((5,) * 500, 1, "hospital poisson: not calibrated")],
)
def test_a_verdict_and_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ranks: tuple[int, ...], code: int, words: str
) -> None:
    def ranked(model: object, family: str, *_: object, **__: object) -> SbcResult:
        ranks_of_all = {"rate_ratio": ranks}
        return SbcResult("model", family, 1, LEVELS, ranks_of_all, ("",) * 500, 0)

    monkeypatch.setattr(run.sbc, "calibrate", ranked)
    options = ["hospital", "--family", "poisson", "--patients", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, ["calibrate", *options])
    assert result.exit_code == code
    assert words in result.stdout
    record = json.loads((tmp_path / "hospital-poisson-patients.json").read_text("utf-8"))
    assert record["calibrated"] == (code == 0)
    assert record["verdict"] in result.stdout
    assert set(record["basis"]) == {"fingerprint", "priors", "numbers", "sampler", "calibrator_sha256"}
