r"""Baseline hazards of a proportional hazards model.

With the scale exp(log_scale) in the unit of the endpoint and the log ratio b of an arm's hazard to the baseline, the
cumulative hazard is H(t) = exp(b) H0(t):

| hazard                | shape parameters   | H0(t)                                              |
|-----------------------|--------------------|----------------------------------------------------|
| weibull               | shape = k > 0      | (t / scale)^k                                      |
| piecewise_exponential | log_step_1 = u     | Σ_j rate_j · (time of t in interval j), with rates |
|                       | log_step_2 = w     | 1, exp(u) and exp(u + w) over the scale            |

The intervals of the piecewise exponential end at the two cuts of the plan. Its rate changes along a logistic curve
around each cut, a sixth of the first one wide, not at once: the density of a latent time is then continuous, without
which no gradient leads across a cut.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mgbayes.distributions.arithmetic import exp, expit, log, softplus


@dataclass(frozen=True)
class Hazard:
    """A baseline hazard with the shape parameters named in ``shape``.

    On numbers and PyTensor variables (arithmetic.py): ``log_hazard`` and ``log_cumulative`` of (t, log_scale,
    *shape). On numbers, for draws: ``time_at(h, log_scale, *shape)``, the time at which the cumulative hazard is h.
    """

    name: str
    label: str
    shape: tuple[str, ...]
    log_hazard: Callable[..., Any]
    log_cumulative: Callable[..., Any]
    time_at: Callable[..., Any]

    def cumulative(self, t: Any, log_scale: Any, *shape: Any) -> Any:
        """H0(t)."""
        return exp(self.log_cumulative(t, log_scale, *shape))


WEIBULL = Hazard(
    name="weibull",
    label="Weibull",
    shape=("shape",),
    log_hazard=lambda t, log_scale, k: log(k) - log(t) + k * (log(t) - log_scale),
    log_cumulative=lambda t, log_scale, k: k * (log(t) - log_scale),
    time_at=lambda h, log_scale, k: np.exp(log_scale) * h ** (1 / k),
)


def _log_rate(cuts: Any, t: Any, log_scale: Any, u: Any, w: Any) -> Any:
    middle, late = exp(u), exp(u + w)
    first, second = (expit((t - cut) / cuts[2]) for cut in cuts[:2])
    return log((1 - first) + middle * (first - second) + late * second) - log_scale


def _log_weighted_time(cuts: Any, t: Any, log_scale: Any, u: Any, w: Any) -> Any:
    middle, late = exp(u), exp(u + w)
    first, second = (cuts[2] * (softplus((t - cut) / cuts[2]) - softplus(-cut / cuts[2])) for cut in cuts[:2])
    return log((t - first) + middle * (first - second) + late * second) - log_scale


def _time_at(cuts: Any, h: Any, log_scale: Any, u: Any, w: Any) -> Any:
    """Invert the cumulative hazard by bisection, between the times at the least and the greatest rate."""
    rates = (np.exp(-log_scale), np.exp(u - log_scale), np.exp(u + w - log_scale))
    low = h / np.maximum(np.maximum(rates[0], rates[1]), rates[2])
    high = h / np.minimum(np.minimum(rates[0], rates[1]), rates[2])
    for _ in range(50):
        middle = (low + high) / 2
        later = np.exp(_log_weighted_time(cuts, middle, log_scale, u, w)) < h
        low, high = low + later * (middle - low), high + (1 - later) * (middle - high)
    return (low + high) / 2


def piecewise_exponential(cuts: Any) -> Hazard:
    """The piecewise exponential hazard of two cuts, and the width of the change around each, (3,)."""
    return Hazard(
        name="piecewise_exponential",
        label="piecewise exponential",
        shape=("log_step_1", "log_step_2"),
        log_hazard=partial(_log_rate, cuts),
        log_cumulative=partial(_log_weighted_time, cuts),
        time_at=partial(_time_at, cuts),
    )
