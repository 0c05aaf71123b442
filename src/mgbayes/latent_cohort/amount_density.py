r"""The density of amounts with a share at zero given the patient's effect, compiled.

P(zero at v) = Φ((z_v - s) / c) with z_v = Φ⁻¹(zero_share_v), s = l u and c = √(1 - l²). Logs of amounts above zero
are normal with the mean log_mean_v - (b² + w²) / 2 + b s and the covariance w² I + (c b)² 1 1ᵀ, of which the inverse
and the determinant are by Sherman and Morrison.
"""

from __future__ import annotations

from ctypes import CFUNCTYPE, c_double

import numpy as np
from numba import njit
from numba.extending import get_cython_function_address

from mgbayes.latent_cohort.table import Floats, Steps

_HALF_LOG_TWO_PI = 0.5 * np.log(2 * np.pi)
_log_ndtr = CFUNCTYPE(c_double, c_double)(
    get_cython_function_address("scipy.special.cython_special", "__pyx_fuse_1log_ndtr")
)


@njit(error_model="numpy")
def log_density_of_amounts(
    y: Floats, arm: Steps, zero: Floats, log_mean: Floats, between: Floats, within: Floats, s: Floats, c: Floats
) -> Floats:  # fmt: skip
    """The log density (K, r) of amounts y (K, r, visit) of patients in arms (K, r).

    ``zero``, the scores z, and ``log_mean`` (K, arm, visit); ``between`` and ``within`` (K, arm); ``s`` (K, r) and
    ``c`` (K,).
    """
    found = np.zeros(arm.shape)
    for k in range(arm.shape[0]):
        for i in range(arm.shape[1]):
            a = arm[k, i]
            b, own = between[k, a], within[k, a] ** 2
            above, total, square = 0, 0.0, 0.0
            for v in range(y.shape[2]):
                given = (zero[k, a, v] - s[k, i]) / c[k]
                if y[k, i, v] == 0.0:
                    found[k, i] += _log_ndtr(given)
                    continue
                log_y = np.log(y[k, i, v])
                residual = log_y - log_mean[k, a, v] + (b**2 + own) / 2 - b * s[k, i]
                found[k, i] += _log_ndtr(-given) - log_y - _HALF_LOG_TWO_PI
                above, total, square = above + 1, total + residual, square + residual**2
            if above > 0:
                shared = (c[k] * b) ** 2
                both = own + above * shared
                found[k, i] -= ((above - 1) * np.log(own) + np.log(both)) / 2
                found[k, i] -= (square - shared * total**2 / both) / own / 2
    return found
