r"""Latent times of events, with what they show before any law is asked: their centre and their variance.

The times of the events of each arm, or of both arms together, are values with the printed mean m and SD s
(latent.py). On the log scale, with x the unit vector of z and p the root of its spread,

    log y_i = centre + p x_i,   centre = mean_i log y_i,   Σ_i (log y_i - centre)² = p²,

so that the log times of all summaries together have about the variance

    pooled = (1 + Σ_g p_g²) / (1 + Σ_g max(n_g - 1, 0)),   variance = pooled / √(1 + (pooled / cap)²).

One more value of variance 1 keeps it finite where there is one time or none; likewise the shortfall, the mean of
log m - log y over all events, has one more of 1/2. Where most times are nearly tied p has no bound; cap, eight times
the variance of log-normal times with these means and SDs, keeps what follows from it so. Given the times, parameters
of a law lie around these numbers; centred.py lets a sampler see them so.

Shapes: G summaries (one for each arm, or one for both, whose times stand reference arm first), L slots.
Source: latent.py; checked against it and by finite differences in tests/oracles.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor.tensor as pt
from numba.extending import register_jitable

from mgbayes.models import spread
from mgbayes.models.fused import Fused, Passes

_FOURS = 4
_CAP = 8.0


@dataclass(frozen=True)
class LatentTimes:
    """Times that reproduce their summaries.

    log_times and times (G, L), 0 and 1 in padding; log_weight (G,); centre (), of the first summary, and step (),
    from it to that of the last one; variance (), of log times; log_mean (), of the first printed mean, and
    log_mean_step (), from it to the last one; shortfall (), of the mean of log times from the log of their mean.
    """

    log_times: Any
    log_weight: Any
    times: Any
    centre: Any
    step: Any
    variance: Any
    log_mean: Any
    log_mean_step: Any
    shortfall: Any


def slots(most: int) -> np.ndarray:
    """Labels of the slots for so many events of a summary, in fours: cohorts much alike share a compiled model."""
    return np.arange(-(-max(most, 1) // _FOURS) * _FOURS)


def latent_times(z: Any, given: Mapping[str, Any]) -> LatentTimes:
    """Turn standard normal z (G, L) into times with the printed means and SDs of the events.

    Args:
        z: (G, L) standard normal variables of the model.
        given: ``events`` (arms,), ``time_mean`` (G,) and ``time_sd`` (G,), as in the data of the models.
    """
    events, mean, sd = (given[name] for name in ("events", "time_mean", "time_sd"))
    log_times, weight, centre, step, pooled, times = _TIMES.of(z, events, mean, sd)[:6]
    cap = _CAP * pt.log1p((sd / mean) ** 2).mean()
    log_mean, log_mean_step = pt.log(mean[0]), pt.log(mean[-1] / mean[0])
    below = log_mean - centre  # and below the last one by as much and log_mean_step - step
    both = events.sum() * below + events[-1] * (log_mean_step - step)
    return LatentTimes(
        log_times,
        weight,
        times,
        centre,
        step,
        variance=pooled / pt.sqrt(1 + (pooled / cap) ** 2),
        log_mean=log_mean,
        log_mean_step=log_mean_step,
        shortfall=(both + 0.5) / (events.sum() + 1.0),
    )


@register_jitable
def _count(events: Any, groups: int, g: int) -> int:
    """Events of a summary: of its arm, or of both."""
    if groups > 1:
        return int(events[g])
    total = 0.0
    for a in range(events.size):
        total += events[a]
    return int(total)


def forward(z: Any, events: Any, mean: Any, sd: Any) -> Any:
    """Log times, log weights, centre, step, pooled variance and times; then x (G, L), p and ‖z - mean z‖² (G,)."""
    log_times, times, x = np.zeros_like(z), np.ones_like(z), np.zeros_like(z)
    weight, centre = np.zeros_like(mean), np.log(mean)
    root, square = np.zeros_like(mean), np.zeros_like(mean)
    mask = np.ones(z.shape[1])
    scatter, df = 1.0, 1.0
    for g in range(mean.size):
        n = _count(events, mean.size, g)
        if n > z.shape[1]:
            weight[g] = (
                np.nan
            )  # more than the model was built for: no density, rather than memory of somebody else
            continue
        if n > 1:
            _, square[g] = spread.direction(z[g, :n], mask[:n], x[g, :n])
            weight[g], root[g] = spread.constrain_direction(
                x[g, :n], mask[:n], n, square[g], mean[g], sd[g], times[g, :n]
            )
            centre[g] = np.log(times[g, 0] * mean[g]) - root[g] * x[g, 0]
            scatter += root[g] * root[g]
            df += n - 1
        for i in range(n):
            log_times[g, i] = centre[g] + root[g] * x[g, i]
            times[g, i] *= mean[g]
    first, step, pooled = np.array(centre[0]), np.array(centre[-1] - centre[0]), np.array(scatter / df)
    return log_times, weight, first, step, pooled, times, x, root, square


def backward(
    z: Any,
    events: Any,
    mean: Any,
    sd: Any,
    log_times: Any,
    weight: Any,
    centre: Any,
    step: Any,
    pooled: Any,
    times: Any,
    x: Any,
    root: Any,
    square: Any,
    log_times_bar: Any,
    weight_bar: Any,
    centre_bar: Any,
    step_bar: Any,
    pooled_bar: Any,
) -> Any:
    """Cotangents of z: those of centres and variance are first passed on to the log times."""
    z_bar = np.zeros_like(z)
    mask, r = np.ones(z.shape[1]), np.ones(z.shape[1])
    df = 1.0
    for g in range(mean.size):
        df += max(_count(events, mean.size, g) - 1, 0)
    scatter_bar = pooled_bar.item() / df
    of_centre = np.zeros_like(mean)
    of_centre[0] = centre_bar.item() - step_bar.item()
    of_centre[-1] += step_bar.item()
    for g in range(mean.size):
        n = _count(events, mean.size, g)
        if 1 < n <= z.shape[1]:
            for i in range(n):
                r[i] = times[g, i] / mean[g]
                of_log = of_centre[g] / n + 2 * scatter_bar * root[g] * x[g, i]
                z_bar[g, i] = log_times_bar[g, i] + of_log
            v = (n - 1) * sd[g] ** 2 / (n * mean[g] ** 2)
            spread.pull_back(x[g, :n], mask[:n], n, square[g], v, root[g], r[:n], weight_bar[g], z_bar[g, :n])
    return z_bar


_TIMES = Fused(
    Passes(
        forward,
        backward,
        shaped=(0, 2, 2, 2, 2, 0, 0, 2, 2),
        axes=(2, 1, 0, 0, 0, 2, 2, 1, 1),
        differentiable=(True, False, False, False),
        kept=frozenset({5, 6, 7, 8}),
        calls=(spread,),
    )
)
