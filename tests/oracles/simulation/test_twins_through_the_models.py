"""Twins of the embedded study go through the models on patients, and come back to the posterior that they are of.

Patients drawn from the posterior given the print, then analyzed as patients: averaged over many such twins, the
posterior given a twin is the posterior given the print (the tower rule), and the variance splits into the mean
variance within a twin and the variance between twins. A twin's own answer lies within that spread. The models on
patients know of no dependence between outcomes and of no definition that ties them: neither has the cohort here.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import arviz_stats as az
import numpy as np
import pytest

import mgbayes
from mgbayes.inference.job import Job
from mgbayes.inference.run import Fitter
from mgbayes.latent_cohort.run import (
    Settings,
    cohort_of,
    outcomes_of,
    parameter_draws,
    posterior,
    table_draws,
)
from mgbayes.models.plan_file import load_plan
from mgbayes.simulation.from_published import _cohort
from mgbayes.simulation.run import FROM_PUBLISHED, SyntheticCohort, _complete
from mgbayes.simulation.table import columns_of, map_of
from mgbayes.simulation.without_model import completed
from mgbayes.simulation.write import write_cohorts

pytestmark = pytest.mark.evidence

TWINS = 40
SETTINGS = Settings(dependence=0.0, chains=128, draws=30, thin=10)
FAMILY = {"remission": "lognormal", "relapse": "weibull", "prednisone": "hurdle_lognormal"}
QUANTITIES = [
    ("remission", "log_odds_ratio"),
    ("remission", "log_time_ratio"),
    ("remission", "risk_difference_365"),
    ("relapse", "log_hazard_ratio"),
    ("relapse", "rmst_difference_1825"),
    ("prednisone", "log_ratio"),
    ("prednisone", "adjusted_difference_last"),
]
_FOUR = 4  # standard errors


def _error(of_twins: np.ndarray, published: np.ndarray) -> float:
    """Standard error of the difference between the mean over twins and that of the published draws."""
    of_mean = of_twins.std(ddof=1) / np.sqrt(of_twins.size)
    return float(np.hypot(of_mean, az.mcse(published, method="mean")))


@pytest.fixture(scope="module", name="answers")
def _answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Draws of every quantity given the print, and its mean and variance given each twin."""
    study, rng = mgbayes.load_study(), np.random.default_rng(2020)
    plans = tuple(load_plan(name) for name in FAMILY)
    outcomes = outcomes_of(study, plans, 0.0)[0]
    run = posterior(replace(behind := cohort_of(study, outcomes), relations=()), SETTINGS)
    tables = table_draws(behind, run)
    twins = [
        SyntheticCohort(
            k + 1,
            columns_of(
                rng,
                study,
                map_of(study),
                _complete(study, completed(rng, study, _cohort(study, outcomes, tables, k))),
                f"twin-{k}",
            ),
            FROM_PUBLISHED,
            {},
        )
        for k in range(TWINS)  # of other chains each
    ]
    folder: Path = tmp_path_factory.mktemp("twins")
    files = [row.path for row in write_cohorts(study, twins, folder, seed=2020)]
    fitter = Fitter(cores=2, use_cache=False, predictive=False)
    moments: dict[str, Any] = {}
    for outcome in outcomes:
        plan = load_plan(outcome.plan.id)
        draws = parameter_draws(outcome, run)
        given_print = draws.merge(outcome.estimands(draws), compat="override")
        sampling = plan.sampling.model_copy(update={"draws": 500, "tune": 500, "target_accept": 0.9})
        plan = plan.model_copy(update={"sampling": sampling})
        fits = [
            fitter.attempt(Job(study, plan, FAMILY[plan.id], patients=mgbayes.read_patients(file, study)))
            for file in files
        ]
        for owner, name in QUANTITIES:
            if owner == plan.id:
                of_twins = [
                    (fit.posterior if name in fit.posterior else fit.contrasts)[name].to_numpy()
                    for fit in fits
                ]
                moments[name] = {
                    "published": given_print[name].transpose("chain", "draw").to_numpy(),
                    "mean": np.array([one.mean() for one in of_twins]),
                    "variance": np.array([one.var() for one in of_twins]),
                }
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
