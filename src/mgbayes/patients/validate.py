"""All rules of a table at once, through pandera."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mgbayes.errors import Problem
from mgbayes.patients.table import Table, unmet

if TYPE_CHECKING:
    import pandas as pd

    from mgbayes.patients.rule import Rule


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
