"""The cohort's posterior against the separate fits by NUTS: with independent outcomes, and their evidence alone."""

from __future__ import annotations

from dataclasses import replace

import arviz_stats as azs
import numpy as np
import pytest

from mgbayes.inference.job import Job
from mgbayes.inference.run import Fitter
from mgbayes.latent_cohort.diagnostics import convergence
from mgbayes.latent_cohort.run import (
    Settings,
    cohort_of,
    outcomes_of,
    parameter_draws,
    posterior,
    table_draws,
)
from mgbayes.models.plan_file import load_plan
from mgbayes.study import load_study

STUDY = load_study()
SETTINGS = Settings(dependence=0.0, chains=128, warmup=600, draws=100, seed=4)


@pytest.mark.evidence
@pytest.mark.parametrize("name", ["remission", "relapse"])
def test_two_engines_have_one_answer(name: str) -> None:
    """Mean and P(benefit) of every estimand within 3 Monte Carlo errors of both."""
    plan = load_plan(name)
    outcomes, _ = outcomes_of(STUDY, (plan,), 0.0)
    cohort = cohort_of(STUDY, outcomes)
    # The separate model integrates over follow-up, and does not hold its published mean and SD besides.
    cohort = replace(
        cohort, statements=tuple(s for s in cohort.statements if s.column.name != "followup"), relations=()
    )
    run = posterior(cohort, SETTINGS)
    own = outcomes[0].estimands(parameter_draws(outcomes[0], run))
    fit = Fitter(cores=2, predictive=False).fit(Job(STUDY, plan, plan.family))
    for row in fit.estimands:
        here = own[row.id].transpose("chain", "draw").to_numpy()
        there = fit.contrasts[row.id].transpose("chain", "draw").to_numpy()
        assert convergence(here).ok
        for f in (np.arctan, lambda x, null=row.null: (x > null).astype(float)):
            error = np.hypot(azs.mcse(f(here), method="mean"), azs.mcse(f(there), method="mean"))
            assert abs(f(here).mean() - f(there).mean()) < 3 * error, row.id


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
