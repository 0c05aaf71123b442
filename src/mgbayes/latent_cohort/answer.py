"""What the cohort behind a paper says: one answer for each outcome, and all of them together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from operator import itemgetter
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.errors import InputError, Problem
from mgbayes.estimands.estimand import Estimand
from mgbayes.executor import Executor
from mgbayes.latent_cohort.derived import Derived, derived_of
from mgbayes.latent_cohort.diagnostics import Convergence, convergence
from mgbayes.latent_cohort.each_number import each_number
from mgbayes.latent_cohort.exchangeable import exchangeable_statements
from mgbayes.latent_cohort.given_p import p_values, posterior_given_p, statements_for
from mgbayes.latent_cohort.outcome import Outcome
from mgbayes.latent_cohort.outcomes import outcomes_for
from mgbayes.latent_cohort.p_alone import p_alone
from mgbayes.latent_cohort.p_evidence import ReportedPValue
from mgbayes.latent_cohort.p_statements import PStatement
from mgbayes.latent_cohort.predicted import Predicted
from mgbayes.latent_cohort.reported_numbers import ReportedNumber, reported_numbers
from mgbayes.latent_cohort.run import (
    LeftOut,
    Settings,
    cohort_of,
    outcomes_of,
    parameter_draws,
    posterior,
    table_draws,
)
from mgbayes.latent_cohort.sampler import Cohort
from mgbayes.latent_cohort.table import Floats, Tables
from mgbayes.latent_cohort.tests_on_tables import PublishedP, published_p
from mgbayes.latent_cohort.unpublished import Unpublished, unpublished
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan import Plan
from mgbayes.models.plan_file import shipped_plans
from mgbayes.overall.main_outcomes import main_estimands
from mgbayes.planning.choose import plans_of
from mgbayes.progress import Say, on_a_bar, quiet
from mgbayes.study.about import overlap
from mgbayes.study.load import load_study
from mgbayes.study.schema import Study


@dataclass(frozen=True)
class Answer:
    """One estimand of one outcome: its draws (chain, draw), and how sure the chains are of it."""

    outcome: Outcome
    estimand: Estimand
    values: Floats
    convergence: Convergence

    @property
    def p_benefit(self) -> float | None:
        """The posterior probability that the contrast arm does better; None where nothing is a benefit."""
        better = self.better
        return None if better is None else float(better.mean())

    @property
    def better(self) -> Any:
        """In which draws the contrast arm does better, (chain, draw)."""
        if self.estimand.benefit is None:
            return None
        above = self.values > self.estimand.null
        return above if self.estimand.benefit == "higher" else self.values < self.estimand.null

    @property
    def median(self) -> float:
        """The posterior median."""
        return float(np.median(self.values))

    def interval(self, probability: float = 0.95) -> tuple[float, float]:
        """The central interval."""
        tail = (1 - probability) / 2
        low, high = np.quantile(self.values, (tail, 1 - tail))
        return float(low), float(high)


@dataclass(frozen=True)
class Together:
    """The main outcomes together, at one prior of their dependence.

    ``favoured`` (k,): the probability that exactly k of them favour the contrast arm; ``single``: of each alone.
    ``correlations``: by pair of outcomes the median and the central 95 % of the correlation of their scores.
    """

    dependence: float
    single: dict[str, float]
    favoured: tuple[float, ...]
    correlations: dict[tuple[str, str], tuple[float, float, float]]

    @property
    def all(self) -> float:
        """The probability that all of them favour the contrast arm."""
        return self.favoured[-1]

    @property
    def at_least_two(self) -> float:
        """That at least two do."""
        return float(sum(self.favoured[2:]))

    @property
    def bounds(self) -> tuple[float, float]:
        """Within which the probability of all must lie, given those of each (Fréchet)."""
        each = list(self.single.values())
        return max(0.0, sum(each) - len(each) + 1), min(each)


@dataclass(frozen=True)
class GivenP:
    """The reported p values, each given everything else, and the answers given those that fit (``met``)."""

    rows: tuple[ReportedPValue, ...]
    left_out: tuple[LeftOut, ...]
    met: tuple[PStatement, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class OfPAlone:
    """An outcome of which only a p value is reported: its prior probability, and the answers given it alone."""

    plan: Plan
    statements: tuple[PStatement, ...]
    chance: float
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class CohortAnswer:
    """The posterior of the cohort behind a study, summarized; tables of patients are never written."""

    study: Study
    cohort: Cohort
    settings: Settings
    answers: tuple[Answer, ...]
    independent: tuple[Answer, ...]
    """The same with independent outcomes."""
    together: tuple[Together, ...]
    p_values: tuple[PublishedP, ...]
    unpublished: tuple[Unpublished, ...]
    derived: tuple[Derived, ...]
    left_out: tuple[LeftOut, ...]
    numbers: tuple[ReportedNumber, ...]
    acceptance: dict[str, float]
    tables: Tables
    given_p: GivenP | None = None
    """With reported p values as evidence, where that is asked for."""
    predicted: tuple[Predicted, ...] = ()
    """Each number from all the others, where that is asked for."""
    p_alone: tuple[OfPAlone, ...] = ()
    """Outcomes of which only a p value is reported."""

    @property
    def failed(self) -> tuple[Answer, ...]:
        """Estimands whose chains did not come to one answer."""
        return tuple(row for row in self.answers if not row.convergence.ok)

    def main(self) -> tuple[Answer, ...]:
        """The main estimand of each outcome in which no patient counts twice by definition."""
        return separate(self.study, main_of(self.answers))


@on_a_bar
def cohort(
    study: Study | str,
    plans: Sequence[Plan] | None = None,
    *,
    settings: Settings | None = None,
    cores: int = 2,
    say: Say = quiet,
) -> CohortAnswer:
    """Draw the cohort behind a study: patients who have every published number at once, and what follows from them.

    Args:
        study: a study, or what ``load_study`` takes.
        plans: of a time to an event, of an amount that is never negative, or of yes/no outcomes; by default those
            that are shipped or proposed for the study.
        settings: how long chains run, and the prior of how outcomes depend on each other. With independent
            outcomes, and with twice the dependence, half as many draws are made to see what depends on it.
        cores: processes that run side by side.
        say: called with the stage as work goes on; a bar by default.

    Returns:
        The answer; the tables of patients are in memory only.

    Raises:
        InputError: where no plan has a distribution of patients here, or no table meets what is published.

    Example:
        >>> import mgbayes as mb
        >>> from mgbayes.latent_cohort.run import Settings
        >>> short = Settings(chains=16, warmup=1, draws=4, thin=1)
        >>> answer = mb.cohort("litchman2020", [mb.load_plan("binary")], settings=short, cores=1)
        >>> answer.main()[0].estimand.id, len(answer.failed) > 0  # so few draws give no estimate
        ('odds_ratio_pis_mm', True)
    """
    read = study if isinstance(study, Study) else load_study(study)
    chosen = tuple(plans) if plans is not None else plans_of_cohort(read)
    asked = settings or Settings()
    held, left_out = outcomes_of(read, chosen, 0.0)
    if not held:
        accepted = "a plan of a time to an event, of an amount that is never negative, or of yes/no outcomes"
        raise InputError(read.id, [Problem("plans", "none that the cohort can hold", accepted)])
    say("drawing tables of patients, once for each prior of dependence")
    runs = _runs(asked)
    done = dict(Executor(cores).run([partial(_drawn, read, chosen, run) for run in runs]))
    independent = next(done[k] for k, run in enumerate(runs) if run.dependence == 0)
    say("testing every table")
    say("simulating outcomes of which only a p value is reported")
    alone = tuple(_p_alone(read, chosen, asked.seed))
    left_out = tuple(row for row in left_out if row.what not in {one.plan.title for one in alone})
    tested = _tested(read, asked, [done[k] for k in range(len(runs))], independent.answers, left_out, alone)
    if asked.p_values:
        say("looking for tables with each reported p value")
        tested = replace(tested, given_p=_given_p(read, tested.cohort, asked, cores))
    if asked.each_number:
        tested = replace(tested, predicted=each_number(tested.cohort, asked, cores, say))
    return tested


def _p_alone(study: Study, plans: Sequence[Plan], seed: int) -> Iterator[OfPAlone]:
    for one in p_alone(study, plans, seed):
        answers = tuple(
            replace(row, convergence=Convergence(1.0, float(row.values.size)))  # independent draws
            for row in _answers(one.outcome, one.draws)
        )
        yield OfPAlone(one.outcome.plan, one.statements, one.chance, answers)


def _given_p(study: Study, behind: Cohort, settings: Settings, cores: int) -> GivenP:
    statements = statements_for(study, behind)
    parts = [partial(p_values, study, behind, settings, slice(k, None, cores)) for k in range(cores)]
    rows = tuple(row for _, part in sorted(Executor(cores).run(parts), key=itemgetter(0)) for row in part)
    run, met = posterior_given_p(behind, settings, rows)
    answers = (row for outcome in behind.outcomes for row in _answers(outcome, parameter_draws(outcome, run)))
    return GivenP(rows, statements.left_out, met, tuple(answers))


def _runs(asked: Settings) -> list[Settings]:
    """What is asked for and, with half as many draws, independent outcomes and twice the dependence."""
    others = [level for level in dict.fromkeys((0.0, 2 * asked.dependence)) if level != asked.dependence]
    fewer = replace(asked, draws=-(-asked.draws // 2))
    return [asked, *(replace(fewer, dependence=level) for level in others)]


def _tested(
    study: Study,
    settings: Settings,
    drawn: Sequence[_Drawn],
    independent: tuple[Answer, ...],
    left_out: tuple[LeftOut, ...],
    alone: tuple[OfPAlone, ...],
) -> CohortAnswer:
    """What the tables of the first draws say besides, with the other priors of dependence."""
    first = drawn[0]
    statements = first.cohort
    derived = tuple(derived_of(study, statements.columns))
    p_values = tuple(published_p(study, statements.outcomes, first.tables, derived))
    rng, columns = np.random.default_rng(settings.seed), statements.columns.values()
    exchangeable, refused = exchangeable_statements(rng, study, columns, statements.arm)
    tested = {row.claim for row in p_values}
    by_itself = {row.claim for one in alone for row in one.statements}
    return CohortAnswer(
        study,
        statements,
        settings,
        first.answers,
        independent,
        tuple(one.together for one in drawn),
        p_values,
        tuple(unpublished(study, statements.outcomes, first.tables, derived, statements.statements)),
        derived,
        left_out,
        tuple(reported_numbers(study, statements.statements, exchangeable, refused, tested, by_itself)),
        first.acceptance,
        first.tables,
        p_alone=alone,
    )


def plans_of_cohort(study: Study) -> tuple[Plan, ...]:
    """Those of the study's separate fits, and of its counted events, which published numbers alone do not fit."""
    counted = [
        plan
        for plan in shipped_plans()
        if plan.study == study.id and MODELS[plan.model].patients_only and outcomes_for(plan)
    ]
    return (*plans_of(study).plans, *counted)


@dataclass(frozen=True)
class _Drawn:
    """The draws at one prior of dependence, summarized."""

    cohort: Cohort
    answers: tuple[Answer, ...]
    together: Together
    acceptance: dict[str, float]
    tables: Tables


def _drawn(study: Study, plans: tuple[Plan, ...], settings: Settings) -> _Drawn:
    outcomes, _ = outcomes_of(study, plans, settings.dependence)
    behind = cohort_of(study, outcomes)
    run = posterior(behind, settings)
    draws = {outcome.name: parameter_draws(outcome, run) for outcome in outcomes}
    answers = tuple(row for outcome in outcomes for row in _answers(outcome, draws[outcome.name]))
    together = _together(settings.dependence, separate(study, main_of(answers)), draws)
    return _Drawn(behind, answers, together, run.acceptance, table_draws(behind, run))


def _answers(outcome: Outcome, draws: xr.Dataset) -> Iterator[Answer]:
    values = outcome.estimands(draws)
    for estimand in outcome.declared():
        each = values[estimand.id].transpose("chain", "draw").to_numpy()
        yield Answer(outcome, estimand, each, convergence(each))


def main_of(answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """The main estimand of each outcome, as the overall benefit has it; of a yes/no outcome its odds ratio."""
    found = []
    for outcome in dict.fromkeys(row.outcome.name for row in answers):
        own = [row for row in answers if row.outcome.name == outcome]
        known = {row.estimand.id: row for row in own}
        first = main_estimands(own[0].outcome.plan, [row.estimand for row in own])
        if own[0].p_benefit is not None:
            found.append(known[first[0].id] if first else own[0])
    return tuple(found)


def separate(study: Study, main: Sequence[Answer]) -> tuple[Answer, ...]:
    """Main outcomes in which no patient counts twice by definition: the first of those that overlap."""
    found: list[Answer] = []
    for row in main:
        own = frozenset(column.endpoint for column in row.outcome.columns)
        others = [frozenset(column.endpoint for column in other.outcome.columns) for other in found]
        if not any(overlap(study, own, other) for other in others):
            found.append(row)
    return tuple(found)


def _together(dependence: float, main: Sequence[Answer], draws: dict[str, xr.Dataset]) -> Together:
    better = np.array([row.better.ravel() for row in main])
    count = np.bincount(better.sum(axis=0), minlength=len(main) + 1) / better.shape[1]
    single = {row.outcome.name: float(one.mean()) for row, one in zip(main, better, strict=True)}
    correlations = {}
    if dependence > 0:
        for one, other in combinations(main, 2):
            first, second = (np.tanh(draws[row.outcome.name]["loading"].to_numpy()) for row in (one, other))
            low, median, high = np.quantile(first * second, (0.025, 0.5, 0.975))
            pair = (one.outcome.name, other.outcome.name)
            correlations[pair] = (float(median), float(low), float(high))
    return Together(dependence, single, tuple(count.tolist()), correlations)
