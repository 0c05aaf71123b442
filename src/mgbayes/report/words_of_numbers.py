"""Each reported number given all the others, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mgbayes.latent_cohort.predicted import farthest_first
from mgbayes.report import words
from mgbayes.study.schema import Study

if TYPE_CHECKING:
    from mgbayes.latent_cohort.answer import CohortAnswer
    from mgbayes.latent_cohort.predicted import Predicted

_ABBREVIATED = {"sd": "SD", "se": "SE"}
FAR_OUT = 0.05
"""A number is called surprising where its tail is smaller."""


def surprising_numbers(behind: CohortAnswer) -> Iterator[str]:
    """The numbers that lie farthest out, and how many would by chance."""
    judged = farthest_first([row for row in behind.predicted if row.ok])
    if not judged:
        return
    far = [row for row in judged if row.tail < FAR_OUT]
    expected = FAR_OUT * len(judged)
    yield (
        f"Of {len(judged)} numbers, each left out and predicted from all the others, {len(far) or 'none'} "
        f"{'lies' if len(far) == 1 else 'lie'} in the outer {words.percent(FAR_OUT)}, where chance alone puts "
        f"{f'about {expected:.0f}' if expected >= 1 else 'fewer than one'}."
    )
    for row in far[:3]:
        yield (
            f"The other numbers do not predict {what(behind.study, row)}: {reported(behind.study, row)} "
            f"where they say {predicted(behind.study, row)}. Probability of a misprint: {words.percent(row.prior)} "
            f"before, {misprint(row)} after."
        )


def what(study: Study, row: Predicted) -> str:
    """Of what and whom the number is."""
    visits = {visit.id: f" at {visit.label}" for visit in study.visits}
    column = row.statement.column
    label = study.endpoint(column.endpoint).label + visits.get(column.visit or "", "")
    name = _ABBREVIATED.get(row.number.name, row.number.name)
    return f"{name} of {label}, {study.label(row.statement.group)}"


def reported(study: Study, row: Predicted) -> str:
    """The number as it is reported; a class by its name."""
    return _place(study, row, row.number.value) if _levels(study, row) else row.number.text


def predicted(study: Study, row: Predicted) -> str:
    """What the other numbers say: the median and the central 90 % interval."""
    if not row.ok:
        return "no estimate: chains did not agree, or came to no table"
    median, low, high = (_place(study, row, value) for value in row.middle)
    return f"{median} (central 90 % interval {low} to {high})"


def misprint(row: Predicted) -> str:
    """The posterior probability of a misprint."""
    return ("at least " if row.beyond else "") + words.percent(row.misprint)


def _levels(study: Study, row: Predicted) -> tuple[str, ...]:
    """The classes that the values are places of; none of a count of patients."""
    column = row.statement.column
    if column.is_yes_no or row.number.name == "count":
        return ()
    return tuple(study.endpoint(column.endpoint).levels)


def _place(study: Study, row: Predicted, value: float) -> str:
    levels = _levels(study, row)
    if not levels:
        return f"{value:g}" if row.number.exact else words.number(value)
    below, above = levels[int(value)], levels[int(-(-value // 1))]
    return below if below == above else f"{below} to {above}"
