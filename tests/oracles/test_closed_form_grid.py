"""Cells of the grid where the posterior is known: normal, mixture by quadrature, and beta-binomial."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mgbayes.inference.job import Job
from mgbayes.inference.run import Fitter
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan_file import load_plan, parse_plan
from mgbayes.models.priors import Prior
from mgbayes.report.confounding_page import confounding_part
from mgbayes.report.write_grid import write_grid
from mgbayes.robustness.cell import FROM_REPORTS, Cell, cell_by_refit, cell_from_parent
from mgbayes.robustness.confounding import confounding_settings
from mgbayes.robustness.run import Grid, sensitivity
from mgbayes.robustness.settings import Setting, settings
from mgbayes.robustness.tables import tables
from mgbayes.study import Study
from mgbayes.study.numbers import find_count
from tests.oracles import two_modes_toy
from tests.oracles.normal_priors import normal_p_benefit, normal_tipping_sd
from tests.oracles.normal_toy import PLAN, ROW, S, Y

pytestmark = pytest.mark.long

X = np.linspace(-12, 12, 200_001)
BIAS_MEAN, BIAS_SD = 0.25, 0.3
BIAS = f"""
[confounding]
estimand = "ratio"
bias = {{ mean = {BIAS_MEAN}, sd = {BIAS_SD} }}
why = "A toy <b>."
"""


@pytest.fixture(scope="module", autouse=True)
def toy() -> Iterator[None]:
    MODELS["toy"] = ROW  # type: ignore[index]
    yield
    del MODELS["toy"]  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def grid(study: Study) -> Grid:
    return sensitivity(study, [parse_plan(PLAN + BIAS, "toy.toml")], cores=1, use_cache=False)


def _made(fitter: Fitter, setting: Setting) -> Cell:
    return cell_from_parent(fitter, setting) or cell_by_refit(fitter, setting)


def _density(prior: Prior) -> np.ndarray:
    parts = zip(*np.reshape(prior.values, (2, 4)).T, strict=True)
    return sum(
        weight * (stats.norm.pdf(X, centre, scale) if df == inf else stats.t.pdf(X, df, centre, scale))
        for weight, centre, scale, df in parts
    )


def _posterior(prior: Prior) -> np.ndarray:
    weight = _density(prior) * stats.norm.pdf(Y, X, S)
    return weight / weight.sum()


def _close(found: float | None, exact: float, mcse: float) -> None:
    assert found is not None
    assert abs(found - exact) < 4.5 * mcse, (found, exact, mcse)


def test_every_cell_of_the_toy_is_its_posterior(grid: Grid, study: Study) -> None:
    beliefs = [row.reference_prior for row in settings(study, grid.plans[0])]
    assert len(grid.cells) == len(beliefs) == 12
    for cell, belief in zip(grid.cells, beliefs, strict=True):
        weight = _posterior(belief.prior)
        mean = float(weight @ X)
        sd = float(np.sqrt(weight @ (X - mean) ** 2))
        assert cell.usable, cell.reason
        assert cell.mcse_p_benefit is not None
        assert cell.effect_sd is not None
        assert cell.ess_bulk_min is not None
        _close(cell.p_benefit, float(weight[X > 0].sum()), cell.mcse_p_benefit)
        _close(cell.mean, float(weight @ np.exp(X)), (cell.sd or 0.0) / np.sqrt(cell.ess_bulk_min))
        assert cell.effect_sd == pytest.approx(sd, rel=0.07)
        low, high = np.interp([0.025, 0.975], weight.cumsum(), X)
        assert np.log([cell.low, cell.high]) == pytest.approx([low, high], abs=0.3 * sd)


def test_the_weight_of_a_normal_prior_is_its_share_of_the_precision(grid: Grid, study: Study) -> None:
    for cell in grid.cells:
        if not cell.prior.startswith("Normal"):
            continue
        assert cell.prior_sd is not None
        assert cell.prior_weight is not None
        exact = (1 / cell.prior_sd**2) / (1 / cell.prior_sd**2 + 1 / S**2)
        assert cell.prior_weight == pytest.approx(exact, rel=0.12)
        # one patient of the study's n adds 1 / (n s²)
        patients = study.n * S**2 / cell.prior_sd**2
        assert cell.prior_patients == pytest.approx(patients, rel=0.5 if cell.prior_weight > 0.6 else 0.25)


def test_the_surface_of_the_toy_is_the_closed_form(grid: Grid) -> None:
    (tip,) = grid.tipping
    assert tip.failed == 0
    assert tip.surface.trusted.all()
    exact = np.array([[normal_p_benefit(Y, S, m, sd) for sd in tip.surface.sds] for m in tip.surface.means])
    # 4000 draws, worth at least 400 after reweighting: an SE of at most 0.025
    assert np.abs(tip.surface.p_benefit - exact).max() < 0.06
    assert np.abs(tip.surface.p_benefit - exact).mean() < 0.012
    sds = dict(tip.sds)
    for level in (0.9, 0.8):
        exact_sd = normal_tipping_sd(Y, S, level)
        assert exact_sd is not None
        assert sds[level] == pytest.approx(exact_sd, rel=0.15)


def test_one_fitter_tells_priors_of_different_forms_apart(study: Study) -> None:
    plan = parse_plan(PLAN, "toy.toml")
    fitter = Fitter(use_cache=False, predictive=False)
    normal = fitter.attempt(Job(study, plan, "normal"))
    strong = next(row for row in settings(study, plan) if row.reference_prior.name == "skeptical, strong")
    mixture = fitter.attempt(strong.refit())
    for fit, sd in ((normal, 1.0), (mixture, 0.205)):
        better = float((fit.posterior["effect"] > 0).mean())
        assert better == pytest.approx(normal_p_benefit(Y, S, 0.0, sd), abs=0.03)


def test_a_failed_cell_stays_in_the_table_without_estimates(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODELS, "toy", two_modes_toy.ROW)  # type: ignore[arg-type]
    setting = settings(study, parse_plan(PLAN, "toy.toml"))[0]
    cell = _made(Fitter(use_cache=False, predictive=False), setting)
    assert cell.status == "failed"
    assert "largest R-hat" in cell.reason
    assert cell.rhat_max is not None
    assert cell.rhat_max > 1.5
    grid = Grid(study, (setting.plan,), (cell,), (), ())
    assert grid.failed == (cell,)
    (row,) = tables(grid)["cells"].to_dict("records")
    assert row["status"] == "failed"
    estimates = ("mean", "median", "sd", "low", "high", "p_benefit", "mcse_p_benefit", "prior_weight")
    assert [row[name] for name in estimates] == [None] * len(estimates)
    monkeypatch.setenv("MGBAYES_CACHE", str(tmp_path))
    FROM_REPORTS.cache.write("this", cell)
    assert FROM_REPORTS.cache.read("this") == cell
    assert FROM_REPORTS.cache.read("another") is None


def test_the_beta_binomial_family(study: Study) -> None:
    """P(odds ratio > 1) is that one beta exceeds another: an integral of one density and the other's CDF."""
    (cell,) = _beta(study, "odds_ratio_pis_mm")
    counts = {arm.id: find_count(study, "pis_mm", arm.id, "12m") for arm in study.arms}
    reference, contrast = (
        stats.beta(1 + count.x, 1 + count.n - count.x)
        for count in (counts[study.reference.id], counts[study.contrast.id])
        if count is not None
    )
    p = (np.arange(20_000) + 0.5) / 20_000
    exact = float((contrast.sf(p) * reference.pdf(p)).mean())
    assert cell.mcse_p_benefit is not None
    _close(cell.p_benefit, exact, cell.mcse_p_benefit)
    assert cell.prior_weight is None


def _beta(study: Study, estimand: str) -> list[Cell]:
    found = [
        row
        for row in settings(study, load_plan("binary"))
        if row.family == "beta" and row.varied.estimand == estimand
    ]
    fitter = Fitter(cores=1, use_cache=False, predictive=False)
    return [_made(fitter, row) for row in found]


def test_confounding_of_the_toy_is_that_of_its_normal_posterior(grid: Grid) -> None:
    """Posterior of the log ratio: Normal(m, s), with a prior Normal(0, 1); the bias widens it and moves it."""
    precision = 1 + 1 / S**2
    m, s = Y / S**2 / precision, 1 / np.sqrt(precision)
    ((row,),) = (plan.rows for plan in grid.confounding)
    # at least 5 000 effective draws of 10 000: the SE of a 5 % quantile is 2.1 s / sqrt(n)
    error = 4 * 2.1 * s / np.sqrt(5000)
    for tip, probability in zip(row.tips, (0.95, 0.5, 0.05), strict=True):
        assert tip.probability == pytest.approx(probability)
        assert tip.bias == pytest.approx(m - stats.norm.ppf(probability) * s, abs=error)
    assert row.e_value is not None
    exact = np.exp(m) + np.sqrt(np.exp(m) * (np.exp(m) - 1))
    assert row.e_value == pytest.approx(exact, abs=3 * np.exp(m) * error)
    assert row.low < 1 < row.high
    assert row.e_value_limit == 1
    after, spread = row.after, np.hypot(s, BIAS_SD)
    assert after is not None
    exact = stats.norm.cdf((m - BIAS_MEAN) / spread)
    assert after.p_benefit == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 5000))
    assert np.log(after.median) == pytest.approx(m - BIAS_MEAN, abs=error)
    for tip, probability in zip(after.tips, (0.95, 0.5, 0.05), strict=True):
        assert tip.bias == pytest.approx(m - stats.norm.ppf(probability) * spread, abs=error * spread / s)


def test_confounding_is_on_the_page_in_the_table_and_in_json(grid: Grid, tmp_path: Path) -> None:
    write_grid(grid, tmp_path)
    ((row,),) = (plan.rows for plan in grid.confounding)
    page = (tmp_path / "sensitivity.html").read_text("utf-8")
    assert '<h2 id="confounding">' in page
    assert "Ratio of the toy" in page
    assert "A toy &lt;b&gt;." in page
    table = pd.read_csv(tmp_path / "tables" / "confounding.csv")
    assert table["tipping_bias"].to_numpy() == pytest.approx(
        [tip.bias for tip in (*row.tips, *(row.after.tips if row.after else ()))], rel=1e-5
    )
    (kept,) = json.loads((tmp_path / "sensitivity.json").read_text("utf-8"))["confounding"]
    assert kept["estimands"][0]["e_value"] == pytest.approx(row.e_value)


def test_of_patients_who_were_randomized_nothing_is_said_of_confounding(grid: Grid, study: Study) -> None:
    trial = study.model_copy(update={"randomized": True})
    assert confounding_settings(settings(trial, grid.plans[0])) == []
    assert confounding_part(replace(grid, study=trial)) is None
