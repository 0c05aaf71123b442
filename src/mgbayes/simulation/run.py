"""Synthetic patients: drawn from the posterior given the published summaries, or from chosen parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mgbayes.errors import InputError, Problem
from mgbayes.progress import Say, on_a_bar, quiet
from mgbayes.simulation.cohort import Cohort
from mgbayes.simulation.from_published import Unattainable, cohort_from_published
from mgbayes.simulation.posterior import draws, has_times, published_fits
from mgbayes.simulation.table import Columns, columns_of, map_of
from mgbayes.simulation.together import cohorts_together
from mgbayes.simulation.truth import Truth, cohort_from_truth, load_truth
from mgbayes.study.schema import Study

Member = tuple[Cohort, dict[str, Any], int]
"""A cohort, the numbers that it was drawn with, and how many draws were passed over."""
_DRAWS = 50  # posterior draws that may be skipped for each member, where no doses have their correlations
FROM_PUBLISHED = "posterior of the published evidence"
TOGETHER = "posterior of the cohort behind the published numbers"
FROM_TRUTH = "chosen truth"


@dataclass(frozen=True)
class SyntheticCohort:
    """One synthetic cohort: its columns by name, where it comes from, and the numbers that it was drawn with.

    ``passed_over`` counts the posterior draws before this one whose doses' correlations no positive doses have.
    """

    number: int
    columns: Columns
    drawn_from: str
    parameters: dict[str, Any]
    passed_over: int = 0


@on_a_bar
def simulate(
    study: Study,
    *,
    members: int = 1,
    seed: int = 1,
    truth: str | Path | Truth | None = None,
    together: bool = False,
    cores: int = 2,
    use_cache: bool = True,
    say: Say = quiet,
) -> tuple[SyntheticCohort, ...]:
    """Synthetic cohorts of a study's patients, in the columns of its map.

    Each cohort has every published count, percentage, mean and SD (times and follow-up in whole days, doses in
    tenths, none below zero); the times of events and the correlations of doses are those of one draw of the
    posterior, and follow-up is drawn given these and its own published mean and SD. Of those drawn ``together``
    outcomes of a patient depend on each other too, and meet what definitions force.

    Args:
        study: a study with a map of columns.
        members: how many cohorts.
        seed: the same seed gives the same cohorts.
        truth: chosen parameters (a file, or what ``load_truth`` read) in place of the published numbers.
        together: draw all outcomes from one posterior, that of ``cohort``, in place of one posterior for each.
        cores: chains that run side by side.
        use_cache: whether finished fits are read from the cache and added to it.
        say: called with the stage as work goes on; a bar by default.

    Raises:
        InputError: when the study has no map, a fit fails its diagnostics, or no patients have the published numbers.

    Example:
        >>> import mgbayes as mb, pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp()) / "mine"
        >>> _ = mb.init(folder)
        >>> (made_up,) = mb.simulate(mb.load_study(folder / "study.toml"))
        >>> made_up.columns["walks_alone"].count("yes")
        17
    """
    mapping = map_of(study)
    if members < 1:
        raise InputError("members", [Problem("members", str(members), "1 or more")])
    if together and truth is not None:
        raise InputError("together", [Problem("together", "True, with a truth", "one of them")])
    rng = np.random.default_rng(seed)
    if truth is not None:
        source, drawn = FROM_TRUTH, _from_truth(rng, study, members, truth)
    elif together:
        say("drawing tables of patients")
        source, drawn = TOGETHER, _together(rng, study, members, seed)
    else:
        source, drawn = FROM_PUBLISHED, _from_published(rng, study, members, cores, use_cache, say)
    return tuple(
        SyntheticCohort(
            number,
            columns_of(rng, study, mapping, _complete(study, cohort), f"synthetic-{number:03d}"),
            source,
            parameters,
            passed_over,
        )
        for number, (cohort, parameters, passed_over) in enumerate(drawn, start=1)
    )


def _from_truth(
    rng: np.random.Generator, study: Study, number_of_cohorts: int, truth: str | Path | Truth
) -> Iterator[Member]:
    chosen = truth if isinstance(truth, Truth) else load_truth(truth, study)
    for _ in range(number_of_cohorts):
        yield cohort_from_truth(rng, study, chosen), chosen.model_dump(mode="json"), 0


def _together(rng: np.random.Generator, study: Study, number_of_cohorts: int, seed: int) -> Iterator[Member]:
    for cohort, known in cohorts_together(rng, study, number_of_cohorts, seed):
        yield cohort, known, 0


def _from_published(
    rng: np.random.Generator, study: Study, number_of_cohorts: int, cores: int, use_cache: bool, say: Say
) -> Iterator[Member]:
    fits = published_fits(study, cores=cores, use_cache=use_cache, say=say)
    doses = tuple(
        (part.endpoint, part.visit) for fit in fits if not has_times(fit) for part in fit.plan.endpoints
    )
    drawn = draws(rng, fits, number_of_cohorts * (1 + _DRAWS) if fits else number_of_cohorts)
    for number in range(1, number_of_cohorts + 1):
        say(f"cohort {number} of {number_of_cohorts}")
        yield _next(rng, study, drawn, doses)


def _next(
    rng: np.random.Generator, study: Study, drawn: Iterator[Any], doses: Sequence[tuple[str, str | None]]
) -> Member:
    """A cohort of the next draw whose correlations positive doses can have."""
    for passed_over, draw in enumerate(drawn):
        try:
            cohort = cohort_from_published(rng, study, draw, tuple(doses))
        except Unattainable:
            continue
        return cohort, {plan: dict(values) for plan, values in draw.parameters.items()}, passed_over
    problem = Problem(
        "doses", "means and SDs as published", "some that positive doses of this correlation have"
    )
    raise InputError(study.id, [problem])


def _complete(study: Study, cohort: Cohort) -> Cohort:
    """With what follows from times and follow-up: who had each event, and how long each was followed."""
    values = dict(cohort.values)
    for name, times in cohort.times.items():
        event = study.endpoint(name).event
        counted = None if event is None else study.claim(event).endpoint
        if counted is not None:
            values[counted, None] = times.event
    followups = {study.claim(e.followup).endpoint for e in study.endpoints if e.followup is not None}
    if cohort.followup is not None:
        values |= {(name, None): cohort.followup for name in followups if name is not None}
    return Cohort(cohort.sizes, values, cohort.times, cohort.followup)
