"""Published quantiles of two arms as the data of a model, and the order statistics behind them.

Shapes: m quantiles, of either arm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mgbayes.latent.order_statistics import OrderStatistics, Position
from mgbayes.latent.whole_quantiles import TooManyWays, ranks_of, ways
from mgbayes.models.evidence import QuantilesByArm, WholeQuantiles
from mgbayes.study.statistics import QuantileDefinition, Quantiles

Data = Mapping[str, NDArray[Any]]
SHARE = "definition_share"
"""The variable (arm, definition) of a posterior that says how much of the density each definition has."""
_OPEN = 1e-6
"""An end that is not reached lies so far inside."""
MOST_PATIENTS = 100
"""In larger arms order statistics lie so close that one way excludes the next, and no chain passes between them."""
_FINEST = 1000
"""Probabilities of quantiles are read as fractions of at most so many parts."""


def in_whole_numbers(data: QuantilesByArm, low: float) -> WholeQuantiles | None:
    """The same with the whole numbers from ``low`` on that each definition allows; None where these are too many, or
    the patients of an arm.
    """
    if data["n"].max() > MOST_PATIENTS:
        return None
    try:
        found = [
            [
                (
                    ranks_of(places),
                    ways(places, [b for b, known in zip(bounds, shown, strict=True) if known], low),
                )
                for places, _ in row
            ]
            for row, bounds, shown in zip(positions(data), data["rounding"], data["reported"], strict=True)
        ]
    except TooManyWays:
        return None
    every = [one for row in found for one in row]
    shape = (
        2,
        max(len(ranks) for ranks, _ in every),
        max(map(len, found)),
        max(1, *(len(way) for _, way in every)),
    )
    whole, possible = np.zeros(shape), np.zeros((2, *shape[2:]))
    whole += np.arange(shape[1], dtype=float)[:, None, None]  # any values in order, where no way is
    rank = np.zeros(shape[:3], dtype=np.int64) + 1
    for a, row in enumerate(found):
        for o, (ranks, way) in enumerate(row):
            filled = [*range(len(ranks)), *[len(ranks) - 1] * (shape[1] - len(ranks))]
            rank[a, :, o] = np.array(ranks)[filled]
            whole[a, :, o, : len(way)] = way[:, filled].T
            possible[a, o, : len(way)] = 1
    return WholeQuantiles(**{**data, "whole": whole, "rank": rank, "possible": possible})


def published(reference: Quantiles, contrast: Quantiles) -> QuantilesByArm:
    """Published quantiles, at the probabilities of every one that either arm has."""
    arms = (reference, contrast)
    probability = sorted({one.p for arm in arms for one in arm.quantiles})
    quantile, reported = np.ones((2, len(probability))), np.zeros((2, len(probability)), dtype=np.int64)
    rounding = np.ones((2, len(probability), 2))
    for a, arm in enumerate(arms):
        for one in arm.quantiles:
            i = probability.index(one.p)
            quantile[a, i], reported[a, i] = float(one.text), 1
            rounding[a, i] = (
                float(one.interval.low),
                float(one.interval.high) - _OPEN * one.interval.open_high,
            )
    return QuantilesByArm(
        n=np.array([arm.n for arm in arms]),
        probability=np.array([float(p) for p in probability]),
        quantile=quantile,
        reported=reported,
        rounding=rounding,
        definition=np.array([str(one) for one in reference.definitions]),
    )


def fraction(p: float) -> Fraction:
    """A probability as written: 0.1 is one tenth."""
    return Fraction(float(p)).limit_denominator(_FINEST)


def definitions_of(data: Data) -> list[QuantileDefinition]:
    """The definitions of a quantile that are possible."""
    return [QuantileDefinition(str(name)) for name in data["definition"]]


def are_apart(data: Data) -> bool:
    """Whether no two quantiles of an arm share an order statistic, under any definition."""
    return all(order.apart for order, _ in orders_of(data))


def _shown(data: Data, a: int) -> list[Fraction]:
    """The probabilities of an arm's quantiles that are reported."""
    return [fraction(p) for p, known in zip(data["probability"], data["reported"][a], strict=True) if known]


def positions(data: Data) -> list[list[tuple[tuple[Position, ...], float]]]:
    """By arm, where its quantiles lie under each definition, and the share of definitions that put them there."""
    definitions, found = definitions_of(data), []
    for a, n in enumerate(data["n"]):
        alike = Counter(tuple(one.position(p, int(n)) for p in _shown(data, a)) for one in definitions)
        found.append([(places, k / len(definitions)) for places, k in alike.items()])
    return found


def by_definition(data: Data, share: Sequence[Any]) -> list[list[Any]]:
    """By arm, what each definition has of the shares of the positions that it agrees on with others."""
    found = []
    for a, row in enumerate(positions(data)):
        n, shown = int(data["n"][a]), _shown(data, a)
        at = [tuple(one.position(p, n) for p in shown) for one in definitions_of(data)]
        places = [place for place, _ in row]
        found.append([share[a][places.index(one)] / at.count(one) for one in at])
    return found


def orders_of(data: Data) -> list[tuple[OrderStatistics, NDArray[np.float64]]]:
    """By arm, the order statistics behind its quantiles at each of the definitions' positions, and the shares."""
    return [
        (
            OrderStatistics.alternatives(int(n), [places for places, _ in row]),
            np.array([share for _, share in row]),
        )
        for n, row in zip(data["n"], positions(data), strict=True)
    ]
