"""A fit's draws given a reported p value that few data sets have: chains of tables, of its outcome alone.

Where hardly any data set that a fit holds credible has the p value, selecting its draws keeps next to nothing. Chains
of tables are led to it instead (tempering.py). They have the outcome of the fit, with its plan's priors and the
published numbers of that outcome; follow-up has its distribution, as in the fit, and no numbers besides. Tests hold
the draws against those that selection keeps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import exp

import xarray as xr

from mgbayes.errors import InputError
from mgbayes.inference.diagnostics import Diagnostics, varying, worst
from mgbayes.inference.job import Job
from mgbayes.latent_cohort.diagnostics import nested_rhat
from mgbayes.latent_cohort.followup import FOLLOWUP
from mgbayes.latent_cohort.outcome import Outcome
from mgbayes.latent_cohort.outcomes import outcomes_for
from mgbayes.latent_cohort.p_statements import PStatement, p_statements_of
from mgbayes.latent_cohort.parameters import FORMS
from mgbayes.latent_cohort.run import Settings, cohort_of, parameter_draws, posterior_from, settled
from mgbayes.latent_cohort.sampler import Sampler, State
from mgbayes.latent_cohort.tempering import Climb, Ladder
from mgbayes.study.schema import TestFamily

LEAST_SHARE = 1e-6
"""Chains are led no farther: a p value that fewer data sets have is taken to be in conflict with the rest."""
_TESTS = {"logrank": TestFamily.log_rank, "mann_whitney": TestFamily.mann_whitney}
"""Of a model's p values, those that are computed on tables."""
_SETTINGS = Settings(dependence=0.0, warmup=120, draws=80, thin=5)
_TRIES = 3
"""How often chains are drawn from, at most, until they agree."""


@dataclass(frozen=True)
class GivenP:
    """The way to each p value from the published summaries, and draws (chain, draw) given all; None without a way."""

    climbs: tuple[Climb, ...]
    posterior: xr.Dataset | None

    @property
    def share(self) -> float:
        """The share of data sets with the published summaries that have the p values; 0 where no chain came there."""
        return exp(sum(one.log_chance for one in self.climbs)) if self.posterior is not None else 0.0


def has_tables(job: Job) -> bool:
    """Whether chains of tables can be led to the reported p values of a fit."""
    return _outcome(job) is not None and all(use.statistic in _TESTS for use in job.printed_p)


def given_p(job: Job) -> GivenP:
    """Draws of a fit that ``has_tables``, given its reported p values, one after the other."""
    outcome = _outcome(job)
    assert outcome is not None
    cohort = cohort_of(job.study, (outcome,))
    cohort = replace(
        cohort,
        statements=tuple(one for one in cohort.statements if one.column.name != FOLLOWUP),
        relations=(),
    )
    settings = replace(_SETTINGS, seed=job.plan.sampling.seed)
    try:
        sampler, state = settled(cohort, settings)
    except InputError:  # no table was found to start from
        return GivenP((), None)
    ladder, climbs = Ladder(sampler, state), list[Climb]()
    for statement in _statements(job, outcome):
        climbs.append(ladder.climb(statement, least=LEAST_SHARE))
        if not climbs[-1].reached:
            return GivenP(tuple(climbs), None)
    return GivenP(tuple(climbs), _drawn(outcome, sampler, state, settings))


def _drawn(outcome: Outcome, sampler: Sampler, state: State, settings: Settings) -> xr.Dataset:
    """Draws from a state that has come to the p values; chains that disagree go on."""
    for _ in range(_TRIES):
        draws = parameter_draws(outcome, posterior_from(sampler, state, settings))
        if not diagnose_tables(draws, outcome.estimands(draws)).failures():
            break
    return draws


def diagnose_tables(posterior: xr.Dataset, estimands: xr.Dataset) -> Diagnostics:
    """Of many short chains, (chain, draw): their R-hat is the nested one."""
    import arviz_stats as az

    everything = varying(posterior).assign(estimands.drop_vars(["chain", "draw"], errors="ignore"))
    values = [array.transpose("chain", "draw", ...).to_numpy() for array in everything.values()]
    entries = [one.reshape(*one.shape[:2], -1) for one in values]
    return Diagnostics(
        rhat_max=max(nested_rhat(one[..., k]) for one in entries for k in range(one.shape[2])),
        ess_bulk_min=worst(az.ess(everything, method="bulk"), min),
        ess_tail_min=worst(az.ess(everything, method="tail", prob=(0.05, 0.95)), min),
    )


def _outcome(job: Job) -> Outcome | None:
    """The outcome of a fit on published numbers alone; None where patients have no distribution of it here."""
    forms = {prior.form for prior in job.plan.prior_set(job.family, job.adjusted).values()}
    if job.evidence != "published+p" or not forms <= FORMS:
        return None
    kinds = (kind for kind in outcomes_for(job.plan) if kind.family(job.plan) == job.family)
    return next((kind(job, None, job.data) for kind in kinds), None)


def _statements(job: Job, outcome: Outcome) -> Iterator[PStatement]:
    for use in job.printed_p:
        for row in p_statements_of(job.study, (outcome,), ()):
            tests = [test for test in row.tests if test.family is _TESTS[use.statistic]]
            if row.claim == use.claim and tests:
                yield replace(row, tests=tuple(tests))
