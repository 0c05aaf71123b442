r"""Reported p values, between the arms or between visits, as what a table must meet.

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
from mgbayes.latent_cohort.table import Column, Floats, Tables, arms_of
from mgbayes.latent_cohort.table_test import PValues, TableTest
from mgbayes.latent_cohort.tests_between_arms import column_tests, count_tests
from mgbayes.latent_cohort.tests_between_visits import visit_tests
from mgbayes.study.direction import direction_of_change, direction_of_p
from mgbayes.study.numbers import claims_between_arms
from mgbayes.study.schema import ALL, Study
from mgbayes.verification.comparison import question_of


@dataclass(frozen=True)
class PStatement:
    """A reported p value between ``low`` and ``high``, its direction, and the tests that could stand behind it.

    ``told``: whether the study file says the direction, so that every test has it; means and medians say it of tests
    of values alone.
    """

    claim: str
    what: str
    text: str
    low: float
    high: float
    direction: int
    tests: tuple[TableTest, ...]
    told: bool = False

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the tests read."""
        return frozenset(name for test in self.tests for name in test.columns)

    def of(self, test: TableTest) -> PStatement:
        """The same taken to come from one test."""
        return replace(self, tests=(test,))

    def distances(self, tables: Tables) -> Floats:
        """How far each table is from it by each test, in units of log p: (tests, K)."""
        return np.stack([self.distance(test, test.on(tables)) for test in self.tests])

    def direction_by(self, test: TableTest) -> int:
        """The direction that a test must have."""
        return self.direction if self.told or test.of_values else 0

    def distance(self, test: TableTest, tested: PValues) -> Floats:
        """How far p values of a test are from it, (K,); infinite where there is none."""
        direction = self.direction_by(test)
        with np.errstate(divide="ignore"):
            place = -np.log(np.minimum(tested.p, 1.0))
            if direction:
                place = np.where(tested.side == 0, 0.0, place * direction * tested.side)
        first = -log(self.high)
        last = inf if self.low <= 0 else -log(self.low)
        far = np.maximum(np.maximum(first - place, place - last), 0.0)
        return np.where(np.isnan(tested.p), inf, far)


def p_statements_of(
    study: Study, outcomes: Sequence[Outcome], derived: Sequence[Derived]
) -> Iterator[PStatement]:
    """Every reported p value of the outcomes, between the arms and then between visits, with every test of such data.

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
            direction = one.direction if len({row.direction for _, row in rows}) == 1 else 0
            tests = one.tests if len(rows) == 1 else tuple(_at_visits(rows, visits))
            yield replace(one, tests=tests, direction=direction)
    for outcome in outcomes:
        yield from _between_visits(study, outcome)


def _at_visits(rows: Sequence[tuple[Column, PStatement]], visits: Mapping[str, str]) -> Iterator[TableTest]:
    """The tests at each visit, with its name."""
    for column, row in rows:
        for test in row.tests:
            yield replace(test, name=f"{test.name}, {visits[column.visit or '']}")


def with_named_tests(statement: PStatement, study: Study) -> PStatement:
    """The same with the tests that the paper names for it or, without any, those usual for such data."""
    question = question_of(study, study.claim(statement.claim))
    judged = question.judged if question is not None else frozenset()
    return replace(statement, tests=tuple(test for test in statement.tests if test.family in judged))


def _of(study: Study, endpoint: str, visit: str | None, tests: tuple[TableTest, ...]) -> Iterator[PStatement]:
    for claim in claims_between_arms(study, endpoint, visit):
        if claim.endpoint != endpoint or not tests:
            continue
        told = claim.comparison is not None and claim.comparison.larger is not None
        for text in dict.fromkeys(claim.p_by_source.values()):
            interval, direction = study.parse_p(text).interval, direction_of_p(study, claim, text, visit)
            yield PStatement(claim.id, claim.what, text, interval.low, interval.high, direction, tests, told)


def _between_visits(study: Study, outcome: Outcome) -> Iterator[PStatement]:
    """Of each claim that compares visits of an arm or of all patients: its p value stands for each later visit."""
    columns = {(column.endpoint, column.visit): column for column in outcome.columns}
    arms, labels = (study.reference.id, study.contrast.id), {visit.id: visit.label for visit in study.visits}
    for claim in study.claims:
        compared = claim.comparison
        if compared is None or compared.between != "visits" or compared.groups[0] not in (ALL, *arms):
            continue
        group, first, *later = compared.groups[0], *compared.visits
        who = np.array([group in (ALL, arm) for arm in arms])[arms_of(study)]
        for visit in later:
            before, after = (columns.get((claim.endpoint or "", one)) for one in (first, visit))
            if before is None or after is None:
                continue
            what = claim.what if len(later) == 1 else f"{claim.what}: {labels[visit]}"
            tests = tuple(visit_tests(before, after, who))
            for text in dict.fromkeys(claim.p_by_source.values()):
                interval, direction = (
                    study.parse_p(text).interval,
                    direction_of_change(study, claim, text, visit),
                )
                yield PStatement(claim.id, what, text, interval.low, interval.high, direction, tests)
