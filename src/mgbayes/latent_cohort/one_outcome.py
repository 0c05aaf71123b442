"""A fit's draws given a reported p value that few data sets have: chains of tables, of its outcome alone.

Where hardly any data set that a fit holds credible has the p value, selecting its draws keeps next to nothing. Chains
of tables are led to it instead (tempering.py). They have the outcome of the fit, with its plan's priors and the
published numbers of that outcome; follow-up has its distribution, as in the fit, and no numbers besides. Tests hold
the draws against those that selection keeps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp

import numpy as np
import xarray as xr

from mgbayes.errors import InputError
from mgbayes.estimands.printed_p import LOG_RANK, MANN_WHITNEY
from mgbayes.inference.diagnostics import Diagnostics, varying, worst
from mgbayes.inference.job import Job
from mgbayes.latent_cohort.diagnostics import nested_rhat
from mgbayes.latent_cohort.followup import FOLLOWUP
from mgbayes.latent_cohort.outcome import Outcome
from mgbayes.latent_cohort.outcomes import outcomes_for
from mgbayes.latent_cohort.p_statements import PStatement, p_statements_of
from mgbayes.latent_cohort.parameters import FORMS
from mgbayes.latent_cohort.run import Settings, cohort_of, parameter_draws, posterior_from, settled
from mgbayes.latent_cohort.sampler import Cohort, Sampler, State
from mgbayes.latent_cohort.tempering import Climb, Ladder
from mgbayes.latent_cohort.timed import Timed
from mgbayes.models.plan import PrintedPUse
from mgbayes.study.schema import TestFamily

LEAST_SHARE = 1e-6
"""Chains are led no farther: a p value that fewer data sets have is taken to be in conflict with the rest."""
_TESTS = {LOG_RANK: TestFamily.log_rank, MANN_WHITNEY: TestFamily.mann_whitney}
"""Of a model's p values, those that are computed on tables."""
_SETTINGS = Settings(dependence=0.0, warmup=120, draws=80, thin=5)
_TRIES = 3
"""How often chains are drawn from, at most, until they agree."""


@dataclass(frozen=True)
class Led:
    """The way to each p value from the published summaries, and draws (chain, draw) given all; None without a way.

    No climbs where no table was found to start from.
    """

    climbs: tuple[Climb, ...]
    posterior: xr.Dataset | None

    @property
    def share(self) -> float:
        """The share of data sets with the published summaries that have the p values; 0 where no chain came there."""
        return exp(sum(one.log_chance for one in self.climbs)) if self.posterior is not None else 0.0


def has_tables(job: Job) -> bool:
    """Whether chains of tables, with the evidence that a fit has, can be led to its reported p values."""
    outcome = _outcome(job)
    if outcome is None or not all(_statements(job, outcome, use) for use in job.printed_p):
        return False
    return _same_evidence(outcome, _cohort(job, outcome))


def led_to_p(job: Job) -> Led:
    """Draws of a fit that ``has_tables``, given its reported p values, one after the other."""
    outcome = _outcome(job)
    assert outcome is not None
    settings = replace(_SETTINGS, seed=job.plan.sampling.seed)
    try:
        sampler, state = settled(_cohort(job, outcome), settings)
    except InputError:
        return Led((), None)
    ladder, climbs = Ladder(sampler, state), list[Climb]()
    for statement in (row for use in job.printed_p for row in _statements(job, outcome, use)):
        climbs.append(ladder.climb(statement, least=LEAST_SHARE))
        if not climbs[-1].reached:
            return Led(tuple(climbs), None)
    return Led(tuple(climbs), _drawn(outcome, sampler, state, settings))


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


def _outcome(job: Job) -> Timed | None:
    """The outcome of a fit on published numbers alone; None where patients have no distribution of it here."""
    forms = {prior.form for prior in job.plan.prior_set(job.family, job.adjusted).values()}
    if job.evidence != "published+p" or not forms <= FORMS:
        return None
    kinds = (kind for kind in outcomes_for(job.plan) if issubclass(kind, Timed))
    fitting = (kind for kind in kinds if kind.family(job.plan) == job.family)
    return next((kind(job, None, job.data) for kind in fitting), None)


def _cohort(job: Job, outcome: Timed) -> Cohort:
    """The outcome and its published numbers, without those of follow-up."""
    cohort = cohort_of(job.study, (outcome,))
    own = tuple(one for one in cohort.statements if one.column.name != FOLLOWUP)
    return replace(cohort, statements=own, relations=())


def _same_evidence(outcome: Timed, cohort: Cohort) -> bool:
    """Whether tables are held to the events and times that the fit has: no fewer, and no others."""
    data, arm = outcome.data, cohort.arm
    if data.get("time_quantile") is not None or list(data["n"]) != [int((arm == a).sum()) for a in (0, 1)]:
        return False
    events = np.asarray(data["events"]).astype(int)
    counts = [one for one in cohort.statements if one.column.name == outcome.event]
    times = [one for one in cohort.statements if one.column.name == outcome.time]
    told = {a for a in (0, 1) for one in counts if (one.who == (arm == a)).all()}
    agree = all(
        one.windows is not None
        and one.windows.low <= events[np.unique(arm[one.who])].sum() <= one.windows.high
        for one in counts
    )
    return told == {0, 1} and agree and len(times) == int(np.sum(data["times_printed"]))


def _statements(job: Job, outcome: Timed, use: PrintedPUse) -> tuple[PStatement, ...]:
    """The p values of a claim by the test that is taken to stand behind them, one for each text."""
    rows = (row for row in p_statements_of(job.study, (outcome,), ()) if row.claim == use.claim)
    family = _TESTS.get(use.statistic)
    by_test = (
        replace(row, tests=tuple(test for test in row.tests if family and test.family is family))
        for row in rows
    )
    return tuple(row for row in by_test if row.tests)
