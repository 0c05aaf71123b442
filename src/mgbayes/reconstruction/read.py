"""Read digitized curves, at-risk tables and censoring marks from CSV files.

A curve file has the columns time and survival, and arm when it holds several; without a column arm the arm takes the
name of the file. A file of numbers alone, as digitizers write them, is time and survival in this order. A table of
numbers at risk has the columns time, at_risk and, for several arms, arm; a file of marks has time and arm.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from mgbayes.errors import InputError, Problem, hidden, one_of
from mgbayes.files import csv_rows, read_bytes
from mgbayes.limits import LARGEST_VALUE, ROWS
from mgbayes.reconstruction.check import problems_of
from mgbayes.reconstruction.digitized import SURVIVAL_ERROR, TIME_ERROR, DigitizedCurve, Series, no_series
from mgbayes.study.schema import DAYS_IN

CURVE = ("time", "survival")
TABLE = ("time", "at_risk")
MARKS = ("time",)


@dataclass
class _Rows:
    """Pairs of numbers of one arm, with the rows they stand in."""

    file: str
    numbers: list[tuple[float, ...]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def series(self) -> Series:
        table = np.array(self.numbers or np.empty((0, 2)), float)
        return Series(table[:, 0], table[:, -1], self.file, tuple(self.rows))


def read_curves(
    curves: str | Path | Sequence[str | Path],
    *,
    n: Mapping[str, int] | int | None = None,
    events: Mapping[str, int] | int | None = None,
    at_risk: str | Path | None = None,
    marks: str | Path | None = None,
    percent: bool = False,
    survival_error: float = SURVIVAL_ERROR,
    time_error: float | None = None,
    time_unit: str = "days",
) -> tuple[DigitizedCurve, ...]:
    """Read one digitized curve an arm.

    Args:
        curves: CSV files of (time, survival), one an arm or with a column arm; or a single file.
        n: how many patients each arm had, by its name, or one number for a single arm; it may be left to the
            table of numbers at risk when that starts at time 0.
        events: the published total of events, likewise; may be left out.
        at_risk: a CSV file of (time, at_risk); a number counts the patients whose time is at or after its time.
        marks: a CSV file of the times of the censoring marks, all of them.
        percent: survival is given from 0 to 100.
        survival_error: how far off a digitized survival may be, between 0 and 1 whatever the scale.
        time_error: how far off a digitized time may be, in the unit of time; 0.2 % of the last time by default.
        time_unit: the unit of all times: days, weeks, months or years.

    Raises:
        InputError: with every problem of all files in one pass.

    Example:
        >>> import mgbayes as mb, pathlib, tempfile
        >>> file = pathlib.Path(tempfile.mkdtemp()) / "exercise.csv"
        >>> _ = file.write_text("time,survival\\n0,1\\n30,0.9\\n60,0.7\\n90,0.6\\n")
        >>> (curve,) = mb.read_curves(file, n=10, events=4)
        >>> curve.arm, curve.n
        ('exercise', 10)
    """
    problems = _of_unit(time_unit)
    files = [Path(curves)] if isinstance(curves, str | Path) else [Path(path) for path in curves]
    drawn = _merged([_read(path, CURVE, path.stem, problems) for path in files], problems)
    only = next(iter(drawn)) if len(drawn) == 1 else None
    table = _read(Path(at_risk), TABLE, only, problems) if at_risk else {}
    ticks = _read(Path(marks), MARKS, only, problems) if marks else None
    named = {"at risk": table, "marks": ticks or {}, "n": _named(n), "events": _named(events)}
    problems += [problem for what, arms in named.items() for problem in _strangers(what, arms, drawn)]
    digitized = []
    for arm, rows in drawn.items():
        points, counts = _scaled(rows.series(), percent), table[arm].series() if arm in table else no_series()
        size = _first(counts) if (given := _of(n, arm, only)) is None else given
        if size is None:
            problems.append(Problem(f"arm {arm!r}, n", "nothing", "n, or a number at risk at time 0"))
            continue
        digitized.append(
            DigitizedCurve(
                arm=arm,
                points=points,
                n=size,
                events=_of(events, arm, only),
                at_risk=counts,
                marks=None if ticks is None else ticks.get(arm, _Rows(str(marks))).series(),
                survival_error=survival_error,
                time_error=_time_error(points) if time_error is None else time_error,
                time_unit=time_unit,
            )
        )
    problems += [problem for curve in digitized for problem in problems_of(curve)]
    if problems or not digitized:
        raise _refusal(files, problems)
    return tuple(digitized)


def _of_unit(unit: str) -> list[Problem]:
    return [] if unit in DAYS_IN else [Problem("the unit of time", repr(unit), one_of(list(DAYS_IN), unit))]


def _refusal(files: Sequence[Path], problems: Sequence[Problem]) -> InputError:
    names = ", ".join(str(path) for path in files) or "the curves"
    return InputError(names, problems or [Problem("the curves", "none", "at least one file")])


def _scaled(points: Series, percent: bool) -> Series:
    """Survival between 0 and 1."""
    return Series(points.times, points.values / 100, points.file, points.rows) if percent else points


def _time_error(points: Series) -> float:
    """How far off a time may be where nobody says: a share of the last time."""
    return TIME_ERROR * max(float(np.nanmax(points.times)) if len(points) else 0.0, 0.0)


def numbers_by_arm(option: str, given: Sequence[str] | None) -> Mapping[str, int] | int | None:
    """``["old=17", "new=16"]`` or ``["33"]``, as written on the command line. Raises InputError."""
    if not given:
        return None
    pairs = [text.rpartition("=") for text in given]
    problems = [
        Problem(option, repr(text), "ARM=NUMBER, or a number alone for a single arm")
        for text, (arm, sign, number) in zip(given, pairs, strict=True)
        if not number.strip().isdecimal() or (not arm and (sign or len(pairs) > 1))
    ]
    if problems:
        raise InputError("the command line", problems)
    if not pairs[0][0]:
        return int(pairs[0][2])
    return {arm.strip(): int(number) for arm, _, number in pairs}


def _named(values: Mapping[str, int] | int | None) -> Mapping[str, int]:
    return values if isinstance(values, Mapping) else {}


def _of(values: Mapping[str, int] | int | None, arm: str, only: str | None) -> int | None:
    """An arm's own number; a number without a name belongs to the only arm."""
    if isinstance(values, int):
        return values if arm == only else None
    return None if values is None else values.get(arm)


def _first(counts: Series) -> int | None:
    return int(counts.values[0]) if len(counts) and counts.times[0] == 0 and counts.values[0] >= 0 else None


def _strangers(what: str, arms: Iterable[str], drawn: Mapping[str, object]) -> list[Problem]:
    known = ", ".join(drawn) or "none"
    return [
        Problem(f"{what}, arm", repr(arm), f"an arm of the curves: {known}")
        for arm in arms
        if arm not in drawn
    ]


def _merged(files: list[dict[str, _Rows]], problems: list[Problem]) -> dict[str, _Rows]:
    merged: dict[str, _Rows] = {}
    for arms in files:
        for arm, rows in arms.items():
            if arm in merged:
                problems.append(
                    Problem(f"{rows.file}, arm", repr(arm), f"an arm not in {merged[arm].file} too")
                )
            merged.setdefault(arm, rows)
    return merged


def _read(path: Path, columns: tuple[str, ...], arm: str | None, problems: list[Problem]) -> dict[str, _Rows]:
    """Rows of numbers by arm; every fault is added to the problems."""
    table = list(_cells(path, problems))
    if not table:
        return {}
    header = [cell.strip().lower().replace(" ", "_") for cell in table[0][1]]
    if all(_number(cell) is not None for cell in header[: len(columns)]):
        header = list(columns)
    else:
        table = table[1:]
    missing = [name for name in columns if name not in header]
    if missing:
        given = ", ".join(header)
        problems.append(
            Problem(f"{path}, row 1, columns", given, f"{', '.join(columns)} (and arm for several)")
        )
        return {}
    if "arm" not in header and arm is None:
        problems.append(
            Problem(f"{path}, row 1, columns", ", ".join(header), "a column arm: there are several")
        )
        return {}
    arms: dict[str, _Rows] = {}
    for row, cells in table:
        named = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        name = named.get("arm", "") if "arm" in header else arm or ""
        numbers = [
            _parsed(f"{path}, row {row}, {column}", named.get(column, ""), problems) for column in columns
        ]
        if not name or not name.isprintable():
            given = hidden(name) or repr(name) if name else "nothing"
            problems.append(Problem(f"{path}, row {row}, arm", given, "the name of an arm"))
        rows = arms.setdefault(name, _Rows(str(path)))
        if None not in numbers:
            rows.numbers.append(tuple(float(number) for number in numbers if number is not None))
            rows.rows.append(row)
    return arms


def _cells(path: Path, problems: list[Problem]) -> list[tuple[int, list[str]]]:
    """The rows that are not empty, with their numbers in the file."""
    place = str(path)
    try:
        rows = enumerate(csv_rows(read_bytes(path, "a CSV file")), 1)
        filled = list(islice(((row, cells) for row, cells in rows if any(map(str.strip, cells))), ROWS + 1))
    except InputError as error:
        problems += [replace(problem, place=place) for problem in error.problems]
        return []
    except (ValueError, csv.Error):
        problems.append(Problem(place, "no text", "a CSV file"))
        return []
    if not filled:
        problems.append(Problem(place, "an empty file", "rows of numbers"))
    if len(filled) > ROWS:
        problems.append(Problem(place, f"more than {ROWS} rows", f"at most {ROWS} rows"))
        return []
    return filled


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _parsed(place: str, cell: str, problems: list[Problem]) -> float | None:
    number = _number(cell)
    if number is None or not abs(number) <= LARGEST_VALUE:
        accepted = f"a number of at most {LARGEST_VALUE:g} in size, with a decimal point"
        problems.append(Problem(place, repr(cell) if cell else "nothing", accepted))
        return None
    return number
