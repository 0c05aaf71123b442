r"""The density of printed counts and times under a law, fused with its gradient.

The times of the events of each arm, or of both arms together, are latent values y with the printed mean and SD
(latent_times.py). With q_a the chance P(T < F) that an event of arm a is seen in follow-up F, and G(t) = P(F > t),
the log density of one printed pair is

    weight + Σ_i log f(y_i) + log G(y_i) - log q of the arm of i.

Everything that a gradient needs is at hand when the value is known, so that one operation gives both: a pass over
the slots in use, in place of some thirty operations on all of them.

Shapes: G summaries (one for each arm, or one for both, whose times stand reference arm first), L slots, P parameters
of the law. Source: latent_times.py, time_laws.py, followup.py; checked against likelihoods by scipy in tests/oracles.
"""

import inspect
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key

from mgbayes.models import followup, time_laws
from mgbayes.models.latent_times import LatentTimes
from mgbayes.models.time_laws import CONSTANTS, LAWS, TimeLaw

LEAST_SEEN = 1e-12
"""A floor of q, which matters only where nearly all events would come decades after follow-up."""


def _times_of_arm(law: TimeLaw) -> Callable[..., Any]:
    """The log density of the times of one arm and that they were followed, as a plain function."""
    log_density = law.log_density

    def times_of_arm(
        log_times: Any, times: Any, c: Any, chance: Any, table: Any, d: Any, times_d: Any, theta_d: Any
    ) -> float:
        """Fill times_d (n,), add to theta_d (P,); d (P + 1,) is for work."""
        total = 0.0
        for i in range(times.size):
            followed, times_d[i] = followup.log_chance(times[i], chance, table)
            total += log_density(log_times[i], times[i], c, d) + followed
            times_d[i] += d[0]
            for k in range(theta_d.size):
                theta_d[k] += d[k + 1]
        return total

    return times_of_arm


@cache
def _evaluator(name: str, njit: Callable[..., Any]) -> Callable[..., Any]:
    """All summaries: log densities (G,), q (arms,) and derivatives, compiled by ``njit``."""
    law = LAWS[name]
    prepare, chance_seen, times_of_arm = (njit(f) for f in (law.prepare, law.chance_seen, _times_of_arm(law)))

    def evaluate(
        log_times: Any, times: Any, theta: Any, events: Any, chance: Any, table: Any, *rules: Any
    ) -> Any:
        arms, groups = events.size, log_times.shape[0]
        c, d = np.empty((arms, CONSTANTS)), np.empty(theta.size + 1)
        for a in range(arms):
            prepare(theta, float(a), c[a])
        seen, seen_d = np.zeros(arms), np.zeros((arms, theta.size))
        chance_seen(theta, c, rules, seen, seen_d)
        density, times_d, theta_d = np.zeros(groups), np.zeros_like(times), np.zeros((groups, theta.size))
        begin = 0
        for a in range(arms):
            g = a if groups > 1 else 0
            begin = 0 if groups > 1 else begin
            end = min(begin + events[a], times.shape[1])
            density[g] += times_of_arm(
                log_times[g, begin:end],
                times[g, begin:end],
                c[a],
                chance,
                table,
                d,
                times_d[g, begin:end],
                theta_d[g],
            )
            begin = end
            if not seen[a] > LEAST_SEEN:
                seen[a] = LEAST_SEEN
                seen_d[a] = 0.0
            density[g] -= events[a] * np.log(seen[a])
            for k in range(theta.size):
                theta_d[g, k] -= events[a] / seen[a] * seen_d[a, k]
        return density, seen, times_d, theta_d, seen_d

    return njit(evaluate)


class PrintedTimes(Op):
    """(log times, times, θ, evidence) to (log density but for the weight, q) and the derivatives of both."""

    __props__ = ("law",)

    def __init__(self, law: str) -> None:
        self.law = law
        self.evidence = ("events", "followup", "followup_chance", *LAWS[law].rules)

    def make_node(self, *inputs: Any) -> Apply:
        """Declare inputs log times and times (G, L), θ (P,), the evidence and all outputs."""
        log_times, times, theta, events, *others = inputs
        given = [pt.as_tensor(events, dtype="int64"), *(pt.as_tensor(a, dtype="float64") for a in others)]
        of_times = [pt.as_tensor(a) for a in (log_times, times, theta)]
        shapes = self._shapes(*(a.type.shape for a in (*of_times, given[0])))
        return Apply(self, [*of_times, *given], [pt.tensor(dtype="float64", shape=shape) for shape in shapes])

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        """Plain Python; the numba backend compiles the very same functions."""
        for slot, value in zip(output_storage, _evaluator(self.law, _as_it_stands)(*inputs), strict=True):
            slot[0] = value

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """One density for each summary, one q for each arm; derivatives beside them."""
        return self._shapes(*shapes[:4])

    def _shapes(self, times: Any, same: Any, theta: Any, arms: Any) -> list[Any]:
        return [times[:1], arms, times, (times[0], *theta), (*arms, *theta)]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Cotangents of log times and θ; times only save work, and the evidence is data."""
        density, seen, times_d, theta_d, seen_d = outputs
        density_bar, seen_bar = (
            like.zeros_like() if isinstance(bar.type, DisconnectedType) else bar
            for like, bar in zip((density, seen), cotangents, strict=False)
        )
        through_times = not isinstance(cotangents[0].type, DisconnectedType)
        times_bar = density_bar[:, None] * times_d if through_times else disconnected_type()
        theta_bar = (density_bar[:, None] * theta_d).sum(axis=0) + (seen_bar[:, None] * seen_d).sum(axis=0)
        return [times_bar, disconnected_type(), theta_bar, *(disconnected_type() for _ in inputs[3:])]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Gradients go through the density and q only."""
        log_times, times = [True] + [False] * 4, [False] * 5
        theta = [True, True] + [False] * 3
        return [log_times, times, theta, *([False] * 5 for _ in node.inputs[3:])]


def _as_it_stands(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    return numba_njit(function, error_model="numpy")


@register_funcify_default_op_cache_key(PrintedTimes)
def _numba_printed_times(op: PrintedTimes, node: Apply, **kwargs: Any) -> tuple[Any, int]:
    # The source is part of the cache key, so that edited arithmetic is never served from disk.
    modules = (time_laws, followup, inspect.getmodule(PrintedTimes))
    source = "".join(inspect.getsource(module) for module in modules if module)
    return _evaluator(op.law, _compiled), zlib.crc32(source.encode())


@dataclass(frozen=True)
class Printed:
    """Log density of each printed pair (G,) and chance q of being seen (arms,)."""

    log_density: Any
    seen: Any


def printed_times(law: str, latent: LatentTimes, theta: Any, given: Mapping[str, Any]) -> Printed:
    """The printed times under a law of time_laws.py.

    Args:
        law: its name.
        latent: the latent times that reproduce what is printed.
        theta: the parameters of the law.
        given: counts and follow-up, as in the data of the models.
    """
    op = PrintedTimes(law)
    evidence = [given[name] for name in op.evidence]
    density, seen = op.make_node(latent.log_times, latent.times, pt.stack(theta), *evidence).outputs[:2]
    return Printed(latent.log_weight + density, seen)
