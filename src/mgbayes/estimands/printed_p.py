"""Published p values as evidence: the named test on each latent data set.

A rank or log-rank p value is no function of the published summaries. It is computed on every latent data set of the
posterior, and the draws are conditioned on its rounding to the published value (mgbayes.inference.printed_p).

Follow-up is held as in the models: `followup` = minimum, gamma shape, gamma scale (days).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.random import Generator
from scipy import special

from mgbayes.frequentist.log_rank import log_rank
from mgbayes.frequentist.result import Result
from mgbayes.frequentist.samples import Floats, FollowUp

LOG_RANK, MANN_WHITNEY = "logrank", "mann_whitney"
"""The statistics of models of a time to an event."""
CELLS = 100
"""Cells of equal prior chance that a censored patient's follow-up is drawn from."""


def side_of(statistic: str) -> str:
    """The name of the side of a statistic: 1 where the contrast arm has more or is later, -1 less or earlier."""
    return f"{statistic}_side"


def logrank_of_arms(seen: Sequence[Floats], censored: Sequence[Floats]) -> Result:
    """Log-rank test of event times and censoring times, each (reference, contrast), (..., count)."""
    times = (*seen, *censored)
    sizes = [group.shape[-1] for group in times]
    event, contrast = (
        np.repeat([True, True, False, False], sizes),
        np.repeat([False, True, False, True], sizes),
    )
    return log_rank(FollowUp(np.concatenate(times, axis=-1), event, contrast))


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
