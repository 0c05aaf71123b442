r"""How many outcomes favour the contrast arm, each by its own fit.

Each outcome k favours the contrast arm with probability p_k. How these go together is not known from separate
fits; it is bounded (`frechet`), and followed through an equal correlation rho of the estimates, as normal scores:

    P(k favours | f) = Phi((Phi^-1(p_k) + sqrt(rho) f) / sqrt(1 - rho)),   f ~ Normal(0, 1),

given f independent, so that the number of outcomes in favour is a sum of independent yes/no variables,
averaged over f. rho = 0 is independence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgbayes.overall.frechet import Bounds, at_least

CORRELATIONS = (0.0, 0.3, 0.6)
_FACTOR = np.linspace(-8.5, 8.5, 681)


@dataclass(frozen=True)
class Agreement:
    """At least m outcomes in favour: under each correlation, and between the bounds of any dependence."""

    m: int
    outcomes: int
    bounds: Bounds
    by_correlation: tuple[tuple[float, float], ...]


def agreements(
    probabilities: Sequence[float], correlations: Sequence[float] = CORRELATIONS
) -> tuple[Agreement, ...]:
    """For every m from one to all: the probability that at least m outcomes favour the contrast arm."""
    k = len(probabilities)
    tails = {rho: number_in_favour(probabilities, rho)[::-1].cumsum()[::-1] for rho in correlations}
    return tuple(
        Agreement(
            m, k, at_least(m, probabilities), tuple((rho, float(tails[rho][m])) for rho in correlations)
        )
        for m in range(1, k + 1)
    )


def number_in_favour(probabilities: Sequence[float], correlation: float) -> np.ndarray:
    """The probabilities of 0, 1, ..., K outcomes in favour. Raises ValueError unless 0 ≤ correlation < 1."""
    from scipy.special import ndtr, ndtri

    if not 0 <= correlation < 1:
        raise ValueError(f"the correlation is {correlation}; it lies from 0 to below 1")
    score = ndtri(np.asarray(probabilities, dtype=float))[:, None]
    chance = ndtr((score + np.sqrt(correlation) * _FACTOR) / np.sqrt(1 - correlation))
    weight = np.exp(-0.5 * np.square(_FACTOR))
    return _sum_of_independent(chance) @ (weight / weight.sum())


def _sum_of_independent(chance: np.ndarray) -> np.ndarray:
    """The distribution of the number of events, (number, ...), each added in its turn."""
    number = np.zeros((len(chance) + 1, *chance.shape[1:]))
    number[0] = 1.0
    for row in chance:
        number[1:] = number[1:] * (1 - row) + number[:-1] * row
        number[0] = number[0] * (1 - row)
    return number
