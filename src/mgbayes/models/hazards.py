r"""Baseline hazards of a proportional hazards model, each a declaration.

With the scale exp(log_scale) in the unit of the endpoint and the log ratio b of an arm's hazard to the baseline, the
cumulative hazard is H(t) = exp(b) H0(t):

| hazard                | shape parameters   | H0(t)                                              |
|-----------------------|--------------------|----------------------------------------------------|
| weibull               | shape = k > 0      | (t / scale)^k                                      |
| piecewise_exponential | log_step_1 = u     | Σ_j rate_j · (time of t in interval j), with rates |
|                       | log_step_2 = w     | 1, exp(u) and exp(u + w) over the scale            |

The intervals of the piecewise exponential end at the two cuts of the plan. Its rate changes along a logistic curve
around each cut, a sixth of the first one wide, not at once: the density of a latent time is then continuous, without
which no gradient leads across a cut. Arms are H(t) = exp(±b/2) H0(t); for the laws of time_laws.py, which are told by
the reference arm, the scale of that arm is log_scale + b/(2 k), or + b/2 where H0 is proportional to 1/scale.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray

from mgbayes.models.outcome import Outcome


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
    reference_scale: Callable[..., Any]
    """(log_scale, b, *shape): log scale of the reference arm, whose hazard is exp(-b/2) times the baseline."""


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
    reference_scale=lambda log_scale, b, k: log_scale + b / (2 * k),
)


def cuts_of(outcome: Outcome) -> NDArray[np.float64]:
    """The two cuts of a piecewise hazard, and the width of the change around each."""
    first, second = outcome.cuts
    return np.array([first, second, first / 6])


def _parts(u: Any, w: Any, exp: Any) -> tuple[Any, Any]:
    """Rates of the second and third interval over that of the first."""
    return exp(u), exp(u + w)


def _log_rate(cuts: Any, t: Any, log_scale: Any, u: Any, w: Any) -> Any:
    middle, late = _parts(u, w, pt.exp)
    first, second = (pt.sigmoid((t - cut) / cuts[2]) for cut in cuts[:2])
    return pt.log((1 - first) + middle * (first - second) + late * second) - log_scale


def _log_weighted_time(cuts: Any, t: Any, log_scale: Any, u: Any, w: Any) -> Any:
    middle, late = _parts(u, w, pt.exp)
    first, second = (
        cuts[2] * (pt.softplus((t - cut) / cuts[2]) - np.logaddexp(0, -cut / cuts[2])) for cut in cuts[:2]
    )
    return pt.log((t - first) + middle * (first - second) + late * second) - log_scale


def _weighted_time(cuts: Any, t: Any, log_scale: Any, u: Any, w: Any) -> Any:
    middle, late = _parts(u, w, np.exp)
    first, second = (
        cuts[2] * (np.logaddexp(0, (t - cut) / cuts[2]) - np.logaddexp(0, -cut / cuts[2])) for cut in cuts[:2]
    )
    return ((t - first) + middle * (first - second) + late * second) * np.exp(-log_scale)


def _time_at(cuts: Any, h: Any, log_scale: Any, u: Any, w: Any) -> Any:
    """Invert `_weighted_time` by bisection, between the times at the least and greatest rate."""
    rates = (np.exp(-log_scale), np.exp(u - log_scale), np.exp(u + w - log_scale))
    low = h / np.maximum(np.maximum(rates[0], rates[1]), rates[2])
    high = h / np.minimum(np.minimum(rates[0], rates[1]), rates[2])
    for _ in range(50):
        middle = (low + high) / 2
        later = _weighted_time(cuts, middle, log_scale, u, w) < h
        low, high = low + later * (middle - low), high + (1 - later) * (middle - high)
    return (low + high) / 2


def piecewise_exponential(cuts: NDArray[np.float64]) -> Hazard:
    """The piecewise exponential hazard with these cuts (see ``cuts_of``)."""
    return Hazard(
        name="piecewise_exponential",
        label="piecewise exponential",
        law="piecewise_exponential",
        shape=("log_step_1", "log_step_2"),
        log_hazard=partial(_log_rate, cuts),
        log_cumulative=partial(_log_weighted_time, cuts),
        cumulative=partial(_weighted_time, cuts),
        time_at=partial(_time_at, cuts),
        around=(lambda later: later, lambda later, u: later - u),
        skew=-0.5,
        reference_scale=lambda log_scale, b, *steps: log_scale + b / 2,
    )


def hazard_of(family: str, outcome: Outcome) -> Hazard:
    """The baseline hazard of a family, for an outcome."""
    return WEIBULL if family == WEIBULL.name else piecewise_exponential(cuts_of(outcome))
