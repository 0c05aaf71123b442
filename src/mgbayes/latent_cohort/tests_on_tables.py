"""The p value of tests between the arms in every table: what the paper's p could have been."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mgbayes.frequentist.log_rank import gehan, log_rank
from mgbayes.frequentist.proportions import fisher, pearson, yates
from mgbayes.frequentist.ranks import mann_whitney
from mgbayes.frequentist.samples import FollowUp, TwoGroups
from mgbayes.frequentist.t_tests import student, welch
from mgbayes.latent_cohort.derived import Derived
from mgbayes.latent_cohort.followup import FOLLOWUP
from mgbayes.latent_cohort.outcome import Outcome
from mgbayes.latent_cohort.table import Column, Floats, Mask, Tables
from mgbayes.study.numbers import claims_between_arms
from mgbayes.study.schema import Study

Test = Callable[[Any], Any]
_OF_VALUES: Mapping[str, Test] = {
    "Student's t": student,
    "Welch's t": welch,
    "Mann-Whitney": mann_whitney,
}
_OF_COUNTS: Mapping[str, Test] = {"Fisher": fisher, "chi-square": pearson, "chi-square, Yates": yates}
_OF_TIMES: Mapping[str, Test] = {"log-rank": log_rank, "Gehan-Wilcoxon": gehan}
_AMONG_EVENTS: Mapping[str, Test] = {"Mann-Whitney, those with the event": mann_whitney}


@dataclass(frozen=True)
class PublishedP:
    """A published p value, one test that could stand behind it, and its p in every table, (tables,)."""

    claim: str
    what: str
    published: str
    test: str
    p: Floats
    agrees: Mask
    """Which tables give a p that is published so."""

    @property
    def share(self) -> float:
        """The share of tables whose p is published so."""
        return float(np.mean(self.agrees))

    @property
    def middle(self) -> tuple[float, float, float]:
        """The median, and the central 90 %."""
        low, median, high = np.quantile(self.p, (0.05, 0.5, 0.95))
        return float(median), float(low), float(high)


def published_p(
    study: Study, outcomes: tuple[Outcome, ...], tables: Tables, derived: Sequence[Derived]
) -> Iterator[PublishedP]:
    """Every published p value between the arms of the outcomes, under each test that could stand behind it."""
    for one in derived:
        yield from _of_claims(study, one.endpoint, None, partial(_of_counts, one, tables))
    for outcome in outcomes:
        for column in outcome.columns:
            yield from _of_claims(study, column.endpoint, column.visit, partial(_tests, column, tables))


def _of_claims(
    study: Study, endpoint: str, visit: str | None, run: Callable[[], Iterator[tuple[str, Floats]]]
) -> Iterator[PublishedP]:
    claims = [
        claim
        for claim in claims_between_arms(study, endpoint, visit)
        if claim.endpoint == endpoint and claim.p_by_source
    ]
    tests = list(run()) if claims else []
    for claim in claims:
        for text in dict.fromkeys(claim.p_by_source.values()):
            interval = study.parse_p(text).interval
            for name, p in tests:
                agrees = (p >= interval.low) & (p <= interval.high)
                yield PublishedP(claim.id, claim.what, text, name, p, agrees)


def _of_counts(defined: Derived, tables: Tables) -> Iterator[tuple[str, Floats]]:
    """Of a yes/no outcome that differs from table to table; each pair of counts is tested once."""
    having, one, other = defined.which(tables), tables.arm == 0, tables.arm == 1
    counts = np.stack([having[:, one].sum(axis=1), having[:, other].sum(axis=1)], axis=1)
    pairs, which = np.unique(counts, axis=0, return_inverse=True)
    for name, test in _OF_COUNTS.items():
        p = [
            float(test(TwoGroups(_of_count(x, int(one.sum())), _of_count(y, int(other.sum())))).p or 1.0)
            for x, y in pairs
        ]
        yield name, np.array(p)[which]


def _of_count(x: int, n: int) -> Floats:
    return (np.arange(n) < x).astype(float)


def _tests(column: Column, tables: Tables) -> Iterator[tuple[str, Floats]]:
    if column.is_yes_no:  # p of the counts, which are published
        return
    value = tables.value(column.name)
    one, other = tables.arm == 0, tables.arm == 1
    if column.counted_in is None:
        groups = TwoGroups(value[:, one], value[:, other])
        for name, test in _OF_VALUES.items():
            yield name, np.asarray(test(groups).p, float)
        return
    event = tables.steps[column.counted_in] > 0
    times = FollowUp(np.where(event, value, tables.value(FOLLOWUP)), event, other)
    for name, test in _OF_TIMES.items():
        yield name, np.asarray(test(times).p, float)
    seen = TwoGroups(*(_first(value[:, arm], event[:, arm]) for arm in (one, other)))
    for name, test in _AMONG_EVENTS.items():
        yield name, np.asarray(test(seen).p, float)


def _first(value: Floats, event: Any) -> Floats:
    """The values of those with the event, as many in every table."""
    order = np.argsort(~event, axis=1, kind="stable")[:, : int(event[0].sum())]
    return np.take_along_axis(value, order, axis=1)
