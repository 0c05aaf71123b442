"""What the values of a patient must meet, beyond being readable: the rules of a whole map."""

from __future__ import annotations

from collections.abc import Iterator

from mgbayes.limits import SHORTEST_TIME
from mgbayes.patients.fields import ARM, COVARIATE, Field
from mgbayes.patients.rule import Rule, needed, number_rules
from mgbayes.patients.time_rules import time_rules
from mgbayes.study.patient_map import Covariate, EndpointColumns, PatientMap
from mgbayes.study.schema import Kind, Study


def rules(study: Study, mapping: PatientMap, mapped: list[Field], roles: list[str]) -> list[Rule]:
    """Every rule whose roles are all among those that the table has."""
    every = [
        *(needed(ARM, field.read.accepted) for field in mapped if field.role == ARM),
        *(rule for row in mapping.covariates for rule in _covariate(row)),
        *(rule for row in mapping.endpoints for rule in _endpoint(study, row, roles)),
    ]
    return [rule for rule in every if set(rule.roles) <= set(roles)]


def _covariate(row: Covariate) -> Iterator[Rule]:
    if row.kind == "number":
        yield from number_rules(
            f"{COVARIATE}.{row.name}",
            only_whole=row.whole,
            least=_float(row.at_least),
            most=_float(row.at_most),
        )


def _endpoint(study: Study, row: EndpointColumns, roles: list[str]) -> Iterator[Rule]:
    endpoint = study.endpoint(row.endpoint)
    if endpoint.kind is Kind.time_to_event:
        yield from time_rules(endpoint, row)
    if endpoint.kind not in (Kind.continuous, Kind.event_count):
        return
    counted = endpoint.kind is Kind.event_count
    least = 0.0 if study.is_nonnegative(endpoint) or counted else None
    for role in roles:
        if role == endpoint.id or role.startswith(f"{endpoint.id}@"):
            yield from number_rules(role, only_whole=endpoint.whole, least=least, most=_float(row.at_most))
    if row.exposure is not None:
        yield from _exposure(endpoint.id, f"{endpoint.id}.exposure", row.column)


def _exposure(count: str, exposure: str, column: str | None) -> Iterator[Rule]:
    yield Rule(
        (exposure,), lambda table: ~(table[exposure] < SHORTEST_TIME), f"at least {SHORTEST_TIME:f} days"
    )
    yield Rule(
        (exposure, count),
        lambda table: table[exposure].notna() | table[count].isna(),
        f'over how many days, since "{column}" is filled',
    )


def _float(limit: str | None) -> float | None:
    return None if limit is None else float(limit)
