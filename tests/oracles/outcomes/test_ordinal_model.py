"""Ordered classes on patients: R's cumulative link fits, quadrature, and what a spreadsheet gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import integrate, special, stats

from mgbayes.inference.job import applies
from mgbayes.inference.patient_evidence import from_patients
from mgbayes.models.ordinal import Ordinal
from mgbayes.models.outcome import Outcome
from mgbayes.models.plan_file import load_plan
from mgbayes.patients import read_patients
from mgbayes.study import load_study
from mgbayes.study.schema import Kind, Visit
from tests.known_models import priors_of
from tests.oracles.outcomes.likelihood import maximum, pointwise
from tests.oracles.patient_comparison.twin import CLASSES, made_up_study, twin, write

HERE = Path(__file__).parent
FIGURES = json.loads((HERE / "r_figures.json").read_text())
GIVEN = {
    "first_cut": -1.2,
    "gap": np.array([0.7, 1.9]),
    "shift": np.array([-0.8, -1.5]),
    "base": 0.4,
    "log_odds_ratio": np.array([0.3, -0.9]),
    "patient_sd": 1.7,
}
LEVEL = np.array(
    [
        [[0, 1, 2], [3, 3, 1], [2, np.nan, 0], [np.nan, 0, np.nan]],
        [[1, 1, 1], [3, 0, 0], [2, 2, 3], [np.nan, np.nan, np.nan]],
    ]
)


def _data(level: Any, levels: int) -> dict[str, Any]:
    return Ordinal.patients(level, levels) | {"level": np.array([str(k) for k in range(levels)])}


def _model(visits: tuple[str, ...], baseline: bool = True) -> Ordinal:
    rows = tuple(Visit(id=visit, label=visit) for visit in visits)
    first = visits[0] if baseline else None
    return Ordinal(Outcome("class", "class", Kind.ordinal, "", "lower", False, rows, first))


VISITS = ("baseline", "12m", "last")
MODEL = _model(VISITS)


@pytest.fixture(scope="module")
def wine() -> Any:
    """Contact as arm, temperature as visit, a judge at one contact as patient; two bottles at each visit."""
    rows = pd.read_csv(HERE / "data" / "wine.csv")
    level = np.full((2, 9, 2, 2), np.nan)  # contact, judge, bottle, temperature
    for row in rows.itertuples():
        a, v = int(row.contact == "yes"), int(row.temp == "warm")
        bottle = int(np.isfinite(level[a, int(row.judge) - 1, 0, v]))
        level[a, int(row.judge) - 1, bottle, v] = int(row.rating) - 1
    assert np.isfinite(level).all()
    data = _data(level.reshape(2, 9, 4), 5)
    return _model(("cold", "warm")).build(data, "cumulative_logit", priors_of("mgfa"))


def _parameters(x: Any) -> dict[str, Any]:
    """From R's: the four cuts, slopes of warm, of contact and of both, and the SD."""
    return {
        "first_cut": x[0] - x[5] / 2,
        "gap": np.diff(x[:4]),
        "shift": x[4:5] + x[6:7] / 2,
        "base": -x[5],
        "log_odds_ratio": -x[6:7],
        "patient_sd": x[7] if len(x) > 7 else 0.0,
    }


def _of(fitted: dict[str, Any], *more: float) -> np.ndarray:
    slopes = [fitted["coef"][name] for name in ("tempwarm", "contactyes", "tempwarm:contactyes")]
    return np.array([*fitted["cuts"], *slopes, *more])


@pytest.mark.long
@pytest.mark.parametrize("name", ["polr", "clm"])
def test_without_patient_spread_the_likelihood_is_that_of_polr_and_clm(wine: Any, name: str) -> None:
    fitted = FIGURES[name]
    evaluate = pointwise(wine)
    at = _of(fitted)
    assert np.sum(evaluate(**_parameters(at))) == pytest.approx(fitted["loglik"], abs=1e-7)
    # and nowhere near is it greater: both programs say that this is the maximum
    for step in np.concatenate([np.eye(7), -np.eye(7)]) * 1e-3:
        assert np.sum(evaluate(**_parameters(at + step))) < fitted["loglik"]


def test_with_patient_intercepts_the_greatest_likelihood_is_that_of_clmm(wine: Any) -> None:
    """R: clmm with 25 adaptive nodes; its optimizer stops at gradients of about 1e-5."""
    fitted = FIGURES["clmm"]
    expected = _of(fitted, fitted["sd"])
    at, likelihood = maximum(wine, _parameters, np.concatenate([_of(FIGURES["clm"]), [1.0]]))
    np.testing.assert_allclose(at, expected, atol=1e-3)
    assert likelihood == pytest.approx(fitted["loglik"], abs=1e-5)


@pytest.mark.parametrize("sd", [0.3, 1.7, 5.0])
def test_each_patient_has_the_chance_found_by_adaptive_quadrature(sd: float) -> None:
    given = GIVEN | {"patient_sd": sd}
    data = _data(LEVEL, 4)
    found = pointwise(MODEL.build(data, "cumulative_logit", priors_of("mgfa")))(**given)
    cuts = np.concatenate(
        [[-np.inf], given["first_cut"] + np.concatenate([[0], np.cumsum(given["gap"])]), [np.inf]]
    )

    def chance(u: float, a: int, levels: Any) -> float:
        total = stats.norm.pdf(u)
        for v, level in enumerate(levels):
            if np.isfinite(level):
                h = a - 0.5
                move = h * given["base"] + (
                    0 if v == 0 else h * given["log_odds_ratio"][v - 1] - given["shift"][v - 1]
                )
                low, high = special.expit(cuts[int(level) : int(level) + 2] + move - sd * u)
                total *= high - low
        return float(total)

    for a, i in np.ndindex(2, 4):
        exact, _ = integrate.quad(chance, -9, 9, args=(a, LEVEL[a, i]), epsabs=1e-13, limit=200)
        # the rule's error grows with the spread: see the quadrature's docstring
        assert found[a, i] == pytest.approx(np.log(exact), abs=2e-3 if sd > 3 else 1e-6)


def test_the_estimands_are_those_of_a_million_simulated_patients() -> None:
    """The chance of the lowest class were all patients of the cohort in one arm, and in the other."""
    data = _data(LEVEL, 4)
    dims = {"gap": ("cut",), "shift": ("moved",), "log_odds_ratio": ("later",)}
    draws = xr.Dataset(
        {
            name: (("chain", "draw", *dims.get(name, ())), np.asarray(v, float)[None, None])
            for name, v in GIVEN.items()
        }
    )
    found = MODEL.estimands(draws, data, "cumulative_logit")
    assert found["odds_ratio_12m"].item() == pytest.approx(np.exp(0.3))
    assert found["odds_ratio_last"].item() == pytest.approx(np.exp(-0.9))
    rng, n = np.random.default_rng(4), 1_000_000
    # four of the seven patients with any class are of the reference arm
    began = np.where(rng.uniform(size=n) < 4 / 7, -0.5, 0.5) * GIVEN["base"] - GIVEN[
        "patient_sd"
    ] * rng.standard_normal(n)
    for v, visit in enumerate(("12m", "last")):
        move = GIVEN["first_cut"] - GIVEN["shift"][v] + began
        half = GIVEN["log_odds_ratio"][v] / 2
        one, other = special.expit(move - half), special.expit(move + half)
        error = 4 * (other - one).std() / np.sqrt(n)
        assert found[f"lowest_difference_{visit}"].item() == pytest.approx((other - one).mean(), abs=error)


def test_replicates_have_the_chances_of_the_model() -> None:
    data = _data(LEVEL, 4)
    dims = {"gap": ("cut",), "shift": ("moved",), "log_odds_ratio": ("later",)}
    size = 40_000
    draws = xr.Dataset(
        {
            name: (("chain", "draw", *dims.get(name, ())), np.broadcast_to(v, (1, size, *np.shape(v))).copy())
            for name, v in GIVEN.items()
        }
    )
    replicated = MODEL.predict(np.random.default_rng(6), draws, data, "cumulative_logit")
    curve = MODEL.curves(draws.isel(draw=[0]), data, "cumulative_logit", np.zeros(1))["lowest"]
    expected = 100 * curve.transpose("chain", "draw", "arm", "visit").to_numpy()[0, 0]
    share = replicated["share"].transpose("chain", "draw", "arm", "visit").to_numpy()[0]
    np.testing.assert_allclose(
        (share.mean(axis=0) - expected) / (share.std(axis=0) / np.sqrt(size)), 0, atol=4
    )


def test_a_spreadsheet_gives_the_classes_of_those_with_any(tmp_path: Any) -> None:
    study, table = load_study(made_up_study(tmp_path)), twin()
    table.loc[0, "mgfa_12m"] = ""
    table.loc[1, ["mgfa_baseline", "mgfa_12m", "mgfa_last"]] = ""
    rows = read_patients(write(table, tmp_path / "twin.csv"), study)
    plan = load_plan("mgfa")
    data = from_patients(study, plan, rows)
    assert data.patients_used == 32
    assert list(data["level"]) == ["0", "I", "II", "III", "IV", "V"]
    counts = data["answer"].reshape(2, -1, 3, 6).sum(axis=1)
    for v, column in enumerate(CLASSES):
        for a, arm in enumerate(("AChR+", "MuSK+")):
            words = table.loc[table["antibody"] == arm, column].str.rstrip("ab")
            np.testing.assert_array_equal(counts[a, v], [(words == level).sum() for level in data["level"]])
    assert not applies(study, plan, rows.drop_vars("mgfa"))
    assert not applies(study, plan, rows.sel(visit=["baseline", "last"]))
