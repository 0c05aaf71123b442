r"""One posterior over tables of patients and parameters, by a Markov chain.

The target is

    p(parameters) Π_i p(u_i) p(F_i) Π_outcomes p(outcome of i | parameters, u_i)

over tables that meet every statement (a published number, within its rounding) and every relation (what a
definition forces). Many chains run side by side, as the first dimension of every array; parameters move by
differential evolution across chains, tables by moves that keep what is published. F_i is the gamma distribution of
follow-up that the models of published numbers have (distributions/followup.py).

Chains start from tables that meet the statements; that each patient's values are possible together (an event within
follow-up, the relations) is reached by moves that leave fewer patients impossible, and a chain that does not get
there continues from one that did.

Source: the moves on a grid are exact Metropolis-Hastings steps; tests hold them against enumeration of all tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.random import Generator

from mgbayes.latent_cohort.class_scan import ClassScan
from mgbayes.latent_cohort.followup import FOLLOWUP, FollowUp
from mgbayes.latent_cohort.outcome import LOG_IMPOSSIBLE, Outcome, floored
from mgbayes.latent_cohort.parameters import Values, evolve
from mgbayes.latent_cohort.proposal import Move
from mgbayes.latent_cohort.relations import Relation
from mgbayes.latent_cohort.statements import Statement
from mgbayes.latent_cohort.table import Column, Floats, Mask, Rows, Steps, Tables

_EFFECT_STEP = 0.8
_MORE = 3
"""More sweeps of what is in focus."""
_FEWEST = 20
"""Updates of an outcome's parameters in a sweep, and one more for each of them."""


@dataclass(frozen=True)
class Cohort:
    """Everything that the chain is about: columns, whose arms (n,), outcomes, follow-up, statements and relations."""

    columns: Mapping[str, Column]
    arm: Steps
    outcomes: tuple[Outcome, ...]
    followup: FollowUp | None
    statements: tuple[Statement, ...]
    relations: tuple[Relation, ...]

    def about(self, columns: Sequence[str], who: Mask) -> Cohort:
        """The part that a change of some columns of some patients (n,) concerns, with the columns that it reads."""
        changed = frozenset(columns)
        outcomes = tuple(one for one in self.outcomes if changed & set(one.reads))
        relations = tuple(one for one in self.relations if changed & set(one.columns))
        followup = self.followup if FOLLOWUP in changed else None
        statements = tuple(
            one
            for one in self.statements
            if {one.column.name, one.column.counted_in} & changed and (one.who & who).any()
        )
        read = changed.union(*(one.reads for one in outcomes), *(one.columns for one in relations))
        return replace(
            self,
            columns={name: self.columns[name] for name in read},
            outcomes=outcomes,
            followup=followup,
            statements=statements,
            relations=relations,
        )

    @property
    def tied(self) -> bool:
        """Whether a patient effect ties the outcomes."""
        return any(outcome.loading is not None for outcome in self.outcomes)


@dataclass
class State:
    """All chains: tables, parameters (K, d) by outcome, and patients' effects (K, n)."""

    tables: Tables
    cohort: Cohort
    theta: dict[str, Floats]
    effect: Floats | None
    values: dict[str, Values] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """The parameters by name, beside their vectors."""
        for outcome in self.cohort.outcomes:
            self.move(outcome, self.theta[outcome.name])

    def move(self, outcome: Outcome, theta: Floats) -> None:
        """Other parameters of an outcome."""
        self.theta[outcome.name], self.values[outcome.name] = theta, outcome.values(theta)

    def copy(self) -> State:
        """The same state, on its own."""
        tables = Tables(self.tables.columns, self.tables.arm, dict(self.tables.steps))
        return State(tables, self.cohort, dict(self.theta), self.effect)

    def take(self, other: State) -> None:
        """Become as another state."""
        self.tables, self.effect = other.tables, other.effect
        for outcome in self.cohort.outcomes:
            self.move(outcome, other.theta[outcome.name])

    def take_others(self, other: State, own: Collection[str]) -> None:
        """Become as another state but for some columns, and for the parameters of the outcomes that have these."""
        self.tables.steps.update({name: one for name, one in other.tables.steps.items() if name not in own})
        self.effect = other.effect
        for outcome in self.cohort.outcomes:
            if not any(column.name in own for column in outcome.columns):
                self.move(outcome, other.theta[outcome.name])

    def continue_from(self, states: Sequence[State], which: Steps, chain: Steps) -> None:
        """Every chain (K,) continues as a chain of one of some states."""

        def chosen(arrays: Sequence[Any]) -> Any:
            return np.stack(arrays)[which, chain]

        self.tables.steps = {
            name: chosen([one.tables.steps[name] for one in states]) for name in self.tables.steps
        }
        for outcome in self.cohort.outcomes:
            self.move(outcome, chosen([one.theta[outcome.name] for one in states]))
        if self.effect is not None:
            self.effect = chosen([one.effect for one in states])


@dataclass
class Run:
    """What chains went through: stored states, and by kind of move the share that was taken."""

    theta: dict[str, list[Floats]] = field(default_factory=dict)
    steps: dict[str, list[Steps]] = field(default_factory=dict)
    tried: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)

    def count(self, name: str, take: Any) -> None:
        """Add proposals of a move, of which some were taken."""
        self.tried[name] += take.size
        self.taken[name] += int(take.sum())

    def store(self, state: State) -> None:
        """Add the present state."""
        for name, theta in state.theta.items():
            self.theta.setdefault(name, []).append(theta.copy())
        for name, steps in state.tables.steps.items():
            self.steps.setdefault(name, []).append(steps.astype(np.int32))

    @property
    def acceptance(self) -> dict[str, float]:
        """By kind of move, the share that was taken."""
        return {name: self.taken[name] / tried for name, tried in self.tried.items()}


class Evidence(Protocol):
    """What weighs tables beyond their density, such as a reported p value."""

    @property
    def columns(self) -> Collection[str]:
        """The columns that it depends on."""
        ...

    def log_weight(self, tables: Tables) -> Floats:
        """Of every table, (K,)."""
        ...


class NothingFits(Exception):
    """No table was found in which every patient's values are possible together."""


@dataclass
class Sampler:
    """Moves of all chains of a cohort.

    ``focus``: columns that mix more slowly than the rest, which are moved more often.
    """

    cohort: Cohort
    moves: Sequence[Move]
    rng: Generator
    scans: Sequence[ClassScan] = ()
    evidence: tuple[Evidence, ...] = ()
    focus: frozenset[str] = frozenset()

    @cached_property
    def concerned(self) -> tuple[tuple[Move, Cohort], ...]:
        """Every move with the part of the cohort that it concerns."""
        return tuple((move, self.cohort.about(move.columns, move.who)) for move in self.moves)

    def run(
        self,
        state: State,
        *,
        warmup: int,
        draws: int,
        thin: int,
        progress: Callable[[float], None] = lambda share: None,
    ) -> Run:
        """Warm up, then store a state after every ``thin`` sweeps. Raises NothingFits."""
        self._start(state)
        run, total = Run(), warmup + draws * thin
        for sweep in range(total):
            self.sweep(state, run)
            for _ in range(_MORE if self.focus else 0):
                self.sweep(state, run, about=self.focus)
            if sweep >= warmup and (sweep - warmup) % thin == thin - 1:
                run.store(state)
            progress((sweep + 1) / total)
        return run

    def sweep(self, state: State, run: Run, floor: float | None = None, about: Collection[str] = ()) -> None:
        """Every move as often as it asks, the parameters of every outcome, and every patient's effect.

        With ``about``, only moves of these columns, and only the outcomes that read them.
        """
        for move, concerned in self.concerned:
            if about and not set(move.columns) & set(about):
                continue
            for _ in range(move.times):
                self._table(state, move, concerned, run, floor)
        for scan in self.scans if not about else ():
            scan.update(self.rng, state.tables, state.values[scan.outcome.name], state.effect)
        for outcome in self.cohort.outcomes:
            if not about or set(outcome.reads) & set(about):
                self._parameters(state, outcome, run, floor)
        if state.effect is not None:
            self._effects(state, run, floor)

    def _start(self, state: State) -> None:
        """Until no patient of any chain is impossible."""
        run = Run()
        for _ in range(40):
            for _ in range(10):
                self.sweep(state, run, floor=LOG_IMPOSSIBLE)
            density = log_density(self.cohort, state, state.tables.every(), state.effect)
            possible = np.isfinite(density.sum(axis=1))
            if possible.mean() > 0.5:
                self._continue_from(state, possible)
                return
        raise NothingFits

    def _continue_from(self, state: State, possible: Any) -> None:
        source = np.where(possible, np.arange(len(possible)), 0)
        source[~possible] = self.rng.choice(np.flatnonzero(possible), (~possible).sum())
        state.continue_from([state], np.zeros_like(source), source)

    def _table(self, state: State, move: Move, about: Cohort, run: Run, floor: float | None) -> None:
        """Try a move of what it is about."""
        proposal = move.propose(self.rng, state.tables)
        after = Tables(state.tables.columns, state.tables.arm, {**state.tables.steps, **proposal.steps})
        possible = proposal.possible
        for statement in about.statements:
            if not proposal.kept(statement):
                possible = possible & statement.hold(after)
        who, r = proposal.who, proposal.who.shape[1]
        both = state.tables.before_and_after(who, about.columns, proposal.steps)
        effect = None
        if state.effect is not None:
            effect = state.effect[np.arange(len(who))[:, None], np.concatenate([who, who], axis=1)]
        density = floored(log_density(about, state, both, effect), floor)
        gain = _gain(density[:, r:].sum(axis=1), density[:, :r].sum(axis=1)) + proposal.log_ratio
        for one in self.evidence:
            if set(one.columns) & set(move.columns):
                gain = gain + _gain(one.log_weight(after), one.log_weight(state.tables))
        take = possible & (np.log(self.rng.random(len(gain))) < gain)
        for name, steps in proposal.steps.items():
            state.tables.steps[name] = np.where(take[:, None], steps, state.tables.steps[name])
        run.count(move.name, take)

    def _parameters(self, state: State, outcome: Outcome, run: Run, floor: float | None) -> None:
        rows, layout = state.tables.every(outcome.reads), outcome.layout

        def log_density(theta: Floats, chains: Any) -> Floats:
            own = Rows(rows.arm, {column: values[chains] for column, values in rows.values.items()})
            effect = None if state.effect is None else state.effect[chains]
            by_patient = outcome.log_density(outcome.values(theta), own, effect)
            return np.asarray(floored(by_patient, floor).sum(axis=1) + layout.log_prior(theta))

        theta = state.theta[outcome.name]
        here = log_density(theta, np.arange(len(theta)))
        for _ in range(_FEWEST + layout.size):
            theta, here, take = evolve(self.rng, theta, log_density, here)
            run.count(f"parameters of {outcome.name}", take)
        state.move(outcome, theta)

    def _effects(self, state: State, run: Run, floor: float | None) -> None:
        rows, here = state.tables.every(), state.effect
        assert here is not None
        there = here + _EFFECT_STEP * self.rng.standard_normal(here.shape)
        gain = (here**2 - there**2) / 2
        for outcome in self.cohort.outcomes:
            if outcome.loading is not None:
                values = state.values[outcome.name]
                gain = gain + _gain(
                    floored(outcome.log_density(values, rows, there), floor),
                    floored(outcome.log_density(values, rows, here), floor),
                )
        take = np.log(self.rng.random(here.shape)) < gain
        state.effect = np.where(take, there, here)
        run.count("patients' effects", take)


def log_density(cohort: Cohort, state: State, rows: Rows, effect: Floats | None) -> Floats:
    """The log density (K, r) of patients, by what a cohort holds."""
    found: Any = 0.0
    for outcome in cohort.outcomes:
        found = found + outcome.log_density(state.values[outcome.name], rows, effect)
    if cohort.followup is not None:
        found = found + cohort.followup.log_density(rows)
    for relation in cohort.relations:
        found = np.where(relation.holds(rows), found, -np.inf)
    return np.asarray(found)


def _gain(there: Floats, here: Floats) -> Floats:
    """The log ratio; nothing is gained where both are impossible."""
    with np.errstate(invalid="ignore"):
        gain = there - here
    return np.where(np.isnan(gain), -np.inf, gain)
