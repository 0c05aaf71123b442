"""Printed p values as evidence: the named test on each latent data set, and who agrees with print.

A rank or log-rank p value is no function of the printed summaries. It is computed on every latent
data set of the posterior, and the draws are conditioned on its rounding to the printed value.
Everything is vectorised over draws, the last axis being patients; times have no ties.

Follow-up is held as in the models: `followup` = minimum, gamma shape, gamma scale (days).
Sources: Mantel 1966 (log-rank); Mann and Whitney 1947.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

CELLS = 100
"""Cells of equal prior chance that a censored patient's follow-up is drawn from."""


def logrank_p(time: Floats, event: Any, contrast: Any) -> Floats:
    """Two-sided log-rank p between two arms.

    Args:
        time: (..., patients) days to event or censoring.
        event: same shape or (patients,), true for an event.
        contrast: same shape or (patients,), true in the contrast arm.

    Returns:
        (...,) p by the chi-square distribution with 1 degree of freedom; nan without information.
    """
    event, contrast = (np.broadcast_to(a, time.shape).astype(float) for a in (event, contrast))
    order = np.argsort(time, axis=-1)
    event, contrast = (np.take_along_axis(a, order, axis=-1) for a in (event, contrast))
    at_risk = np.arange(time.shape[-1], 0, -1)
    share = contrast[..., ::-1].cumsum(axis=-1)[..., ::-1] / at_risk
    difference = (event * (contrast - share)).sum(axis=-1)
    variance = (event * share * (1 - share)).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return special.chdtrc(1, difference**2 / variance)


def logrank_p_of_arms(seen: Sequence[Floats], censored: Sequence[Floats]) -> Floats:
    """Log-rank p from event times and censoring times, each (reference, contrast), (..., count)."""
    times = (*seen, *censored)
    sizes = [group.shape[-1] for group in times]
    event = np.repeat([True, True, False, False], sizes)
    contrast = np.repeat([False, True, False, True], sizes)
    return logrank_p(np.concatenate(times, axis=-1), event, contrast)


def mann_whitney_p(x: Floats, y: Floats) -> Floats:
    """Two-sided exact Mann-Whitney p of x (..., n) against y (..., m), for values without ties."""
    u = (x[..., :, None] > y[..., None, :]).sum(axis=(-2, -1))
    tail = _lower_tail(x.shape[-1], y.shape[-1])
    smaller = np.minimum(u, x.shape[-1] * y.shape[-1] - u)
    return np.minimum(1.0, 2 * tail[smaller])


@cache
def _lower_tail(n: int, m: int) -> Floats:
    """P(U <= u) for u = 0..nm: coefficients of the Gaussian binomial of n + m over n, summed."""
    counts = np.zeros(n * m + 1)
    counts[0] = 1.0
    for i in range(1, n + 1):
        for u in range(n * m, m + i - 1, -1):  # multiply by 1 - q^(m + i)
            counts[u] -= counts[u - m - i]
        for u in range(i, n * m + 1):  # divide by 1 - q^i
            counts[u] += counts[u - i]
    return counts.cumsum() / special.comb(n + m, n)


def draw_censored(rng: Generator, followup: Any, event_free: Callable[[Floats], Any], size: int) -> Floats:
    """Draw follow-up times of patients in whom no event was seen.

    Such a follow-up F has density proportional to its own times the chance that no event came
    by F. It is drawn from CELLS cells of equal prior chance, evenly within the chosen cell.

    Args:
        followup: minimum, gamma shape, gamma scale.
        event_free: days (CELLS,) to the chance of no event by then (..., CELLS).
        size: patients for each draw.

    Returns:
        (..., size) follow-up times in days.
    """
    minimum, shape, scale = np.asarray(followup)
    middle = (np.arange(CELLS) + 0.5) / CELLS
    chance = np.asarray(event_free(minimum + scale * special.gammaincinv(shape, middle)))
    total = chance.cumsum(axis=-1)
    pick = rng.uniform(size=(*chance.shape[:-1], size)) * total[..., -1:]
    cell = np.empty(pick.shape)
    for i in range(size):  # one patient at a time keeps the arrays at draws x cells
        cell[..., i] = (total < pick[..., i : i + 1]).sum(axis=-1)
    within = (cell + rng.uniform(size=cell.shape)) / CELLS
    return minimum + scale * special.gammaincinv(shape, within)


def agrees(p: Any, printed: str) -> NDArray[np.bool_]:
    """Whether p rounds to the printed value, such as "0.09", or obeys a bound such as "<0.01"."""
    relation = printed[0] if printed[0] in "<>" else ""
    number = Decimal(printed.removeprefix(relation).strip())
    value = float(number)
    if relation:
        return np.asarray(p) < value if relation == "<" else np.asarray(p) > value
    exponent = number.as_tuple().exponent
    half = 0.5 * 10.0 ** int(exponent)
    return (np.asarray(p) >= value - half) & (np.asarray(p) < value + half)
