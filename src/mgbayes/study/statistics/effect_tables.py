"""An odds ratio, risk ratio or difference of risks, and every pair of counts of which it is reported so.

With x of m in the group and y of n in its comparator, Wald's interval of the log odds ratio has the standard error
√(1/x + 1/(m-x) + 1/y + 1/(n-y)), of the log risk ratio √(1/x - 1/m + 1/y - 1/n), of the difference of risks
√(x(m-x)/m³ + y(n-y)/n³). Source: Altman, Machin, Bryant and Gardner (2000), Statistics with Confidence, ch. 6 and 7.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from mgbayes.study.rounding import decimals, rounded, rounding_interval
from mgbayes.study.statistics.ratios import Effect, Measure

OF_COUNTS = (Measure.odds_ratio, Measure.risk_ratio, Measure.risk_difference)
_ROUNDING = 1e-9


def effect_of_counts(measure: Measure, x: Any, y: Any, m: Any, n: Any) -> Any:
    """The effect of x of m against y of n, numbers or arrays; risk differences in percent."""
    match measure:
        case Measure.odds_ratio:
            return x * (n - y) / (y * (m - x))
        case Measure.risk_ratio:
            return (x / m) / (y / n)
        case Measure.risk_difference:
            return 100 * (x / m - y / n)
    raise ValueError(f"a {measure.label} is not one of two counts")


def wald_interval(measure: Measure, x: Any, y: Any, m: int, n: int, level: float) -> tuple[Any, Any, Any]:
    """The effect with the limits of its interval at a level in percent; nan or infinite where a cell is empty."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect, z = effect_of_counts(measure, x, y, m, n), float(ndtri((1 + level / 100) / 2))
        if measure is Measure.risk_difference:
            half = 100 * z * np.sqrt(x * (m - x) / m**3 + y * (n - y) / n**3)
            return effect, effect - half, effect + half
        if measure is Measure.odds_ratio:
            factor = np.exp(z * np.sqrt(1 / x + 1 / (m - x) + 1 / y + 1 / (n - y)))
        else:
            factor = np.exp(z * np.sqrt(1 / x - 1 / m + 1 / y - 1 / n))
        return effect, effect / factor, effect * factor


def tables_with(effect: Effect, m: int, n: int) -> NDArray[np.int64]:
    """Every x of m and y of n, (tables, 2), of which the effect and Wald's interval are reported so.

    >>> tables_with(Effect(Measure.odds_ratio, "2.92", "0.48", "17.86"), 17, 16)
    array([[5, 2]])
    """
    x, y = np.arange(m + 1.0)[:, None], np.arange(n + 1.0)
    found = wald_interval(effect.measure, x, y, m, n, float(effect.level))
    fits = np.ones((m + 1, n + 1), dtype=bool)
    for value, text in zip(found, (effect.estimate, effect.low, effect.high), strict=True):
        if text is not None:
            around = rounding_interval(text)
            fits &= (value >= around.low - _ROUNDING) & (value <= around.high + _ROUNDING)
    return np.argwhere(fits)


def reported_as(effect: Effect, x: int, y: int, m: int, n: int) -> Effect | None:
    """The effect of other counts with as many decimals; None where a cell is empty, so that it has none."""
    values = wald_interval(effect.measure, x, y, m, n, float(effect.level))
    texts = (effect.estimate, effect.low or effect.estimate, effect.high or effect.estimate)
    if not np.isfinite(values).all():
        return None
    estimate, low, high = (
        rounded(float(value), decimals(text)) for value, text in zip(values, texts, strict=True)
    )
    return Effect(effect.measure, estimate, low, high, effect.level)
