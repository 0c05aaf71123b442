r"""The posterior of one study from the medians and quartiles that its paper prints.

Outcomes are log-normal as in mgbayes.comparison.published. Quartiles are order statistics, or lie between two of
which the gap is a parameter (mgbayes.latent.order_statistics), proposed under Normal(0, 2) on its own scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from mgbayes.comparison.importance import Model
from mgbayes.comparison.published import LOGNORMAL
from mgbayes.comparison.tables import Floats
from mgbayes.latent.order_statistics import Distribution, OrderStatistics, gaps_in_order, log_density
from mgbayes.study.statistics import QuantileDefinition

PROBABILITIES = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))
_GAP_SD = 2.0
_DRAWS = 128


def model_of(arms: Sequence[tuple[int, Floats]]) -> Model | None:
    """Given how many patients and the quartiles (type 7) of both arms; None where two quartiles share a value."""
    rows = [
        OrderStatistics.at(n, [QuantileDefinition.type_7.position(p, n) for p in PROBABILITIES])
        for n, _ in arms
    ]
    if not all(row.apart for row in rows):
        return None

    def log_likelihood(_: Any, theta: Floats) -> Floats:
        level, log_sd, *own, effect = theta.reshape(-1, theta.shape[-1]).T
        value = sum(((x / _GAP_SD) ** 2 / 2 for x in own), np.zeros_like(level))
        for a, (row, (_n, quartiles)) in enumerate(zip(rows, arms, strict=True)):
            mine, own = np.reshape(own[: row.gaps], (row.gaps, len(level))), own[row.gaps :]
            gaps = gaps_in_order(row, quartiles, row.with_gaps(mine), low=0.0)
            v = row.values(quartiles[:, None], gaps.d)
            distribution = _log_normal(level + (a - 0.5) * effect, np.exp(log_sd))
            value = value + log_density(v, row.ranks, row.n, distribution) + gaps.log_jacobian
        return value.reshape(theta.shape[:-1])

    means, sds = LOGNORMAL.means, LOGNORMAL.sds
    free = sum(row.gaps for row in rows)
    return Model(
        log_likelihood,
        (*means[:2], *[0.0] * free, means[2]),
        (*sds[:2], *[_GAP_SD] * free, sds[2]),
        draws=_DRAWS,
    )


def _log_normal(median: Floats, sd: Floats) -> Distribution:
    """Of values (value, ...)."""
    from scipy.special import log_ndtr

    def z(y: Floats) -> Floats:
        return (np.log(y) - median) / sd

    return Distribution(
        lambda y: -(z(y) ** 2) / 2 - np.log(y * sd), lambda y: log_ndtr(z(y)), lambda y: log_ndtr(-z(y))
    )
