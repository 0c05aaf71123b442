"""One replicate: a cohort from the priors, its published numbers, the chain, and where its draws have the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.random import Generator, SeedSequence

from mgbayes.calibrate.sbc import rank
from mgbayes.errors import InputError
from mgbayes.latent_cohort.answer import plans_of_cohort
from mgbayes.latent_cohort.diagnostics import nested_rhat
from mgbayes.latent_cohort.run import (
    Settings,
    cohort_of,
    outcomes_of,
    parameter_draws,
    posterior,
    table_draws,
)
from mgbayes.latent_cohort.sampler import Cohort, Run
from mgbayes.latent_cohort.table import Tables
from mgbayes.models.plan import Plan
from mgbayes.study.load import load_study
from mgbayes.study.schema import Study
from tests.calibration.latent_cohort.published import NotPublishable, published
from tests.calibration.latent_cohort.simulate import Drawn, cohorts

SETTINGS = Settings(dependence=0.5, chains=48, warmup=150, draws=4, thin=10)
"""Many short chains, whose draws know little of each other: a rank counts two of each."""
MAX_RHAT = 1.5
"""The mean of a group of six chains itself varies by √(1 / 6) of an SD: the largest of fifty comes near 1.3."""
INTERVALS = (0.5, 0.95)


@dataclass(frozen=True)
class Replicate:
    """By quantity the rank of its true value, and whether the central intervals hold it; and what went wrong."""

    ranks: Mapping[str, int]
    inside: Mapping[str, tuple[bool, ...]]
    problem: str = ""


@dataclass(frozen=True)
class Question:
    """The study whose way of publishing is taken, and the plans."""

    study: Study
    plans: tuple[Plan, ...]

    @classmethod
    def embedded(cls) -> Question:
        """The embedded study, with all plans that the command takes for it."""
        study = load_study("litchman2020")
        return cls(study, plans_of_cohort(study))

    def cohort(self, study: Study | None = None) -> Cohort:
        """The cohort behind a study."""
        asked = study or self.study
        return cohort_of(asked, outcomes_of(asked, self.plans, SETTINGS.dependence)[0])


def replicate(question: Question, seed: SeedSequence) -> Replicate:
    """Simulate, publish, draw, rank."""
    rng = np.random.default_rng(seed)
    truth, behind = _published(rng, question)
    settings = replace(SETTINGS, seed=int(rng.integers(2**31)))
    try:
        run = posterior(behind, settings)
    except InputError as error:
        return Replicate({}, {}, str(error))
    theta = {name: [one] for name, one in truth.theta.items()}
    true = quantities(behind, Run(theta), truth.table)
    drawn = quantities(behind, run, table_draws(behind, run))
    shape = (-1, SETTINGS.chains)
    rhat = max(nested_rhat(draws.reshape(shape).T) for draws in drawn.values())
    return Replicate(
        {name: rank(rng, float(true[name][0]), draws) for name, draws in drawn.items()},
        {name: tuple(_holds(draws, true[name][0], p) for p in INTERVALS) for name, draws in drawn.items()},
        "" if rhat <= MAX_RHAT else f"nested R-hat {rhat:.2f}",
    )


def _published(rng: Generator, question: Question) -> tuple[Drawn, Cohort]:
    """A cohort whose numbers the study's way of publishing has words for, and the cohort behind these numbers."""
    whole = question.cohort()
    for drawn in cohorts(rng, whole):
        try:
            behind = question.cohort(published(question.study, whole, drawn.table))
        except NotPublishable:
            continue
        if behind.columns.keys() == whole.columns.keys():
            assert all(one.hold(drawn.table).all() for one in behind.statements)
            return drawn, behind
    raise AssertionError  # cohorts do not end


def quantities(cohort: Cohort, run: Run, tables: Tables) -> dict[str, Any]:
    """Every estimand, numbers of patients that are not published, and how scores correlate; draw after draw."""
    found, loading = {}, {}
    for outcome in cohort.outcomes:
        draws = parameter_draws(outcome, run)
        values = outcome.estimands(draws)
        loading[outcome.name] = np.tanh(_in_order(draws["loading"]))
        found |= {one.id: _in_order(values[one.id]) for one in outcome.declared()}
    for one, other in combinations(loading, 2):
        found[f"correlation of {one} and {other}"] = loading[one] * loading[other]
    for name, who in _unpublished(tables).items():
        for a in (0, 1):
            found[f"{name}, {('reference', 'contrast')[a]}"] = who[:, tables.arm == a].sum(axis=1)
    return found


def _unpublished(tables: Tables) -> dict[str, Any]:
    """Who (tables, n) had both events, and whose amount or class is the lowest."""
    events = [name for name in tables.steps if name.endswith(".event")]
    both = {" and ".join(events): np.all([tables.steps[name] > 0 for name in events], axis=0)}
    lowest = [column for column in tables.columns.values() if column.low == 0 and not column.is_yes_no]
    return both | {f"{column.name} = 0": tables.steps[column.name] == 0 for column in lowest}


def _in_order(values: Any) -> Any:
    """As tables are stored: all chains of the first draw, then of the second."""
    return values.transpose("draw", "chain").to_numpy().ravel()


def _holds(draws: Any, true: float, probability: float) -> bool:
    """Whether the central interval holds the truth; the ends of a number of patients are such numbers."""
    tail = (1 - probability) / 2
    method: Any = "inverted_cdf" if draws.dtype.kind in "iu" else "linear"
    low, high = np.quantile(draws, (tail, 1 - tail), method=method)
    return bool(low <= true <= high)
