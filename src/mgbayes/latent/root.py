r"""The root of equations as an operation of a model, with the gradient of the implicit function theorem.

Each row has its own unknowns p = (p_1, ..., p_k), the solution of F(p, inputs) = 0 with k equations. `solve` finds
them, a plain function of arrays that numba compiles inside a model and that runs as it stands in plain Python;
`equations` are F, symbolic. With J = ∂F/∂p of a row, a cotangent p̄ of the unknowns gives λ = -J⁻ᵀ p̄, and that of
the inputs is λ · ∂F/∂inputs: PyTensor derives both, so that no gradient is written by hand.
"""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from types import ModuleType
from typing import Any

import pytensor
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.graph.replace import graph_replace
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key


class Root(Op):
    """(row, n) direction and mask, and (row,) numbers, to `unknowns` arrays of (row,), one or two.

    solve(x, counted, *numbers) -> the unknowns as one array (unknown, row)
    equations(unknowns, x, counted, *numbers) -> as many arrays of (row,), zero at the root
    """

    __props__ = ("name",)

    def __init__(
        self,
        solve: Callable[..., Any],
        equations: Callable[..., Sequence[Any]],
        unknowns: int,
        calls: tuple[ModuleType, ...] = (),
    ) -> None:
        self.solve, self.equations, self.unknowns = solve, equations, unknowns
        self.name = f"{solve.__module__}.{solve.__name__}"
        modules = (inspect.getmodule(solve), *calls)
        # In the key of compiled code, so that edited arithmetic is never served from disk.
        self.source = zlib.crc32("".join(inspect.getsource(module) for module in modules if module).encode())

    def of(self, *inputs: Any) -> list[Any]:
        """The unknowns of each row, a list of arrays (row,)."""
        found: Any = self(*inputs)
        return [found[k] for k in range(self.unknowns)]

    def make_node(self, *inputs: Any) -> Apply:
        """Declare inputs and the output (unknown, row)."""
        given = [pt.as_tensor(a, dtype="float64") for a in inputs]
        rows = given[0].type.shape[0]
        return Apply(self, given, [pt.tensor(dtype="float64", shape=(self.unknowns, rows))])

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        """Plain Python; the numba backend compiles the very same function."""
        output_storage[0][0] = self.solve(*inputs)

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """As many rows as the direction has."""
        return [(self.unknowns, shapes[0][0])]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Cotangents of all inputs but the mask, which says which values exist, nothing else."""
        if isinstance(cotangents[0].type, DisconnectedType):
            return [disconnected_type() for _ in inputs]
        # Differentiated at stand-ins, so that the root itself is held fixed.
        free = [pt.tensor(dtype="float64", shape=a.type.shape) for a in inputs]
        roots = [pt.dvector() for _ in range(self.unknowns)]
        lost = [pt.dvector() for _ in range(self.unknowns)]
        zero = self.equations(roots, *free)
        jacobian = [[pytensor.grad(f.sum(), root) for root in roots] for f in zero]
        multipliers = _solved_transposed(jacobian, [-bar for bar in lost])
        total = reduce(add, (pt.sum(m * f) for m, f in zip(multipliers, zero, strict=True)))
        # The multipliers are held fixed too: their derivative is multiplied by F, which is zero.
        wanted = [free[0], *free[2:]]
        found: Any = pytensor.grad(total, wanted, consider_constant=multipliers, disconnected_inputs="ignore")
        bars = {bar: cotangents[0][k] for k, bar in enumerate(lost)}
        real = {root: outputs[0][k] for k, root in enumerate(roots)}
        replaced: Any = graph_replace(
            found, {**dict(zip(free, inputs, strict=True)), **real, **bars}, strict=False
        )
        return [replaced[0], disconnected_type(), *replaced[1:]]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The mask is not differentiated."""
        return [[i != 1] for i in range(len(node.inputs))]


def _solved_transposed(jacobian: list[list[Any]], right: list[Any]) -> list[Any]:
    """λ of Jᵀ λ = right, for one or two unknowns."""
    if len(right) == 1:
        return [right[0] / jacobian[0][0]]
    (aa, ab), (ba, bb) = jacobian
    det = aa * bb - ab * ba
    return [(bb * right[0] - ba * right[1]) / det, (aa * right[1] - ab * right[0]) / det]


@register_funcify_default_op_cache_key(Root)
def _numba_root(op: Root, node: Apply, **kwargs: Any) -> tuple[Any, int]:
    return numba_njit(op.solve, error_model="numpy"), op.source
