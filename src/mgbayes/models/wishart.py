"""The density of multivariate normal doses at three visits, of correlations given as a vine."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from mgbayes.models.vine import whiten

VISITS = 3


def normal_logp(
    y: TensorVariable, mean: TensorVariable, sd: TensorVariable, vine: TensorVariable
) -> TensorVariable:
    """Log density of y (..., 3) under a multivariate normal with correlations given as a vine."""
    z = (y - mean) / sd
    w = whiten(vine, (z[..., 0], z[..., 1], z[..., 2]))
    quadratic = w[0] ** 2 + w[1] ** 2 + w[2] ** 2
    constant = VISITS / 2 * np.log(2 * np.pi)
    return -quadratic / 2 - constant - pt.log(sd).sum(-1) - half_log_determinant(vine)


def half_log_determinant(vine: TensorVariable) -> TensorVariable:
    """log |R| / 2, the log of the product of the Cholesky factor's diagonal."""
    return (pt.log1p(-(vine**2)) / 2).sum(-1)
