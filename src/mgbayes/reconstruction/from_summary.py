"""Data sets that reproduce a published mean and SD.

Patients who have exactly a given mean m and SD s (n - 1 in the denominator) are made from any
vector z: with the direction x = (z - mean z) / |z - mean z|,

    y_i = exp(a + p x_i),   log Σ exp(2 p x) - 2 log Σ exp(p x) + log n = log(1 + (n-1) s² / (n m²)),

a = log(n m) - log Σ exp(p x). The left side of the equation rises with p, so p is found by
bisection. All values are positive; ``zeros`` of them are set to nothing and the others carry mean
and SD. Whole numbers are made by rounding and then moving single units between patients until
the sum and the sum of squares are again such that mean and SD round to the published ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgbayes.study.rounding import possible_sums, rounding_interval
from mgbayes.study.statistics.means import MeanSD

_BISECTIONS = 80
_LOG_P = (-20.0, 25.0)  # two nearly equal largest values need a very large p to come apart
_REPAIRS = 300


@dataclass(frozen=True)
class PrintedSample(MeanSD):
    """n values with a published mean and SD, whole numbers or any."""

    whole: bool = False

    def zeros_allowed(self) -> int:
        """The most values that can be zero: the others need room for the SD.

        k zeros leave n - k values with a ratio of the sum of squares to the squared sum of at
        least 1 / (n - k); the published mean and SD fix that ratio at (m² + s² (n - 1) / n) / (n m²).
        """
        mean, sd = float(self.mean), float(self.sd)
        if mean <= 0:
            return 0
        ratio = (mean**2 + sd**2 * (self.n - 1) / self.n) / (self.n * mean**2)
        return max(0, min(self.n - 2, int(np.ceil(self.n - 1 / ratio)) - 1))


def samples(
    rng: np.random.Generator, target: PrintedSample, z: np.ndarray, zeros: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One data set for each row of z, and which of them reproduce the published mean and SD.

    z: (sets, n) any real numbers, at least two of them different. zeros: (sets,) how many of the
    smallest values are nothing. Returns values (sets, n) and a mask (sets,).
    """
    mean, sd = _targets(rng, target, len(z))
    values = constrained(z, mean, sd, zeros)
    if target.whole:
        values = _repair(rng, np.rint(values), target)
    return values, _reproduces(values, target)


def constrained(z: np.ndarray, mean: np.ndarray, sd: np.ndarray, zeros: np.ndarray) -> np.ndarray:
    """Positive values (sets, n) with exactly these means and SDs, in the order of z."""
    n = z.shape[1]
    rank = z.argsort(axis=1).argsort(axis=1)
    positive = rank >= zeros[:, None]
    positives = positive.sum(axis=1)
    centred = np.where(positive, z - (z * positive).sum(axis=1, keepdims=True) / positives[:, None], 0.0)
    x = centred / np.sqrt((centred**2).sum(axis=1, keepdims=True))
    target = np.log((mean**2 + sd**2 * (n - 1) / n) / (n * mean**2))
    low, high = (np.full(len(z), edge) for edge in _LOG_P)
    for _ in range(_BISECTIONS):
        log_p = (low + high) / 2
        p = np.exp(log_p)
        above = _log_sum(2 * p[:, None] * x, positive) - 2 * _log_sum(p[:, None] * x, positive) > target
        low, high = np.where(above, low, log_p), np.where(above, log_p, high)
    exponent = p[:, None] * x
    log_scale = np.log(n * mean) - _log_sum(exponent, positive)
    return np.where(positive, np.exp(exponent + log_scale[:, None]), 0.0)


def _log_sum(exponent: np.ndarray, where: np.ndarray) -> np.ndarray:
    top = np.max(np.where(where, exponent, -np.inf), axis=1)
    return top + np.log(np.where(where, np.exp(exponent - top[:, None]), 0.0).sum(axis=1))


def _targets(rng: np.random.Generator, target: PrintedSample, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Means and SDs uniform over the rounding of the published ones."""
    mean = rounding_interval(target.mean, nearest_only=True)
    sd = rounding_interval(target.sd, nearest_only=True)
    return rng.uniform(mean.low, mean.high, size), rng.uniform(sd.low, sd.high, size)


def _reproduces(values: np.ndarray, target: PrintedSample) -> np.ndarray:
    return target.allows(values) & (values.min(axis=1) >= 0)


def _repair(rng: np.random.Generator, values: np.ndarray, target: PrintedSample) -> np.ndarray:
    """Move single units between patients until the sum and the sum of squares reproduce the published ones."""
    values = values.copy()
    if not possible_sums(target.mean, target.n):
        return values
    for _ in range(_REPAIRS):
        wrong = np.flatnonzero(~_reproduces(values, target))
        if wrong.size == 0:
            break
        values[wrong] = _nudge(rng, values[wrong], target)
    return values


def _nudge(rng: np.random.Generator, values: np.ndarray, target: PrintedSample) -> np.ndarray:
    """One unit up or down where the sum is off, else one unit from one patient to another."""
    n, rows = target.n, np.arange(len(values))
    sums = possible_sums(target.mean, n)
    total = values.sum(axis=1)
    i, j = rng.integers(n, size=(2, len(values)))
    step = np.sign(np.clip(total, sums[0], sums[-1]) - total)
    values[rows, i] += np.where(values[rows, i] + step >= 0, step, 0)
    squares = ((values - values.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    gap = (n - 1) * float(target.sd) ** 2 - squares
    change = 2 * (values[rows, i] - values[rows, j]) + 2
    # Now and then a step the wrong way, so that no data set is stuck.
    nearer = (np.abs(gap - change) < np.abs(gap)) | (rng.random(len(values)) < 0.05)
    move = nearer & (step == 0) & (values[rows, j] >= 1) & (i != j)
    values[rows, i] += move
    values[rows, j] -= move
    return values
