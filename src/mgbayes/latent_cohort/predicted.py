r"""A reported number among those that all others predict in its place: its tail, and whether it is a misprint.

How far out the reported value x lies is told by its tail, twice the smaller of P(X < x) + P(X = x) / 2 and
P(X > x) + P(X = x) / 2.

A misprinted number is taken to be any that could stand in its place, each as likely: a count from 0 to n, any class,
and any size within four powers of ten, on a log scale. It is reported so with probability m, of a mean or SD its last
digit's width w over |x| log(10^4), and with the prior probability q of a misprint the posterior odds are
q m / ((1 - q) P), where P is the probability of what is reported given all else: of a mean or SD a kernel density
times w. Beyond the 1 % and 99 % quantiles P is taken as it is there, where it is larger, so that such a misprint is
at least as probable as stated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mgbayes.latent_cohort.diagnostics import nested_rhat
from mgbayes.latent_cohort.table import Floats
from mgbayes.study.rounding import decimals
from mgbayes.study.statistics.quantiles import Quantiles
from mgbayes.study.statistics.statistic import Number

if TYPE_CHECKING:
    from mgbayes.latent_cohort.statements import Statement

HIGHEST_RHAT = 1.1
"""Of few draws: the mean of a group of 16 chains varies by itself."""
_ENDS = (0.01, 0.99)
_SIZES = np.log(1e4)


@dataclass(frozen=True)
class Predicted:
    """One number of a statement, and its values (chain, draw) in cohorts that have all other numbers.

    ``prior``: the probability of a misprint before.
    """

    statement: Statement
    number: Number
    values: Floats
    prior: float

    @property
    def ok(self) -> bool:
        """Whether chains came to one answer."""
        return not np.isnan(self.values).any() and nested_rhat(self.values) <= HIGHEST_RHAT

    @property
    def middle(self) -> tuple[float, float, float]:
        """The median and the central 90 % interval; of whole numbers, such numbers."""
        method: Any = "inverted_cdf" if self.number.exact else "linear"
        median, low, high = np.quantile(self.values, (0.5, 0.05, 0.95), method=method)
        return float(median), float(low), float(high)

    @property
    def tail(self) -> float:
        """Twice the smaller share of cohorts on one side of what is reported."""
        below, same = (self.values < self.number.value).mean(), (self.values == self.number.value).mean()
        return float(min(1.0, 2 * min(below + same / 2, 1 - below - same / 2)))

    @property
    def beyond(self) -> bool:
        """Whether it lies where P is not known, and the misprint is at least as probable as stated."""
        low, high = self._ends()
        return not low <= self.number.value <= high

    @property
    def misprint(self) -> float:
        """The posterior probability of a misprint."""
        doubted, trusted = self.prior * self._if_misprinted, (1 - self.prior) * self._chance
        return doubted / (doubted + trusted)

    @property
    def _if_misprinted(self) -> float:
        if not self.number.exact:
            return self._width / (max(abs(self.number.value), self._width) * _SIZES)
        if isinstance(self.statement.statistic, Quantiles):
            assert self.statement.column.high is not None
            return 1 / (self.statement.column.high + 1)
        return 1 / (int(self.statement.who.sum()) + 1)

    @property
    def _chance(self) -> float:
        """P, of a count or class at least one in as many draws as there are."""
        if self.number.exact:
            return max(float((self.values == self.number.value).mean()), 1 / self.values.size)
        at = float(np.clip(self.number.value, *self._ends()))
        return min(1.0, _density(self.values.ravel(), at) * self._width)

    @property
    def _width(self) -> float:
        return float(10.0 ** -decimals(self.number.text))

    def _ends(self) -> Any:
        return np.quantile(self.values, _ENDS)


def _density(values: Floats, at: float) -> float:
    """A kernel density, of positive values on a log scale; 0 of values that are all the same."""
    from scipy import stats

    if values.std() == 0:
        return np.inf if values[0] == at else 0.0
    if values.min() > 0 and at > 0:
        return float(stats.gaussian_kde(np.log(values))(np.log(at))[0]) / at
    return float(stats.gaussian_kde(values)(at)[0])


def farthest_first(rows: Iterable[Predicted]) -> list[Predicted]:
    """By their tails, those without an answer last."""
    return sorted(rows, key=lambda row: row.tail if row.ok else np.inf)
