r"""Follow-up known only by its summary: a shifted gamma, integrated over.

A paper prints the mean and SD of follow-up and the least follow-up for inclusion, not the follow-up of each patient.
F is taken as minimum + Gamma with the published mean and SD, the same in both arms and independent of the outcome;
with an SD of 0 all were followed alike. Where an event counts only once a patient was followed for w beyond it (a
waiting time in its definition), F is follow-up less w, and may be below 0: such a patient cannot be seen to have the
event. A patient seen to have the event at t was followed beyond t, which has chance G(t) = P(F > t); a patient
without it survived an unknown F, which has chance E[S(F)] = ∫ S(F_v) dv, F_v the v-quantile of follow-up.

With v = w² (3 - 2 w) the days gather towards the shortest and the longest follow-up, and the integral over w is a
Gauss-Legendre rule. A Gauss-Laguerre rule for the density of follow-up is exact where S is a polynomial, but wrong by
some hundredths where S falls within a small part of a wide follow-up; this one, by 3e-4 at most for Weibull shapes to
2.7 (4e-3 at a shape of 5 within a hundredth of follow-up). The rule is data of a model, since it follows from the
published numbers alone.
Units: those of the endpoint. Source: the study's published follow-up; the definitions, held to quadrature in
tests/oracles.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import special

DAYS = 24
_LEAST = 1e-9  # of a follow-up that ended before an event could be confirmed: nothing is seen by then
_WALL = 0.05
"""Where all were followed alike, G falls to 0 at their follow-up. The sampler sees it fall like a normal density of
this SD (over the follow-up) instead, and draws with a time beyond are dropped (``within_followup``): those that stay
have the exact density."""


def followup_data(minimum: float, mean: float, sd: float) -> dict[str, NDArray[np.float64]]:
    """The data of a model that integrates over follow-up.

    Returns:
        followup (3,): minimum, gamma shape, gamma scale; followup_days and followup_weights (DAYS,): the rule for
        expectations over F. With an SD of 0 all were followed for ``mean``, and followup is (mean, 1, 0).

    Raises:
        ValueError: if the mean does not exceed 0 and, unless the SD is 0, the minimum, or the SD is negative.
    """
    if not mean > 0 or not sd >= 0 or (sd > 0 and not mean > minimum):
        raise ValueError(
            f"follow-up of {mean} ± {sd} with a minimum of {minimum}: the mean must exceed 0 and "
            "the minimum, and the SD be 0 or more"
        )
    if sd == 0:
        return _rule(mean, 1.0, 0.0)
    return _rule(minimum, ((mean - minimum) / sd) ** 2, sd**2 / (mean - minimum))


def _rule(minimum: float, shape: float, scale: float) -> dict[str, NDArray[np.float64]]:
    nodes, weights = np.polynomial.legendre.leggauss(DAYS)
    w, left = (1 + nodes) / 2, (1 - nodes) / 2
    below, above = w**2 * (1 + 2 * left), left**2 * (1 + 2 * w)
    x = np.where(w < 0.5, special.gammaincinv(shape, below), special.gammainccinv(shape, above))
    return {
        "followup": np.array([minimum, shape, scale]),
        "followup_days": np.maximum(minimum + scale * x, _LEAST),
        "followup_weights": 3 * w * left * weights,
    }


def within_followup(times: Any, followup: Any) -> NDArray[np.bool_]:
    """Which latent times (..., times) can have been seen: all, unless all patients were followed alike."""
    length, _, scale = np.asarray(followup)
    inside: NDArray[np.bool_] = (np.asarray(times) < length).all(axis=-1) | (scale > 0)
    return inside


def log_chance_followed(t: Any, followup: Any) -> Any:
    """Log G(t), symbolic: the log chance of being followed beyond t; where all were alike, the wall."""
    import pytensor.tensor as pt

    minimum, shape, scale = followup[0], followup[1], followup[2]
    alike = pt.eq(scale, 0.0)
    # At 0 excess the gradient of the gamma survival is 0 or infinite; G is 1 there anyway.
    excess = pt.maximum((t - minimum) / pt.switch(alike, 1.0, scale), 1e-12)
    of_gamma = pt.log(pt.maximum(pt.gammaincc(shape, excess), 1e-300))
    beyond = pt.maximum(t / pt.switch(alike, minimum, 1.0) - 1.0, 0.0) / _WALL
    return pt.switch(alike, -0.5 * beyond**2, of_gamma)


def draw_followup(rng: Generator, data: Any, size: Any) -> NDArray[np.float64]:
    """Draw follow-up times."""
    minimum, shape, scale = np.asarray(data["followup"])
    return minimum + rng.gamma(shape, scale, size)
