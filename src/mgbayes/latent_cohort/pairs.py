r"""Two whole numbers with a given sum and a sum of squares in a window: how many there are, and one at random.

With sum s and difference d (of the parity of s) the squares sum to (s² + d²) / 2, so that |d| lies between the roots
of 2 Q - s² at the ends of the window; both are at least ``low`` where |d| ≤ s - 2 low.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from mgbayes.latent_cohort.table import Floats, Steps

_SLACK = 1e-9


@dataclass(frozen=True)
class Pairs:
    """For each chain the sum, the least |d|, and how many |d| in steps of two there are, none where there is no pair.

    >>> both = Pairs.of(np.array([5]), np.array([13.0]), np.array([17.0]), 0)
    >>> both.count.tolist()  # 2 + 3, 3 + 2, 1 + 4 and 4 + 1
    [4]
    """

    total: Steps
    least: Steps
    sizes: Steps

    @classmethod
    def of(cls, total: Steps, low_square: Floats, high_square: Floats, low: int) -> Pairs:
        """Pairs of a sum whose squares sum to something in a window."""
        centred = total.astype(float) ** 2
        beyond = 2 * high_square - centred
        first = np.ceil(np.sqrt(np.maximum(2 * low_square - centred, 0.0)) - _SLACK).astype(np.int64)
        last = np.floor(np.sqrt(np.maximum(beyond, 0.0)) + _SLACK).astype(np.int64)
        last = np.minimum(last, total - 2 * low)
        first += (first - total) % 2
        sizes = np.where((beyond >= -_SLACK) & (last >= first), (last - first) // 2 + 1, 0)
        return cls(total, first, sizes)

    @property
    def count(self) -> Steps:
        """How many ordered pairs there are."""
        return np.where(self.sizes > 0, 2 * self.sizes - (self.least == 0), 0)

    def draw(self, rng: Generator) -> tuple[Steps, Steps]:
        """One of them, each as likely; anything where there is none."""
        k = (rng.random(self.total.shape) * self.count).astype(np.int64)
        negative = k >= self.sizes
        # -d of all |d| but 0
        at = np.where(negative, k - self.sizes + (self.least == 0), k)
        d = (self.least + 2 * at) * np.where(negative, -1, 1)
        return (self.total + d) // 2, (self.total - d) // 2


def log_count(pairs: Pairs) -> Any:
    """The log of the number of pairs, -inf where there is none."""
    with np.errstate(divide="ignore"):
        return np.log(pairs.count)
