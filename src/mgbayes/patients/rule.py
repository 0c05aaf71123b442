"""A rule that rows of a table meet or not, the usual ones for a single number, and what a table does not meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mgbayes.errors import Problem
from mgbayes.patients.table import Table, unmet

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


def unmet_rules(table: Table, frame: pd.DataFrame, rules: list[Rule]) -> Iterator[Problem]:
    """A problem for each rule that a patient does not meet, in the order of the rules."""
    import pandera.pandas as pa

    checks = [
        pa.Check(rule.holds, name=str(at), error=rule.accepted, ignore_na=False)
        for at, rule in enumerate(rules)
    ]
    try:
        pa.DataFrameSchema(checks=checks).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        for error in errors.schema_errors:
            if error.check_output is None:  # the rule itself failed: a fault of ours, not of the sheet
                raise error from None
            rule = rules[int(error.check.name)]
            patients = error.check_output.index[~error.check_output.astype(bool)]
            spots = ((int(patient), rule.roles[0]) for patient in patients)
            yield from unmet(table, spots, rule.roles, rule.accepted)
