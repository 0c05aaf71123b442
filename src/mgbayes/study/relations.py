"""Relations between a patient's outcomes that their definitions force."""

from __future__ import annotations

from pydantic import Field

from mgbayes.study.record import Id, Number, Record


class Implies(Record):
    """Whoever has one yes/no outcome has another one by definition."""

    who_has: Id = Field(description="A yes/no endpoint.")
    has: Id = Field(description="The yes/no endpoint that it counts as too.")


class NoEventAfter(Record):
    """By definition an event has none of another kind for a time after it."""

    after: Id = Field(description="A time-to-event endpoint.")
    no_event_of: Id = Field(description="The time-to-event endpoint of which there is none.")
    for_time: Number = Field(description="For how long, in the unit of `after`.")
