"""Synthetic patients: drawn from the posterior given the published numbers, or from chosen parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mgbayes.errors import InputError, Problem
from mgbayes.progress import Say, on_a_bar, quiet
from mgbayes.simulation.cohort import Cohort
from mgbayes.simulation.from_published import cohorts_from_published
from mgbayes.simulation.table import Columns, columns_of, map_of
from mgbayes.simulation.truth import Truth, cohort_from_truth, load_truth
from mgbayes.study.schema import Study

FROM_PUBLISHED = "posterior of the cohort behind the published numbers"
FROM_TRUTH = "chosen truth"


@dataclass(frozen=True)
class SyntheticCohort:
    """One synthetic cohort: its columns by name, where it comes from, and the numbers that it was drawn with."""

    number: int
    columns: Columns
    drawn_from: str
    parameters: dict[str, Any]


@on_a_bar
def simulate(
    study: Study,
    *,
    members: int = 1,
    seed: int = 1,
    truth: str | Path | Truth | None = None,
    say: Say = quiet,
) -> tuple[SyntheticCohort, ...]:
    """Synthetic cohorts of a study's patients, in the columns of its map.

    Each cohort has every published count, percentage, mean, SD and median, on the grid on which values are measured
    (whole days, tenths of a dose); its outcomes are those of one table of the posterior that ``cohort`` draws, in
    which the outcomes of a patient depend on each other and definitions hold.

    Args:
        study: a study with a map of columns.
        members: how many cohorts.
        seed: the same seed gives the same cohorts.
        truth: chosen parameters (a file, or what ``load_truth`` read) in place of the published numbers.
        say: called with the stage as work goes on; a bar by default.

    Raises:
        InputError: when the study has no map, or no patients have the published numbers.

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
    rng = np.random.default_rng(seed)
    if truth is None:
        source, drawn = FROM_PUBLISHED, cohorts_from_published(rng, study, members, seed, say)
    else:
        source, drawn = FROM_TRUTH, _from_truth(rng, study, members, truth)
    return tuple(
        SyntheticCohort(
            number,
            columns_of(rng, study, mapping, _complete(study, cohort), f"synthetic-{number:03d}"),
            source,
            parameters,
        )
        for number, (cohort, parameters) in enumerate(drawn, start=1)
    )


def _from_truth(
    rng: np.random.Generator, study: Study, number: int, truth: str | Path | Truth
) -> Iterator[tuple[Cohort, dict[str, Any]]]:
    chosen = truth if isinstance(truth, Truth) else load_truth(truth, study)
    for _ in range(number):
        yield cohort_from_truth(rng, study, chosen), chosen.model_dump(mode="json")


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
