"""What each mapped column means: its role, how its cells are read, and words for the data dictionary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from mgbayes.patients.spelling import Date, Number, OneOf, Reader, YesNo
from mgbayes.study.patient_map import Covariate, EndpointColumns, Named, PatientMap
from mgbayes.study.schema import Arm, Endpoint, Kind, Study, Visit

ARM, VISIT, COVARIATE = "arm", "visit", "covariate"
TIMES = {
    "time": "to the event",
    "followup": "to the end of follow-up",
    "lower": "to the last visit before the event was seen",
    "upper": "to the visit at which the event was seen",
}


@dataclass(frozen=True)
class Field:
    """One column in one role; a column may have several.

    A role is ``arm``, ``visit``, ``covariate.NAME``, ``ENDPOINT``, ``ENDPOINT@VISIT`` or ``ENDPOINT.PART``.
    """

    role: str
    column: str
    read: Reader
    meaning: str
    unit: str = ""
    by_visit: bool = False
    needed: bool = False


def fields(study: Study, mapping: PatientMap, today: date) -> list[Field]:
    """Every mapped column of a study with its role. The column that tells patients apart is not among them."""
    return [
        _arm(study, mapping),
        *_visit(study, mapping),
        *(_covariate(row, mapping) for row in mapping.covariates),
        *(field for row in mapping.endpoints for field in _endpoint(study, row, mapping, today)),
    ]


def mapped_columns(mapping: PatientMap, mapped: list[Field]) -> dict[str, None]:
    """The names of all mapped columns, each once, the identifier first."""
    return dict.fromkeys([*([mapping.id] if mapping.id else []), *(field.column for field in mapped)])


def _arm(study: Study, mapping: PatientMap) -> Field:
    return Field(ARM, mapping.arm.column, _names(study.arms, mapping.arm), "arm", needed=True)


def _visit(study: Study, mapping: PatientMap) -> Iterator[Field]:
    if mapping.visit is not None:
        yield Field(VISIT, mapping.visit.column, _names(study.visits, mapping.visit), "visit", needed=True)


def _names(known: tuple[Arm, ...] | tuple[Visit, ...], named: Named) -> OneOf:
    """The spellings of each arm or visit; its id and its label where the map says nothing."""
    own = {one.id: tuple(dict.fromkeys((one.id, one.label))) for one in known}
    return OneOf(tuple(named.values.get(name, () if named.values else words) for name, words in own.items()))


def _covariate(row: Covariate, mapping: PatientMap) -> Field:
    readers: dict[str, Reader] = {
        "yes_no": YesNo(mapping.yes, mapping.no),
        "number": Number(mapping.decimal),
        "category": OneOf(tuple(row.values.values())),
    }
    return Field(f"{COVARIATE}.{row.name}", row.column, readers[row.kind], row.label or row.name, row.unit)


def _endpoint(study: Study, row: EndpointColumns, mapping: PatientMap, today: date) -> Iterator[Field]:
    endpoint = study.endpoint(row.endpoint)
    if endpoint.kind is Kind.time_to_event:
        yield from _times(endpoint, row, mapping, today)
        return
    readers: dict[Kind, Reader] = {
        Kind.binary: YesNo(mapping.yes, mapping.no),
        Kind.ordinal: OneOf(row.level_spellings),
    }
    read = readers.get(endpoint.kind, Number(mapping.decimal))
    if row.column is not None:
        yield Field(endpoint.id, row.column, read, endpoint.label, endpoint.unit, by_visit=row.by_visit)
    for visit in (visit for visit in study.visits if visit.id in row.visits):
        meaning = f"{endpoint.label}, {visit.label}"
        yield Field(f"{endpoint.id}@{visit.id}", row.visits[visit.id], read, meaning, endpoint.unit)
    if row.exposure is not None:
        meaning = f"{endpoint.label}: over how long they were counted"
        yield Field(f"{endpoint.id}.exposure", row.exposure, Number(mapping.decimal), meaning, "days")


def _times(endpoint: Endpoint, row: EndpointColumns, mapping: PatientMap, today: date) -> Iterator[Field]:
    if row.event is not None:
        meaning = f"{endpoint.label}: did the event happen?"
        yield Field(f"{endpoint.id}.event", row.event, YesNo(mapping.yes, mapping.no), meaning)
    if row.start is not None:
        yield Field(
            f"{endpoint.id}.start", row.start, Date(mapping.dates, today), f"{endpoint.label}: start", "date"
        )
    moment: Reader = Number(mapping.decimal) if row.start is None else Date(mapping.dates, today)
    unit = (endpoint.unit or "days") if row.start is None else "date"
    for part, words in TIMES.items():
        column: str | None = getattr(row, part)
        if column is not None:
            yield Field(f"{endpoint.id}.{part}", column, moment, f"{endpoint.label}: {words}", unit)
