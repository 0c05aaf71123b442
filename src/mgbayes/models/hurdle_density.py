r"""The density of one patient's doses under the hurdle family, and its gradient: arithmetic of `hurdle_doses`.

Notation is that of mgbayes.models.hurdle_doses, with s = within², t = between², D = s + k t and T, Q the sum and sum
of squares of the k residuals r:

    ∂/∂r_v = -r_v / s + t T / (s D)
    ∂/∂s = -½ [(k - 1) / s + 1 / D - Q / s² + t T² (D + s) / (s D)²],   ∂/∂t = -½ [k / D - T² / D²]

and each residual has derivative ½ by s and by t, and -1 by the log mean.

Plain functions of arrays, compiled by numba inside a model and run as they stand in plain Python.
"""

from math import log, log1p, pi
from typing import Any

import numpy as np
from numba.extending import register_jitable


@register_jitable
def _residuals(dose: Any, seen: Any, log_mean: Any, shift: float, r: Any) -> tuple[int, float, float]:
    """Fill ``r`` (visit,) with log dose less its location, 0 where none is above zero; return k, T and Q."""
    k, total, square = 0, 0.0, 0.0
    for v in range(dose.size):
        r[v] = 0.0
        if seen[v] > 0 and dose[v] > 0:
            r[v] = log(dose[v]) - log_mean[v] + shift
            k, total, square = k + 1, total + r[v], square + r[v] * r[v]
    return k, total, square


def density(dose: Any, seen: Any, zero_share: Any, log_mean: Any, between: Any, within: Any) -> Any:
    """Log density (arm, patient) of doses (arm, patient, visit); 0 where no visit was seen."""
    found, r = np.zeros(dose.shape[:2]), np.empty(dose.shape[2])
    for a in range(dose.shape[0]):
        s, t = within[a] ** 2, between[a] ** 2
        for i in range(dose.shape[1]):
            k, total, square = _residuals(dose[a, i], seen[a, i], log_mean[a], (s + t) / 2, r)
            spread = s + k * t
            bracket = k * log(2 * pi) + (k - 1) * log(s) + log(spread) + square / s
            found[a, i] = -(bracket - t * total**2 / (s * spread)) / 2
            for v in range(dose.shape[2]):
                if seen[a, i, v] > 0 and dose[a, i, v] > 0:
                    found[a, i] += log1p(-zero_share[a, v]) - log(dose[a, i, v])
                elif seen[a, i, v] > 0:
                    found[a, i] += log(zero_share[a, v])
    return found


def density_back(
    dose: Any, seen: Any, zero_share: Any, log_mean: Any, between: Any, within: Any, found: Any, bar: Any
) -> Any:
    """Cotangents of zero_share, log_mean, between and within."""
    zero_bar, mean_bar = np.zeros_like(zero_share), np.zeros_like(zero_share)
    between_bar, within_bar = np.zeros_like(between), np.zeros_like(between)
    r = np.empty(dose.shape[2])
    for a in range(dose.shape[0]):
        s, t = within[a] ** 2, between[a] ** 2
        for i in range(dose.shape[1]):
            k, total, square = _residuals(dose[a, i], seen[a, i], log_mean[a], (s + t) / 2, r)
            spread = s + k * t
            by_shift = 0.0
            for v in range(dose.shape[2]):
                if seen[a, i, v] > 0 and dose[a, i, v] > 0:
                    by_r = -r[v] / s + t * total / (s * spread)
                    mean_bar[a, v] -= bar[a, i] * by_r
                    zero_bar[a, v] -= bar[a, i] / (1 - zero_share[a, v])
                    by_shift += by_r / 2
                elif seen[a, i, v] > 0:
                    zero_bar[a, v] += bar[a, i] / zero_share[a, v]
            by_s = (k - 1) / s + 1 / spread - square / s**2 + t * total**2 * (spread + s) / (s * spread) ** 2
            by_t = k / spread - (total / spread) ** 2
            within_bar[a] += bar[a, i] * 2 * within[a] * (by_shift - by_s / 2)
            between_bar[a] += bar[a, i] * 2 * between[a] * (by_shift - by_t / 2)
    return zero_bar, mean_bar, between_bar, within_bar
