r"""The density of printed counts and times under a law, fused with its gradient.

The times of the events of each arm, or of both arms together, are latent values y with the printed mean and SD
(latent.py). With q_a the chance P(T < F) that an event of arm a is seen in follow-up F, and G(t) = P(F > t), the log
density of one printed pair is

    weight + Σ_i log f(y_i) + log G(y_i) - log q of the arm of i.

Everything that a gradient needs is at hand when the value is known, so that one operation gives both: a pass over
the slots in use, in place of some thirty operations on all of them.

Shapes: G summaries (one for each arm, or one for both, whose times stand reference arm first), L slots, P parameters
of the law. Source: latent.py, time_laws.py, followup.py; checked against likelihoods by scipy in tests/oracles.
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

from mgbayes.models import followup, spread, time_laws
from mgbayes.models.time_laws import CONSTANTS, LAWS, TimeLaw

LEAST_SEEN = 1e-12
"""A floor of q, which matters only where nearly all events would come decades after follow-up."""


def _one_summary(law: TimeLaw) -> Callable[..., Any]:
    """The log density of one printed pair with its gradient, as a plain function."""
    log_density = law.log_density

    def one_summary(
        z: Any,
        arms: Any,
        mean: float,
        sd: float,
        c: Any,
        given: Any,
        work: Any,
        y: Any,
        z_d: Any,
        theta_d: Any,
    ) -> float:
        """Fill y and z_d (n,); add to theta_d (P,); return the log density but for q. work is (4, at least n)."""
        n = z.size
        x, r, mask, d = work[0, :n], work[1, :n], work[2, :n], work[3]
        chance, table = given
        root, square, v, total = 0.0, 0.0, 0.0, 0.0
        mask[:] = 1.0
        r[:] = 1.0
        if n > 1:
            _, square = spread.direction(z, mask, x)
            v = (n - 1) * sd**2 / (n * mean**2)
            total, root = spread.constrain_direction(x, mask, n, square, mean, sd, r)
        first = np.log(r[0] * mean) - root * x[0]
        for i in range(n):
            y[i] = mean * r[i]
            log_y = first + root * x[i]
            followed, z_d[i] = followup.log_chance(y[i], chance, table)
            total += log_density(log_y, y[i], c[arms[i]], d) + followed
            z_d[i] += d[0]
            for k in range(theta_d.size):
                theta_d[k] += d[k + 1]
        if n > 1:
            spread.pull_back(x, mask, n, square, v, root, r, 1.0, z_d)
        else:
            z_d[:] = 0.0
        return total

    return one_summary


@cache
def _evaluator(name: str, njit: Callable[..., Any]) -> Callable[..., Any]:
    """All summaries: log densities (G,), q (arms,), values (G, L) and derivatives, compiled by ``njit``."""
    law = LAWS[name]
    prepare, chance_seen, one_summary = (njit(f) for f in (law.prepare, law.chance_seen, _one_summary(law)))

    def evaluate(
        z: Any,
        theta: Any,
        events: Any,
        mean: Any,
        sd: Any,
        chance: Any,
        density_rule: Any,
        cdf_rule: Any,
        days: Any,
        weights: Any,
        table: Any,
    ) -> Any:
        arms = events.size
        c = np.empty((arms, CONSTANTS))
        for a in range(arms):
            prepare(theta, float(a), c[a])
        seen, seen_d = np.zeros(arms), np.zeros((arms, theta.size))
        chance_seen(theta, c, (density_rule, cdf_rule, days, weights), seen, seen_d)
        density, values = np.zeros(mean.size), np.ones_like(z)
        z_d, theta_d = np.zeros_like(z), np.zeros((mean.size, theta.size))
        work = np.zeros((4, max(z.shape[1], theta.size + 1)))
        arm_of = np.zeros(z.shape[1], dtype=np.int64)
        for g in range(mean.size):
            low, high = (g, g + 1) if mean.size > 1 else (0, arms)
            n = 0
            for a in range(low, high):
                arm_of[n : n + events[a]] = a
                n += events[a]
            if n > 0:
                density[g] = one_summary(
                    z[g, :n],
                    arm_of[:n],
                    mean[g],
                    sd[g],
                    c,
                    (chance, table),
                    work,
                    values[g, :n],
                    z_d[g, :n],
                    theta_d[g],
                )
            for a in range(low, high):
                if not seen[a] > LEAST_SEEN:
                    seen[a] = LEAST_SEEN
                    seen_d[a] = 0.0
                density[g] -= events[a] * np.log(seen[a])
                for k in range(theta.size):
                    theta_d[g, k] -= events[a] / seen[a] * seen_d[a, k]
        return density, seen, values, z_d, theta_d, seen_d

    return njit(evaluate)


class PrintedTimes(Op):
    """(z, θ, evidence) to (log density, q, values) and the derivatives of the first two."""

    __props__ = ("law",)
    EVIDENCE = (
        "events",
        "time_mean",
        "time_sd",
        "followup",
        "followup_density",
        "followup_cdf",
        "followup_days",
        "followup_weights",
        "followup_chance",
    )

    def __init__(self, law: str) -> None:
        self.law = law

    def make_node(self, *inputs: Any) -> Apply:
        """Declare inputs z (G, L), θ (P,), the evidence and all outputs."""
        z, theta, events, *others = inputs
        given = [pt.as_tensor(events, dtype="int64"), *(pt.as_tensor(a, dtype="float64") for a in others)]
        outputs = [pt.dvector(), pt.dvector(), *(pt.dmatrix() for _ in range(4))]
        return Apply(self, [pt.as_tensor(z), pt.as_tensor(theta), *given], outputs)

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        """Plain Python; the numba backend compiles the very same functions."""
        for slot, value in zip(output_storage, _evaluator(self.law, _as_it_stands)(*inputs), strict=True):
            slot[0] = value

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """One density for each mean, one q for each arm, values like z; derivatives beside them."""
        z, (p,), arms, summaries = shapes[0], shapes[1], shapes[2], shapes[3]
        return [summaries, arms, z, z, (summaries[0], p), (arms[0], p)]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Cotangents of z and θ; the evidence has none, since it is data."""
        density, seen, _, z_d, theta_d, seen_d = outputs
        density_bar, seen_bar = (
            like.zeros_like() if isinstance(bar.type, DisconnectedType) else bar
            for like, bar in zip((density, seen), cotangents, strict=False)
        )
        theta_bar = (density_bar[:, None] * theta_d).sum(axis=0) + (seen_bar[:, None] * seen_d).sum(axis=0)
        none = [disconnected_type() for _ in inputs[2:]]
        return [density_bar[:, None] * z_d, theta_bar, *none]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Gradients go through the density and q only."""
        z = [True] + [False] * 5
        theta = [True, True] + [False] * 4
        return [z, theta, *([False] * 6 for _ in node.inputs[2:])]


def _as_it_stands(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    return numba_njit(function, error_model="numpy")


@register_funcify_default_op_cache_key(PrintedTimes)
def _numba_printed_times(op: PrintedTimes, node: Apply, **kwargs: Any) -> tuple[Any, int]:
    # The source is part of the cache key, so that edited arithmetic is never served from disk.
    modules = (spread, time_laws, followup, inspect.getmodule(PrintedTimes))
    source = "".join(inspect.getsource(module) for module in modules if module)
    return _evaluator(op.law, _compiled), zlib.crc32(source.encode())


@dataclass(frozen=True)
class Printed:
    """Log density of each printed pair (G,), chance q of being seen (arms,) and latent times (G, L)."""

    log_density: Any
    seen: Any
    times: Any


def printed_times(law: str, z: Any, theta: Any, given: Mapping[str, Any]) -> Printed:
    """The printed times under a law of time_laws.py.

    Args:
        z: (G, L) standard normal variables of the model.
        theta: the parameters of the law.
        given: counts, means, SDs and follow-up, as in the data of the models.
    """
    evidence = [given[name] for name in PrintedTimes.EVIDENCE]
    return Printed(*PrintedTimes(law).make_node(z, pt.stack(theta), *evidence).outputs[:3])
