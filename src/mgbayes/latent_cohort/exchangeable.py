"""Variables without a model: they stand in the table with values that meet what is reported, whoever has them.

No density ties them to the rest, so that no answer depends on them: it is shown that there are such values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.random import Generator

from mgbayes.errors import InputError
from mgbayes.latent_cohort.outcome import LOWEST, unit_of
from mgbayes.latent_cohort.start import starting_tables
from mgbayes.latent_cohort.statements import Statement, statements_of, untold
from mgbayes.latent_cohort.table import Column, Steps
from mgbayes.study.schema import Endpoint, Kind, Study
from mgbayes.study.statistics.quantiles import Quantiles


def exchangeable_columns(study: Study, held: Iterable[Column], arm: Steps) -> dict[str, Column]:
    """Columns of what is reported of all patients at a visit, besides those that outcomes have.

    Values without an end (of which neither an SD nor the range is reported) have no distribution, and no column.
    """
    known = {(column.endpoint, column.visit) for column in held}
    found = {}
    for endpoint, visit in _reported(study):
        column = _column(study, study.endpoint(endpoint), visit)
        if column is None or (endpoint, visit) in known:
            continue
        about = list(statements_of(study, {column.name: column}, arm))
        if untold([column], about, arm) is None and all(_is_bounded(column, one) for one in about):
            found[column.name] = column
    return found


def exchangeable_statements(
    rng: Generator, study: Study, held: Iterable[Column], arm: Steps
) -> tuple[tuple[Statement, ...], dict[str, str]]:
    """The statements about such columns that tables were found to meet; by endpoint, what no table has."""
    met: list[Statement] = []
    refused = {}
    for name, column in exchangeable_columns(study, held, arm).items():
        about = tuple(statements_of(study, {name: column}, arm))
        try:
            starting_tables(rng, {name: column}, arm, about, lambda column: np.zeros(len(arm)), 1)
        except InputError:
            refused[column.endpoint] = (
                "no table was found that has it together with the other numbers of its endpoint"
            )
        else:
            met += about
    return tuple(met), refused


def _reported(study: Study) -> Iterator[tuple[str, str | None]]:
    """Endpoints and visits with summaries, each once."""
    places = [
        (claim.endpoint, row.visit)
        for claim in study.claims
        if claim.endpoint is not None
        for row in claim.summaries
        if row.change_from is None
    ]
    yield from dict.fromkeys(places)


def _column(study: Study, endpoint: Endpoint, visit: str | None) -> Column | None:
    name = f"{endpoint.id}.{visit or 'value'}"
    if endpoint.kind is Kind.binary:
        return Column(name, 1.0, 0, endpoint.id, visit, high=1)
    if endpoint.kind is Kind.ordinal:
        return (
            Column(name, 1.0, 0, endpoint.id, visit, high=len(endpoint.levels) - 1)
            if endpoint.levels
            else None
        )
    if endpoint.kind is Kind.time_to_event:
        return None  # of those with the event only
    zeros = study.is_nonnegative(endpoint)
    return Column(name, unit_of(endpoint), 0 if zeros else LOWEST, endpoint.id, visit, zeros=zeros)


def _is_bounded(column: Column, statement: Statement) -> bool:
    if column.high is not None or statement.windows is not None:
        return True
    ends = (
        {float(one.p) for one in statement.statistic.quantiles}
        if isinstance(statement.statistic, Quantiles)
        else set()
    )
    return {0.0, 1.0} <= ends
