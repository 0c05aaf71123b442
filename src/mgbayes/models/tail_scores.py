r"""Normal scores of hazards and log tail chances of patients, each worked out only where it is asked for.

    hazard_score(h) = Φ⁻¹(1 - exp(-e^h)),   slope exp(h - e^h + z²/2) √(2π)
    log_above(x)    = log Φ(-x),            slope -φ(x) / Φ(-x)

Each takes a mask beside its argument; outside the mask value and slope are 0. The slope comes with the value, from
the same pass. Neither tail loses digits: the quantile is taken of the smaller chance. Scores end at 37, where chances
leave the range of numbers.

Shapes: any (arm, patient). Sources: normal_quantile.py (Wichura 1988); Abramowitz and Stegun 1964, 26.2.12; held to
scipy in tests/oracles.
"""

from math import erfc, exp, expm1, log, log1p, pi, sqrt
from typing import Any

import numpy as np
from numba.extending import register_jitable

from mgbayes.models import normal_quantile
from mgbayes.models.fused import Fused, Passes
from mgbayes.models.normal_quantile import quantile

_END = 700.0
_FAR_OUT = 25.0
"""Beyond it erfc leaves its range, and five terms of the asymptotic series are exact to 1e-12."""


@register_jitable
def hazard_score(log_hazard: float) -> tuple[float, float]:
    """The normal score of a cumulative hazard given by its log, and the slope."""
    hazard = exp(min(log_hazard, log(_END)))
    if hazard < log(2.0):
        z = quantile(-expm1(-hazard)) if log_hazard > -_END else quantile(exp(-_END))
    else:
        z = -quantile(exp(-hazard))
    inside = -_END < log_hazard < log(_END)
    return z, exp(log_hazard - hazard + 0.5 * z * z) * sqrt(2 * pi) if inside else 0.0


@register_jitable
def log_above(x: float) -> tuple[float, float]:
    """log Φ(-x), and the slope."""
    if x < 0:
        value = log1p(-0.5 * erfc(-x / sqrt(2.0)))
    elif x < _FAR_OUT:
        value = log(0.5 * erfc(x / sqrt(2.0)))
    else:
        s = 1 / (x * x)
        value = -0.5 * x * x - log(x * sqrt(2 * pi)) + log(1 - s * (1 - 3 * s * (1 - 5 * s * (1 - 7 * s))))
    return value, -exp(-0.5 * x * x - value) / sqrt(2 * pi)


def hazard_scores(wanted: Any, log_hazard: Any) -> Any:
    """Scores and slopes (arm, patient)."""
    z, slope = np.zeros_like(log_hazard), np.zeros_like(log_hazard)
    for a in range(z.shape[0]):
        for i in range(z.shape[1]):
            if wanted[a, i] > 0:
                z[a, i], slope[a, i] = hazard_score(log_hazard[a, i])
    return z, slope


def logs_above(wanted: Any, x: Any) -> Any:
    """Log chances and slopes (arm, patient)."""
    value, slope = np.zeros_like(x), np.zeros_like(x)
    for a in range(x.shape[0]):
        for i in range(x.shape[1]):
            if wanted[a, i] > 0:
                value[a, i], slope[a, i] = log_above(x[a, i])
    return value, slope


def along_slope(wanted: Any, at: Any, value: Any, slope: Any, bar: Any) -> Any:
    """The cotangent of the argument."""
    return bar * slope


def _fused(forward: Any) -> Fused:
    both, calls = (1, 1), (normal_quantile,)
    return Fused(Passes(forward, along_slope, both, (2, 2), (False, True), frozenset({1}), calls))


HAZARD_SCORES, LOGS_ABOVE = _fused(hazard_scores), _fused(logs_above)
