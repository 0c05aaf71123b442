"""A rule that rows of a table meet or not, and the usual ones for a single number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Rule:
    """A rule over some roles of a patient; its problem is reported at the first of them.

    ``holds`` takes a table (patient, role) and says for each patient whether the rule is met; a comparison
    with a missing value must come out as met. A patient with an unreadable cell in one of the roles is
    skipped, since that is reported already.
    """

    roles: tuple[str, ...]
    holds: Callable[[pd.DataFrame], pd.Series[bool]]
    accepted: str


def needed(role: str, accepted: str) -> Rule:
    """A value in every row."""
    return Rule((role,), lambda table: table[role].notna(), accepted)


def whole(role: str) -> Rule:
    """Whole numbers only."""
    return Rule((role,), lambda table: ~(table[role] % 1 > 0), "a whole number")


def at_least(role: str, least: float) -> Rule:
    """No value below a number."""
    return Rule((role,), lambda table: ~(table[role] < least), f"{least:g} or more")


def at_most(role: str, most: float) -> Rule:
    """No value above a number."""
    return Rule((role,), lambda table: ~(table[role] > most), f"{most:g} or less")


def number_rules(
    role: str, *, only_whole: bool, least: float | None = None, most: float | None = None
) -> Iterator[Rule]:
    """The rules of a number with these limits."""
    if only_whole:
        yield whole(role)
    if least is not None:
        yield at_least(role, least)
    if most is not None:
        yield at_most(role, most)
