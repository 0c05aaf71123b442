"""The ``[patients]`` table of a study file: which column of a spreadsheet holds what.

The columns keep the names that the clinic gave them. Spellings (of yes and no, of missing values, of arms,
visits and levels) are data here, compared without regard to case and to blanks around them.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from mgbayes.study.record import Id, Number, Record

Column = Annotated[
    str,
    StringConstraints(min_length=1, strip_whitespace=True),
    Field(description="The name of a column, as in its heading."),
]
Words = tuple[str, ...]

YES: Words = ("yes", "y", "true", "t", "1", "ja", "j", "oui", "sí", "si", "sì", "sim")
NO: Words = ("no", "n", "false", "f", "0", "nein", "non", "nee", "nej", "não")
MISSING: Words = ("NA", "N/A", "NaN", ".", "-", "?", "missing", "unknown")


class Named(Record):
    """A column whose values name arms or visits."""

    column: Column
    values: dict[Id, Words] = Field(
        {}, description="The spellings of each; its id and its label, where nothing is said."
    )


class EndpointColumns(Record):
    """Where an endpoint is found. Which keys it may have follows from the endpoint's kind.

    =============  ================================================================
    binary         column, or visits, or column with by_visit
    continuous     the same, and at_most
    ordinal        the same, and levels
    count          column and exposure; or visits; or column with by_visit; at_most
    time_to_event  event, time, followup, lower, upper, start
    =============  ================================================================
    """

    endpoint: Id
    column: Column | None = None
    visits: dict[Id, Column] = Field({}, description="A column for each visit.")
    by_visit: bool = Field(False, description="The column holds one visit a row, as patients.visit says.")
    levels: tuple[str | Words, ...] = Field(
        (),
        description="Levels of an ordinal endpoint, the lowest first; several spellings of one in brackets.",
    )
    exposure: Column | None = Field(None, description="Days over which events were counted.")
    at_most: Number | None = Field(None, description="The largest value that can be true.")
    event: Column | None = Field(None, description="Yes or no: did the event happen?")
    time: Column | None = Field(
        None,
        description="Days to the event (without a followup column: or to the end of follow-up, if there was none).",
    )
    followup: Column | None = Field(None, description="Days to the end of follow-up.")
    lower: Column | None = Field(None, description="Days to the last visit before the event was seen.")
    upper: Column | None = Field(None, description="Days to the visit at which the event was seen.")
    start: Column | None = Field(
        None, description="Dates of the start; time, followup, lower and upper are then dates too."
    )

    @property
    def level_spellings(self) -> tuple[Words, ...]:
        """The spellings of each level, its name first."""
        return tuple((level,) if isinstance(level, str) else level for level in self.levels)


class Covariate(Record):
    """A fact about each patient that a model may adjust for."""

    name: Id
    column: Column
    kind: Literal["yes_no", "number", "category"]
    label: str = ""
    unit: str = ""
    values: dict[Id, Words] = Field({}, description="The spellings of each category.")
    whole: bool = False
    at_least: Number | None = "0"
    at_most: Number | None = None

    @model_validator(mode="after")
    def _categories(self) -> Self:
        if (self.kind == "category") != bool(self.values):
            raise ValueError("values for a category, and for nothing else")
        return self


class PatientMap(Record):
    """How a spreadsheet of patients is read, so that no column has to be renamed."""

    arm: Named
    id: Column | None = Field(
        None, description="Tells patients apart. Never kept and never shown. Needed with a visit column."
    )
    visit: Named | None = Field(None, description="Where a row is one visit of a patient.")
    synthetic: bool = Field(False, description="true: the patients are synthetic.")
    sheet: str | None = Field(None, description="The sheet of an Excel file; the first, if not said.")
    separator: Literal[",", ";", "\t"] | None = Field(
        None, description="Between cells of a CSV file; found from the headings, if not said."
    )
    decimal: Literal[".", ","] = Field(".", description="The decimal sign of numbers written as text.")
    dates: Words = Field(
        ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S"), min_length=1, description="How dates are written as text."
    )
    yes: Words = Field(YES, min_length=1)
    no: Words = Field(NO, min_length=1)
    missing: Words = Field(MISSING, description="Spellings of a missing value, in addition to an empty cell.")
    endpoints: tuple[EndpointColumns, ...] = ()
    covariates: tuple[Covariate, ...] = ()

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        yes, no, missing = (
            {word.strip().casefold() for word in w} for w in (self.yes, self.no, self.missing)
        )
        twice = (yes & no) | (yes & missing) | (no & missing)
        if twice:
            raise ValueError(
                f"each spelling once among yes, no and missing ({', '.join(sorted(twice))} is not)"
            )
        if self.visit is not None and self.id is None:
            raise ValueError("id as well as visit, to know which rows are one patient")
        return self
