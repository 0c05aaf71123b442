"""What every part of a study file is made of: frozen records, ids, and numbers as printed."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mgbayes.study.printed import NUMBER

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")]
Number = Annotated[
    str,
    StringConstraints(strict=True, pattern=NUMBER),
    Field(description="A number as printed, in quotes."),
]


class Record(BaseModel):
    """A frozen part of a study file; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
