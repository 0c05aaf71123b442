"""An effect between two groups with its confidence interval: a ratio or a difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import inf, log
from typing import Any

import numpy as np

from mgbayes.study.rounding import Interval, rounding_interval
from mgbayes.study.statistics.means import interval_faults, limits
from mgbayes.study.statistics.statistic import Fault, Number, PublishedStatistic


class Measure(StrEnum):
    """What an effect compares, under the key of a study file."""

    hazard_ratio = "hr"
    odds_ratio = "odds_ratio"
    risk_ratio = "risk_ratio"
    rate_ratio = "rate_ratio"
    mean_ratio = "mean_ratio"
    mean_difference = "mean_difference"
    risk_difference = "risk_difference"

    @property
    def is_ratio(self) -> bool:
        """Whether no effect is 1, and the scale of its error is the logarithm."""
        return self not in (Measure.mean_difference, Measure.risk_difference)

    @property
    def label(self) -> str:
        """The name for a reader."""
        return self.name.replace("_", " ")


@dataclass(frozen=True)
class Effect(PublishedStatistic):
    """An effect as reported, with its interval where that is reported too; risk differences in percent.

    On the scale of its error, y = log(ratio) or the difference itself, a Wald interval is y ± c SE with c the normal
    quantile; exact and profile intervals are not symmetric, and SE is then an approximation.

    >>> Effect(Measure.hazard_ratio, "0.52", "0.31", "0.88").wording
    'hazard ratio 0.52 (95 % CI 0.31 to 0.88)'
    """

    measure: Measure
    estimate: str
    low: str | None = None
    high: str | None = None
    level: str = "95"

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The estimate, and both limits where they are reported."""
        known = () if self.low is None or self.high is None else limits(self.low, self.high)
        return Number(self.measure, self.estimate), *known

    def of(self, sample: tuple[Any, Any]) -> tuple[Any, ...]:
        """The unadjusted estimate from the values of the group and of its comparator; without limits.

        Of yes (1) and no (0) for odds and risks; of any values for means. Rates and hazards need times.
        """
        one, other = (np.mean(np.asarray(part, dtype=float), axis=-1) for part in sample)
        with np.errstate(divide="ignore", invalid="ignore"):
            match self.measure:
                case Measure.odds_ratio:
                    return (one * (1 - other) / (other * (1 - one)),)
                case Measure.risk_ratio | Measure.mean_ratio:
                    return (one / other,)
                case Measure.risk_difference:
                    return (100 * (one - other),)
                case Measure.mean_difference:
                    return (one - other,)
        raise ValueError(f"a {self.measure.label} needs the time at risk")

    @property
    def wording(self) -> str:
        """The effect and its interval."""
        limits = f" ({self.level} % CI {self.low} to {self.high})" if self.has_interval else ""
        return f"{self.measure.label} {self.estimate}{limits}"

    @property
    def has_interval(self) -> bool:
        """Whether both limits are reported."""
        return self.low is not None and self.high is not None

    def faults(self) -> Iterator[Fault]:
        """Ratios above zero, limits in order, the estimate between them."""
        texts = {self.measure.value: self.estimate, "ci": self.low}
        for key, text in texts.items():
            if self.measure.is_ratio and text is not None and float(text) < 0:
                yield Fault(key, f'"{text}"', "a ratio, zero or more")
        if self.low is not None and self.high is not None:
            yield from interval_faults(self.estimate, self.low, self.high, self.measure.value)

    def scale(self, value: float) -> float:
        """A value on the scale of the error: its logarithm for a ratio."""
        if not self.measure.is_ratio:
            return value
        return log(value) if value > 0 else -inf

    def _around(self, text: str | None) -> Interval:
        around = rounding_interval(text or "0")
        return Interval(self.scale(around.low), self.scale(around.high))

    @property
    def effect_interval(self) -> Interval:
        """Every effect that is reported so, on the scale of its error."""
        return self._around(self.estimate)

    @property
    def standard_error(self) -> Interval:
        """Every SE behind an interval of this length, on the scale of the error; infinite limits make it infinite."""
        from scipy.special import ndtri

        low, high = self._around(self.low), self._around(self.high)
        twice = 2 * float(ndtri((1 + float(self.level) / 100) / 2))
        return Interval(max(high.low - low.high, 0.0) / twice, (high.high - low.low) / twice)

    @property
    def is_symmetric(self) -> bool:
        """Whether the estimate can lie in the middle of its interval, on the scale of its error."""
        low, high = self._around(self.low), self._around(self.high)
        return Interval((low.low + high.low) / 2, (low.high + high.high) / 2).meets(self.effect_interval)

    @property
    def wald_p(self) -> Interval:
        """The two-sided p of the Wald test, y / SE, over the rounding of all three numbers."""
        from scipy.special import ndtr

        y, se = self.effect_interval, self.standard_error
        nearest = 0.0 if 0.0 in y else min(abs(y.low), abs(y.high))
        furthest = max(abs(y.low), abs(y.high))
        small = 2 * float(ndtr(-furthest / se.low)) if se.low > 0 else 0.0
        return Interval(small, 2 * float(ndtr(-nearest / se.high)) if se.high > 0 else 1.0)

    @property
    def normal(self) -> tuple[float, float]:
        """Mean and SD of the normal approximation on the scale of the error, from the numbers as they stand."""
        from scipy.special import ndtri

        if self.low is None or self.high is None:
            raise ValueError("an effect without an interval has no standard error")
        length = self.scale(float(self.high)) - self.scale(float(self.low))
        return self.scale(float(self.estimate)), length / (
            2 * float(ndtri((1 + float(self.level) / 100) / 2))
        )
