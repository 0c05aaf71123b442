"""What is compared with what: two groups at a visit, or one group at two visits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mgbayes.patient_comparison.catalogue import Design
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.study.schema import ALL, Claim, Endpoint, Kind, Study


@dataclass(frozen=True)
class Comparison:
    """``first`` is the reference group or the first visit, ``other`` what is compared with it.

    Independent: two groups, at ``visit``, among the patients of ``within``. Paired: two visits of the group
    ``within``.
    """

    endpoint: Endpoint
    design: Design
    first: str
    other: str
    visit: str | None = None
    within: str = ALL

    @property
    def id(self) -> str:
        """``new v old at 12m in early``."""
        at = "" if self.visit is None else f" at {self.visit}"
        within = "" if self.within == ALL else f" in {self.within}"
        return f"{self.other} v {self.first}{at}{within}"


def comparisons(rows: PatientRows) -> Iterator[Comparison]:
    """Every comparison that the rows and the study's own claims call for, each once."""
    every = (
        comparison
        for endpoint in rows.study.endpoints
        if rows.has(endpoint)
        for comparison in (*_usual(rows, endpoint), *_claimed(rows, endpoint))
    )
    yield from dict.fromkeys(every)


def _usual(rows: PatientRows, endpoint: Endpoint) -> Iterator[Comparison]:
    """The arms at each visit, the arms of each subset for times, and each later visit with the first one."""
    study, visits = rows.study, rows.visits(endpoint)
    for visit in visits:
        yield _arms(study, endpoint, visit)
    if endpoint.kind is Kind.time_to_event:
        for part in rows.parts:
            if rows.members(part) is not None:
                yield _arms(study, endpoint, None, part)
    for later in visits[1:]:
        for group in (ALL, study.reference.id, study.contrast.id):
            yield Comparison(endpoint, Design.paired, str(visits[0]), str(later), None, group)


def _claimed(rows: PatientRows, endpoint: Endpoint) -> Iterator[Comparison]:
    for claim in rows.study.claims:
        if claim.endpoint == endpoint.id:
            yield from comparisons_behind(rows, claim)


def comparisons_behind(rows: PatientRows, claim: Claim) -> tuple[Comparison, ...]:
    """The comparisons behind a claim's p value; none when nothing says what it compares."""
    study, endpoint, comparison = rows.study, rows.study.endpoint_of(claim), claim.comparison
    if endpoint is None or comparison is None or not rows.has(endpoint):
        return ()
    if comparison.paired and comparison.between != "visits":  # the rows do not say who is paired with whom
        return ()
    groups, visits = comparison.groups, rows.visits(endpoint)
    if comparison.between == "visits":
        first, *later = comparison.visits
        known = {visit for visit in visits if visit is not None}
        return tuple(
            Comparison(endpoint, Design.paired, first, other, None, groups[0])
            for other in later
            if {first, other} <= known
        )
    at = comparison.visits[0] if comparison.visits else next((row.visit for row in claim.summaries), None)
    wanted = _wanted(visits, at)
    if comparison.between == "arms":
        part = groups[0] if len(groups) == 1 else ALL
        return tuple(_arms(study, endpoint, visit, part) for visit in wanted)
    return tuple(Comparison(endpoint, Design.independent, groups[1], groups[0], visit) for visit in wanted)


def _wanted(visits: tuple[str | None, ...], at: str | None) -> tuple[str | None, ...]:
    """The visit that a claim names; else every visit after the first, at which nothing could differ yet."""
    if visits == (None,):
        return visits
    return tuple(visit for visit in visits if visit == at) if at is not None else visits[1:] or visits


def _arms(study: Study, endpoint: Endpoint, visit: str | None, within: str = ALL) -> Comparison:
    first, other = study.reference.id, study.contrast.id
    return Comparison(endpoint, Design.independent, first, other, visit, within)
