r"""How probable several events together can be, when only the probability of each is known.

Of K events with probabilities p_1 ≤ ... ≤ p_K, at least m happen with a probability between

    high(m, p) = min(1, min over 0 ≤ j < m of (p_1 + ... + p_{K-j}) / (m - j)),
    low(m, p)  = 1 - high(K - m + 1, 1 - p),

and both ends are reached by some dependence between them. The j likeliest events are granted, and Markov's
inequality bounds the rest; the lower end is the same statement about the opposite events. For m = K these are the
bounds of Fréchet, max(0, Σ p - (K - 1)) and min p; for m = 1 they are max p and min(1, Σ p).

Source: Rüger (1978), Metrika 25:171; Fréchet (1935), Fund Math 25:379.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Bounds:
    """The lowest and highest probability that any dependence allows."""

    low: float
    high: float


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


def all_of(probabilities: Sequence[float]) -> Bounds:
    """Sharp bounds on the probability that all events happen."""
    return at_least(len(probabilities), probabilities)


def _high(m: int, p: np.ndarray) -> float:
    granted = np.arange(m)
    return float(min(1.0, (p.cumsum()[::-1][:m] / (m - granted)).min()))
