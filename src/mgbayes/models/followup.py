r"""Follow-up known only by its summary: a shifted gamma, integrated over.

The paper prints the mean and SD of follow-up and the least follow-up for inclusion, not the
follow-up of each patient. F is taken as minimum + Gamma with the printed mean and SD, the same
in both arms and independent of the outcome. A patient seen to have the event at t was followed
beyond t, which has chance G(t) = P(F > t); a patient without it survived an unknown F, which has
chance E[S(F)].

The expectation is a generalised Gauss-Laguerre rule, exact for polynomials times the gamma
density. Nodes and weights are data of a model, since they follow from the printed numbers alone.
Units: days. Source: the study's printed follow-up; rule: Golub and Welsch 1969, by scipy.special.
"""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import special

NODES = 20


def followup_data(minimum: float, mean: float, sd: float) -> dict[str, NDArray[np.float64]]:
    """The data of a model that integrates over follow-up.

    Returns:
        followup (3,): minimum, gamma shape, gamma scale; followup_days and followup_weights
        (NODES,): the rule for expectations over F.

    Raises:
        ValueError: if the mean does not exceed the minimum or the SD is not positive.
    """
    if not mean > minimum >= 0 or not sd > 0:
        raise ValueError(
            f"follow-up of {mean} ± {sd} days with a minimum of {minimum}: the mean must exceed "
            "the minimum, the minimum be at least 0 and the SD be positive"
        )
    shape, scale = ((mean - minimum) / sd) ** 2, sd**2 / (mean - minimum)
    nodes, weights = special.roots_genlaguerre(NODES, shape - 1)
    return {
        "followup": np.array([minimum, shape, scale]),
        "followup_days": minimum + scale * nodes,
        "followup_weights": weights / weights.sum(),
    }


def log_chance_followed(t: Any, followup: Any) -> Any:
    """Log G(t), symbolic: the log chance of being followed beyond t days."""
    minimum, shape, scale = followup[0], followup[1], followup[2]
    # At 0 excess the gradient of the gamma survival is 0 or infinite; G is 1 there anyway.
    excess = pt.maximum((t - minimum) / scale, 1e-12)
    return pt.log(pt.maximum(pt.gammaincc(shape, excess), 1e-300))


def draw_followup(rng: Generator, data: Any, size: Any) -> NDArray[np.float64]:
    """Draw follow-up times in days."""
    minimum, shape, scale = np.asarray(data["followup"])
    return minimum + rng.gamma(shape, scale, size)
