"""Every published number compared with what the patients give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from mgbayes.patient_comparison.comparison import Comparison, comparisons_behind
from mgbayes.patient_comparison.run import named_tests
from mgbayes.patient_comparison.tested import PatientTest, PatientTests, Role
from mgbayes.patients.patient_rows import PatientRows, check_rows
from mgbayes.study.numbers import statistics_of
from mgbayes.study.rounding import ExactInterval
from mgbayes.study.schema import Claim, Endpoint, Kind, Study, Summary, TestFamily
from mgbayes.study.statistics.counts import Count, Percent, Size
from mgbayes.study.statistics.means import WithMean
from mgbayes.study.statistics.p_value import ReportedP
from mgbayes.study.statistics.quantiles import Quantiles
from mgbayes.study.statistics.statistic import PublishedStatistic
from mgbayes.verification.not_computed import LABELS

if TYPE_CHECKING:
    import xarray as xr

PATIENTS = "patients"
"""The endpoint that counts the patients themselves."""
_DIGITS = 9
"""Decimals to which a value is compared: beyond them lies binary arithmetic."""


class Match(StrEnum):
    """Whether the rows give what is published."""

    agree = "agree"
    differ = "differ"
    not_available = "not_available"


@dataclass(frozen=True)
class ClaimCheck:
    """One published number, the range of values that round to it, and the value of the patients.

    ``number`` is the key of a study file that it stands under (n, count, iqr, p), ``group`` the patients behind it,
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
    """Compare each reported number and p value with the patients, and each alternative interpretation of it.

    A number agrees when the value of the patients rounds (or is cut off) to the published number. A p agrees
    when a test that the paper names gives it, or any test where the paper names none; the note names every other test
    that does. A p whose named tests the rows do not allow is not available, whatever other tests
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
                    for check in _of_summary(rows, claim, summary, other.name):
                        if check.number in change.numbers:
                            yield check


def _of_summary(
    rows: PatientRows, claim: Claim, summary: Summary, alternative: str | None = None
) -> Iterator[ClaimCheck]:
    sample, note = _sample(rows, claim, summary)
    definitions, endpoint = rows.study.methods.quantile_definitions, rows.study.endpoint_of(claim)
    levels = () if endpoint is None else endpoint.levels
    for statistic in statistics_of(summary, rows.study.group_n(summary.group), definitions, levels):
        values = None if sample is None else sample.of(statistic)
        for k, number in enumerate(statistic.numbers):
            value = None if values is None or np.isnan(values[k]) else float(values[k])
            reason = note or ("" if value is not None else "too few values")
            label = " ".join(
                text for text in (summary.group, summary.visit, summary.level, number.name) if text
            )
            low, high = float(number.interval.low), float(number.interval.high)
            yield ClaimCheck(
                claim.id, label, number.text, low, high, value, _match(value, number.interval), reason,
                alternative, number.key, summary.group,
            )  # fmt: skip


def _match(value: float | None, around: ExactInterval) -> Match:
    if value is None:
        return Match.not_available
    return Match.agree if Fraction(repr(round(value, _DIGITS))) in around else Match.differ


@dataclass(frozen=True)
class _Sample:
    """The values of a group that are known, and which statistics are of them."""

    values: np.ndarray
    kinds: tuple[type[PublishedStatistic], ...]

    def of(self, statistic: PublishedStatistic) -> tuple[Any, ...] | None:
        """The numbers that these values give; None where the statistic is not of such values or of none at all."""
        alone = not len(self.values) and not isinstance(statistic, Size | Count)
        return None if alone or not isinstance(statistic, self.kinds) else statistic.of(self.values)


_MEASURED = (Size, WithMean, Quantiles)
_KINDS: dict[Kind, tuple[type[PublishedStatistic], ...]] = {
    Kind.binary: (*_MEASURED, Count, Percent),
    Kind.event_count: (*_MEASURED, Count),
}


def _sample(rows: PatientRows, claim: Claim, summary: Summary) -> tuple[_Sample | None, str]:
    """The values behind a summary, and what has to be said of them."""
    endpoint = rows.study.endpoint_of(claim)
    members = rows.members(summary.group)
    if members is None:
        return None, f"the rows do not say who belongs to {summary.group!r}"
    if endpoint is not None and endpoint.id == PATIENTS:
        return _Sample(np.ones(int(members.sum())), (Count,)), ""
    if endpoint is None or not rows.has(endpoint):
        return None, "the rows do not hold this endpoint"
    level = None if summary.level is None else rows.level(endpoint, summary.level)
    if summary.level is not None and level is None:
        return None, f"the rows do not name a level {summary.level!r}"
    if endpoint.kind is Kind.time_to_event:
        data = rows.follow_up(endpoint)
        return _Sample(data.time[members & (data.event == 1)], _MEASURED), "among those with the event"
    return _measured(rows, endpoint, members, summary, level)


def _measured(
    rows: PatientRows, endpoint: Endpoint, members: np.ndarray, summary: Summary, level: int | None
) -> tuple[_Sample | None, str]:
    """The values of a group at a visit, or their changes up to it; who is at a level, where one is named."""
    visits, visit = rows.visits(endpoint), summary.visit
    needed = {visit} | ({summary.change_from} if summary.change_from is not None else set())
    if visits != (None,) and not needed <= set(visits):
        return None, "the rows hold this endpoint at other visits only"
    values = rows.numbers(endpoint, visit)[members]
    if summary.change_from is not None:
        values = values - rows.numbers(endpoint, summary.change_from)[members]
    known = values[np.isfinite(values)]
    missing = len(values) - len(known)
    notes = (
        f"{missing} patients without a value" if missing else "",
        "the rows give one value, whatever the visit" if visit is not None and visits == (None,) else "",
    )
    kinds = _KINDS.get(endpoint.kind, _MEASURED)
    if level is not None:
        known, kinds = (known == level).astype(float), (Size, Count, Percent)
    return _Sample(known, kinds), "; ".join(text for text in notes if text)


def _of_p(
    rows: PatientRows, claim: Claim, sources: str, text: str, results: PatientTests
) -> Iterator[ClaimCheck]:
    printed = rows.study.parse_p(text)
    source = f" ({sources})" if isinstance(claim.p, dict) else ""
    comparisons = comparisons_behind(rows, claim)
    for comparison in comparisons:
        tests = results.of(comparison.endpoint.id, comparison.id)
        named = _named_for(rows.study, claim, comparison)
        check = _p_check(claim, f"p{source}, {comparison.id}", text, printed, tests, named)
        yield replace(check, comparison=comparison.id)
    if not comparisons:
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
    note = f"from the patients: {stand.label}; gives the reported p: {_who_agrees(agreeing, named)}"
    return ClaimCheck(claim.id, quantity, text, low, high, stand.p, match, note)


def _why_no_p(judged: list[PatientTest], agreeing: list[PatientTest], named: frozenset[TestFamily]) -> str:
    """What is missing, and the tests that give the reported p without deciding."""
    if judged:
        reason = judged[0].note or f"{judged[0].label} gives no p here"
    elif named:
        reason = f"these rows allow no {' or '.join(LABELS[test] for test in sorted(named))} test"
    else:
        reason = "no test of these rows gives a p"
    return f"{reason}; gives the reported p: {_who_agrees(agreeing, named)}" if agreeing else reason


def _without_p(claim: Claim, quantity: str, text: str, printed: ReportedP, reason: str) -> ClaimCheck:
    low, high = printed.interval.low, printed.interval.high
    return ClaimCheck(claim.id, quantity, text, low, high, None, Match.not_available, reason)


def _who_agrees(agreeing: list[PatientTest], named: frozenset[TestFamily]) -> str:
    def name(row: PatientTest) -> str:
        return row.label if not named or row.family in named else f"{row.label} (not named by the paper)"

    given = ", ".join(name(row) for row in agreeing) or "no test"
    return given if named else f"{given} (the paper names no test)"
