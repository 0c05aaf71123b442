"""Functions that take numbers, arrays, labelled arrays and PyTensor variables alike.

A distribution is written once with them: on variables they build a model's graph, on all else they compute. PyTensor
is loaded by none who has no variable of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

Function = Callable[..., Any]


def _either(symbolic: Callable[[], Function], numeric: Function) -> Function:
    def of(*values: Any) -> Any:
        is_graph = any(type(value).__module__.startswith("pytensor") for value in values)
        return symbolic()(*values) if is_graph else numeric(*values)

    return of


def _pytensor(name: str) -> Callable[[], Function]:
    def load() -> Function:
        import pytensor.tensor as pt

        return getattr(pt, name)

    return load


def _pytensor_log_ndtr() -> Function:
    import pytensor.tensor as pt

    def log_ndtr(x: Any) -> Any:
        score = x / np.sqrt(2)  # in double precision, which PyMC's own normal_lcdf lacks
        low = pt.log(pt.erfcx(-pt.minimum(score, 0.0)) / 2) - score**2
        return pt.switch(x < -1, low, pt.log1p(-pt.erfc(score) / 2))

    return log_ndtr


def _pytensor_ndtr() -> Function:
    import pytensor.tensor as pt

    return lambda x: pt.erfc(-x / np.sqrt(2)) / 2


def _pytensor_normal_score() -> Function:
    import pytensor.tensor as pt

    def normal_score(below: Any, above: Any) -> Any:
        return pt.switch(
            below < above,
            -np.sqrt(2) * pt.erfcinv(2 * pt.minimum(below, 0.5)),
            np.sqrt(2) * pt.erfcinv(2 * pt.minimum(above, 0.5)),
        )

    return normal_score


def _normal_score(below: Any, above: Any) -> Any:
    return np.where(
        below < above, special.ndtri(np.minimum(below, 0.5)), -special.ndtri(np.minimum(above, 0.5))
    )


log = _either(_pytensor("log"), np.log)
exp = _either(_pytensor("exp"), np.exp)
log1p = _either(_pytensor("log1p"), np.log1p)
expm1 = _either(_pytensor("expm1"), np.expm1)
minimum = _either(_pytensor("minimum"), np.minimum)
maximum = _either(_pytensor("maximum"), np.maximum)
softplus = _either(_pytensor("softplus"), lambda x: np.logaddexp(0.0, x))
expit = _either(_pytensor("sigmoid"), special.expit)
gammaln = _either(_pytensor("gammaln"), special.gammaln)
gammaincc = _either(_pytensor("gammaincc"), special.gammaincc)
ndtr = _either(_pytensor_ndtr, special.ndtr)
log_ndtr = _either(_pytensor_log_ndtr, special.log_ndtr)
normal_score = _either(_pytensor_normal_score, _normal_score)
"""Φ⁻¹(below), where below + above = 1; from the smaller of the two, so that neither tail loses digits."""
