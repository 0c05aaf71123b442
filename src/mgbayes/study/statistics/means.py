"""A mean with its SD, its standard error or its confidence interval."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Any

import numpy as np

from mgbayes.study.rounding import Interval, possible_sums, rounding_interval
from mgbayes.study.statistics.statistic import NOT_REACHED, Fault, Number, PublishedStatistic, Support
from mgbayes.study.statistics.whole_numbers import debit, grimmer


class WithMean(PublishedStatistic):
    """A statistic of n values that holds their mean."""

    mean: str
    n: int

    @property
    def mean_interval(self) -> Interval:
        """Every mean that is reported so."""
        return rounding_interval(self.mean)

    def faults(self) -> Iterator[Fault]:
        """A mean is one of patients."""
        if self.n == 0:
            given = ", ".join(f'{number.name} = "{number.text}"' for number in self.numbers)
            yield Fault("", f"{given} of 0 patients", "no mean or SD where there are no patients")


@dataclass(frozen=True)
class Mean(WithMean):
    """A mean alone."""

    mean: str
    n: int

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The mean."""
        return (Number("mean", self.mean),)

    def of(self, sample: Any) -> tuple[Any, ...]:
        """The mean."""
        return (np.mean(sample, axis=-1),)

    @property
    def wording(self) -> str:
        """The mean."""
        return f"mean {self.mean}"


class MeanAndSpread(WithMean):
    """A mean with anything that tells the SD (n - 1 in the denominator) of n values."""

    @property
    @abstractmethod
    def sd_interval(self) -> Interval:
        """Every SD that is reported so."""

    @property
    @abstractmethod
    def sd_value(self) -> float:
        """The SD from the numbers as they stand."""

    @property
    def mean_value(self) -> float:
        """The mean as it stands."""
        return float(self.mean)

    def has_room(self) -> bool:
        """Whether values of zero or more can have both: an SD is then at most the mean times the root of n."""
        return self.sd_interval.low <= self.mean_interval.high * self.n**0.5

    def possible(self, support: Support, *, nearest_only: bool = False) -> bool:
        """Whether n values with this support can have both.

        Of whole numbers the mean is settled exactly (GRIM), with an SD or a standard error both are (GRIMMER).
        ``nearest_only`` leaves out, for whole numbers, the convention of cutting digits off.
        """
        if support.whole and not possible_sums(self.mean, self.n, nearest_only=nearest_only):
            return False
        return not support.nonnegative or self.has_room()


@dataclass(frozen=True)
class MeanSD(MeanAndSpread):
    """A mean and SD of n values.

    >>> MeanSD("46.8", "20.8", 17).sd_interval
    Interval(low=20.75, high=20.9)
    """

    mean: str
    sd: str
    n: int

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Mean and SD."""
        return Number("mean", self.mean), Number("sd", self.sd)

    def of(self, sample: Any) -> tuple[Any, ...]:
        """Mean and SD; a lone value has no SD."""
        return np.mean(sample, axis=-1), _sd(sample)

    @property
    def wording(self) -> str:
        """Mean ± SD."""
        return f"{self.mean} ± {self.sd}"

    @property
    def sd_interval(self) -> Interval:
        """Every SD that is reported so."""
        return _from_zero(self.sd)

    @property
    def sd_value(self) -> float:
        """The SD as it stands."""
        return float(self.sd)

    def faults(self) -> Iterator[Fault]:
        """No SD is negative."""
        yield from super().faults()
        yield from _negative("sd", self.sd)

    def possible(self, support: Support, *, nearest_only: bool = False) -> bool:
        """Whether n values with this support can have both: exactly for whole numbers (GRIMMER) and for 0 and 1."""
        if support.whole and (support.low, support.high) == (0, 1):
            return debit(self.mean, self.sd, self.n)
        if support.whole:
            sign = support.nonnegative
            return grimmer(self.mean, self.sd, self.n, nonnegative=sign, nearest_only=nearest_only)
        return super().possible(support)


@dataclass(frozen=True)
class MeanSE(MeanAndSpread):
    """A mean and its standard error, SD / sqrt(n)."""

    mean: str
    se: str
    n: int

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Mean and standard error."""
        return Number("mean", self.mean), Number("se", self.se)

    def of(self, sample: Any) -> tuple[Any, ...]:
        """Mean and standard error."""
        return np.mean(sample, axis=-1), _sd(sample) / sqrt(np.shape(sample)[-1])

    @property
    def wording(self) -> str:
        """Mean and standard error."""
        return f"{self.mean} (SE {self.se})"

    @property
    def sd_interval(self) -> Interval:
        """Every SD whose standard error is reported so."""
        return _from_zero(self.se).scaled(sqrt(self.n))

    @property
    def sd_value(self) -> float:
        """SE sqrt(n)."""
        return float(self.se) * sqrt(self.n)

    def possible(self, support: Support, *, nearest_only: bool = False) -> bool:
        """Whether n values with this support can have both: exactly for whole numbers."""
        if support.whole:
            sign = support.nonnegative
            return grimmer(
                self.mean, self.se, self.n, nonnegative=sign, nearest_only=nearest_only, of_se=True
            )
        return super().possible(support)

    def faults(self) -> Iterator[Fault]:
        """No standard error is negative."""
        yield from super().faults()
        yield from _negative("se", self.se)


@dataclass(frozen=True)
class MeanCI(MeanAndSpread):
    """A mean and its confidence interval, mean ± c SD / sqrt(n).

    c is the quantile of Student's t with n - 1 degrees of freedom or of the normal distribution; papers rarely
    say which.
    """

    mean: str
    low: str
    high: str
    n: int
    level: str = "95"

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The mean and both limits."""
        return Number("mean", self.mean), *limits(self.low, self.high)

    def of(self, sample: Any) -> tuple[Any, ...]:
        """The mean and both limits, by Student's t."""
        mean = np.mean(sample, axis=-1)
        half = self.multipliers[0] * _sd(sample) / sqrt(np.shape(sample)[-1])
        return mean, mean - half, mean + half

    @property
    def wording(self) -> str:
        """The mean and its interval."""
        return f"{self.mean} {self.interval_wording}"

    @property
    def interval_wording(self) -> str:
        """The interval alone."""
        return f"({self.level} % CI {self.low} to {self.high})"

    @property
    def multipliers(self) -> tuple[float, float]:
        """c by Student's t and by the normal distribution; infinite where a lone value has no interval."""
        return _multipliers(float(self.level), self.n)

    @property
    def half_width(self) -> Interval:
        """Half of the length of the interval, over rounding."""
        low, high = rounding_interval(self.low), rounding_interval(self.high)
        return Interval(max(high.low - low.high, 0.0) / 2, (high.high - low.low) / 2)

    @property
    def is_symmetric(self) -> bool:
        """Whether the mean can lie in the middle; intervals of ratios and by resampling need not be symmetric."""
        low, high = rounding_interval(self.low), rounding_interval(self.high)
        return Interval((low.low + high.low) / 2, (low.high + high.high) / 2).meets(self.mean_interval)

    @property
    def sd_interval(self) -> Interval:
        """Every SD behind an interval of this length, by Student's t or the normal distribution."""
        half, by_t, by_normal = self.half_width, *self.multipliers
        return Interval(half.low * sqrt(self.n) / by_t, half.high * sqrt(self.n) / by_normal)

    @property
    def sd_value(self) -> float:
        """Half of the length times sqrt(n), over Student's quantile."""
        return (float(self.high) - float(self.low)) / 2 * sqrt(self.n) / self.multipliers[0]

    def faults(self) -> Iterator[Fault]:
        """The limits in order, the mean between them, and more than one value."""
        yield from super().faults()
        yield from interval_faults(self.mean, self.low, self.high, "mean")
        if self.n == 1:
            yield Fault(
                "ci", f'["{self.low}", "{self.high}"] of 1 patient', "a confidence interval of at least 2"
            )


def limits(low: str, high: str) -> tuple[Number, Number]:
    """Both limits of a confidence interval."""
    return Number("lower limit", low, under="ci"), Number("upper limit", high, under="ci")


def interval_faults(estimate: str, low: str, high: str, key: str) -> Iterator[Fault]:
    """A confidence interval goes from the lower to the upper limit and holds its estimate, over rounding."""
    given = f'ci = ["{low}", "{high}"], {key} = "{estimate}"'
    if NOT_REACHED in (low, high):
        yield Fault(
            "ci", f'["{low}", "{high}"]', f'two numbers; only a median survival has limits "{NOT_REACHED}"'
        )
    elif float(low) > float(high):
        yield Fault("ci", f'["{low}", "{high}"]', "the lower limit first, then the upper")
    elif not (
        rounding_interval(low).low <= rounding_interval(estimate).high
        and rounding_interval(estimate).low <= rounding_interval(high).high
    ):
        yield Fault("ci", given, f"an interval that holds the {key}")


@lru_cache
def _multipliers(level: float, n: int) -> tuple[float, float]:
    from scipy.special import ndtri, stdtrit

    tail = (1 + level / 100) / 2
    return (float(stdtrit(n - 1, tail)) if n > 1 else float("inf")), float(ndtri(tail))


def _sd(sample: Any) -> Any:
    sample = np.asarray(sample, dtype=float)
    return np.full(sample.shape[:-1], np.nan) if sample.shape[-1] < 2 else np.std(sample, axis=-1, ddof=1)


def _from_zero(text: str) -> Interval:
    around = rounding_interval(text)
    return Interval(max(around.low, 0.0), around.high)


def _negative(key: str, text: str) -> Iterator[Fault]:
    if text.startswith("-"):
        yield Fault(key, f'"{text}"', "zero or more")
