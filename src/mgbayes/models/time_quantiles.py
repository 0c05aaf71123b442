"""Quantiles of the times of those with an event, as a model of a time to an event takes them.

Shapes: A = 2 arms, reference first; m quantiles, D definitions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from mgbayes.latent.order_statistics import OrderStatistics
from mgbayes.models.evidence import PublishedTimes
from mgbayes.models.plan import NotPrinted
from mgbayes.models.quantile_evidence import fraction
from mgbayes.study.numbers import find_quantiles
from mgbayes.study.schema import Endpoint, Study
from mgbayes.study.statistics import QuantileDefinition, Quantiles

MEDIAN = Fraction(1, 2)


def quantiles_of_times(
    study: Study, endpoint: Endpoint, events: Sequence[int], limit: float
) -> tuple[Quantiles | None, ...]:
    """The quantiles of the times of each arm's events, None where they are not printed.

    Raises NotPrinted where they are not times in order, above zero and below ``limit``, how long all were followed.
    """
    found = tuple(
        find_quantiles(study, endpoint, arm.id, n=n) if n else None
        for arm, n in zip((study.reference, study.contrast), events, strict=True)
    )
    for one in found:
        values = [] if one is None else [float(part.text) for part in one.quantiles]
        if (np.diff([0.0, *values]) <= 0).any():
            raise NotPrinted(endpoint.id, "quantiles of times that are above zero and differ")
        if values and values[-1] >= limit:
            raise NotPrinted(endpoint.id, f"quantiles of times below the follow-up of all, {limit:g}")
    return found


def shown(n: int, probabilities: Sequence[Fraction], definitions: Sequence[QuantileDefinition]) -> list[int]:
    """Which quantiles of n times can be told apart: all, else the median alone, else none."""
    every = list(range(len(probabilities)))
    for chosen in (every, [i for i in every if probabilities[i] == MEDIAN]):
        if n and all(
            OrderStatistics.at(n, [one.position(probabilities[i], n) for i in chosen]).apart
            for one in definitions
        ):
            return chosen
    return []


def with_quantiles(rows: PublishedTimes, quantiles: Sequence[Quantiles | None]) -> PublishedTimes:
    """The data of a model (``time_evidence.published``) with published quantiles of times; see ``of_quantiles``."""
    (definitions,) = {one.definitions for one in quantiles if one is not None}
    every = [() if one is None else one.quantiles for one in quantiles]
    probabilities = [[fraction(float(part.p)) for part in row] for row in every]
    values = [[float(part.text) for part in row] for row in every]
    return of_quantiles(rows, probabilities, values, definitions)


def of_quantiles(
    rows: PublishedTimes,
    probabilities: Sequence[Sequence[Fraction]],
    values: Sequence[Any],
    definitions: Sequence[QuantileDefinition],
    slots: int = 0,
) -> PublishedTimes:
    """The data with quantiles of times of each arm, as far as so many events tell them apart.

    ``timed`` and ``slot`` are then of the events whose times are known by quantiles; time_probability is nan where an
    arm has fewer.
    """
    from mgbayes.latent.quantile_times import arrangement  # symbolic too, and heavy to load
    from mgbayes.latent.times import slots as labels

    events = [int(n) for n in rows["events"]]
    kept = [shown(n, row, definitions) for n, row in zip(events, probabilities, strict=True)]
    p = [[row[i] for i in chosen] for chosen, row in zip(kept, probabilities, strict=True)]
    q = [[float(row[i]) for i in chosen] for chosen, row in zip(kept, values, strict=True)]
    timed = np.array([n if chosen else 0 for n, chosen in zip(events, kept, strict=True)])
    slot = labels(slots or int(timed.max()))
    positions = [
        [[one.position(part, n) for part in row] for one in definitions]
        for n, row in zip(events, p, strict=True)
    ]
    m = max(1, *map(len, probabilities))
    probability = np.array([[*map(float, row), *[np.nan] * (m - len(row))] for row in p])
    return rows | {
        "timed": timed,
        "slot": slot,
        "definition": np.array([str(one) for one in definitions]),
        "time_probability": probability,
        **arrangement(q, positions, timed.tolist(), len(slot), m),
    }


def probabilities_of(data: Mapping[str, Any]) -> list[list[Fraction]]:
    """The probabilities of each arm's quantiles that are published."""
    return [[fraction(p) for p in row if np.isfinite(p)] for row in data["time_probability"]]


def in_words(p: float) -> str:
    """The name of a quantile."""
    return {0.0: "least", 0.5: "median", 1.0: "greatest"}.get(p, f"{100 * p:g} % quantile")
