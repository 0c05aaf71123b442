"""Qualification: every oracle holds, and what is broken is found, told and ends with exit code 1."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import mgbayes
from mgbayes.cli import app
from mgbayes.frequentist import two_by_two
from mgbayes.models.plan_file import shipped_plans
from mgbayes.qualification import refits, run
from mgbayes.qualification.oracles import KINDS, REFITS, Oracle, oracles
from mgbayes.qualification.run import Qualification, check_of
from tests.conftest import run_cli

ORACLES = oracles()
FISHER = next(oracle for oracle in ORACLES if oracle.given.get("test") == "fisher_exact")


@pytest.fixture(scope="module")
def record() -> Qualification:
    return mgbayes.qualify(refits=False)


def test_every_kind_has_an_oracle() -> None:
    assert {oracle.kind for oracle in ORACLES} == set(KINDS)


def test_what_is_not_sampled_passes_and_says_what_was_left_out(record: Qualification) -> None:
    assert record.passed, record.to_markdown()
    assert len(record.checks) >= len(ORACLES) - sum(oracle.kind in REFITS for oracle in ORACLES)
    assert "not sampled" in record.verdict


def test_no_check_passes_with_a_value_a_fifth_off(record: Qualification) -> None:
    """None has a tolerance, or a range over rounding, in which a wrong value would pass."""
    for factor in (0.8, 1.2):
        wrong = [replace(check, expected=factor * check.expected) for check in record.checks]
        assert [check.what for check in wrong if check.passed and check.expected] == []


def test_the_record_holds_versions_hashes_and_every_check(record: Qualification, tmp_path: Path) -> None:
    written, page = record.write(tmp_path / "new" / "folder")
    stored = json.loads(written.read_text("utf-8"))
    assert stored["passed"] is True
    assert stored["versions"]["mgbayes"] == mgbayes.__version__
    assert len(stored["checks"]) == len(record.checks)
    assert len(stored["files"]) == 1 + len(shipped_plans())
    assert all(len(hashed) == 64 for hashed in stored["files"].values())
    assert all(check.source in page.read_text("utf-8") for check in record.checks)


def test_a_wrong_value_ends_with_exit_code_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wrong = replace(FISHER, expected=FISHER.expected + 1e-6)
    monkeypatch.setattr(run, "oracles", lambda: (FISHER, wrong))
    done = CliRunner().invoke(app, ["qualify", "--out", str(tmp_path)])
    assert done.exit_code == 1
    assert "FAILED" in done.stdout
    assert "Failed: 1 of 2 checks." in done.stdout
    assert json.loads((tmp_path / "qualification.json").read_text("utf-8"))["passed"] is False
    assert (tmp_path / "qualification.md").read_text("utf-8").count("**FAILED**") == 1


def test_wrong_code_fails_its_check(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_of(FISHER).passed
    other = [replace(test, name="fisher_exact") for test in two_by_two.TESTS if test.name == "fisher_mid_p"]
    monkeypatch.setattr(two_by_two, "TESTS", tuple(other))
    assert not check_of(FISHER).passed


def test_what_cannot_be_computed_fails_and_says_why() -> None:
    check = check_of(replace(FISHER, given=FISHER.given | {"test": "no_such_test"}))
    assert not check.passed
    assert "not computed: ValueError" in check.computed


def test_a_folder_that_cannot_be_written_to_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", "utf-8")
    done = run_cli("qualify", "--out", tmp_path / "file")
    assert done.code == 2
    assert "the output folder" in done.err


def _refit(kind: str) -> Oracle:
    return next(oracle for oracle in ORACLES if oracle.kind == kind)


@pytest.mark.long
def test_posteriors_pass_and_another_posterior_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    sampled = [check_of(oracle) for oracle in ORACLES if oracle.samples_posterior]
    assert [check for check in sampled if not check.passed] == []
    plan = _refit("plan refitted")
    assert not check_of(replace(plan, expected=plan.expected + 0.04)).passed
    refits._latent.cache_clear()
    monkeypatch.setitem(refits._PUBLISHED, "sd", 60.0)
    assert not check_of(_refit("latent values refitted")).passed
    refits._latent.cache_clear()


def test_the_interval_of_a_refit_is_four_monte_carlo_errors_of_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """Independent draws of SD 2 beside 4000 that were kept: 4 · 2 · √(1 / 4000 + 1 / 4000)."""
    draws = np.random.default_rng(1).normal(5.0, 2.0, (4, 1000, 1))
    posterior = xr.Dataset({"x": (("chain", "draw", "group"), draws)})
    monkeypatch.setattr(refits, "_latent", lambda: posterior)
    low, high = refits.latent_refitted({"parameter": "x", "kept": 4000})
    assert (low + high) / 2 == pytest.approx(draws.mean())
    assert (high - low) / 2 == pytest.approx(8 * (2 / 4000) ** 0.5, rel=0.1)
