"""Made-up patients, known exactly, and the sheets that a clinic could have written of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from tests.oracles.patients.forms import LEVELS

VISITS = ("start", "12m", "last")
_VISIT_WORDS = {"start": ("0", "Start"), "12m": ("12",), "last": ("last", "LAST ")}
YES, NO = ("yes", "Y", "True", "1", " ja"), ("no", "N", "FALSE", "0", "Nein")
MISSING = ("", "", "NA", "n/a", "-", " ")
HEADINGS = {"Dose": ("Dose 0", "Dose 12", "Dose last"), "Class": ("Class 0", None, "Class last")}


@dataclass
class Patient:
    """One patient, as it truly was; nan is missing."""

    name: str
    arm: str
    response: float
    event: float
    time: float
    followup: float
    lower: float
    start: date
    dose: list[float]
    level: list[float]
    stays: float
    exposure: float
    age: float
    sex: float
    thymoma: float


@dataclass
class Grid:
    """A sheet under way: rows of cells by heading, and to which patient each row belongs."""

    form: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    patients: list[int] = field(default_factory=list)

    def of(self, patient: int) -> list[int]:
        """The rows of a patient."""
        return [at for at, owner in enumerate(self.patients) if owner == patient]


def cohort(rng: np.random.Generator, n: int) -> list[Patient]:
    """Patients of both arms in turn."""
    return [_patient(rng, at) for at in range(n)]


def _or_nan(rng: np.random.Generator, value: float) -> float:
    return float("nan") if rng.random() < 0.1 else float(value)


def _patient(rng: np.random.Generator, at: int) -> Patient:
    event = float(rng.random() < 0.5)
    followup = int(rng.integers(400, 3000))
    time = int(rng.integers(2, followup)) if event else followup
    return Patient(
        name=f"Zz{rng.integers(10**9)}-{at}",
        arm="ab"[at % 2],
        response=_or_nan(rng, rng.integers(2)),
        event=event,
        time=time,
        followup=followup,
        lower=int(rng.integers(0, time)),
        start=date(2003, 5, 31) + timedelta(int(rng.integers(4000))),
        dose=[_or_nan(rng, rng.integers(0, 800) / 10) for _ in VISITS],
        level=[_or_nan(rng, rng.integers(len(LEVELS))) for _ in VISITS],
        stays=_or_nan(rng, rng.poisson(1)),
        exposure=followup,
        age=_or_nan(rng, rng.integers(18, 90)),
        sex=_or_nan(rng, rng.integers(2)),
        thymoma=_or_nan(rng, rng.integers(2)),
    )


def grid(rng: np.random.Generator, form: str, patients: list[Patient]) -> Grid:
    """The cells of a form, each fact in one of its usual spellings."""
    sheet = Grid(form)
    for at, patient in enumerate(patients):
        facts = _facts(rng, form, patient)
        for row in _by_visit(rng, patient, facts) if form == "long" else [facts | _wide(rng, patient)]:
            sheet.rows.append(row)
            sheet.patients.append(at)
    return sheet


def word(rng: np.random.Generator, words: tuple[str, ...]) -> str:
    return words[int(rng.integers(len(words)))]


def _yes_no(rng: np.random.Generator, value: float) -> Any:
    return word(rng, MISSING if np.isnan(value) else (NO, YES)[int(value)])


def _number(rng: np.random.Generator, value: float) -> Any:
    return word(rng, MISSING) if np.isnan(value) else (int(value) if value == int(value) else value)


def _one_of(rng: np.random.Generator, spellings: tuple[tuple[str, ...], ...], value: float) -> Any:
    return word(rng, MISSING if np.isnan(value) else spellings[int(value)])


def _facts(rng: np.random.Generator, form: str, one: Patient) -> dict[str, Any]:
    arms = {"a": ("AChR", "achr+"), "b": ("MuSK", "MUSK+ ")}
    return {
        "Pat. No.": one.name,
        "Antibody": word(rng, arms[one.arm]),
        "Age": _number(rng, one.age),
        "Sex": _one_of(rng, (("F", "female"), ("M", "male")), one.sex),
        "Thymoma": _yes_no(rng, one.thymoma),
        "Response": _yes_no(rng, one.response),
        "Stays": _number(rng, one.stays),
        "Seen for": one.exposure,
        "Remarks": word(rng, ("", "called in sick", "moved; to, town")),
    } | _times(rng, form, one)


def _times(rng: np.random.Generator, form: str, one: Patient) -> dict[str, Any]:
    happened = one.event == 1
    empty = word(rng, MISSING)
    event = {"Relapse": _yes_no(rng, one.event)}
    end = {"Seen until": one.followup}
    if form in ("days", "long"):
        return event | end | {"Relapse day": one.time if happened else empty}
    if form == "one time":
        return event | {"Relapse day": one.time}
    if form == "seen at visits":
        bounds = (one.lower, one.time) if happened else (empty, empty)
        return event | end | {"Free at": bounds[0], "Seen at": bounds[1]}
    dates = {
        "Treated": one.start,
        "Seen until": one.start + timedelta(one.followup),
        "Relapse date": one.start + timedelta(one.time) if happened else empty,
    }
    return dates | (event if form == "german" else {})


def _wide(rng: np.random.Generator, one: Patient) -> dict[str, Any]:
    doses = {name: _number(rng, v) for name, v in zip(HEADINGS["Dose"], one.dose, strict=True) if name}
    levels = {n: _one_of(rng, LEVELS, v) for n, v in zip(HEADINGS["Class"], one.level, strict=True) if n}
    return doses | levels


def _by_visit(rng: np.random.Generator, one: Patient, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """A row a visit; facts about the patient stand on the first row, or on all."""
    rows = []
    later = facts if rng.random() < 0.5 else {"Pat. No.": one.name}
    for at, visit in enumerate(VISITS):
        row = dict.fromkeys(facts, "") | (later if at else facts)
        row["Visit"] = word(rng, _VISIT_WORDS[visit])
        row["Dose"] = _number(rng, one.dose[at])
        row["Class"] = _one_of(rng, LEVELS, one.level[at])
        rows.append(row)
    return rows
