r"""The number of outcomes that favour the contrast arm, each by its own fit.

Outcome k favours the contrast arm with probability p_k. The dependence between outcomes is not known from separate
fits. Whatever it is, of K events with p_1 ≤ ... ≤ p_K at least m happen with a probability between

    high(m, p) = min(1, min over 0 ≤ j < m of (p_1 + ... + p_{K-j}) / (m - j)),
    low(m, p)  = 1 - high(K - m + 1, 1 - p),

both sharp: the j likeliest events are granted, and Markov's inequality bounds the rest. For m = K these are Fréchet's
bounds, max(0, Σ p - (K - 1)) and min p.

With an equal correlation rho of the estimates, as normal scores,

    P(k favours | f) = Phi((Phi^-1(p_k) + sqrt(rho) f) / sqrt(1 - rho)),   f ~ Normal(0, 1),

independent given f, so that the number in favour is a Poisson-binomial variable averaged over f.

Sources: Rüger (1978), Metrika 25:171; Fréchet (1935), Fund Math 25:379.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CORRELATIONS = (0.0, 0.3, 0.6)
_FACTOR = np.linspace(-8.5, 8.5, 681)


@dataclass(frozen=True)
class Bounds:
    """The lowest and highest probability under any dependence."""

    low: float
    high: float


@dataclass(frozen=True)
class Agreement:
    """The probability of at least m outcomes in favour: by correlation, and its bounds under any dependence."""

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
        Agreement(m, k, at_least(m, probabilities), tuple((rho, float(p[m])) for rho, p in tails.items()))
        for m in range(1, k + 1)
    )


def at_least(m: int, probabilities: Sequence[float]) -> Bounds:
    """Sharp bounds on the probability that at least m of the events happen.

    Raises ValueError when m is not between 1 and their number, or a probability is not between 0 and 1.
    """
    p = np.sort(np.asarray(probabilities, dtype=float))
    if not 1 <= m <= len(p):
        raise ValueError(f"at least {m} of {len(p)} events cannot be asked for")
    if p.min() < 0 or p.max() > 1:
        raise ValueError(f"probabilities lie between 0 and 1; given {list(probabilities)}")
    return Bounds(1 - _high(len(p) - m + 1, np.sort(1 - p)), _high(m, p))


def _high(m: int, p: np.ndarray) -> float:
    return float(min(1.0, (p.cumsum()[::-1][:m] / (m - np.arange(m))).min()))


def number_in_favour(probabilities: Sequence[float], correlation: float) -> np.ndarray:
    """The probabilities of 0, 1, ..., K outcomes in favour. Raises ValueError unless 0 ≤ correlation < 1."""
    from scipy.special import ndtr, ndtri

    if not 0 <= correlation < 1:
        raise ValueError(f"the correlation is {correlation}; it lies from 0 to below 1")
    score = ndtri(np.asarray(probabilities, dtype=float))[:, None]
    chance = ndtr((score + np.sqrt(correlation) * _FACTOR) / np.sqrt(1 - correlation))
    number = np.zeros((len(chance) + 1, len(_FACTOR)))
    number[0] = 1.0
    for row in chance:  # one outcome after the other
        number[1:] = number[1:] * (1 - row) + number[:-1] * row
        number[0] *= 1 - row
    weight = np.exp(-0.5 * np.square(_FACTOR))
    return number @ (weight / weight.sum())
