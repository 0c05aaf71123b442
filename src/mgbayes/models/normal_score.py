"""The standard normal quantile for models: a value's normal score, from the logs of the chances below and above it.

Wichura's PPND16 with the tables of ``normal_quantile``. From logs neither tail loses digits.
"""

from typing import Any

import pytensor.tensor as pt

from mgbayes.models.normal_quantile import CENTRE, FAR, NEAR

_CENTRAL, _SPLIT = 0.425, 5.0


def normal_score(log_below: Any, log_above: Any) -> Any:
    """Φ⁻¹(exp(log_below)), where exp(log_below) + exp(log_above) = 1."""
    q = pt.exp(log_below) - 0.5
    # Branches not taken are held inside their range, where their gradient is finite.
    inner = pt.clip(q, -_CENTRAL, _CENTRAL)
    centre = inner * _ratio(CENTRE, 0.180625 - inner**2)
    r = pt.sqrt(-pt.minimum(log_below, log_above))
    tail = pt.switch(
        r <= _SPLIT,
        _ratio(NEAR, pt.clip(r - 1.6, 0.0, _SPLIT - 1.6)),
        _ratio(FAR, pt.maximum(r - _SPLIT, 0.0)),
    )
    return pt.switch(pt.abs(q) <= _CENTRAL, centre, pt.switch(q < 0, -tail, tail))


def _ratio(coefficients: tuple[tuple[float, float], ...], x: Any) -> Any:
    above, below = coefficients[-1]
    for one, other in reversed(coefficients[:-1]):
        above, below = above * x + one, below * x + other
    return above / below
