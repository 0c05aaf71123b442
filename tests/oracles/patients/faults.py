"""Faults that are put into a sheet without any: each says in which of a patient's rows and columns it now is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from tests.oracles.patients.cohort import Grid, Patient, word
from tests.oracles.patients.forms import NAMES

Spot = tuple[int, str]
"""An index of a row of the grid, and a heading."""


@dataclass
class Case:
    """A patient of a sheet that gets a fault; ``other`` is one that stays as it is."""

    rng: np.random.Generator
    sheet: Grid
    at: int
    patient: Patient
    other: Patient

    @property
    def row(self) -> int:
        """The patient's first row."""
        return self.sheet.of(self.at)[0]

    def put(self, heading: str, cell: Any, *, everywhere: bool = False) -> Spot:
        """Write a cell; ``everywhere`` on all rows of the patient, so that they agree."""
        for row in self.sheet.of(self.at)[: None if everywhere else 1]:
            self.sheet.rows[row][heading] = cell
        return self.row, heading

    def has(self, *headings: str) -> bool:
        """Whether the form has these columns."""
        return all(heading in self.sheet.rows[0] for heading in headings)

    def pick(self, *headings: str) -> str:
        """One of the headings that the form has."""
        return word(self.rng, tuple(h for h in headings if self.has(h)))


@dataclass(frozen=True)
class Fault:
    """A fault, and the forms in which it can occur."""

    put: Callable[[Case], Spot]
    forms: tuple[str, ...] = NAMES


DAYS = ("days", "long", "seen at visits", "one time")
DATES = ("german", "dates without an event column")
EVENT = tuple(name for name in NAMES if name != "dates without an event column")
WIDE = tuple(name for name in NAMES if name != "long")
EXACT = ("days", "long")

_NOT_YES_NO = ("maybe", "2", "441", "yes?", "07.03.2019", "10", "-1", "n o")
_NOT_NUMBERS = (
    "12 mg",
    "<5",
    "5-10",
    "1.234,5",
    "inf",
    "1e999",
    "x",
    "--3",
    "٣ mg",
    "1 000",
    "#DIV/0!",
    "=A1",
)
_NOT_DATES = (
    "2019-02-30",
    "31.02.2019",
    "31/31/2019",
    "soon",
    "2999-01-01",
    "01.01.2999",
    "1066-10-14",
    "400",
)


def _double(case: Case) -> Spot:
    spot = case.put("Pat. No.", f" {case.other.name.upper()}")
    first = next(at for at, row in enumerate(case.sheet.rows) if row["Pat. No."] == case.other.name)
    return max(spot[0], first), "Pat. No."


def _double_visit(case: Case) -> Spot:
    first, second = case.sheet.of(case.at)[:2]
    case.sheet.rows[first]["Dose"] = 10
    case.sheet.rows[second] |= {"Visit": case.sheet.rows[first]["Visit"], "Dose": 20}
    return second, "Dose"


def _contradiction(case: Case) -> Spot:
    first, second = case.sheet.of(case.at)[:2]
    for row in case.sheet.of(case.at):
        case.sheet.rows[row]["Sex"] = ""
    case.sheet.rows[first]["Sex"], case.sheet.rows[second]["Sex"] = "F", "male"
    return second, "Sex"


def _event(case: Case, *, happened: bool) -> None:
    """Make the event and its absence certain, with nothing else filled."""
    case.put("Relapse", "yes" if happened else "no", everywhere=True)


def _event_without_time(case: Case) -> Spot:
    _event(case, happened=True)
    if case.has("Free at"):
        case.put("Free at", "")
    return case.put(
        case.pick("Relapse day", "Relapse date", "Seen at"), word(case.rng, ("", "NA", "-")), everywhere=True
    )


def _no_end(case: Case) -> Spot:
    _event(case, happened=False)
    for heading in ("Relapse date", "Seen at", "Free at"):
        if case.has(heading):
            case.put(heading, "")
    if not case.has("Seen until"):
        return case.put("Relapse day", "NA")
    if case.has("Relapse day"):
        case.put("Relapse day", "", everywhere=True)
    return case.put("Seen until", "?", everywhere=True)


def _short_followup(case: Case) -> Spot:
    if case.has("Relapse"):
        _event(case, happened=True)
    if case.has("Treated"):
        case.put("Relapse date", case.patient.start + timedelta(300))
        return case.put("Seen until", case.patient.start + timedelta(299))
    if case.has("Seen at"):
        case.put("Free at", 10)
        case.put("Seen at", 300)
    else:
        case.put("Relapse day", 300, everywhere=True)
    return case.put("Seen until", 299, everywhere=True)


def _time_without_event(case: Case) -> Spot:
    _event(case, happened=False)
    if case.has("Seen at"):
        case.put("Free at", 10)
    if case.has("Treated"):
        return case.put("Relapse date", case.patient.start + timedelta(300))
    return case.put(case.pick("Relapse day", "Seen at"), 300, everywhere=True)


def _time_before_start(case: Case) -> Spot:
    if case.has("Treated"):
        if case.has("Relapse"):
            _event(case, happened=True)
        before = case.patient.start - timedelta(int(case.rng.integers(1, 400)))
        return case.put(case.pick("Relapse date", "Seen until"), before)
    return case.put(
        case.pick("Relapse day", "Free at", "Seen at", "Seen until"),
        -int(case.rng.integers(1, 400)),
        everywhere=True,
    )


def _day_zero(case: Case) -> Spot:
    if case.has("Relapse"):
        _event(case, happened=True)
    if case.has("Treated"):
        return case.put("Relapse date", case.patient.start)
    if case.has("Free at"):
        case.put("Free at", 0)
    return case.put(case.pick("Relapse day", "Seen at"), 0, everywhere=True)


def _free_after_followup(case: Case) -> Spot:
    _event(case, happened=False)
    case.put("Seen at", "")
    case.put("Seen until", 800)
    return case.put("Free at", 801)


def _crossed_bounds(case: Case) -> Spot:
    _event(case, happened=True)
    case.put("Seen at", 200)
    return case.put("Free at", 201)


def _no_lower_bound(case: Case) -> Spot:
    _event(case, happened=True)
    case.put("Seen at", 200)
    return case.put("Free at", "NA")


def _unknown_event(case: Case) -> Spot:
    if case.has("Treated"):
        case.put("Relapse date", case.patient.start + timedelta(300))
    elif case.has("Seen at"):
        case.put("Free at", 10)
        case.put("Seen at", 300)
    else:
        case.put("Relapse day", 300, everywhere=True)
    return case.put("Relapse", "unknown", everywhere=True)


def _no_start(case: Case) -> Spot:
    return case.put("Treated", "NA")


def _no_exposure(case: Case) -> Spot:
    case.put("Stays", 2, everywhere=True)
    return case.put("Seen for", word(case.rng, ("", "missing")), everywhere=True)


def _cell(*choices: Any, headings: tuple[str, ...]) -> Callable[[Case], Spot]:
    """A cell that cannot be so in one of some columns."""

    def put(case: Case) -> Spot:
        value = choices[int(case.rng.integers(len(choices)))]
        return case.put(case.pick(*headings), value, everywhere=True)

    return put


DOSES = ("Dose", "Dose 0", "Dose 12", "Dose last")
CLASSES = ("Class", "Class 0", "Class last")


def _one_dose(*choices: Any) -> Callable[[Case], Spot]:
    return lambda case: case.put(case.pick(*DOSES), choices[int(case.rng.integers(len(choices)))])


FAULTS: dict[str, Fault] = {
    "unknown arm": Fault(_cell("Lambert", "A", "1", "AChR/MuSK", 7, headings=("Antibody",))),
    "no arm": Fault(_cell("", "NA", headings=("Antibody",))),
    "no patient": Fault(lambda case: case.put("Pat. No.", word(case.rng, ("", "?"))), WIDE),
    "double patient": Fault(_double, WIDE),
    "double visit": Fault(_double_visit, ("long",)),
    "contradiction": Fault(_contradiction, ("long",)),
    "unknown visit": Fault(lambda case: case.put("Visit", word(case.rng, ("13", "week 2", ""))), ("long",)),
    "neither yes nor no": Fault(_cell(*_NOT_YES_NO, headings=("Response", "Thymoma"))),
    "event that holds a time": Fault(_cell("441", 230, "1.5", headings=("Relapse",)), EVENT),
    "no number": Fault(_cell(*_NOT_NUMBERS, headings=("Age", "Stays", "Seen for"))),
    "no number for a dose": Fault(_one_dose(*_NOT_NUMBERS, True, date(2019, 1, 1))),
    "no number for a time": Fault(
        _cell(*_NOT_NUMBERS, headings=("Relapse day", "Seen until", "Free at", "Seen at")), DAYS
    ),
    "no date": Fault(_cell(*_NOT_DATES, 43101, headings=("Treated", "Relapse date", "Seen until")), DATES),
    "negative dose": Fault(_one_dose(-5, -0.5)),
    "dose beyond limit": Fault(_one_dose(5000, 200.5)),
    "fraction of a stay": Fault(_cell(1.5, headings=("Stays",))),
    "negative count": Fault(_cell(-1, headings=("Stays",))),
    "impossible age": Fault(_cell(300, -1, 40.5, headings=("Age",))),
    "unknown class": Fault(lambda case: case.put(case.pick(*CLASSES), word(case.rng, ("VI", "2", "II-III")))),
    "unknown sex": Fault(_cell("x", "2", "female male", headings=("Sex",))),
    "exposure that is none": Fault(_cell(0, -10, headings=("Seen for",))),
    "count without exposure": Fault(_no_exposure),
    "event without a time": Fault(_event_without_time, EVENT),
    "no event and no follow-up": Fault(_no_end, EVENT),
    "follow-up shorter than the event": Fault(_short_followup, tuple(n for n in NAMES if n != "one time")),
    "a time without an event": Fault(_time_without_event, tuple(n for n in EVENT if n != "one time")),
    "an event without yes or no": Fault(_unknown_event, EVENT),
    "a time before the start": Fault(_time_before_start),
    "an event on day 0": Fault(_day_zero),
    "free of it after follow-up": Fault(_free_after_followup, ("seen at visits",)),
    "crossed bounds": Fault(_crossed_bounds, ("seen at visits",)),
    "no lower bound": Fault(_no_lower_bound, ("seen at visits",)),
    "a fraction of a day": Fault(
        _cell(12.5, headings=("Relapse day", "Seen until", "Free at", "Seen at")), DAYS
    ),
    "no start": Fault(_no_start, DATES),
}


def faults_of(form: str) -> list[str]:
    """The faults that a form can have."""
    return [name for name, fault in FAULTS.items() if form in fault.forms]
