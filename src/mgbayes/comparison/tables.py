r"""Every table that two arms can give, and how probable each is.

x of m patients of the reference arm and y of n of the contrast arm have the event: (m + 1)(n + 1) tables, a row each.
With risks p₀ and p₁, P(x, y) = C(m, x) p₀ˣ (1 - p₀)ᵐ⁻ˣ C(n, y) p₁ʸ (1 - p₁)ⁿ⁻ʸ. The effect is the log odds ratio
ψ = logit p₁ - logit p₀.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mgbayes.frequentist.two_by_two import Table, binomial

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVEL = 0.95
"""Of every interval."""
ALPHA = 0.05
"""p at which a test of two sides concludes."""
MOST_PATIENTS = 60
"""Of an arm; beyond it there are thousands of tables, and what is seen of large samples needs no enumeration."""


@dataclass(frozen=True)
class Tables:
    """All tables of m and n patients."""

    m: int
    n: int

    @cached_property
    def x(self) -> Ints:
        """Events of the reference arm, (table,)."""
        return np.repeat(np.arange(self.m + 1), self.n + 1)

    @cached_property
    def y(self) -> Ints:
        """Events of the contrast arm, (table,)."""
        return np.tile(np.arange(self.n + 1), self.m + 1)

    @property
    def counts(self) -> Table:
        """Their counts of events."""
        return Table(self.x, self.m, self.y, self.n)

    @cached_property
    def direction(self) -> Ints:
        """1 where the contrast arm has the higher share of events, -1 where the reference arm has, else 0."""
        return np.sign(self.y * self.m - self.x * self.n)

    def chance(self, reference: Floats, contrast: Floats) -> Floats:
        """The probability of each table, (..., table), at risks (...,)."""
        one, other = binomial(self.m, reference), binomial(self.n, contrast)
        product = one[..., :, None] * other[..., None, :]
        return product.reshape(*product.shape[:-2], -1)


def log_odds(p: Floats) -> Floats:
    """logit p."""
    return np.log(p) - np.log1p(-p)


def contrast_risk(reference: Floats, odds_ratio: Floats) -> Floats:
    """The risk of the contrast arm, of which the odds are so many times those of the reference arm."""
    odds = odds_ratio * reference / (1 - reference)
    return odds / (1 + odds)
