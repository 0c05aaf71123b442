"""Several steps of arithmetic as one differentiable operation of a model.

A small graph of many tiny operations spends its time between them. `Fused` makes one operation of a forward and a
backward pass written as plain functions of arrays, which numba compiles inside a model and which run as they stand
in plain Python:

    forward(*inputs) -> outputs (one array, or a tuple of several)
    backward(*inputs, *outputs, *cotangents of outputs) -> cotangents of the differentiable inputs

All arrays are float64. Every output has the shape of one of the inputs, or of its leading axes.
"""

from __future__ import annotations

import inspect
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key


@dataclass(frozen=True)
class Passes:
    """The two passes of an operation.

    shaped: for each output, the input that it is shaped like. axes: for each output, how many leading axes of that
    input it has. differentiable: whether each input has a cotangent; kept: outputs that only save work
    in the backward pass or are looked at, and have none. calls: other modules whose functions the passes call.
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    shaped: tuple[int, ...]
    axes: tuple[int, ...]
    differentiable: tuple[bool, ...]
    kept: frozenset[int] = frozenset()
    calls: tuple[ModuleType, ...] = ()

    @property
    def name(self) -> str:
        """Where the forward pass is found: what tells one operation from another."""
        return f"{self.forward.__module__}.{self.forward.__name__}"

    @property
    def source(self) -> int:
        """Of the passes' module and those they call, so that edited arithmetic is never served from a cache."""
        modules = (sys.modules[self.forward.__module__], *self.calls)
        return zlib.crc32("".join(inspect.getsource(module) for module in modules).encode())


class Fused(Op):
    """The forward pass."""

    __props__ = ("name",)

    def __init__(self, passes: Passes) -> None:
        self.passes, self.name = passes, passes.name
        self.back = FusedBack(passes)

    def of(self, *inputs: Any) -> Any:
        """The outputs: one variable, or a list of several."""
        return self(*inputs)

    def make_node(self, *inputs: Any) -> Apply:
        """Declare float64 inputs, and outputs of the shapes that the passes declare."""
        given = [pt.as_tensor(a, dtype="float64") for a in inputs]
        shapes = self._shapes([a.type.shape for a in given])
        outputs = [pt.tensor(dtype="float64", shape=shape) for shape in shapes]
        return Apply(self, given, outputs)

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        """Plain Python; the numba backend compiles the very same function."""
        _store(output_storage, self.passes.forward(*inputs))

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """As the passes declare."""
        return self._shapes(shapes)

    def _shapes(self, shapes: Sequence[Any]) -> list[tuple[Any, ...]]:
        like = zip(self.passes.shaped, self.passes.axes, strict=True)
        return [tuple(shapes[i][:axes]) for i, axes in like]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Cotangents of the differentiable inputs."""
        bars = []
        for i, (output, bar) in enumerate(zip(outputs, cotangents, strict=True)):
            connected = not isinstance(bar.type, DisconnectedType)
            if connected and i in self.passes.kept:
                raise NotImplementedError(f"output {i} of {self.passes.forward.__name__} has no gradient")
            if i not in self.passes.kept:
                bars.append(bar if connected else output.zeros_like())
        found = iter(self.back.make_node(*inputs, *outputs, *bars).outputs)
        return [next(found) if it else disconnected_type() for it in self.passes.differentiable]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Every output hangs on every differentiable input."""
        return [[it] * len(node.outputs) for it in self.passes.differentiable]


class FusedBack(Op):
    """The backward pass."""

    __props__ = ("name",)

    def __init__(self, passes: Passes) -> None:
        self.passes, self.name = passes, passes.name

    def make_node(self, *inputs: Any) -> Apply:
        """Declare the cotangents, each shaped like its input."""
        given = [pt.as_tensor(a, dtype="float64") for a in inputs]
        return Apply(self, given, [pt.tensor(dtype="float64", shape=a.type.shape) for a in self._of(given)])

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        """Plain Python; the numba backend compiles the very same function."""
        _store(output_storage, self.passes.backward(*inputs))

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """Each like its input."""
        return self._of(shapes)

    def _of(self, inputs: Sequence[Any]) -> list[Any]:
        return [a for a, it in zip(inputs, self.passes.differentiable, strict=False) if it]


def _store(output_storage: Any, found: Any) -> None:
    """Put what a pass returns, one array or several, where PyTensor wants it."""
    for slot, value in zip(output_storage, found if len(output_storage) > 1 else (found,), strict=True):
        slot[0] = value


@register_funcify_default_op_cache_key(Fused)
def _numba_forward(op: Fused, node: Apply, **kwargs: Any) -> tuple[Any, int]:
    return numba_njit(op.passes.forward, error_model="numpy"), op.passes.source


@register_funcify_default_op_cache_key(FusedBack)
def _numba_backward(op: FusedBack, node: Apply, **kwargs: Any) -> tuple[Any, int]:
    return numba_njit(op.passes.backward, error_model="numpy"), op.passes.source
