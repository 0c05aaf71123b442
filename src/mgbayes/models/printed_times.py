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
from mgbayes.models.fused import Fused, Passes
from mgbayes.models.latent_times import LatentTimes
from mgbayes.models.time_laws import CONSTANTS, LAWS

LEAST_SEEN = 1e-12
"""A floor of q, which matters only where nearly all events would come decades after follow-up."""


@cache
def _evaluator(name: str, njit: Callable[..., Any]) -> Callable[..., Any]:
    """All summaries: log densities (G,), q (arms,) and their derivatives, compiled by ``njit``.

    Derivatives in θ are by parameter, by arm, and of the log density and q. Arrays are handed on whole, since each
    part of one costs as much as a logarithm.
    """
    law = LAWS[name]
    prepare, chance_seen, log_density = (njit(f) for f in (law.prepare, law.chance_seen, law.log_density))
    log_chance = njit(followup.log_chance)

    def evaluate(
        log_times: Any, times: Any, theta: Any, events: Any, chance: Any, table: Any, *rules: Any
    ) -> Any:
        arms, groups, parameters = events.size, times.shape[0], theta.size
        c, d = np.empty((arms, CONSTANTS)), np.empty(parameters + 1)
        prepare(theta, c)
        seen, seen_d = np.zeros(arms), np.zeros((arms, parameters))
        chance_seen(theta, c, rules, seen, seen_d)
        density, times_d, theta_d = np.zeros(groups), np.zeros_like(times), np.zeros((parameters, arms, 2))
        end = 0
        for a in range(arms):
            g, begin = (a, 0) if groups > 1 else (0, end)
            end = min(begin + events[a], times.shape[1])
            of_arm = c[a]
            for i in range(begin, end):
                followed, slope = log_chance(times[g, i], chance, table)
                density[g] += log_density(log_times[g, i], times[g, i], of_arm, d) + followed
                times_d[g, i] = d[0] + slope
                for k in range(parameters):
                    theta_d[k, a, 0] += d[k + 1]
            if not seen[a] > LEAST_SEEN:
                seen[a] = LEAST_SEEN
                seen_d[a] = 0.0
            density[g] -= events[a] * np.log(seen[a])
            for k in range(parameters):
                theta_d[k, a, 0] -= events[a] / seen[a] * seen_d[a, k]
                theta_d[k, a, 1] = seen_d[a, k]
        return density, seen, times_d, theta_d

    return njit(evaluate)


def through_density(times_d: Any, theta_d: Any, bar: Any) -> Any:
    """Cotangents of log times and θ, from that of the log densities."""
    times_bar, theta_bar = np.empty_like(times_d), np.zeros(theta_d.shape[0])
    for g in range(bar.size):
        for i in range(times_d.shape[1]):
            times_bar[g, i] = bar[g] * times_d[g, i]
    for k in range(theta_d.shape[0]):
        for a in range(theta_d.shape[1]):
            theta_bar[k] += bar[a if bar.size > 1 else 0] * theta_d[k, a, 0]
    return times_bar, theta_bar


def through_seen(theta_d: Any, bar: Any) -> Any:
    """Cotangent of θ, from that of q."""
    theta_bar = np.zeros(theta_d.shape[0])
    for k in range(theta_d.shape[0]):
        for a in range(theta_d.shape[1]):
            theta_bar[k] += bar[a] * theta_d[k, a, 1]
    return theta_bar


# Neither has a gradient of its own, and so no other pass.
_THROUGH_DENSITY = Fused(
    Passes(through_density, through_density, shaped=(0, 1), axes=(2, 1), differentiable=(False,) * 3)
)
_THROUGH_SEEN = Fused(Passes(through_seen, through_seen, shaped=(0,), axes=(1,), differentiable=(False,) * 2))


class PrintedTimes(Op):
    """(log times, times, θ, evidence) to (log density but for the weight, q) and the derivatives of both."""

    __props__ = ("law",)

    def __init__(self, law: str) -> None:
        self.law = law
        self.evidence = ("timed", "followup", "followup_chance", *LAWS[law].rules)

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
        return [times[:1], arms, times, (*theta, *arms, 2)]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Cotangents of log times and θ; times only save work, and the evidence is data."""
        times_d, theta_d = outputs[2:]
        density_bar, seen_bar = cotangents[:2]
        times_bar, theta_bar = disconnected_type(), disconnected_type()
        if not isinstance(density_bar.type, DisconnectedType):
            times_bar, theta_bar = _THROUGH_DENSITY.of(times_d, theta_d, density_bar)
        if not isinstance(seen_bar.type, DisconnectedType):
            through = _THROUGH_SEEN.of(theta_d, seen_bar)
            theta_bar = through if isinstance(theta_bar.type, DisconnectedType) else theta_bar + through
        return [times_bar, disconnected_type(), theta_bar, *(disconnected_type() for _ in inputs[3:])]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Gradients go through the density and q only."""
        log_times, times = [True] + [False] * 3, [False] * 4
        theta = [True, True] + [False] * 2
        return [log_times, times, theta, *([False] * 4 for _ in node.inputs[3:])]


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
