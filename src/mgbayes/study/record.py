"""What every part of a study file is made of: frozen records, ids, and numbers as printed."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mgbayes.study.rounding import NUMBER

LONGEST_ID, LONGEST_NUMBER, LONGEST_COUNT = 60, 20, 5
"""Characters: an id names files, and no paper about two groups has more digits or patients."""

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$", max_length=LONGEST_ID)]
Number = Annotated[
    str,
    StringConstraints(strict=True, pattern=NUMBER, max_length=LONGEST_NUMBER),
    Field(description="A number as published, in quotes."),
]
Count = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^\d+$", max_length=LONGEST_COUNT),
    Field(description="A whole number, in quotes."),
]


def is_none(value: Any) -> bool:
    """Whether a field is left out."""
    return value is None


def is_empty(value: Any) -> bool:
    """Whether a list has no rows."""
    return not value


optional: Any = partial(Field, None, exclude_if=is_none)
"""A field that leaves no trace in the hash of a study without it."""


class Record(BaseModel):
    """A frozen part of a study file; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
