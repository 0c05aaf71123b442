"""What the embedded study publishes of its outcomes, of another table of patients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mgbayes.latent_cohort.followup import FOLLOWUP
from mgbayes.latent_cohort.sampler import Cohort
from mgbayes.latent_cohort.table import Column, Tables
from mgbayes.study.rounding import decimals
from mgbayes.study.schema import Study

_FEWEST = 2
"""With fewer events a mean has no SD, and is not published so."""


class NotPublishable(Exception):
    """The study's way of publishing has no words for this table."""


def published(study: Study, cohort: Cohort, table: Tables) -> Study:
    """The study with the numbers of a table in place of its own, with as many digits; follow-up keeps its numbers.

    Raises NotPublishable for fewer than two events in a group whose mean time is published, and for a median between
    two classes. Both are seen in what is published, so that leaving such tables out is no selection of parameters.
    """
    raw = study.model_dump(mode="json", exclude_none=True)
    for claim in raw["claims"]:
        for row in claim.get("summaries", ()):
            column = _column(
                cohort, study, claim["endpoint"], row.get("visit"), bool({"count", "percent"} & row.keys())
            )
            if column is not None:
                row |= dict(_numbers(study, column, row, table))
    return Study.model_validate(raw)


def _column(cohort: Cohort, study: Study, endpoint: str, visit: str | None, yes_no: bool) -> Column | None:
    """The column that a summary is about; of a time to an event, its event or its time."""
    for column in cohort.columns.values():
        if (
            column.name != FOLLOWUP
            and (column.endpoint, column.visit) == (endpoint, visit)
            and column.is_yes_no == yes_no
        ):
            return column
    return None


def _numbers(study: Study, column: Column, row: dict[str, Any], table: Tables) -> Iterator[tuple[str, str]]:
    arms = {study.reference.id: table.arm == 0, study.contrast.id: table.arm == 1}
    who = arms.get(row["group"], np.ones(table.n, bool))
    if column.counted_in is not None:
        who = who & (table.steps[column.counted_in][0] > 0)
        yield "n", str(int(who.sum()))
    value = table.value(column.name)[0, who]
    if "mean" in row:
        if len(value) < _FEWEST:
            raise NotPublishable
        yield "mean", f"{value.mean():.{decimals(row['mean'])}f}"
        yield "sd", f"{value.std(ddof=1):.{decimals(row['sd'])}f}"
    if "count" in row:
        yield "count", str(int(value.sum()))
    if "percent" in row:
        yield "percent", f"{100 * value.mean():.1f}"
    if "median" in row:
        middle = float(np.median(value))
        if middle % 1:
            raise NotPublishable
        yield "median", study.endpoint(column.endpoint).levels[int(middle)]
