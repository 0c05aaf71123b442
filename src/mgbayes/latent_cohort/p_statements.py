r"""Reported p values between the arms as what a table must meet.

With direction d (1 where the text says that the contrast arm has more or is later, -1 less, 0 where it says neither)
and the side s of a table, a p lies at d s log p on a scale that runs through p = 1 from one direction to the other,
or at -log p without a direction. How far a table is from a statement is its distance to the interval of the rounding
there, so that a table with the effect reversed is farther than one without an effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, log

import numpy as np

from mgbayes.latent_cohort.derived import Derived
from mgbayes.latent_cohort.outcome import Outcome
from mgbayes.latent_cohort.table import Column, Floats, Tables
from mgbayes.latent_cohort.tests_between_arms import ArmsCompared, ArmsTest, column_tests, count_tests
from mgbayes.study.direction import direction_of_p
from mgbayes.study.numbers import claims_between_arms
from mgbayes.study.schema import Study
from mgbayes.verification.comparison import question_of


@dataclass(frozen=True)
class PStatement:
    """A reported p value between ``low`` and ``high``, its direction, and the tests that could stand behind it."""

    claim: str
    what: str
    text: str
    low: float
    high: float
    direction: int
    tests: tuple[ArmsTest, ...]

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the tests read."""
        return frozenset(name for test in self.tests for name in test.columns)

    def of(self, test: ArmsTest) -> PStatement:
        """The same taken to come from one test."""
        return replace(self, tests=(test,))

    def distances(self, tables: Tables) -> Floats:
        """How far each table is from it by each test, in units of log p: (tests, K)."""
        return np.stack([self.distance(test.on(tables)) for test in self.tests])

    def distance(self, tested: ArmsCompared) -> Floats:
        """How far p values are from it, (K,); infinite where there is none."""
        with np.errstate(divide="ignore"):
            place = -np.log(np.minimum(tested.p, 1.0))
            if self.direction:
                place = np.where(tested.side == 0, 0.0, place * self.direction * tested.side)
        first = -log(self.high)
        last = inf if self.low <= 0 else -log(self.low)
        far = np.maximum(np.maximum(first - place, place - last), 0.0)
        return np.where(np.isnan(tested.p), inf, far)


def p_statements_of(
    study: Study, outcomes: Sequence[Outcome], derived: Sequence[Derived]
) -> Iterator[PStatement]:
    """Every reported p value between the arms of the outcomes, with every test of such data.

    Of a claim that names no visit of an outcome with several, those at each of them.
    """
    visits = {visit.id: visit.label for visit in study.visits}
    for defined in derived:
        outcome = next(one for one in outcomes if defined.column in one.columns)
        first = outcome.columns[0]
        before = None if first == defined.column else first
        tests = tuple(count_tests(defined, before, visits.get(first.visit or "", "")))
        yield from _of(study, defined.endpoint, None, tests)
    for outcome in outcomes:
        found: dict[tuple[str, str], list[tuple[Column, PStatement]]] = {}
        for column in outcome.columns:
            for row in _of(study, column.endpoint, column.visit, tuple(column_tests(column))):
                found.setdefault((row.claim, row.text), []).append((column, row))
        for rows in found.values():
            _, one = rows[0]
            yield one if len(rows) == 1 else replace(one, tests=tuple(_at_visits(rows, visits)))


def _at_visits(rows: Sequence[tuple[Column, PStatement]], visits: Mapping[str, str]) -> Iterator[ArmsTest]:
    """The tests at each visit, with its name."""
    for column, row in rows:
        for test in row.tests:
            yield replace(test, name=f"{test.name}, {visits[column.visit or '']}")


def with_named_tests(statement: PStatement, study: Study) -> PStatement:
    """The same with the tests that the paper names for it or, without any, those usual for such data."""
    question = question_of(study, study.claim(statement.claim))
    judged = question.judged if question is not None else frozenset()
    return replace(statement, tests=tuple(test for test in statement.tests if test.family in judged))


def _of(study: Study, endpoint: str, visit: str | None, tests: tuple[ArmsTest, ...]) -> Iterator[PStatement]:
    for claim in claims_between_arms(study, endpoint, visit):
        if claim.endpoint != endpoint or not tests:
            continue
        for text in dict.fromkeys(claim.p_by_source.values()):
            interval, direction = study.parse_p(text).interval, direction_of_p(study, claim, text)
            yield PStatement(claim.id, claim.what, text, interval.low, interval.high, direction, tests)
