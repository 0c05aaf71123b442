"""Read imputations back as patients of a study, for one time-to-event endpoint."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.errors import InputError, Problem, one_of
from mgbayes.files import csv_rows, read_bytes
from mgbayes.study.schema import DAYS_IN, Kind, Study

COLUMNS = ("member", "patient", "arm", "time", "event")
MOST = 20
_ADVICE = "`mgbayes reconstruct` writes such a file, and the one with its provenance in the same folder."


@dataclass(frozen=True)
class _Row:
    line: int
    member: str
    arm: str
    time: float
    event: float


def read_imputations(
    path: str | Path, study: Study, endpoint: str, *, most: int = MOST
) -> tuple[xr.Dataset, ...]:
    """The first ``most`` imputations of a reconstructed file, in the endpoint's unit, as patients.

    Raises InputError with every problem of the file: an endpoint that is not a time to an event, an arm that the
    study does not have, cells that are no numbers, imputations of different patients, or no unit of time in the
    file with the provenance.
    """
    path = Path(path)
    problems = list(_endpoint_problems(study, endpoint))
    content = read_bytes(path, "a .csv file of reconstructed patients")
    rows, faults = _rows(content, study)
    days, missing = _unit(path)
    problems += [*faults, *missing]
    imputations: dict[str, list[_Row]] = {}
    for row in rows:
        imputations.setdefault(row.member, []).append(row)
    if rows and not problems:
        problems += _uneven(imputations, study)
    if not rows and not problems:
        problems.append(Problem("the content", "no row", "a row for each imputation and patient"))
    if problems:
        raise InputError(str(path), problems, _ADVICE)
    about = {
        "available": len(imputations),
        "origin": "reconstructed",
        "file_sha256": hashlib.sha256(content).hexdigest(),
    }
    unit = days / DAYS_IN.get(study.endpoint(endpoint).unit, 1.0)
    return tuple(_dataset(endpoint, part, unit, about) for part in list(imputations.values())[:most])


def _endpoint_problems(study: Study, endpoint: str) -> Sequence[Problem]:
    known = [row.id for row in study.endpoints if row.kind is Kind.time_to_event]
    if endpoint in known:
        return []
    return [Problem("the endpoint", repr(endpoint), f"one of {', '.join(known) or 'none in this study'}")]


def _rows(content: bytes, study: Study) -> tuple[list[_Row], list[Problem]]:
    try:
        heading, *table = [row for row in csv_rows(content) if row] or [[]]
    except (ValueError, csv.Error) as error:
        return [], [Problem("the content", str(error), "CSV in UTF-8")]
    absent = [name for name in COLUMNS if name not in heading]
    if absent:
        given = ", ".join(heading) or "nothing"
        return [], [Problem("the heading", given, f"the columns {', '.join(COLUMNS)}")]
    arms = {word: arm.id for arm in study.arms for word in (arm.id, arm.label)}
    rows: list[_Row] = []
    problems: list[Problem] = []
    for line, row in enumerate(table, start=2):
        cells = dict(zip_longest(heading, row[: len(heading)], fillvalue=""))
        time, event = _number(cells["time"]), _number(cells["event"])
        faults = [
            (cells["arm"] not in arms, "arm", f"one of {', '.join(arms)}"),
            (not (isfinite(time) and time >= 0), "time", "a number, 0 or more"),
            (event not in (0.0, 1.0), "event", "0 or 1"),
        ]
        wrong = [
            Problem(f'row {line}, column "{name}"', repr(cells[name]), what)
            for bad, name, what in faults
            if bad
        ]
        problems += wrong
        if not wrong:
            rows.append(_Row(line, str(cells["member"]), arms[cells["arm"]], time, event))
    return rows, problems


def _number(cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return float("nan")


def _unit(path: Path) -> tuple[float, list[Problem]]:
    """Days in the unit of time that the file with the provenance names."""
    provenance = path.with_suffix(".json")
    try:
        unit = json.loads(provenance.read_text("utf-8"))["provenance"]["time_unit"]
    except (OSError, ValueError, KeyError, TypeError):
        return 1.0, [
            Problem(f"the file with its provenance, {provenance.name}", "no unit of time", "its provenance")
        ]
    if unit not in DAYS_IN:
        return 1.0, [Problem(f"{provenance.name} → time_unit", repr(unit), one_of(list(DAYS_IN)))]
    return DAYS_IN[unit], []


def _uneven(imputations: dict[str, list[_Row]], study: Study) -> list[Problem]:
    """Members of the same patients, of both arms."""
    counts = {
        name: tuple(sum(row.arm == arm.id for row in rows) for arm in study.arms)
        for name, rows in imputations.items()
    }
    first = next(iter(counts.values()))
    problems = [
        Problem(
            f"imputation {name}",
            f"{list(count)} patients by arm",
            f"{list(first)}, as in the first imputation",
        )
        for name, count in counts.items()
        if count != first
    ]
    if not all(first):
        problems.append(Problem("the arms", f"{list(first)} patients by arm", "patients of both arms"))
    return problems


def _dataset(endpoint: str, rows: list[_Row], unit: float, about: dict[str, Any]) -> xr.Dataset:
    """The patients of one imputation; their numbers identify nobody."""
    time, event = np.array([row.time * unit for row in rows]), np.array([row.event for row in rows])
    upper = np.where(event == 1, time, np.inf)
    values = {"event": event, "time": time, "lower": time, "upper": upper}
    return xr.Dataset(
        {f"{endpoint}.{part}": ("patient", column) for part, column in values.items()},
        coords={
            "patient": np.arange(1, len(rows) + 1),
            "arm": ("patient", np.array([row.arm for row in rows])),
        },
        attrs=about,
    )
