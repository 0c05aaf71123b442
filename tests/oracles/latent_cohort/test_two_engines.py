"""The cohort's posterior against the separate fits by NUTS: with independent outcomes, and their evidence alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import arviz_stats as azs
import numpy as np
import pytest
import xarray as xr

from mgbayes.estimands.estimand import Estimand
from mgbayes.inference.job import Job
from mgbayes.inference.run import Fitter
from mgbayes.inference.sample import compile_model, draw
from mgbayes.latent_cohort.answer import plans_of_cohort
from mgbayes.latent_cohort.diagnostics import convergence
from mgbayes.latent_cohort.outcome import Outcome
from mgbayes.latent_cohort.run import (
    Settings,
    cohort_of,
    outcomes_of,
    parameter_draws,
    posterior,
    table_draws,
)
from mgbayes.latent_cohort.sampler import Run
from mgbayes.models.plan_file import load_plan
from mgbayes.study import load_study
from tests.oracles.latent_cohort.small_studies import NIGHTS_PLAN, nights, plan, stays

STUDY = load_study()
SETTINGS = Settings(dependence=0.0, chains=128, warmup=600, draws=100, seed=4)


def agree(own: xr.Dataset, other: xr.Dataset, declared: Sequence[Estimand]) -> None:
    """Mean and P(benefit) of every estimand within 3 Monte Carlo errors of both; ``own`` is of tables."""
    for row in declared:
        here = own[row.id].transpose("chain", "draw").to_numpy()
        there = other[row.id].transpose("chain", "draw").to_numpy()
        assert convergence(here).ok
        for f in (np.arctan, lambda x, null=row.null: (x > null).astype(float)):
            error = np.hypot(azs.mcse(f(here), method="mean"), azs.mcse(f(there), method="mean"))
            assert abs(f(here).mean() - f(there).mean()) < 3 * error, row.id


def alike(outcome: Outcome, run: Run, other: xr.Dataset) -> None:
    """The same of the draws of a cohort."""
    agree(outcome.estimands(parameter_draws(outcome, run)), other, outcome.declared())


@pytest.mark.evidence
@pytest.mark.parametrize("name", ["remission", "relapse"])
def test_two_engines_have_one_answer(name: str) -> None:
    shipped = load_plan(name)
    outcomes, _ = outcomes_of(STUDY, (shipped,), 0.0)
    cohort = cohort_of(STUDY, outcomes)
    # The separate model integrates over follow-up, and does not hold its published mean and SD besides.
    cohort = replace(
        cohort, statements=tuple(s for s in cohort.statements if s.column.name != "followup"), relations=()
    )
    run = posterior(cohort, SETTINGS)
    fit = Fitter(cores=2, predictive=False).fit(Job(STUDY, shipped, shipped.family))
    alike(outcomes[0], run, fit.contrasts)


@pytest.mark.evidence
def test_two_engines_have_one_answer_for_a_score_at_two_visits() -> None:
    study = load_study(Path(str(files("mgbayes.study") / "starter.toml")))
    chosen = next(plan for plan in plans_of_cohort(study) if plan.model == "continuous")
    outcomes, _ = outcomes_of(study, (chosen,), 0.0)
    run = posterior(cohort_of(study, outcomes), SETTINGS)
    fit = Fitter(cores=2, predictive=False).fit(Job(study, chosen, chosen.family))
    assert len(outcomes[0].columns) == 2
    alike(outcomes[0], run, fit.contrasts)


@pytest.mark.evidence
def test_two_engines_have_one_answer_for_medians_and_quartiles() -> None:
    """The separate model integrates over places in cells; the cohort has every patient."""
    reported = [{"median": "6", "iqr": ["4", "9"]}, {"median": "4", "iqr": ["3", "7"]}]
    study = nights(*reported, n=(13, 9), methods={"software": "R"})
    outcomes, _ = outcomes_of(study, (NIGHTS_PLAN,), 0.0)
    run = posterior(cohort_of(study, outcomes), SETTINGS)
    fit = Fitter(cores=2, predictive=False).fit(Job(study, NIGHTS_PLAN, NIGHTS_PLAN.family))
    alike(outcomes[0], run, fit.contrasts)


@pytest.mark.evidence
def test_counts_that_their_numbers_determine_have_the_answer_of_patients() -> None:
    """Only 0, 1, 2 and 3 have the mean and SD of the one arm, and only 0, 1 and 2 those of the other."""
    study, chosen = stays(("1.5", "1.3"), ("1.0", "1.0")), plan("hospital", "stays")
    outcomes, _ = outcomes_of(study, (chosen,), 0.0)
    cohort = cohort_of(study, outcomes)
    run = posterior(cohort, SETTINGS)
    tables = table_draws(cohort, run).steps["stays.value"]
    assert (np.sort(tables[:, :4]) == [0, 1, 2, 3]).all()
    assert (np.sort(tables[:, 4:]) == [0, 1, 2]).all()
    model = outcomes[0].job.model
    data = model.patients([[0, 1, 2, 3], [0, 1, 2, 0]], np.full((2, 4), 2.0), [[1] * 4, [1, 1, 1, 0]])
    built = model.build(data, chosen.family, chosen.prior_set(chosen.family))
    draws, _ = draw(compile_model(built), chosen.sampling)
    alike(outcomes[0], run, model.estimands(draws, data, chosen.family))


@pytest.mark.long
def test_every_table_has_every_published_number() -> None:
    """By the statistics' own rule of what is published so, and the definitions; joint probabilities within bounds."""
    plans = tuple(load_plan(name) for name in ("remission", "relapse", "prednisone", "binary"))
    outcomes, _ = outcomes_of(STUDY, plans, 0.5)
    cohort = cohort_of(STUDY, outcomes)
    run = posterior(cohort, replace(SETTINGS, dependence=0.5, chains=32, warmup=30, draws=10))
    tables = table_draws(cohort, run)
    assert len(cohort.statements) > 15
    for statement in cohort.statements:
        counted = np.broadcast_to(statement.counted(tables), (tables.chains, tables.n))
        value = tables.value(statement.column.name)
        for k in range(tables.chains):
            assert statement.statistic.allows(value[k, counted[k]]), (statement.claim, k)
    rows = tables.every()
    assert all(relation.holds(rows).all() for relation in cohort.relations)
    remitted, relapsed = (
        tables.steps[f"{name}.event"] > 0 for name in ("time_to_remission", "time_to_relapse")
    )
    alone = (remitted & ~relapsed)[:, :17].sum(axis=1)
    # 12 of 17 remitted and 10 relapsed: at least 5 did both.
    assert alone.min() >= 2
    assert alone.max() <= 7
