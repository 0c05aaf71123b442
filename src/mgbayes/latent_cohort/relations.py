"""Relations between the values of one patient that definitions force, as the study file declares them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from mgbayes.latent_cohort.table import Column, Mask, Rows
from mgbayes.study.relations import AtMost, Implies, NoEventAfter
from mgbayes.study.schema import Study


class Relation(Protocol):
    """What a patient's values must meet."""

    @property
    def wording(self) -> str:
        """The relation in words."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        ...

    def holds(self, rows: Rows) -> Mask:
        """Which patients (K, r) meet it."""
        ...


@dataclass(frozen=True)
class Implied:
    """Who has the one has the other."""

    one: str
    other: str
    wording: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Both."""
        return self.one, self.other

    def holds(self, rows: Rows) -> Mask:
        """Not the one alone."""
        implied: Mask = (rows[self.one] == 0) | (rows[self.other] > 0)
        return implied


@dataclass(frozen=True)
class Quiet:
    """After an event none of another one for a time."""

    after: str
    none_of: str
    days: float
    wording: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Events and times of both."""
        return tuple(f"{name}.{part}" for name in (self.after, self.none_of) for part in ("event", "time"))

    def holds(self, rows: Rows) -> Mask:
        """Without either event, before the first, or long after it."""
        first, second = rows[f"{self.after}.time"], rows[f"{self.none_of}.time"]
        both = (rows[f"{self.after}.event"] > 0) & (rows[f"{self.none_of}.event"] > 0)
        quiet: Mask = ~both | (second <= first) | (second > first + self.days)
        return quiet


def relations_of(study: Study, columns: Mapping[str, Column]) -> Iterator[Relation]:
    """The declared relations whose columns are all there."""
    for row in study.relations:
        found = _of(study, row, columns)
        if found is not None and all(name in columns for name in found.columns):
            yield found


def _of(study: Study, row: Implies | AtMost | NoEventAfter, columns: Mapping[str, Column]) -> Relation | None:
    if isinstance(row, NoEventAfter):
        first, second = study.endpoint(row.after), study.endpoint(row.no_event_of)
        words = f"no {second.event_name} for {row.for_time} {first.unit} after {first.event_name}"
        return Quiet(first.id, second.id, float(row.for_time), words)
    if isinstance(row, AtMost):
        return None  # defines an outcome (derived.py)
    one, other = (_yes_no(endpoint, columns) for endpoint in (row.who_has, row.has))
    if one is None or other is None:
        return None
    labels = study.endpoint(row.who_has).label, study.endpoint(row.has).label
    return Implied(one, other, f"{labels[0]} counts as {labels[1]}")


def _yes_no(endpoint: str, columns: Mapping[str, Column]) -> str | None:
    """The yes/no column of an endpoint."""
    names = [column.name for column in columns.values() if column.endpoint == endpoint and column.is_yes_no]
    return names[0] if names else None
