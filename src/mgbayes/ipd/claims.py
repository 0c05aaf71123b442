"""Every printed number beside what the rows of the patients give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from mgbayes.ipd.comparison import Comparison, asked_by
from mgbayes.ipd.run import named_tests
from mgbayes.ipd.tested import PatientTest, PatientTests, Role
from mgbayes.patients.patient_rows import PatientRows, check_rows
from mgbayes.study.rounding import ExactInterval, exact_interval
from mgbayes.study.schema import Claim, Endpoint, Kind, Study, Summary, TestFamily
from mgbayes.study.statistics.p_value import ReportedP
from mgbayes.verification.not_computed import LABELS

if TYPE_CHECKING:
    import xarray as xr

PATIENTS = "patients"
"""The endpoint that counts the patients themselves."""
_DIGITS = 9
"""Decimals to which a value is compared: beyond them lies binary arithmetic."""
_WHOLE = ("n", "count")


class Match(StrEnum):
    """Whether the rows give what is printed."""

    agree = "agree"
    differ = "differ"
    not_available = "not_available"


@dataclass(frozen=True)
class ClaimCheck:
    """One printed number, the range of values that are printed so, and the value that the rows give.

    ``number`` is what kind of number it is (n, count, percent, mean, sd, p), ``group`` the patients behind it,
    or ``comparison`` what a p compares.
    """

    claim: str
    quantity: str
    printed: str
    low: float
    high: float
    from_rows: float | None
    match: Match
    note: str = ""
    alternative: str | None = None
    number: str = "p"
    group: str | None = None
    comparison: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The form for machines."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"match": str(self.match)}


def compare_with_claims(study: Study, patients: xr.Dataset, results: PatientTests) -> tuple[ClaimCheck, ...]:
    """Each printed count, percentage, mean, SD and p value beside the rows, and so each other reading of it.

    A number agrees when the value from the rows lies in the range that is printed so (rounded or cut off).
    A p agrees when a test that the paper names gives it, or any test where the paper names none; the note names
    every other test that does. A p whose named tests the rows do not allow is not available, whatever other tests
    give. Raises InputError when the rows are not usable.
    """
    check_rows(study, patients)
    rows = PatientRows(study, patients, results.subsets)
    checks = [check for claim in study.claims for check in _of_claim(rows, claim, results)]
    return (*checks, *_alternatives(rows))


def _of_claim(rows: PatientRows, claim: Claim, results: PatientTests) -> Iterator[ClaimCheck]:
    for summary in claim.summaries:
        yield from _of_summary(rows, claim, summary)
    for sources, text in claim.p_by_source.items():
        yield from _of_p(rows, claim, sources, text, results)


def _alternatives(rows: PatientRows) -> Iterator[ClaimCheck]:
    """The numbers that an alternative reads otherwise."""
    for other in rows.study.alternatives:
        claim = rows.study.with_alternative(other).claim(other.claim)
        for change in other.changes:
            for summary in claim.summaries:
                if (summary.group, summary.visit) == (change.group, change.visit):
                    yield from _of_summary(rows, claim, summary, other.name, tuple(change.numbers))


def _of_summary(
    rows: PatientRows,
    claim: Claim,
    summary: Summary,
    alternative: str | None = None,
    only: tuple[str, ...] = ("n", "count", "percent", "mean", "sd"),
) -> Iterator[ClaimCheck]:
    values, note = _values(rows, claim, summary)
    for quantity in only:
        printed = getattr(summary, quantity)
        if printed is not None:
            value = None if values is None else values.get(quantity)
            reason = note or ("" if value is not None else "too few values")
            label = " ".join(text for text in (summary.group, summary.visit, summary.level, quantity) if text)
            around = _behind(printed, whole=quantity in _WHOLE)
            low, high, match = float(around.low), float(around.high), _match(value, around)
            yield ClaimCheck(
                claim.id, label, printed, low, high, value, match, reason, alternative, quantity, summary.group
            )  # fmt: skip


def _match(value: float | None, around: ExactInterval) -> Match:
    if value is None:
        return Match.not_available
    return Match.agree if Fraction(repr(round(value, _DIGITS))) in around else Match.differ


def _behind(printed: str, *, whole: bool) -> ExactInterval:
    """Every value that is printed so; a whole number of patients is printed as it is."""
    if whole:
        return ExactInterval(Fraction(printed), Fraction(printed), open_low=False, open_high=False)
    return exact_interval(printed)


def _values(rows: PatientRows, claim: Claim, summary: Summary) -> tuple[dict[str, float] | None, str]:
    """What the rows give for a summary, and what has to be said of it."""
    endpoint = rows.study.endpoint_of(claim)
    members = rows.members(summary.group)
    if members is None:
        return None, f"the rows do not say who belongs to {summary.group!r}"
    if endpoint is not None and endpoint.id == PATIENTS:
        return {"count": float(members.sum())}, ""
    if endpoint is None or not rows.has(endpoint):
        return None, "the rows do not hold this endpoint"
    level = None if summary.level is None else rows.level(endpoint, summary.level)
    if summary.level is not None and level is None:
        return None, f"the rows do not name a level {summary.level!r}"
    return _of_endpoint(rows, endpoint, members, summary.visit, level)


def _of_endpoint(
    rows: PatientRows, endpoint: Endpoint, members: np.ndarray, visit: str | None, level: int | None
) -> tuple[dict[str, float] | None, str]:
    """The numbers of a group at a visit; of those at a level, where one is named."""
    if endpoint.kind is Kind.time_to_event:
        data = rows.follow_up(endpoint)
        return _moments(data.time[members & (data.event == 1)]), "among those with the event"
    visits = rows.visits(endpoint)
    if visits != (None,) and visit not in visits:
        return None, "the rows hold this endpoint at other visits only"
    values = rows.numbers(endpoint, visit)[members]
    known = values[np.isfinite(values)]
    missing = len(values) - len(known)
    notes = (
        f"{missing} patients without a value" if missing else "",
        "the rows give one value, whatever the visit" if visit is not None and visits == (None,) else "",
    )
    if level is not None:
        numbers = {"n": float(len(known))} | _counts((known == level).astype(float), Kind.binary)
    else:
        numbers = _moments(known) | _counts(known, endpoint.kind)
    return numbers, "; ".join(text for text in notes if text)


def _moments(values: np.ndarray) -> dict[str, float]:
    numbers = {"n": float(len(values))}
    if len(values) > 0:
        numbers["mean"] = float(np.mean(values))
    if len(values) > 1:
        numbers["sd"] = float(np.std(values, ddof=1))
    return numbers


def _counts(values: np.ndarray, kind: Kind) -> dict[str, float]:
    if kind not in (Kind.binary, Kind.event_count):
        return {}
    counts = {"count": float(values.sum())}
    return counts | ({"percent": 100 * float(values.mean())} if len(values) and kind is Kind.binary else {})


def _of_p(
    rows: PatientRows, claim: Claim, sources: str, text: str, results: PatientTests
) -> Iterator[ClaimCheck]:
    printed = rows.study.parse_p(text)
    source = f" ({sources})" if isinstance(claim.p, dict) else ""
    asked = asked_by(rows, claim)
    for comparison in asked:
        tests = results.of(comparison.endpoint.id, comparison.id)
        named = _named_for(rows.study, claim, comparison)
        check = _p_check(claim, f"p{source}, {comparison.id}", text, printed, tests, named)
        yield replace(check, comparison=comparison.id)
    if not asked:
        reason = "the rows do not hold what this p compares"
        yield _without_p(claim, f"p{source}", text, printed, reason)


def _named_for(study: Study, claim: Claim, comparison: Comparison) -> frozenset[TestFamily]:
    """The tests that the paper names for this claim, or else for such data."""
    test = None if claim.comparison is None else claim.comparison.test
    return named_tests(study, comparison) if test is None else frozenset({test})


def _p_check(
    claim: Claim,
    quantity: str,
    text: str,
    printed: ReportedP,
    tests: tuple[PatientTest, ...],
    named: frozenset[TestFamily],
) -> ClaimCheck:
    with_p = [row for row in tests if row.p is not None and row.role is not Role.check]
    judged = [row for row in tests if row.family in named] if named else with_p
    agreeing = [row for row in with_p if row.p is not None and printed.agrees(row.p, row.p)]
    judged_agreeing = [row for row in agreeing if row in judged]
    stand = next(iter([*judged_agreeing, *(row for row in judged if row.p is not None)]), None)
    if stand is None or stand.p is None:
        return _without_p(claim, quantity, text, printed, _why_no_p(judged, agreeing, named))
    match = Match.agree if judged_agreeing else Match.differ
    low, high = printed.interval.low, printed.interval.high
    note = f"from the rows: {stand.label}; gives the print: {_who_agrees(agreeing, named)}"
    return ClaimCheck(claim.id, quantity, text, low, high, stand.p, match, note)


def _why_no_p(judged: list[PatientTest], agreeing: list[PatientTest], named: frozenset[TestFamily]) -> str:
    """What is missing, and which tests that do not decide give the print all the same."""
    if judged:
        reason = judged[0].note or f"{judged[0].label} gives no p here"
    elif named:
        reason = f"these rows allow no {' or '.join(LABELS[test] for test in sorted(named))} test"
    else:
        reason = "no test of these rows gives a p"
    return f"{reason}; gives the print: {_who_agrees(agreeing, named)}" if agreeing else reason


def _without_p(claim: Claim, quantity: str, text: str, printed: ReportedP, reason: str) -> ClaimCheck:
    low, high = printed.interval.low, printed.interval.high
    return ClaimCheck(claim.id, quantity, text, low, high, None, Match.not_available, reason)


def _who_agrees(agreeing: list[PatientTest], named: frozenset[TestFamily]) -> str:
    def name(row: PatientTest) -> str:
        return row.label if not named or row.family in named else f"{row.label} (not named by the paper)"

    given = ", ".join(name(row) for row in agreeing) or "no test"
    return given if named else f"{given} (the paper names no test)"
