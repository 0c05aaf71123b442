"""Twins of the embedded study go through the models on patients, and come back to the published posterior.

Patients drawn from the posterior given the print, then analyzed as patients: averaged over many such twins, the
posterior given a twin is the posterior given the print (the tower rule), and the variance splits into the mean
variance within a twin and the variance between twins. A twin's own answer lies within that spread. Follow-up is drawn
given its own printed mean and SD too, which the published mode takes as its law only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import arviz_stats as az
import numpy as np
import pytest
import xarray as xr

import mgbayes
from mgbayes.inference.fit import Fit
from mgbayes.inference.job import Job
from mgbayes.inference.run import Fitter
from mgbayes.models.plan_file import load_plan
from mgbayes.simulation.posterior import published_fits
from mgbayes.simulation.write import write_cohorts
from mgbayes.study.schema import Study

pytestmark = pytest.mark.evidence

TWINS = 40
FAMILY = {"remission": "lognormal", "relapse": "weibull", "prednisone": "normal_ratio"}
QUANTITIES = [
    ("remission", "log_odds_ratio"),
    ("remission", "log_time_ratio"),
    ("remission", "risk_difference_365"),
    ("relapse", "log_hazard_ratio"),
    ("relapse", "rmst_difference_1825"),
    ("prednisone", "change_difference_last"),
    ("prednisone", "adjusted_difference_last"),
]
_FOUR = 4  # standard errors


def _values(fit: Fit, name: str) -> np.ndarray:
    """Draws (chain, draw)."""
    held: xr.Dataset = fit.posterior if name in fit.posterior else fit.contrasts
    return np.asarray(held[name].transpose("chain", "draw").to_numpy())


def _error(of_twins: np.ndarray, published: np.ndarray) -> float:
    """Standard error of the difference between the mean over twins and that of the published draws."""
    of_mean = of_twins.std(ddof=1) / np.sqrt(of_twins.size)
    return float(np.hypot(of_mean, az.mcse(published, method="mean")))


@pytest.fixture(scope="module", name="answers")
def _answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Mean and variance of every quantity: of the published posterior, and of each twin's."""
    study: Study = mgbayes.load_study()
    members = mgbayes.simulate(study, members=TWINS, seed=2020)
    folder: Path = tmp_path_factory.mktemp("twins")
    files = [row.path for row in write_cohorts(study, members, folder, seed=2020)]
    fitter = Fitter(cores=2, use_cache=False, predictive=False)
    published = {fit.plan.id: fit for fit in published_fits(study)}
    moments: dict[str, Any] = {
        name: {"published": _values(published[plan], name)} for plan, name in QUANTITIES
    }
    for plan_id, family in FAMILY.items():
        plan = load_plan(plan_id)
        sampling = plan.sampling.model_copy(update={"draws": 500, "tune": 500, "target_accept": 0.9})
        plan = plan.model_copy(update={"sampling": sampling})
        fits = [
            fitter.attempt(Job(study, plan, family, patients=mgbayes.read_patients(file, study)))
            for file in files
        ]
        for owner, name in QUANTITIES:
            if owner == plan_id:
                moments[name]["mean"] = np.array([_values(fit, name).mean() for fit in fits])
                moments[name]["variance"] = np.array([_values(fit, name).var() for fit in fits])
    return moments


@pytest.mark.parametrize(("plan", "name"), QUANTITIES)
def test_twins_average_to_the_published_posterior(answers: dict[str, Any], plan: str, name: str) -> None:
    row = answers[name]
    off = row["mean"].mean() - row["published"].mean()
    error = _error(row["mean"], row["published"])
    print(f"{plan} {name}: twins {row['mean'].mean():.3f} ± {error:.3f}, print {row['published'].mean():.3f}")
    assert abs(off) < _FOUR * error


@pytest.mark.parametrize(("plan", "name"), QUANTITIES)
def test_the_spread_is_that_of_the_law_of_total_variance(
    answers: dict[str, Any], plan: str, name: str
) -> None:
    row = answers[name]
    total = row["variance"] + (row["mean"] - row["mean"].mean()) ** 2 * TWINS / (TWINS - 1)
    error = _error(total, (row["published"] - row["published"].mean()) ** 2)
    print(
        f"{plan} {name}: within {row['variance'].mean():.3g} + between {row['mean'].var(ddof=1):.3g} = "
        f"{total.mean():.3g} ± {error:.2g}, print {row['published'].var():.3g}"
    )
    assert abs(total.mean() - row["published"].var()) < _FOUR * error


@pytest.mark.parametrize(("plan", "name"), QUANTITIES)
def test_the_published_answer_lies_within_the_spread_between_twins(
    answers: dict[str, Any], plan: str, name: str
) -> None:
    row = answers[name]
    assert row["mean"].min() < row["published"].mean() < row["mean"].max()
