r"""Latent times of events that reproduce their published means and SDs, and the density of these.

The times of the events of each arm, or of both arms together, are values y with the published mean and SD
(mean_sd.py). With q_a the chance P(T < F) that an event of arm a is seen in follow-up F, and G(t) = P(F > t), the log
density of one published pair is

    weight + Σ_i log f(y_i) + log G(y_i) - log q of the arm of i.

What the latent times show before any distribution is asked lets a sampler see its parameters around them
(models/coordinates.py). With log y_i = centre + p x_i, the log times of all summaries have about the variance

    pooled = (1 + Σ_g p_g²) / (1 + Σ_g max(n_g - 1, 0)),   variance = pooled / √(1 + (pooled / cap)²).

One more value of variance 1 keeps it finite where there is one time or none; likewise the shortfall, the mean of
log m - log y over all events, has one more of 1/2. Where most times are nearly tied p has no bound; cap, eight times
the variance of log-normal times with these means and SDs, keeps what follows from it so.

Shapes: G summaries (one for each arm, or one for both, whose times stand reference arm first), L slots, A = 2 arms.
Source: mean_sd.py; distributions/followup.py; checked against likelihoods by SciPy in tests/oracles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor.tensor as pt

from mgbayes.distributions.followup import log_chance_followed
from mgbayes.latent.mean_sd import constrained

_FOURS = 4
_CAP = 8.0
HALVES = np.array([-0.5, 0.5])
LEAST_SEEN = 1e-12
"""A floor of q, which matters only where nearly all events would come decades after follow-up."""


@dataclass(frozen=True)
class Published:
    """Log density of each published summary (G,), chance q of being seen (A,), and the latent times (G, L).

    share (A, D) is how much of the density each definition of a quantile has, where several are possible.
    """

    log_density: Any
    seen: Any
    times: Any
    share: Any = None


def chance_seen(given: Mapping[str, Any], log_survival: Callable[[Any, Any], Any]) -> Any:
    """The chance q (A,) that an event is seen in follow-up."""
    gone = -pt.expm1(log_survival(given["followup_days"][None, :], HALVES[:, None]))
    return pt.maximum((given["followup_weights"] * gone).sum(-1), LEAST_SEEN)


@dataclass(frozen=True)
class Suggested:
    """What times show before any distribution is asked, all scalars.

    centre, of log times of the first summary, and step, from it to that of the last one; variance, of log times;
    log_mean, of the first published mean, and log_mean_step, from it to the last one; shortfall, of the mean of log
    times from the log of their mean.
    """

    centre: Any
    step: Any
    variance: Any
    log_mean: Any
    log_mean_step: Any
    shortfall: Any


@dataclass(frozen=True)
class LatentTimes:
    """Times that reproduce their summaries.

    times (G, L), 1 in padding; counted (G, L) and half (G, L), one for a time and -½ or ½ by its arm; log_weight
    (G,); given, the data; suggested, where a sampler sees its parameters.
    """

    times: Any
    counted: Any
    half: Any
    log_weight: Any
    given: Mapping[str, Any]
    suggested: Suggested

    @property
    def reported(self) -> Any:
        """What is published of each summary."""
        return self.given["time_mean"]

    def published(
        self, logpdf: Callable[[Any, Any], Any], log_survival: Callable[[Any, Any], Any]
    ) -> Published:
        """The published times under a distribution.

        Args:
            logpdf, log_survival: of a time and of -½ or ½, by its arm; they broadcast.
        """
        given, t = self.given, self.times
        seen = chance_seen(given, log_survival)
        by_time = self.counted * (logpdf(t, self.half) + log_chance_followed(t, given["followup"]))
        of_seen = given["timed"] * pt.log(seen)
        of_seen = of_seen if given["time_mean"].type.shape[0] == len(HALVES) else of_seen.sum()[None]
        return Published(self.log_weight + by_time.sum(-1) - of_seen, seen, t)


def slots(most: int) -> np.ndarray:
    """Labels of the slots for so many events of a summary, in fours: cohorts much alike share a compiled model."""
    return np.arange(-(-max(most, 1) // _FOURS) * _FOURS)


def latent_times(z: Any, given: Mapping[str, Any]) -> LatentTimes:
    """Turn standard normal z (G, L) into times with the published means and SDs of the events.

    Args:
        z: (G, L) standard normal variables of the model.
        given: ``timed`` (A,), the events whose times are published, ``time_mean`` and ``time_sd`` (G,).
    """
    events, mean, sd = (given[name] for name in ("timed", "time_mean", "time_sd"))
    by_arm = mean.type.shape[0] == len(HALVES)
    n = pt.cast(events if by_arm else events.sum()[None], "float64")
    place = pt.arange(z.shape[1])
    counted = pt.cast(place < n[:, None], "float64")
    half = HALVES[:, None] if by_arm else pt.switch(place < events[0], *HALVES)[None]
    latent = constrained(z, counted, mean, sd)
    pooled = (1 + (latent.root**2).sum()) / (1 + pt.maximum(n - 1, 0).sum())
    cap = _CAP * pt.log1p((sd / mean) ** 2).mean()
    centre, step = latent.centre[0], latent.centre[-1] - latent.centre[0]
    log_mean, log_mean_step = pt.log(mean[0]), pt.log(mean[-1] / mean[0])
    below = log_mean - centre  # and below the last one by as much and log_mean_step - step
    both = n.sum() * below + events[-1] * (log_mean_step - step)
    # More events than there are slots have no density.
    weight = pt.switch(n > z.shape[1], np.nan, latent.log_weight)
    return LatentTimes(
        latent.values,
        counted,
        pt.broadcast_to(half, z.shape),
        weight,
        given,
        Suggested(
            centre,
            step,
            variance=pooled / pt.sqrt(1 + (pooled / cap) ** 2),
            log_mean=log_mean,
            log_mean_step=log_mean_step,
            shortfall=(both + 0.5) / (n.sum() + 1.0),
        ),
    )
