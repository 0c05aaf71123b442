"""What the ``[patients]`` table says of the rest of the study file.

Works on the raw file, as the other references do, so that all faults are told in one pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from mgbayes.errors import Problem
from mgbayes.study.raw import Raw, ids, rows, subtable

_VALUES = {"column", "visits", "by_visit"}
_TIMES = ("event", "time", "followup", "lower", "upper", "start")
_KEYS: dict[str, set[str]] = {
    "binary": _VALUES,
    "continuous": _VALUES | {"at_most"},
    "ordinal": _VALUES | {"levels"},
    "count": _VALUES | {"exposure", "at_most"},
    "time_to_event": set(_TIMES),
}
_COLUMN_KEYS = ("column", "exposure", *_TIMES)


def patient_map_problems(raw: Raw) -> list[Problem]:
    """Every unknown arm, visit or endpoint, key that a kind does not have, and spelling with two meanings."""
    table = raw.get("patients")
    if not isinstance(table, dict):
        return []
    return [
        *_names(table, raw),
        *_endpoints(table, raw),
        *_doubles(table),
        *_identifier(table),
        *_spellings(table),
    ]


def _unknown(names: Any, known: list[str], place: str) -> Iterator[Problem]:
    for name in names:
        if name not in known:
            yield Problem(place, repr(name), "one of " + ", ".join(known) if known else "nothing")


def _names(table: Raw, raw: Raw) -> Iterator[Problem]:
    arms = subtable(subtable(table, "arm"), "values")
    yield from _unknown(arms, ids(raw, "arms"), "patients → arm → values")
    if arms:
        for arm in ids(raw, "arms"):
            if arm not in arms:
                yield Problem("patients → arm → values", f"no {arm!r}", "the spellings of both arms")
    visits = subtable(subtable(table, "visit"), "values")
    yield from _unknown(visits, ids(raw, "visits"), "patients → visit → values")


def _endpoints(table: Raw, raw: Raw) -> Iterator[Problem]:
    kinds = {str(row.get("id")): str(row.get("kind")) for row in rows(raw, "endpoints")}
    for row in rows(table, "endpoints"):
        place = f'patients → endpoints "{row.get("endpoint", "?")}"'
        endpoint = row.get("endpoint")
        if not isinstance(endpoint, str):
            continue
        if endpoint not in kinds:
            yield from _unknown([endpoint], list(kinds), place)
            continue
        yield from _unknown(subtable(row, "visits"), ids(raw, "visits"), f"{place} → visits")
        if kinds[endpoint] in _KEYS:
            yield from _keys(row, kinds[endpoint], place)
        if row.get("by_visit") is True and "visit" not in table:
            yield Problem(f"{place} → by_visit", "true", "a visit column under patients → visit")


def _keys(row: Raw, kind: str, place: str) -> Iterator[Problem]:
    """Keys that the kind of the endpoint does not have, and those that it needs."""
    known = set().union(*_KEYS.values())
    for key in row:
        if key in known - _KEYS[kind]:
            yield Problem(
                place, f"the key {key!r}", f"for this kind ({kind}): {', '.join(sorted(_KEYS[kind]))}"
            )
    for given, needed in _NEEDED[kind]:
        if not given(row):
            yield Problem(place, "too little", needed)


def _one_place(row: Raw) -> bool:
    return ("column" in row) != bool(row.get("visits")) and not (
        "visits" in row and row.get("by_visit") is True
    )


_PLACE = (_one_place, "either column or visits (a column for each visit)")
_NEEDED: dict[str, tuple[tuple[Any, str], ...]] = {
    "binary": (_PLACE,),
    "continuous": (_PLACE,),
    "ordinal": (_PLACE, (lambda row: row.get("levels"), "levels, the lowest first")),
    "count": (
        _PLACE,
        (
            lambda row: "exposure" in row or "visits" in row or row.get("by_visit") is True,
            "exposure, the column with the days over which events were counted",
        ),
    ),
    "time_to_event": (
        (lambda row: "time" in row or "upper" in row, "time, or lower and upper"),
        (lambda row: ("lower" in row) == ("upper" in row), "lower and upper together"),
        (lambda row: "event" in row or "followup" in row, "event, or followup, or both"),
        (
            lambda row: "time" in row or "followup" in row,
            "followup (or time), so that it is known how long those without the event were followed",
        ),
        (
            lambda row: "start" not in row or "followup" in row,
            "followup, the date of the end of follow-up, where a start date is given",
        ),
    ),
}


def _doubles(table: Raw) -> Iterator[Problem]:
    for key, name in (("endpoints", "endpoint"), ("covariates", "name")):
        for one, times in Counter(str(row.get(name)) for row in rows(table, key)).items():
            if times > 1:
                yield Problem(f"patients → {key}", f"{one!r} {times} times", "each once")


def _mapped(table: Raw) -> Iterator[tuple[str, Any]]:
    for key in ("arm", "visit"):
        yield f"patients → {key} → column", subtable(table, key).get("column")
    for row in rows(table, "endpoints"):
        place = f'patients → endpoints "{row.get("endpoint", "?")}"'
        yield from ((f"{place} → {key}", row.get(key)) for key in _COLUMN_KEYS)
        yield from ((f"{place} → visits", column) for column in subtable(row, "visits").values())
    for row in rows(table, "covariates"):
        yield f'patients → covariates "{row.get("name", "?")}" → column', row.get("column")


def _identifier(table: Raw) -> Iterator[Problem]:
    """The column that tells patients apart must not come back as a value."""
    for place, column in _mapped(table):
        if isinstance(column, str) and column == table.get("id"):
            yield Problem(place, repr(column), "a column that does not identify the patient")


def _spelled(table: Raw) -> Iterator[tuple[str, list[str]]]:
    """Spellings that stand side by side and must differ."""
    named = [
        *((f"patients → {key}", subtable(table, key)) for key in ("arm", "visit")),
        *((f'patients → covariates "{row.get("name", "?")}"', row) for row in rows(table, "covariates")),
    ]
    for place, row in named:
        values = [words for words in subtable(row, "values").values() if isinstance(words, list)]
        yield f"{place} → values", [str(word) for words in values for word in words]
    for row in rows(table, "endpoints"):
        levels = row.get("levels")
        told = levels if isinstance(levels, list) else []
        words = [str(word) for level in told for word in (level if isinstance(level, list) else [level])]
        yield f'patients → endpoints "{row.get("endpoint", "?")}" → levels', words


def _spellings(table: Raw) -> Iterator[Problem]:
    from mgbayes.study.patient_map import MISSING

    told = table.get("missing")
    missing = {str(word).strip().casefold() for word in (told if isinstance(told, list) else MISSING)}
    for place, words in _spelled(table):
        for word, times in Counter(word.strip().casefold() for word in words).items():
            if times > 1:
                yield Problem(place, f"{word!r} {times} times", "each spelling once (in upper or lower case)")
            if word in missing or not word:
                yield Problem(place, repr(word), "a spelling that does not mean a missing value")
