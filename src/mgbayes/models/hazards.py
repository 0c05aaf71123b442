r"""Baseline hazards of a proportional hazards model, each a declaration.

With the scale exp(log_scale) in days and the log hazard ratio b of an arm, the cumulative hazard
is H(t) = exp(b) H0(t):

| hazard                | shape parameters   | H0(t)                                              |
|-----------------------|--------------------|----------------------------------------------------|
| weibull               | shape = k > 0      | (t / scale)^k                                      |
| piecewise_exponential | log_step_365d = u  | Σ_j rate_j · (days of t in interval j), with rates |
|                       | log_step_1095d = w | 1, exp(u) and exp(u + w) over the scale            |

The intervals of the piecewise exponential end at day 365 (by when most cycles were given) and
1095. Its rate changes along a logistic curve of 60 days' width around each end, not at once: the
density of a latent time is then continuous, without which no gradient leads across an end.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pytensor.tensor as pt


@dataclass(frozen=True)
class Hazard:
    """A baseline hazard with the shape parameters named in `shape`; `law` is its name in time_laws.py.

    Symbolic (pytensor), for models: log_hazard and log_cumulative (t, log_scale, *shape).
    Numeric (numpy; labelled arrays broadcast by name), for draws: cumulative(t, log_scale, *shape)
    and time_at(h, log_scale, *shape), the day on which the cumulative hazard reaches h.
    For the sampler (centred.py): around, for each shape parameter where it lies, or its log if it is positive, given
    how far log_scale lies from its centre and the shape parameters before it; skew, that of latent times, whose logs
    lean to early days.
    """

    name: str
    label: str
    law: str
    shape: tuple[str, ...]
    log_hazard: Callable[..., Any]
    log_cumulative: Callable[..., Any]
    cumulative: Callable[..., Any]
    time_at: Callable[..., Any]
    around: tuple[Callable[..., Any], ...]
    skew: float


WEIBULL = Hazard(
    name="weibull",
    label="Weibull",
    law="weibull_hazard",
    shape=("shape",),
    log_hazard=lambda t, log_scale, k: pt.log(k) - pt.log(t) + k * (pt.log(t) - log_scale),
    log_cumulative=lambda t, log_scale, k: k * (pt.log(t) - log_scale),
    cumulative=lambda t, log_scale, k: np.exp(k * (np.log(t) - log_scale)),
    time_at=lambda h, log_scale, k: np.exp(log_scale) * h ** (1 / k),
    around=(lambda later: 0.0,),
    skew=-0.5,
)

_FIRST, _SECOND, _WIDTH = 365.0, 1095.0, 60.0


def _parts(u: Any, w: Any, exp: Any) -> tuple[Any, Any]:
    """Rates of the second and third interval over that of the first."""
    return exp(u), exp(u + w)


def _log_rate(t: Any, log_scale: Any, u: Any, w: Any) -> Any:
    middle, late = _parts(u, w, pt.exp)
    first, second = (pt.sigmoid((t - cut) / _WIDTH) for cut in (_FIRST, _SECOND))
    return pt.log((1 - first) + middle * (first - second) + late * second) - log_scale


def _log_weighted_days(t: Any, log_scale: Any, u: Any, w: Any) -> Any:
    middle, late = _parts(u, w, pt.exp)
    first, second = (
        _WIDTH * (pt.softplus((t - cut) / _WIDTH) - np.logaddexp(0, -cut / _WIDTH))
        for cut in (_FIRST, _SECOND)
    )
    return pt.log((t - first) + middle * (first - second) + late * second) - log_scale


def _weighted_days(t: Any, log_scale: Any, u: Any, w: Any) -> Any:
    middle, late = _parts(u, w, np.exp)
    first, second = (
        _WIDTH * (np.logaddexp(0, (t - cut) / _WIDTH) - np.logaddexp(0, -cut / _WIDTH))
        for cut in (_FIRST, _SECOND)
    )
    return ((t - first) + middle * (first - second) + late * second) * np.exp(-log_scale)


def _day_at(h: Any, log_scale: Any, u: Any, w: Any) -> Any:
    """Invert `_weighted_days` by bisection, between the days at the least and greatest rate."""
    rates = (np.exp(-log_scale), np.exp(u - log_scale), np.exp(u + w - log_scale))
    low = h / np.maximum(np.maximum(rates[0], rates[1]), rates[2])
    high = h / np.minimum(np.minimum(rates[0], rates[1]), rates[2])
    for _ in range(50):
        middle = (low + high) / 2
        later = _weighted_days(middle, log_scale, u, w) < h
        low, high = low + later * (middle - low), high + (1 - later) * (middle - high)
    return (low + high) / 2


PIECEWISE_EXPONENTIAL = Hazard(
    name="piecewise_exponential",
    label="piecewise exponential",
    law="piecewise_exponential",
    shape=("log_step_365d", "log_step_1095d"),
    log_hazard=_log_rate,
    log_cumulative=_log_weighted_days,
    cumulative=_weighted_days,
    time_at=_day_at,
    around=(lambda later: later, lambda later, u: later - u),
    skew=-0.5,
)

HAZARDS: Mapping[str, Hazard] = MappingProxyType(
    {hazard.name: hazard for hazard in (WEIBULL, PIECEWISE_EXPONENTIAL)}
)
