"""Synthetic cohorts from the cohort behind the paper: outcomes that depend on each other and meet every definition.

What models say is one table of the joint posterior (``latent_cohort``), each cohort that of another chain; everything
else meets what is published of it (``without_model``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.random import Generator

from mgbayes.latent_cohort.answer import plans_of_cohort
from mgbayes.latent_cohort.derived import derived_of
from mgbayes.latent_cohort.followup import FOLLOWUP
from mgbayes.latent_cohort.outcome import Outcome
from mgbayes.latent_cohort.run import (
    Settings,
    cohort_of,
    outcomes_of,
    parameter_draws,
    posterior,
    table_draws,
)
from mgbayes.latent_cohort.table import Tables
from mgbayes.latent_cohort.timed import Timed
from mgbayes.progress import Say
from mgbayes.simulation.cohort import Cohort, Floats, Place, Times
from mgbayes.simulation.without_model import completed
from mgbayes.study.schema import Study

_CHAINS = 64
"""At least: parameters move by the differences between chains."""


def cohorts_from_published(
    rng: Generator, study: Study, number: int, seed: int, say: Say
) -> Iterator[tuple[Cohort, dict[str, Any]]]:
    """So many cohorts, each with the parameters of its table by outcome.

    Raises InputError where no table meets what is published.
    """
    settings = Settings(chains=max(_CHAINS, number), draws=1, thin=1, seed=seed)
    outcomes, _ = outcomes_of(study, plans_of_cohort(study), settings.dependence)
    if not outcomes:
        for _ in range(number):
            yield completed(rng, study, Cohort((int(study.reference.n), int(study.contrast.n)))), {}
        return
    behind = cohort_of(study, outcomes)
    say("drawing tables of patients")
    run = posterior(behind, settings)
    tables = table_draws(behind, run)
    parameters = {outcome.name: parameter_draws(outcome, run) for outcome in outcomes}
    for at in range(number):
        drawn = {name: _numbers(draws.isel(chain=at, draw=0)) for name, draws in parameters.items()}
        yield completed(rng, study, _cohort(study, outcomes, tables, at)), drawn


def _cohort(study: Study, outcomes: tuple[Outcome, ...], tables: Tables, at: int) -> Cohort:
    """What the table of a chain has, and what definitions make of it."""
    of = {name: tables.value(name)[at] for name in tables.steps}
    timed = [outcome for outcome in outcomes if isinstance(outcome, Timed)]
    times = {one.endpoint.id: _times(of[one.event], of[one.time]) for one in timed}
    of_times = {column.name for one in timed for column in one.columns}
    values: dict[Place, Floats] = {
        (column.endpoint, column.visit): of[column.name]
        for outcome in outcomes
        for column in outcome.columns
        if column.name not in of_times
    }
    values |= {
        (one.endpoint, None): one.which(tables)[at].astype(float) for one in derived_of(study, tables.columns)
    }
    return Cohort((int(study.reference.n), int(study.contrast.n)), values, times, of.get(FOLLOWUP))


def _times(event: Floats, day: Floats) -> Times:
    return Times(event, np.where(event > 0, day, np.nan))


def _numbers(draw: Any) -> Mapping[str, Any]:
    return {str(name): value.to_numpy().tolist() for name, value in draw.items()}
