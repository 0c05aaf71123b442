r"""Latent times of events that reproduce their published quantiles, and the density of these.

Of n times those at the ranks behind the published quantiles are known, but for the gap between two neighbours where a
quantile lies between them (order_statistics.py). Each of the others lies between two known ones v < w, or above the
last one v, at

    y = v + (w - v) s,   y = v / (1 - s),   s = 1 / (1 + exp(-z)),   z ~ Logistic(0, 1).

With the density h_a(y) = f_a(y) G(y) / q_a of a time that is seen in follow-up (times.py) and m_i times free between
neighbours, the density of an arm's quantiles and gaps under one definition of a quantile is the mean over z of

    n! / Π m_i!  Π_known h(y)  Π_between (w - v) h(y)  Π_above y²/v h(y),

since z is drawn uniformly between its neighbours, or with the density v / y² above. That equals the density of order
statistics with the distribution function of h, which has no closed form: the latent times take its place, and are at
hand where a p value is computed on each data set. Where the paper does not name its software, the density is the
average over D definitions, and the times are those of one drawn by its share, through u ~ Uniform(0, 1).

Shapes: A = 2 arms, D definitions, m quantiles, L slots. Everything that depends on how many events there are is data,
so that cohorts of as many slots share a compiled model. Source: David and Nagaraja (2003), Order Statistics, 2.2;
checked in tests/oracles against the density with a numeric distribution function, and against simulated cohorts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray
from scipy.special import gammaln, ndtri

from mgbayes.distributions.followup import log_chance_followed
from mgbayes.latent.order_statistics import OrderStatistics, Position, gaps_between
from mgbayes.latent.times import HALVES, Published, Suggested, chance_seen

_FAR = 1e3
"""Where an arm publishes fewer quantiles than the other, the rest stand so many times beyond its last."""


def arrangement(
    quantiles: Sequence[Sequence[float]],
    positions: Sequence[Sequence[Sequence[Position]]],
    events: Sequence[int],
    slots: int,
    m: int,
) -> dict[str, NDArray[Any]]:
    """Which of an arm's times each slot holds, as data of a model.

    Args:
        quantiles: of each arm, in order; of an arm whose times are not published, none.
        positions: of each arm and definition, the rank j and weight g of each quantile.
        events: of each arm, whose times the quantiles are of.
        slots, m: how many; as many quantiles as an arm has, or more.

    Returns:
        time_quantile (A, m); time_weight (A, D, m); time_below and time_above (A, D, L), the known times next to a
        slot's, or its own: 0 for zero, 2 i + 1 and 2 i + 2 for the neighbours of quantile i, 2 m + 1 for no bound;
        time_ways (A, D), log n! / Π m_i!; time_near (3,), centre of log times in each arm and their SD, by which a
        sampler sees its parameters.
    """
    d = max(map(len, positions))
    found = {
        "time_quantile": np.tile(np.arange(1.0, m + 1), (2, 1)),
        "time_weight": np.zeros((2, d, m)),
        "time_below": np.zeros((2, d, slots), dtype=np.int64),
        "time_above": np.zeros((2, d, slots), dtype=np.int64),
        "time_ways": np.zeros((2, d)),
        "time_near": _near(quantiles, [rows[0] if rows else () for rows in positions], events),
    }
    for a, (values, rows, n) in enumerate(zip(quantiles, positions, events, strict=True)):
        if not len(values) or not n:
            continue
        found["time_quantile"][a] = [*values, *(values[-1] * _FAR ** np.arange(1, m - len(values) + 1))]
        for o, places in enumerate(rows):
            order = OrderStatistics.at(n, places)
            found["time_weight"][a, o, : len(values)] = order.weight
            ranks = np.array([0, *order.ranks, n + 1])
            at = np.arange(1, n + 1)
            below = np.searchsorted(ranks, at, side="right") - 1
            above = np.searchsorted(ranks, at, side="left")
            found["time_below"][a, o, :n] = below
            found["time_above"][a, o, :n] = np.where(above > 2 * len(values), 2 * m + 1, above)
            free = np.maximum(np.diff(ranks) - 1, 0)
            found["time_ways"][a, o] = gammaln(n + 1) - gammaln(free + 1).sum()
    return found


def _near(
    quantiles: Sequence[Sequence[float]], places: Sequence[Sequence[Position]], events: Sequence[int]
) -> NDArray[np.float64]:
    """Centre and SD of log times as normal scores of the quantiles have them; one SD, of both arms."""
    lines = {
        a: np.polyfit(ndtri([(j + float(g) - 0.4) / (n + 0.2) for j, g in row]), np.log(values), 1)
        if len(values) > 1
        else np.array([1.0, np.log(values[0])])
        for a, (values, row, n) in enumerate(zip(quantiles, places, events, strict=True))
        if len(values) and n
    }
    one = next(iter(lines.values()), np.array([1.0, 0.0]))
    centres = [lines.get(a, one)[1] for a in (0, 1)]
    return np.array([*centres, max(0.1, float(np.mean([line[0] for line in lines.values() or [one]])))])


@dataclass(frozen=True)
class QuantileTimes:
    """Times that reproduce published quantiles under each definition.

    times (A, D, L), 1 in padding; counted (A, L); log_weight (A, D); definition (A,), of which u draws one; given,
    the data; suggested, where a sampler sees its parameters.
    """

    times: Any
    counted: Any
    log_weight: Any
    definition: Any
    given: Mapping[str, Any]
    suggested: Suggested

    @property
    def reported(self) -> Any:
        """What is published of each arm."""
        return self.given["time_quantile"][:, 0]

    def published(
        self, logpdf: Callable[[Any, Any], Any], log_survival: Callable[[Any, Any], Any]
    ) -> Published:
        """The published quantiles under a distribution, as LatentTimes.published has them."""
        given, y = self.given, self.times
        seen = chance_seen(given, log_survival)
        by_time = logpdf(y, HALVES[:, None, None]) + log_chance_followed(y, given["followup"])
        each = self.log_weight + (self.counted[:, None, :] * by_time).sum(-1)
        each -= (given["timed"] * pt.log(seen))[:, None]
        share = pt.special.softmax(each, axis=-1)
        which = (pt.cumsum(share, axis=-1)[:, :-1] < self.definition[:, None]).sum(-1)
        one = pt.eq(which[:, None], np.arange(y.type.shape[1]))
        several = y.type.shape[1] > 1
        return Published(
            pt.logsumexp(each, axis=-1) - np.log(y.type.shape[1]),
            seen,
            (one[:, :, None] * y).sum(1),
            share if several else None,
        )


def quantile_times(z: Any, gap: Any, definition: Any, given: Mapping[str, Any]) -> QuantileTimes:
    """Turn logistic z (A, L) and gap (A, m), and uniform definition (A,), into times with the published quantiles.

    Args:
        z, gap, definition: variables of the model.
        given: ``timed`` (A,), the events whose times are published, and the data of ``arrangement``.
    """
    weight, quantile = given["time_weight"], given["time_quantile"]
    m, slots = quantile.type.shape[1], z.type.shape[1]
    place = np.arange(slots)
    counted = pt.cast(place < pt.cast(given["timed"], "float64")[:, None], "float64")
    q, t = (values.T[:, :, None] + pt.zeros(weight.shape[:2]) for values in (quantile, gap))
    latent = gaps_between([weight[:, :, i] for i in range(m)], q, t, low=0.0, xp=pt)
    known = _known(q, latent.d, weight)
    below, above = (_at(known, given[name]) for name in ("time_below", "time_above"))
    free = pt.gt(given["time_above"], given["time_below"])
    is_open = pt.eq(given["time_above"], 2 * m + 1)
    share, last = z[:, None, :], pt.switch(is_open, below, 1.0)
    room = pt.switch(free & ~is_open, above - below, 1.0)
    times = pt.switch(
        free, pt.switch(is_open, last * (1 + pt.exp(share)), below + room * pt.sigmoid(share)), below
    )
    log_room = pt.switch(is_open, pt.log(last) + 2 * pt.softplus(share), pt.log(room))
    is_time = counted[:, None, :] > 0
    drawn = -t - 2 * pt.softplus(-t)  # log density of the gaps' coordinates, which is taken back
    has_gap = weight.dimshuffle(2, 0, 1) > 0
    near = given["time_near"]
    variance = near[2] ** 2
    return QuantileTimes(
        times=pt.switch(is_time, times, 1.0),
        counted=counted,
        log_weight=given["time_ways"]
        + (is_time * log_room).sum(-1)
        + latent.log_jacobian
        - pt.switch(has_gap, drawn, 0.0).sum(0),
        definition=definition,
        given=given,
        suggested=Suggested(
            centre=near[0],
            step=near[1] - near[0],
            variance=variance,
            log_mean=near[0] + variance / 2,
            log_mean_step=near[1] - near[0],
            shortfall=variance / 2,
        ),
    )


def _known(q: Any, d: Any, weight: Any) -> Any:
    """Zero and the neighbours of each quantile (A, D, 2 m + 1), of quantiles and gaps (m, A, D)."""
    g = weight.dimshuffle(2, 0, 1)
    lower, upper = q - g * d, q + (1 - g) * d
    pairs = [row[i] for i in range(q.type.shape[0]) for row in (lower, upper)]
    return pt.stack([pt.zeros_like(pairs[0]), *pairs], axis=-1)


def _at(known: Any, place: Any) -> Any:
    """The known time at each place (A, D, L); 0 where there is none."""
    return (pt.eq(place[..., None], np.arange(known.type.shape[-1])) * known[:, :, None, :]).sum(-1)
