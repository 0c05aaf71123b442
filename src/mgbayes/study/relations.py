"""Relations between a patient's outcomes that their definitions force."""

from __future__ import annotations

from pydantic import Field

from mgbayes.study.record import Id, Number, Record


class Implies(Record):
    """Whoever has one yes/no outcome has another one by definition."""

    who_has: Id = Field(description="A yes/no endpoint.")
    has: Id = Field(description="The yes/no endpoint that it counts as too.")


class AtMost(Record):
    """A yes/no outcome is an amount of at most so much at a visit: to have stopped, to have come down to a dose."""

    who_has: Id = Field(description="A yes/no endpoint.")
    amount: Id = Field(description="The continuous endpoint.")
    visit: Id | None = None
    at_most: Number = Field(description="The amount at or below which a patient has the yes/no endpoint.")


class NoEventAfter(Record):
    """By definition an event has none of another kind for a time after it."""

    after: Id = Field(description="A time-to-event endpoint.")
    no_event_of: Id = Field(description="The time-to-event endpoint of which there is none.")
    for_time: Number = Field(description="For how long, in the unit of `after`.")
