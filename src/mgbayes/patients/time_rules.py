"""What a time to an event must meet: an event has a time, within follow-up and after the start.

With a start date all times are dates, and days are their difference to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from mgbayes.limits import SHORTEST_TIME
from mgbayes.patients.rule import Rule, whole
from mgbayes.study.patient_map import EndpointColumns
from mgbayes.study.schema import Endpoint

if TYPE_CHECKING:
    import pandas as pd

    Column = Callable[[pd.DataFrame], pd.Series[float]]
    Holds = Callable[[pd.DataFrame], pd.Series[bool]]

_PARTS = ("time", "followup", "lower", "upper")
_SEEN = ("time", "upper")
_ORDERED = (("lower", "upper"), ("lower", "time"), ("time", "upper"), ("lower", "followup"))


def event_of(endpoint: Endpoint, row: EndpointColumns) -> Column:
    """Whether the event happened: as the event column says, or, where there is none, whether it has a time."""
    if row.event is not None:
        return lambda table: table[f"{endpoint.id}.event"]
    seen, end = (f"{endpoint.id}.{part}" for part in (_seen(row), "followup"))
    return lambda table: table[seen].notna().astype(float).where(table[seen].notna() | table[end].notna())


def days_of(endpoint: Endpoint, row: EndpointColumns, part: str) -> Column:
    """Days from the start to a moment."""
    role, start = f"{endpoint.id}.{part}", f"{endpoint.id}.start"
    if row.start is None:
        return lambda table: table[role]
    return lambda table: table[role] - table[start]


def censored_part(row: EndpointColumns) -> str:
    """The column that says how long a patient without the event was followed."""
    return "followup" if row.followup is not None else "time"


def _seen(row: EndpointColumns) -> str:
    """The column that is filled when the event happened, if any is."""
    return "time" if row.time is not None else "upper"


def time_rules(endpoint: Endpoint, row: EndpointColumns) -> Iterator[Rule]:
    """Every rule of a time-to-event endpoint, for the columns that it has."""
    parts = [part for part in _PARTS if getattr(row, part) is not None]
    if row.event is not None:
        yield from _event_and_time(endpoint, row, [part for part in _SEEN if part in parts])
    if "upper" in parts:
        yield _last_visit_before(endpoint, row)
    for part in parts:
        yield from _after_start(endpoint, row, part)
    for early, late in _ORDERED:
        if early in parts and late in parts:
            yield _in_order(endpoint, row, early, late)
    for part in _SEEN:
        if part in parts and part != censored_part(row):
            yield from _within_followup(endpoint, row, part)
    if row.start is not None:
        yield _started(endpoint, parts)
        return
    yield from (_measurable(f"{endpoint.id}.{part}") for part in parts)
    if endpoint.whole:
        yield from (whole(f"{endpoint.id}.{part}") for part in parts)


def _measurable(role: str) -> Rule:
    """Nobody measures a shorter time; its logarithm would outweigh all others."""
    return Rule(
        (role,),
        lambda table: ~((table[role] > 0) & (table[role] < SHORTEST_TIME)),
        f"0, or at least {SHORTEST_TIME:f}",
    )


def _filled(role: str) -> Holds:
    return lambda table: table[role].notna()


def _empty(role: str) -> Holds:
    return lambda table: table[role].isna()


def _is(column: Column, value: float) -> Holds:
    return lambda table: column(table) == value


def _later(role: str, other: str) -> Holds:
    """Strictly later; false where one is missing."""
    return lambda table: table[role] > table[other]


def _either(*conditions: Holds) -> Holds:
    def holds(table: pd.DataFrame) -> pd.Series[bool]:
        first, *others = (condition(table) for condition in conditions)
        for other in others:
            first = first | other
        return first

    return holds


def _not(condition: Holds) -> Holds:
    return lambda table: ~condition(table)


def _roles(endpoint: Endpoint, row: EndpointColumns, *parts: str) -> tuple[str, ...]:
    """The roles of some parts, and of those that the event and the days follow from."""
    event = ("event",) if row.event is not None else (_seen(row), "followup")
    start = ("start",) if row.start is not None else ()
    return tuple(dict.fromkeys(f"{endpoint.id}.{part}" for part in (*parts, *event, *start)))


def _event_and_time(endpoint: Endpoint, row: EndpointColumns, seen: list[str]) -> Iterator[Rule]:
    """An event has a time, no event has a follow-up, and a time has a yes or no."""
    event = event_of(endpoint, row)
    times = [f"{endpoint.id}.{part}" for part in seen]
    yield Rule(
        _roles(endpoint, row, *seen),
        _either(_not(_is(event, 1)), *(_filled(role) for role in times)),
        f'when it happened, since "{row.event}" is yes',
    )
    end = censored_part(row)
    yield Rule(
        _roles(endpoint, row, end),
        _either(_not(_is(event, 0)), _filled(f"{endpoint.id}.{end}")),
        f'how long the patient was followed, since "{row.event}" is no',
    )
    for part, role in zip(seen, times, strict=True):
        yield Rule(
            _roles(endpoint, row, "event", part),
            _either(_filled(f"{endpoint.id}.event"), _empty(role)),
            f'yes or no, since "{getattr(row, part)}" is filled',
        )


def _last_visit_before(endpoint: Endpoint, row: EndpointColumns) -> Rule:
    lower, upper = f"{endpoint.id}.lower", f"{endpoint.id}.upper"
    accepted = f'the last visit before, since "{row.upper}" is filled (the start, if there was none)'
    return Rule((lower, upper), _either(_filled(lower), _empty(upper)), accepted)


def _after_start(endpoint: Endpoint, row: EndpointColumns, part: str) -> Iterator[Rule]:
    """No time before the start; an event strictly after it."""
    days, event = days_of(endpoint, row, part), event_of(endpoint, row)
    start = (f"{endpoint.id}.start",) if row.start is not None else ()
    accepted = "no time before the start of treatment"
    yield Rule((f"{endpoint.id}.{part}", *start), lambda table: ~(days(table) < 0), accepted)
    if part in _SEEN:
        happened = _either(_not(_is(event, 1)), _not(_is(days, 0)))
        yield Rule(_roles(endpoint, row, part), happened, "an event after the day of the start")


def _in_order(endpoint: Endpoint, row: EndpointColumns, early: str, late: str) -> Rule:
    one, other = f"{endpoint.id}.{early}", f"{endpoint.id}.{late}"
    return Rule((one, other), _not(_later(one, other)), f'no later than "{getattr(row, late)}"')


def _within_followup(endpoint: Endpoint, row: EndpointColumns, part: str) -> Iterator[Rule]:
    """Follow-up is not shorter than an event, and a patient without the event has no other time."""
    event = event_of(endpoint, row)
    role, end = f"{endpoint.id}.{part}", f"{endpoint.id}.{censored_part(row)}"
    if row.followup is not None:
        yield Rule(
            _roles(endpoint, row, "followup", part),
            _either(_not(_is(event, 1)), _not(_later(role, end))),
            f'no earlier than the event in "{getattr(row, part)}"',
        )
    if row.event is not None:
        yield Rule(
            _roles(endpoint, row, part, censored_part(row)),
            _either(_not(_is(event, 0)), _empty(role), lambda table: table[role] == table[end]),
            "nothing, since there was no event",
        )


def _started(endpoint: Endpoint, parts: list[str]) -> Rule:
    start = f"{endpoint.id}.start"
    roles = [f"{endpoint.id}.{part}" for part in parts]
    return Rule(
        (start, *roles),
        lambda table: table[start].notna() | table[roles].isna().all(axis=1),
        "the date of the start, since another date is given",
    )
