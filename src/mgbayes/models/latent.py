r"""Latent outcomes that reproduce a printed mean and SD exactly.

A paper prints, for n positive values, a mean m and an SD s (n - 1 in the denominator). The values
themselves are integrated over. With z ~ Normal(0, I_n) and the unit vector
x = (z - mean z) / ||z - mean z||, put

    y_i = m r_i,   r_i = exp(p x_i) / mean_j exp(p x_j),

where p > 0 is the only root of

    v(p) = mean_i (r_i - 1)² = (n - 1) s² / (n m²).

v increases from 0 to n - 1 in p, so the root exists whenever s²/m² < n, which every positive
sample meets. Then y has mean m and SD s. (Squaring out, log(1 + v) is the difference
log Σ exp(2 p x) - 2 log Σ exp(p x) + log n. The form above keeps its accuracy for small SDs.)

The change of variables log y = a 1 + p x gives dy = Π y_i · √n p^(n-2) da dp dΩ, with dΩ the
surface of the unit sphere of dimension n - 2, and (a, p) maps to (m, s) with Jacobian
m s v'(p) / (2 v).
The density of the printed pair (m, s) under any density f of one value is therefore the mean
over z of exp(weight) Π f(y_i), with

    weight = Σ log y_i + (n - 2) log p - log(m s) - log(v'(p) / (2 v)) + ½ log n + log A,
    A = 2 π^((n-1)/2) / Γ((n-1)/2).

Only the direction of z matters. Near z = mean z it turns fast, which stops a gradient-based
sampler at small n, so the weight carries a factor ||z - mean z||^(2k) over its expectation, k such
that for n > 2 the length is distributed as chi with at least LENGTH_DF degrees of freedom. The mean
of the factor over z is 1 whatever the direction, so the density is unchanged.

One value is its printed mean (weight 0); none leaves no summary (weight 0, nothing counted).
Values are padded to a fixed length, so that one compiled model serves any count.

Shapes: G summaries (one per arm, or one for both arms), L slots for the values of each.
Source: the derivation above; checked by brute-force rejection in tests/oracles.
"""

import inspect
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import (
    numba_njit,
    register_funcify_default_op_cache_key,
)

from mgbayes.models import spread

LENGTH_DF = spread.LENGTH_DF


def _rows(z: Any, mask: Any, mean: Any, sd: Any) -> Any:
    """`spread.constrain` row by row: values (G, L), weights (G,) and roots (G,)."""
    values, weight, root = np.empty_like(z), np.empty_like(mean), np.empty_like(mean)
    for g in range(mean.size):
        weight[g], root[g] = spread.constrain(z[g], mask[g], mean[g], sd[g], values[g])
    return values, weight, root


def _rows_back(
    z: Any, mask: Any, mean: Any, sd: Any, values: Any, root: Any, values_bar: Any, weight_bar: Any
) -> Any:
    """`spread.constrain_back` row by row: cotangents of z (G, L), mean (G,) and SD (G,)."""
    z_bar, mean_bar, sd_bar = np.empty_like(z), np.empty_like(mean), np.empty_like(mean)
    for g in range(mean.size):
        mean_bar[g], sd_bar[g] = spread.constrain_back(
            z[g],
            mask[g],
            mean[g],
            sd[g],
            values[g],
            root[g],
            values_bar[g],
            weight_bar[g],
            z_bar[g],
        )
    return z_bar, mean_bar, sd_bar


class Constrain(Op):
    """`spread.constrain` as one differentiable operation: (z, mask, mean, sd) to (values, weight, root)."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Declare inputs (G, L), (G, L), (G,), (G,) and outputs (G, L), (G,), (G,)."""
        outputs = [pt.dmatrix(), pt.dvector(), pt.dvector()]
        return Apply(self, [pt.as_tensor(a, dtype="float64") for a in inputs], outputs)

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        """Plain Python; the numba backend compiles the very same function."""
        for slot, value in zip(output_storage, _rows(*inputs), strict=True):
            slot[0] = value

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """Values like z; one weight and one root for each row."""
        return [shapes[0], shapes[2], shapes[2]]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Cotangents of z, mean and SD; the mask says which values exist, nothing else."""
        values, weight, root = outputs
        values_bar, weight_bar = (
            like.zeros_like() if isinstance(bar.type, DisconnectedType) else bar
            for like, bar in zip((values, weight), cotangents, strict=False)
        )
        z_bar, mean_bar, sd_bar = _back.make_node(*inputs, values, root, values_bar, weight_bar).outputs
        return [z_bar, disconnected_type(), mean_bar, sd_bar]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The root is an output only so that it need not be found twice."""
        return [[True, True, False], [False] * 3, [True, True, False], [True, True, False]]


class ConstrainBack(Op):
    """`spread.constrain_back` as an operation, for gradients."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Declare the inputs of `_rows_back` and its outputs (G, L), (G,), (G,)."""
        outputs = [pt.dmatrix(), pt.dvector(), pt.dvector()]
        return Apply(self, [pt.as_tensor(a, dtype="float64") for a in inputs], outputs)

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        """Plain Python; the numba backend compiles the very same function."""
        for slot, value in zip(output_storage, _rows_back(*inputs), strict=True):
            slot[0] = value

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """Like z, mean and SD."""
        return [shapes[0], shapes[2], shapes[3]]


def _source() -> int:
    """The source is part of the cache key, so that edited arithmetic is never served from disk."""
    functions = inspect.getsource(_rows) + inspect.getsource(_rows_back)
    return zlib.crc32((inspect.getsource(spread) + functions).encode())


@register_funcify_default_op_cache_key(Constrain)
def _numba_constrain(op: Constrain, node: Apply, **kwargs: Any) -> tuple[Any, int]:
    return numba_njit(_rows, error_model="numpy"), _source()


@register_funcify_default_op_cache_key(ConstrainBack)
def _numba_constrain_back(op: ConstrainBack, node: Apply, **kwargs: Any) -> tuple[Any, int]:
    return numba_njit(_rows_back, error_model="numpy"), _source()


_constrain, _back = Constrain(), ConstrainBack()


@dataclass(frozen=True)
class Latent:
    """Outcomes that reproduce their summaries: values (G, L), 1 in padding, and log_weight (G,)."""

    values: Any
    log_weight: Any


def constrained(z: Any, mask: Any, mean: Any, sd: Any) -> Latent:
    """Turn standard normal z into values with the printed mean and SD.

    Args:
        z: (G, L) standard normal variables of the model.
        mask: (G, L) one for a slot in use, zero for padding.
        mean: (G,) printed means; ignored where no slot is in use.
        sd: (G,) printed SDs; ignored where fewer than two slots are in use.
    """
    values, weight, _ = _constrain.make_node(z, mask, mean, sd).outputs
    return Latent(values, weight)


def given_density(name: str, log_density: Any, observed: Any, **kwargs: Any) -> Any:
    """Add a likelihood to the model in context whose log density is already at hand.

    Latent values are built from the printed numbers, so their density is complete before the
    observed value is looked at. As the parameter of a named distribution it keeps its place among
    the pointwise log likelihoods, which a bare potential would not.
    """
    return pm.CustomDist(name, log_density, logp=_parameter, observed=observed, **kwargs)


def _parameter(value: Any, log_density: Any) -> Any:
    return log_density
