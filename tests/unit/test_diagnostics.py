"""A fit that fails its diagnostics is tried once more and then gives no estimate."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from mgbayes.cli import app
from mgbayes.inference.diagnostics import DIAGNOSTICS, Diagnostics, Status, diagnose
from mgbayes.inference.job import Job
from mgbayes.inference.run import Fitter
from mgbayes.inference.sample import compile_model, draw, other_coordinates, smaller_steps
from mgbayes.latent_cohort.one_outcome import diagnose_tables
from mgbayes.models.plan import Sampling
from mgbayes.models.plan_file import load_plan
from mgbayes.study.load import load_study
from tests.conftest import ROOT, run_cli
from tests.oracles.report import toy

GOOD = Diagnostics(
    rhat_max=1.0, ess_bulk_min=5000, ess_tail_min=5000, divergences=0, ebfmi_min=1.0, max_treedepth_share=0.0
)
BAD = {
    "rhat_max": 1.02,
    "ess_bulk_min": 999.0,
    "ess_tail_min": 999.0,
    "divergences": 1,
    "ebfmi_min": 0.3,
    "max_treedepth_share": 0.02,
}


def test_each_further_try_takes_smaller_steps_and_tunes_for_longer() -> None:
    first = Sampling(target_accept=0.9, tune=1000, seed=5)
    second = smaller_steps(first)
    third = other_coordinates(second)
    assert 0.9 < second.target_accept < third.target_accept < 1
    assert (first.tune, second.tune, third.tune) == (1000, 2000, 4000)
    assert (second.mass_matrix, third.mass_matrix) == ("diagonal", "low_rank")
    assert (second.draws, second.seed, third.seed) == (first.draws, 5, 5)


def test_each_diagnostic_fails_a_fit_by_itself() -> None:
    assert GOOD.status is Status.ok
    assert set(BAD) == {row.id for row in DIAGNOSTICS}
    for name, value in BAD.items():
        figures = {row.id: getattr(GOOD, row.id) for row in DIAGNOSTICS} | {name: value}
        assert [row.id for row in Diagnostics(**figures).failures()] == [name]


def test_a_figure_that_could_not_be_computed_fails() -> None:
    for row in DIAGNOSTICS:
        if row.id != "divergences":
            assert not row.holds(float("nan"))


def _draws(rng: np.random.Generator, shift: float = 0.0) -> xr.Dataset:
    values = rng.normal(size=(4, 2000, 2))
    values[0, :, 1] += shift
    return xr.Dataset({"x": (("chain", "draw", "k"), values)})


def _chains(rng: np.random.Generator, apart: float) -> xr.Dataset:
    """Of 32 short chains in 8 groups, one of which is apart."""
    values = rng.normal(size=(32, 60))
    values[::8] += apart
    return xr.Dataset({"x": (("chain", "draw"), values), "fixed": (("chain", "draw"), np.ones((32, 60)))})


def test_many_short_chains_have_a_nested_rhat_and_no_trajectories() -> None:
    rng = np.random.default_rng(5)
    fine, apart = (diagnose_tables(_chains(rng, away), xr.Dataset()) for away in (0.0, 1.0))
    assert fine.failures() == ()
    assert next(row.id for row in apart.failures()) == "rhat_max"
    trajectories = [row for row in DIAGNOSTICS if getattr(fine, row.id) is None]
    assert [row.id for row in trajectories] == ["divergences", "ebfmi_min", "max_treedepth_share"]
    assert [fine.shown(row) for row in trajectories] == ["–"] * 3
    assert fine.shown(DIAGNOSTICS[0]).startswith("1.0")


def _statistics(rng: np.random.Generator) -> xr.Dataset:
    """Of a sampler without fault."""
    fine = (("chain", "draw"), np.zeros((4, 2000), bool))
    energy = (("chain", "draw"), rng.normal(size=(4, 2000)))
    return xr.Dataset({"diverging": fine, "energy": energy, "maxdepth_reached": fine})


def test_the_energy_is_that_of_the_worst_chain() -> None:
    """Mean squared step over variance: 2 of white noise, next to nothing of a slow wave."""
    rng = np.random.default_rng(3)
    stats = _statistics(rng)
    energy = stats["energy"].to_numpy().copy()
    energy[2] = np.sin(np.linspace(0, 20 * np.pi, 2000, endpoint=False))
    step = 20 * np.pi / 2000
    found = diagnose(_draws(rng), xr.Dataset(), stats.assign(energy=(("chain", "draw"), energy)))
    assert found.ebfmi_min == pytest.approx((0.5 * step**2) / 0.5, rel=0.01)
    assert found.status is Status.failed


def test_a_sampler_that_is_cut_off_at_its_largest_depth_is_seen() -> None:
    """A funnel, whose draws need deeper trees than are allowed."""
    import pymc as pm

    with pm.Model() as model:
        scale = pm.Normal("scale", 0, 1)
        pm.Normal("x", 0, pm.math.exp(scale), shape=20)
    compiled = compile_model(model)
    shares = {}
    for depth in (2, 10):
        sampling = Sampling(draws=200, tune=200, chains=2, target_accept=0.95, seed=1, max_depth=depth)
        posterior, stats = draw(compiled, sampling)
        shares[depth] = diagnose(posterior, xr.Dataset(), stats).max_treedepth_share
    assert shares[2] > 0.5
    assert shares[10] == 0
    assert (
        diagnose(
            posterior, xr.Dataset(), stats.assign(maxdepth_reached=True), shallow=True
        ).max_treedepth_share
        == 0
    )


def test_estimands_and_every_entry_of_a_parameter_are_diagnosed() -> None:
    rng = np.random.default_rng(1)
    stats = _statistics(rng)
    fine, apart = _draws(rng), _draws(rng, shift=1.0)
    estimand = xr.Dataset({"ratio": apart["x"].isel(k=1)})
    assert diagnose(fine, xr.Dataset({"ratio": fine["x"].isel(k=0)}), stats).status is Status.ok
    assert diagnose(apart, xr.Dataset({"ratio": fine["x"].isel(k=0)}), stats).rhat_max > 1.01
    assert diagnose(fine, estimand, stats).rhat_max > 1.01


def test_a_stuck_chain_is_seen_and_a_constant_is_passed_over() -> None:
    rng = np.random.default_rng(2)
    stats = _statistics(rng)
    stuck = _draws(rng)
    stuck["x"][0] = 3.0
    assert diagnose(stuck, xr.Dataset(), stats).status is Status.failed
    constant = _draws(rng).assign(padding=(("chain", "draw"), np.zeros((4, 2000))))
    assert diagnose(constant, xr.Dataset(), stats).status is Status.ok


@pytest.mark.long
def test_a_failed_fit_ends_with_1_and_is_reported_without_estimands(tmp_path: Path) -> None:
    text = (ROOT / "models" / "balance.toml").read_text("utf-8")
    short = tmp_path / "short.toml"
    few = re.sub(r"(?m)^(draws|tune) = \d+$", r"\1 = 100", text)
    assert few.count(" = 100\n") == 2
    short.write_text(few, "utf-8")
    args = ("reanalyze", "--no-search", "--plan", short, "--out", tmp_path / "out")
    run = run_cli(*args, env={"MGBAYES_CACHE": str(tmp_path / "cache")})
    assert run.code == 1, run.err
    assert "No estimate" in run.err
    results = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    (fit,) = results["fits"]
    assert fit["status"] == "failed"
    assert fit["estimands"] == []
    assert fit["diagnostics"]["ess_bulk_min"] < 1000
    assert "No estimate" in (tmp_path / "out" / "report.html").read_text("utf-8")
    # the first try, and the two with smaller steps
    assert len(list((tmp_path / "cache" / "fits").glob("*.nc"))) == 3


def test_the_command_ends_with_1_only_where_a_fit_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    every = toy.reanalysis()
    usable = replace(every, fits=tuple(fit for fit in every.fits if fit.estimands))
    for found, code in ((every, 1), (usable, 0)):
        monkeypatch.setattr("mgbayes.reanalysis.reanalyze", lambda *_, found=found, **__: found)
        done = CliRunner().invoke(app, ["reanalyze", "--out", str(tmp_path)])
        assert done.exit_code == code


@pytest.mark.long
def test_the_last_try_takes_other_coordinates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tries of a fit that is too short: smaller steps, then yet smaller ones with a mass matrix of low rank."""
    asked: list[Sampling] = []

    def noted(compiled: object, sampling: Sampling, **kwargs: int) -> tuple[xr.Dataset, xr.Dataset]:
        asked.append(sampling)
        return draw(compiled, sampling, **kwargs)

    monkeypatch.setattr("mgbayes.inference.run.draw", noted)
    plan = load_plan("balance")
    short = plan.model_copy(update={"sampling": Sampling(draws=100, tune=100)})
    fit = Fitter(use_cache=False, predictive=False).fit(Job(load_study("litchman2020"), short, short.family))
    assert fit.status is Status.failed
    assert [row.mass_matrix for row in asked] == ["diagonal", "diagonal", "low_rank"]
    assert [row.target_accept for row in asked] == sorted({row.target_accept for row in asked})


def test_other_coordinates_follow_a_correlation() -> None:
    import pymc as pm

    with pm.Model() as model:
        shared = pm.Normal("shared", 0, 1)
        pm.Normal("x", shared, 0.02, shape=8)
    compiled = compile_model(model)
    steps = {}
    for sampling in (
        Sampling(draws=500, tune=800, seed=1),
        Sampling(draws=500, tune=800, seed=1, mass_matrix="low_rank"),
    ):
        posterior, stats = draw(compiled, sampling)
        steps[sampling.mass_matrix] = diagnose(posterior, xr.Dataset(), stats)
    assert steps["diagonal"].rhat_max > 1.01
    assert steps["low_rank"].rhat_max < 1.01
