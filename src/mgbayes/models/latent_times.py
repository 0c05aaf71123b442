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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor.tensor as pt
from numba.extending import register_jitable
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply

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
        given: ``timed`` (arms,), the events whose times are printed, ``time_mean`` and ``time_sd`` (G,).
    """
    events, mean, sd = (given[name] for name in ("timed", "time_mean", "time_sd"))
    log_times, weight, suggested, _ = _TIMES.of(z, events, mean, sd)
    centre, step, pooled = suggested[0], suggested[1], suggested[2]
    cap = _CAP * pt.log1p((sd / mean) ** 2).mean()
    log_mean, log_mean_step = pt.log(mean[0]), pt.log(mean[-1] / mean[0])
    below = log_mean - centre  # and below the last one by as much and log_mean_step - step
    both = events.sum() * below + events[-1] * (log_mean_step - step)
    return LatentTimes(
        log_times,
        weight,
        pt.exp(log_times),  # with a gradient, where the operation's own times only save work
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
    """Log times, log weights, what is suggested (centre, step and pooled variance), and times."""
    log_times, times = np.zeros_like(z), np.ones_like(z)
    weight, centre = np.zeros_like(mean), np.log(mean)
    scatter, df = 1.0, 1.0
    for g in range(mean.size):
        n = _count(events, mean.size, g)
        if n > z.shape[1]:
            weight[g] = np.nan  # more than there are slots: no density, rather than memory of somebody else
            continue
        root, x, mask = 0.0, np.zeros(n), np.ones(n)
        if n > 1:
            relative = times[g, :n]
            _, square = spread.direction(z[g, :n], mask, x)
            weight[g], root = spread.constrain_direction(x, mask, n, square, mean[g], sd[g], relative)
            centre[g] = np.log(relative[0] * mean[g]) - root * x[0]
            scatter += root * root
            df += n - 1
        for i in range(n):
            log_times[g, i] = centre[g] + root * x[i]
            times[g, i] *= mean[g]
    return log_times, weight, np.array([centre[0], centre[-1] - centre[0], scatter / df]), times


def backward(
    z: Any,
    events: Any,
    mean: Any,
    sd: Any,
    log_times: Any,
    times: Any,
    log_times_bar: Any,
    weight_bar: Any,
    suggested_bar: Any,
) -> Any:
    """Cotangents of z: those of centres and variance are first passed on to the log times."""
    z_bar = np.zeros_like(z)
    df, last = 1.0, mean.size - 1
    for g in range(mean.size):
        df += max(_count(events, mean.size, g) - 1, 0)
    for g in range(mean.size):
        n = _count(events, mean.size, g)
        if 1 < n <= z.shape[1]:
            of_centre = suggested_bar[0] - suggested_bar[1] if g == 0 else 0.0
            of_centre += suggested_bar[1] if g == last else 0.0
            x, r = np.empty(n), np.empty(n)
            root, square = _read_back(z, log_times, g, x)
            for i in range(n):
                r[i] = times[g, i] / mean[g]
                z_bar[g, i] = log_times_bar[g, i] + of_centre / n + 2 * suggested_bar[2] / df * root * x[i]
            v = (n - 1) * sd[g] ** 2 / (n * mean[g] ** 2)
            # r, which is positive, is a mask of its own.
            spread.pull_back(x, r, n, square, v, root, r, weight_bar[g], z_bar[g, :n])
    return z_bar


@register_jitable
def _read_back(z: Any, log_times: Any, g: int, x: Any) -> tuple[float, float]:
    """Fill x (n,) with the unit vector of a summary; return p, the length of log times, and ‖z - mean z‖²."""
    n = x.size
    centre, middle, length, square = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        centre += log_times[g, i] / n
        middle += z[g, i] / n
    for i in range(n):
        x[i] = log_times[g, i] - centre
        length += x[i] * x[i]
        square += (z[g, i] - middle) ** 2
    root = np.sqrt(length)
    for i in range(n):
        x[i] /= root
    return root, square


class _Times(Fused):
    """Fused, with three numbers for an output, and a backward pass that is handed what it takes and no more."""

    def _shapes(self, shapes: Sequence[Any]) -> list[tuple[Any, ...]]:
        z, _, mean, _ = (tuple(shape) for shape in shapes)
        return [z, mean, (3,), z]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Cotangents of z alone; times only save work."""
        log_times, _, _, times = outputs
        bars = (
            output.zeros_like() if isinstance(bar.type, DisconnectedType) else bar
            for output, bar in zip(outputs[:3], cotangents, strict=False)
        )
        z_bar = self.back.make_node(*inputs, log_times, times, *bars).outputs[0]
        return [z_bar, *(disconnected_type() for _ in inputs[1:])]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """All but the times hang on z."""
        return [[True, True, True, False], *([False] * 4 for _ in node.inputs[1:])]


_TIMES = _Times(
    Passes(forward, backward, shaped=(), axes=(), differentiable=(True, False, False, False), calls=(spread,))
)
