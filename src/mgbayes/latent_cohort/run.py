"""The cohort behind a study: what it holds, and its posterior."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.errors import InputError, Problem
from mgbayes.inference.job import Job
from mgbayes.latent_cohort.class_scan import ClassScan, Limits
from mgbayes.latent_cohort.diagnostics import GROUPS
from mgbayes.latent_cohort.followup import FOLLOWUP, FollowUp
from mgbayes.latent_cohort.moves import moves_of
from mgbayes.latent_cohort.ordered import Ordered
from mgbayes.latent_cohort.outcome import Outcome
from mgbayes.latent_cohort.outcomes import outcomes_for
from mgbayes.latent_cohort.proposal import Move
from mgbayes.latent_cohort.relations import relations_of
from mgbayes.latent_cohort.sampler import Cohort, NothingFits, Run, Sampler, State
from mgbayes.latent_cohort.start import starting_parameters, starting_tables
from mgbayes.latent_cohort.statements import statements_of, untold
from mgbayes.latent_cohort.table import Column, Tables, arms_of
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.models.priors import Prior
from mgbayes.models.time_evidence import followup_of
from mgbayes.study.schema import Study

_SHORTER = 4
"""The warm-up of chains that had settled before with almost all of the statements is so many times shorter."""


@dataclass(frozen=True)
class Settings:
    """How long chains run. ``dependence`` is the prior SD of loadings on Fisher's z scale; 0 for none.

    ``p_values``: whether each reported p value is looked for among tables, and those that fit are evidence;
    ``each_number``: whether each number is left out in turn, and predicted from all the others;
    ``misprint``: the prior probability that a reported number is a misprint.
    """

    dependence: float = 0.5
    p_values: bool = False
    each_number: bool = False
    misprint: float = 0.02
    chains: int = 128
    warmup: int = 150
    draws: int = 50
    thin: int = 8
    seed: int = 20200216


@dataclass(frozen=True)
class LeftOut:
    """A plan or a published number that the cohort does not hold, and why."""

    what: str
    why: str


def outcomes_of(
    study: Study, plans: Sequence[Plan], dependence: float
) -> tuple[tuple[Outcome, ...], tuple[LeftOut, ...]]:
    """The outcomes of plans whose model has a patient's distribution here, and the plans that have none."""
    loading = (
        Prior("normal", (0.0, dependence), "of a loading, on Fisher's z scale") if dependence > 0 else None
    )
    found: list[Outcome] = []
    left_out = []
    for plan in plans:
        kinds = [(kind, kind.family(plan)) for kind in outcomes_for(plan)]
        kind, family = next(((kind, family) for kind, family in kinds if family), (None, None))
        if kind is None or family is None:
            why = "its model or family, or changes without their ends, have no distribution of patients here"
            left_out.append(LeftOut(plan.title, why))
            continue
        try:
            for one in kind.parts(plan, family):
                outcome = kind.of(Job(study, one, family), loading)
                column = _untold(study, outcome)
                if column is not None:
                    left_out.append(
                        LeftOut(plan.title, f"no number of all patients is reported for {column.name}")
                    )
                elif outcome.time_unit is not None and followup_of(study, plan) is None:
                    raise NotPrinted(plan.endpoints[0].endpoint, "the length of follow-up")
                else:
                    found.append(outcome)
        except NotPrinted as absent:
            left_out.append(LeftOut(plan.title, f"the paper does not report {absent.needed}"))
    unit = next((outcome.time_unit for outcome in found if outcome.time_unit is not None), None)
    alike = [outcome for outcome in found if outcome.time_unit in (None, unit)]
    left_out += [
        LeftOut(
            outcome.plan.title,
            f"its times or its follow-up are not in {unit}, as the follow-up of the first outcome is",
        )
        for outcome in found
        if outcome not in alike
    ]
    return tuple(alike), tuple(left_out)


def _untold(study: Study, outcome: Outcome) -> Column | None:
    arm = arms_of(study)
    columns = {column.name: column for column in outcome.columns}
    return untold(outcome.columns, statements_of(study, columns, arm), arm)


def cohort_of(study: Study, outcomes: tuple[Outcome, ...]) -> Cohort:
    """The cohort of the outcomes, with every statement and relation about them."""
    arm = arms_of(study)
    columns = {column.name: column for outcome in outcomes for column in outcome.columns}
    followup = _followup(study, outcomes)
    if followup is not None:
        columns[FOLLOWUP] = followup.column
    statements = tuple(statements_of(study, columns, arm))
    return Cohort(columns, arm, outcomes, followup, statements, tuple(relations_of(study, columns)))


def _followup(study: Study, outcomes: tuple[Outcome, ...]) -> FollowUp | None:
    """The follow-up of the first outcome that reads it, which all share."""
    for outcome in outcomes:
        if outcome.time_unit is not None:
            endpoint = study.endpoint(outcome.plan.endpoints[0].endpoint)
            given = followup_of(study, outcome.plan)
            assert given is not None  # the outcome's model has asked for it
            named = study.claim(endpoint.followup).endpoint if endpoint.followup else None
            # Its numbers are held only where they are in the unit of the times.
            source = named if named and study.endpoint(named).unit == outcome.time_unit else None
            if given.sd == 0:
                return FollowUp(Column(FOLLOWUP, given.mean, 1, "", high=1), given)
            step = 1.0 if outcome.time_unit == "days" else 0.1
            return FollowUp(Column(FOLLOWUP, step, 1, source or ""), given)
    return None


def scans_of(cohort: Cohort) -> tuple[ClassScan, ...]:
    """Scans of ordered classes at several visits, which no relation reads."""
    n, related = len(cohort.arm), {name for relation in cohort.relations for name in relation.columns}
    return tuple(
        ClassScan(one, tuple(Limits.of(column, cohort.statements, n) for column in one.columns))
        for one in cohort.outcomes
        if isinstance(one, Ordered) and len(one.visits) > 1 and not related & set(one.reads)
    )


def started(cohort: Cohort, settings: Settings) -> tuple[Sampler, State]:
    """A sampler and the state that it starts from. Raises InputError for a statement that nothing meets."""
    rng = np.random.default_rng(settings.seed)
    followup = cohort.followup
    tables = starting_tables(
        rng,
        cohort.columns,
        cohort.arm,
        cohort.statements,
        lambda column: (
            followup.draw(rng, len(cohort.arm))
            if followup is not None and column is followup.column
            else rng.exponential(followup.given.mean / 4 if followup is not None else 1.0, len(cohort.arm))
        ),
        settings.chains,
    )
    blocks = [block for outcome in cohort.outcomes for block in outcome.blocks]
    if cohort.followup is not None:
        blocks.append((FOLLOWUP,))
    scans = scans_of(cohort)
    scanned = [column.name for scan in scans for column in scan.outcome.columns]
    moves: list[Move] = moves_of(tables, cohort.statements, blocks, scanned)
    group = np.arange(settings.chains) % GROUPS  # chains of a group start alike
    effect = rng.standard_normal((GROUPS, len(cohort.arm))) if cohort.tied else None
    theta = {one.name: starting_parameters(rng, one, tables, effect)[group] for one in cohort.outcomes}
    return Sampler(cohort, moves, rng, scans), State(
        tables, cohort, theta, None if effect is None else effect[group]
    )


def posterior(
    cohort: Cohort,
    settings: Settings,
    progress: Callable[[float], None] = lambda share: None,
) -> Run:
    """Draws of tables and parameters. Raises InputError where no table meets what is published."""
    sampler, state = started(cohort, settings)
    return _drawn(sampler, state, settings, settings.warmup, settings.draws, progress)


def settled(cohort: Cohort, settings: Settings) -> tuple[Sampler, State]:
    """A sampler and a state that is warmed up. Raises InputError where no table meets what is published."""
    sampler, state = started(cohort, settings)
    _drawn(sampler, state, settings, settings.warmup, 0)
    return sampler, state


def started_anew(
    cohort: Cohort, settings: Settings, others: State, focus: frozenset[str]
) -> tuple[Sampler, State]:
    """As ``started`` in some columns, which are moved more often; in all else from a state that has settled."""
    sampler, state = started(cohort, settings)
    state.take_others(others, focus)
    sampler.focus = focus
    return sampler, state


def posterior_from(sampler: Sampler, state: State, settings: Settings) -> Run:
    """Draws from a state that has settled with almost all of the statements."""
    return _drawn(sampler, state, settings, settings.warmup // _SHORTER, settings.draws)


def _drawn(
    sampler: Sampler,
    state: State,
    settings: Settings,
    warmup: int,
    draws: int,
    progress: Callable[[float], None] = lambda share: None,
) -> Run:
    try:
        return sampler.run(state, warmup=warmup, draws=draws, thin=settings.thin, progress=progress)
    except NothingFits:
        problem = Problem(
            "claims",
            "numbers that each can be met alone",
            "patients in whom all of them are possible together: events within follow-up, and the relations",
        )
        raise InputError("the cohort behind the paper", [problem]) from None


def parameter_draws(outcome: Outcome, run: Run) -> xr.Dataset:
    """The draws of an outcome's parameters, (chain, draw, ...), with what its estimands are made from."""
    theta = np.stack(run.theta[outcome.name], axis=1)
    chains, draws, size = theta.shape
    values = outcome.layout.values(theta.reshape(-1, size))
    arrays: dict[str, Any] = {
        name: (("chain", "draw", *outcome.dims(name)), value.reshape(chains, draws, *value.shape[1:]))
        for name, value in values.items()
    }
    coords = {"chain": np.arange(chains), "draw": np.arange(draws)}
    return outcome.derived(xr.Dataset(arrays, coords=coords))


def table_draws(cohort: Cohort, run: Run) -> Tables:
    """Every stored table, draw after draw."""
    steps = {name: np.concatenate(parts).astype(np.int64) for name, parts in run.steps.items()}
    return Tables(cohort.columns, cohort.arm, steps)
