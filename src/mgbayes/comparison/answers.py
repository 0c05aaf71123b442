"""What methods say of many simulated studies at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mgbayes.comparison.tables import LEVEL, Floats

PERMUTATIONS = 999


@dataclass(frozen=True)
class Answers:
    """Of each study, (study,): NaN throughout where a method gives no answer.

    ``p`` of two sides; ``side``: 1 where the contrast arm has the higher values or hazard, -1 the lower, else 0; an
    estimate with its 95 % limits where the method has one.
    """

    p: Floats
    side: Floats
    estimate: Floats | None = None
    low: Floats | None = None
    high: Floats | None = None


@dataclass(frozen=True)
class Method:
    """A method: its label, what it does with many studies, and whether it estimates the effect of the scenarios."""

    label: str
    answer: Callable[[Any], Answers]
    estimates_effect: bool = False


def rearranged_arms(m: int, n: int) -> NDArray[np.bool_]:
    """Who is of the contrast arm in each of 999 rearrangements of m and n patients, (rearrangement, patient)."""
    rng = np.random.default_rng(m * 1000 + n)
    return rng.permuted(np.tile(np.arange(m + n), (PERMUTATIONS, 1)), axis=1) < n


def chi_square(statistic: Floats, side: Floats) -> Answers:
    """With 1 degree of freedom."""
    from scipy.special import chdtrc

    known = np.isfinite(statistic)
    p = np.where(known, chdtrc(1, np.where(known, np.maximum(statistic, 0.0), 0.0)), np.nan)
    return Answers(p, np.sign(side))


def wald(estimate: Floats, error: Floats) -> Answers:
    """Normal test and interval; none where the standard error is not finite, or zero."""
    from scipy.special import ndtr, ndtri

    known = np.isfinite(estimate) & np.isfinite(error) & (error > 0)
    value, spread = np.where(known, estimate, np.nan), np.where(known, error, np.nan)
    away = float(ndtri((1 + LEVEL) / 2)) * spread
    p = 2 * ndtr(-np.abs(value / spread))
    return Answers(p, np.sign(value), value, value - away, value + away)
