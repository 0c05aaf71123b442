"""Survival models on patients: under flat priors each is R's maximum-likelihood fit of public data sets.

``make_r_survival.R`` makes ``r_survival.json``, which holds the versions. survreg and glm are R's own; smooth rates,
the frailty and the cure are written out there and maximized by optim. The log likelihood at R's estimates, and the
greatest one, found here from elsewhere, are R's to 1e-5; estimates agree to what the flatness at the top leaves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mgbayes.distributions import hazards
from mgbayes.models import adjusted, proportional_hazards
from mgbayes.models.priors import Prior
from tests.known_models import FAMILIES_OF, priors_of, relapse, remission
from tests.oracles.outcomes.likelihood import maximum, pointwise

FIGURES: dict[str, Any] = json.loads(Path(__file__).with_name("r_survival.json").read_text("utf-8"))
DATA = Path(__file__).parents[1] / "frequentist" / "data"
SETS: dict[str, Callable[[pd.DataFrame], tuple[Any, ...]]] = {
    "ovarian": lambda d: (d["futime"], d["fustat"], d["rx"] - 1, d["resid.ds"], d["age"]),
    "veteran": lambda d: (d["time"], d["status"], d["trt"] - 1, d["prior"] / 10, d["karno"]),
    "kidney": lambda d: (d["time"], d["status"], d["sex"] - 1, d["disease"] == "PKD", d["age"]),
    "pbc": lambda d: (d["time"], d["status"] == 2, d["trt"] - 1, d["sex"] == "m", d["age"]),
}


@cache
def rows(name: str) -> pd.DataFrame:
    """Time, event, arm, a centred yes/no and a centred and scaled number of each patient."""
    columns = SETS[name](pd.read_csv(DATA / f"{name}.csv"))
    table = pd.DataFrame(dict(zip(("time", "event", "arm", "x1", "x2"), columns, strict=True)), dtype=float)
    table["x1"] -= table["x1"].mean()
    table["x2"] = (table["x2"] - table["x2"].mean()) / table["x2"].std()
    return table


def patients(name: str, covariates: bool = True, visits: int = 0) -> dict[str, Any]:
    """A model's data; with ``visits`` an event lies between two of them, so many days apart."""
    table = rows(name)
    lower, upper = table["time"].copy(), table["time"].copy()
    if visits:
        before = np.floor((table["time"] - 1e-9) / visits) * visits
        lower = lower.where(table["event"] == 0, before)
        upper = upper.where(table["event"] == 0, before + visits)
    columns = pd.concat([table, lower.rename("lower"), upper.rename("upper")], axis=1)
    arms = [columns[columns["arm"] == arm] for arm in (0, 1)]
    size = max(map(len, arms))

    def padded(key: str, filling: float) -> np.ndarray:
        return np.stack([np.pad(arm[key], (0, size - len(arm)), constant_values=filling) for arm in arms])

    present = np.arange(size) < np.array([[len(arm)] for arm in arms])
    times = [padded("time", 1.0), padded("event", 0.0), present]
    data = relapse.patients(*times, padded("lower", 1.0), padded("upper", 1.0))
    if covariates:
        x = np.stack([padded("x1", 0.0), padded("x2", 0.0)], axis=-1)
        data |= adjusted.covariate_data(x, data["present"], ["x1", "x2"], ["x1", "x2"])
    return data


def agrees(module: Any, family: str, data: Mapping[str, Any], expected: dict[str, Any], near: float) -> None:
    """The likelihood is R's, is greatest where R says, and as great."""
    left_out = {*([] if "covariates" in data else _COEFFICIENTS)}
    left_out |= set() if "frailty_variance" in expected else {"frailty_variance"}
    priors: dict[str, Prior] = {
        name: row
        for name, row in priors_of("remission" if module is remission else "relapse").items()
        if name not in left_out
    }
    expected = midway(expected)
    model = module.build(data, family, priors)
    names = [str(variable.name) for variable in model.free_RVs]
    told = {name: np.asarray(_told(expected, name), float) for name in names}
    at_r = float(np.sum(pointwise(model)(**told)))
    assert at_r == pytest.approx(expected["log_likelihood"], abs=1e-5)

    free = np.concatenate([np.ravel(_free(name, told[name])) for name in names])
    sizes = [told[name].size for name in names]

    def parameters(x: Any) -> dict[str, Any]:
        parts = np.split(x, np.cumsum(sizes)[:-1])
        return {
            name: _own(name, part).reshape(told[name].shape) for name, part in zip(names, parts, strict=True)
        }

    start = free + 0.05 * np.where(np.arange(len(free)) % 2, 1, -1)
    found, value = maximum(model, parameters, start)
    assert value == pytest.approx(expected["log_likelihood"], abs=1e-5)
    np.testing.assert_allclose(found, free, atol=near)


def midway(expected: dict[str, Any]) -> dict[str, Any]:
    """R's levels are of the reference arm; the models' lie midway between the arms."""
    moved = dict(expected)
    if "log_hazard_ratio" in moved:
        moved["log_scale"] -= moved["log_hazard_ratio"] / (2 * moved.get("shape", 1.0))
    else:
        moved["logit_ever"] = moved["logit_remission"] + moved["log_odds_ratio"] / 2
        moved["log_mean_time"] += moved["log_time_ratio"] / 2
    return moved


_COEFFICIENTS = ("covariate_log_hazard_ratio", "covariate_log_odds_ratio", "covariate_log_time_ratio")
_POSITIVE = ("shape", "frailty_variance")


def _told(expected: dict[str, Any], name: str) -> Any:
    """R's estimate of a parameter, under the name that the script gives it."""
    vectors = dict(zip(_COEFFICIENTS, ("covariates", "odds", "times"), strict=True))
    steps = {"log_step_1": 0, "log_step_2": 1}
    return expected["steps"][steps[name]] if name in steps else expected[vectors.get(name, name)]


def _free(name: str, value: Any) -> Any:
    return np.log(value) if name in _POSITIVE else value


def _own(name: str, value: Any) -> Any:
    return np.exp(value) if name in _POSITIVE else value


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("covariates", [False, True])
def test_weibull_is_survreg(name: str, covariates: bool) -> None:
    expected = FIGURES["weibull_adjusted" if covariates else "weibull"][name]
    agrees(relapse, "weibull", patients(name, covariates), expected, near=1e-4)


@pytest.mark.parametrize("name", ["veteran", "pbc"])
def test_weibull_between_visits_is_survreg(name: str) -> None:
    expected = FIGURES["weibull_between_visits"][name]
    agrees(relapse, "weibull", patients(name, visits=182), expected, near=1e-4)


def test_piecewise_exponential_is_poisson_regression(monkeypatch: pytest.MonkeyPatch) -> None:
    """With rates that change within a minute instead of two months."""
    _with_width(monkeypatch, 1e-3)
    assert not set(rows("pbc")["time"]) & {365.0, 1095.0}
    agrees(relapse, "piecewise_exponential", patients("pbc"), FIGURES["piecewise"]["pbc"], near=2e-4)


def _with_width(monkeypatch: pytest.MonkeyPatch, width: float) -> None:
    """Rates that change over so many days around each cut."""
    cuts = np.array([*relapse.outcome.cuts, width])
    monkeypatch.setattr(
        proportional_hazards, "hazard_of", lambda family, outcome: hazards.piecewise_exponential(cuts)
    )


def test_piecewise_exponential_with_smooth_rates_is_the_likelihood_written_out_in_r(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _with_width(monkeypatch, 60.0)
    expected = FIGURES["piecewise_smooth"]["pbc"]
    agrees(relapse, "piecewise_exponential", patients("pbc"), expected, near=2e-4)


@pytest.mark.parametrize("name", ["veteran", "kidney"])
def test_gamma_frailty_is_the_likelihood_written_out_in_r(name: str) -> None:
    agrees(relapse, "weibull", patients(name), FIGURES["weibull_frailty"][name], near=2e-4)


@pytest.mark.parametrize("family", FAMILIES_OF["cure"])
@pytest.mark.parametrize("visits", [0, 91])
def test_mixture_cure_is_the_likelihood_written_out_in_r(family: str, visits: int) -> None:
    expected = FIGURES["cure_between_visits" if visits else "cure"][family]["ovarian"]
    # With nearly everybody ever to die (log-normal) the chance of it is hardly known from the likelihood.
    near = 0.02 if (family, visits) == ("lognormal", 0) else 5e-4
    agrees(remission, family, patients("ovarian", visits=visits), expected, near=near)
