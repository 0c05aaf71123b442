"""Claims whose test needs the patients: search the data sets that the print allows."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from mgbayes.reconstruction.from_summary import PrintedSample
from mgbayes.study.schema import TestFamily
from mgbayes.study.statistics.means import MeanSD
from mgbayes.study.time_to_event import TimeToEvent, event_counts, time_to_event
from mgbayes.verification.comparison import Question, Side
from mgbayes.verification.log_rank import LogHazardRatio, log_hazard_ratio
from mgbayes.verification.result import TestResult

if TYPE_CHECKING:
    from mgbayes.verification.search import Found


_MOST_PATIENTS = 2000
"""Data sets of more patients are not searched."""


def search_tests(question: Question, seed: int) -> tuple[TestResult, ...]:
    """The rank and log-rank p values found possible for a claim between two groups."""
    if question.study.n > _MOST_PATIENTS:
        return ()
    searched = (_mann_whitney(question, seed), _log_rank(question, seed))
    return tuple(result for result in searched if result is not None)


def can_search(question: Question) -> bool:
    """Whether the print says enough for a search of the tests that need the patients."""
    if question.study.n > _MOST_PATIENTS:
        return False
    return _ranked_samples(question) is not None or _survival(question) is not None


def _rng(question: Question, test: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, crc32(f"{question.claim.id} {test}".encode())])


def _ranked_samples(question: Question) -> tuple[PrintedSample, PrintedSample] | None:
    if question.paired or not question.pairs or TestFamily.mann_whitney not in question.judged:
        return None
    pair = question.pairs[0]
    one, other = (_sample(question, side) for side in (pair.first, pair.second))
    return None if one is None or other is None else (one, other)


def _sample(question: Question, side: Side) -> PrintedSample | None:
    endpoint = question.endpoint
    printed = side.mean
    if not isinstance(printed, MeanSD) or not question.study.is_nonnegative(endpoint):
        return None
    if float(printed.mean) <= 0 or float(printed.sd) == 0:
        return None
    return PrintedSample(printed.mean, printed.sd, printed.n, question.endpoint.whole)


def _mann_whitney(question: Question, seed: int) -> TestResult | None:
    from mgbayes.verification.search import search_mann_whitney

    parts = _ranked_samples(question)
    if parts is None:
        return None
    found = search_mann_whitney(_rng(question, "mann_whitney", seed), *parts, question.printed[0])
    return _result(question, found, TestFamily.mann_whitney, "Mann-Whitney, data sets searched")


def _log_rank(question: Question, seed: int) -> TestResult | None:
    from mgbayes.verification.search import Censoring, search_log_rank

    printed = _survival(question)
    if printed is None:
        return None
    followup = printed.followup
    found = search_log_rank(
        _rng(question, "log_rank", seed),
        tuple(PrintedSample(row.mean, row.sd, row.n, question.endpoint.whole) for row in printed.times),
        printed.events,
        printed.patients,
        Censoring(float(followup.mean), float(followup.sd), float(followup.least)),
        question.printed[0],
    )
    return _result(
        question,
        found,
        TestFamily.log_rank,
        "log-rank with the patients without the event censored, data sets searched",
    )


def _result(question: Question, found: Found, family: TestFamily, label: str) -> TestResult | None:
    if not found.sets:
        return None
    return TestResult(
        str(family),
        label,
        found.p.low,
        found.p.high,
        named=family in question.named,
        judged=True,
        matches=found.reached,
        searched=found.sets,
        share=found.share,
        exists_only=True,
        family=family,
    )


def _survival(question: Question) -> TimeToEvent | None:
    """What is printed of the times, if the claim compares the arms by a log-rank test."""
    comparison = question.claim.comparison
    judged = TestFamily.log_rank in question.judged
    if not judged or comparison is None or comparison.between != "arms" or comparison.groups:
        return None
    printed = time_to_event(question.study, question.endpoint)
    return printed if printed is not None and all(row.n > 1 for row in printed.times) else None


def hazard_ratio_of(question: Question) -> LogHazardRatio | None:
    """What a printed log-rank p says about the size of the hazard ratio."""
    comparison = question.claim.comparison
    if question.named != {TestFamily.log_rank} or (comparison is not None and comparison.groups):
        return None
    events = event_counts(question.study, question.endpoint)
    if events is None or 0 in events or question.printed[0].relation != "=":
        return None
    return log_hazard_ratio(question.printed[0].interval, *events)
