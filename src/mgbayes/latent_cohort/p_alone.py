"""Outcomes of which a paper reports a p value between the arms, and no number.

Cohorts are drawn from the priors of the outcome's plan, with as many patients and their follow-up; those of which a
test gives the p as reported, in the direction that the text states, are kept. Where several tests could stand behind
it, each is as likely. What is left is drawn from the posterior given the p value alone, exactly and independently.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from mgbayes.inference.job import Job
from mgbayes.latent_cohort.counted import Counted
from mgbayes.latent_cohort.outcomes import outcomes_for
from mgbayes.latent_cohort.p_statements import PStatement, p_statements_of, with_named_tests
from mgbayes.latent_cohort.run import cohort_of
from mgbayes.latent_cohort.table import Floats, Tables
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.models.time_evidence import followup_of
from mgbayes.study.schema import DAYS_IN, Study

CHAINS = 16
"""Into so many sets of equal size the draws, which are independent, are dealt."""
_PATIENTS = 600_000  # at a time
_MOST_TIMES, _ENOUGH, _FEWEST = 100, 4000, 400


@dataclass(frozen=True)
class PAlone:
    """An outcome, what is reported of it, the prior probability of that, and parameters (chain, draw) given it."""

    outcome: Counted
    statements: tuple[PStatement, ...]
    chance: float
    draws: xr.Dataset


def p_alone(study: Study, plans: Sequence[Plan], seed: int) -> Iterator[PAlone]:
    """Those of plans of counted events. One whose p value hardly any cohort has is left out."""
    for plan in plans:
        if Counted not in outcomes_for(plan):
            continue
        outcome = Counted(Job(study, plan, plan.family), None, {})
        statements = statements_alone(study, outcome)
        if statements:
            yield from _given(study, outcome, statements, np.random.default_rng(seed))


def statements_alone(study: Study, outcome: Counted) -> tuple[PStatement, ...]:
    """The p values of an outcome; none where a number of it, or no length of follow-up, is reported."""
    endpoint = outcome.columns[0].endpoint
    numbers = (claim.summaries or claim.effects for claim in study.claims if claim.endpoint == endpoint)
    if any(numbers) or not _is_followed(study, outcome):
        return ()
    rows = (with_named_tests(row, study) for row in p_statements_of(study, (outcome,), ()))
    return tuple(row for row in rows if row.tests)


def _is_followed(study: Study, outcome: Counted) -> bool:
    """Whether the length of follow-up is reported, in a unit of time."""
    try:
        return outcome.time_unit in DAYS_IN and followup_of(study, outcome.plan) is not None
    except NotPrinted:
        return False


def _given(
    study: Study, outcome: Counted, statements: tuple[PStatement, ...], rng: np.random.Generator
) -> Iterator[PAlone]:
    cohort, kept, weight, times = cohort_of(study, (outcome,)), list[xr.Dataset](), 0.0, 0
    assert cohort.followup is not None
    cohorts = max(1, _PATIENTS // len(cohort.arm))
    while times < _MOST_TIMES and sum(one.sizes["draw"] for one in kept) < _ENOUGH:
        drawn = outcome.prior_draws(rng, cohorts)
        followup = cohort.followup.draw(rng, (cohorts, len(cohort.arm)))
        steps = outcome.new_cohorts(rng, drawn, followup, cohort.arm)
        tables = Tables(cohort.columns, cohort.arm, {outcome.columns[0].name: steps})
        share = share_of_tests(statements, tables)
        taken = rng.random(len(share)) < share
        kept.append(drawn.isel(draw=np.flatnonzero(taken)))
        weight, times = weight + float(share.mean()), times + 1
    size = sum(one.sizes["draw"] for one in kept) // CHAINS
    if size * CHAINS >= _FEWEST:
        yield PAlone(outcome, statements, weight / times, _dealt(kept, size))


def share_of_tests(statements: Sequence[PStatement], tables: Tables) -> Floats:
    """Of every table (K,), the probability that its p values are reported so: any text of a claim, all claims."""
    share = np.ones(tables.chains)
    for claim in dict.fromkeys(row.claim for row in statements):
        texts = [row.distances(tables) == 0 for row in statements if row.claim == claim]
        share *= np.any(texts, axis=0).mean(axis=0)
    return share


def _dealt(kept: Sequence[xr.Dataset], size: int) -> xr.Dataset:
    """The draws as (chain, draw)."""
    flat = xr.concat(kept, dim="draw").isel(chain=0, draw=slice(CHAINS * size))
    values = {
        str(name): (("chain", "draw"), one.to_numpy().reshape(CHAINS, size)) for name, one in flat.items()
    }
    return xr.Dataset(values, coords={"chain": np.arange(CHAINS), "draw": np.arange(size)})
