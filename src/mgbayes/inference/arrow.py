"""Draws of nutpie's sampler, read column by column into labelled arrays.

nutpie can make these arrays itself, with every statistic and the warm-up; for a short run that takes as long as
hundreds of draws. Here only what is kept is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import xarray as xr


def datasets(compiled: Any, trace: Any, statistics: Iterable[str]) -> tuple[xr.Dataset, xr.Dataset]:
    """What was drawn after warm-up, and some statistics of it, (chain, draw, ...).

    Args:
        compiled: nutpie's compiled model, whose coordinates label the draws.
        trace: what ``nutpie.sample`` gives with ``return_raw_trace``.
        statistics: names of those to read.
    """
    draws, statistics_of_draws = trace.get_arrow_trace()
    warm_up = [int(_flat(chain.column("tuning")).sum()) for chain in statistics_of_draws]
    left_out = set(compiled.reparameterized_names or ())
    names = [name for name in draws[0].column_names if name not in left_out]
    coords: dict[Any, Any] = {name: np.asarray(values) for name, values in compiled.coords.items()}
    return _dataset(draws, names, warm_up, coords), _dataset(statistics_of_draws, statistics, warm_up, {})


def _dataset(
    chains: list[Any], names: Iterable[str], warm_up: list[int], coords: dict[Any, Any]
) -> xr.Dataset:
    found = xr.Dataset({name: _variable([chain.column(name) for chain in chains], warm_up) for name in names})
    return found.assign_coords({dim: coords.get(dim, np.arange(size)) for dim, size in found.sizes.items()})


def _variable(columns: list[Any], warm_up: list[int]) -> tuple[tuple[str, ...], np.ndarray]:
    """Dimensions and values of one variable from its column of each chain."""
    metadata = columns[0].field.metadata
    dims, shape = (_listed(metadata.get(key, b"")) for key in (b"dims", b"shape"))
    values = [
        _flat(column).reshape(-1, *map(int, shape))[start:]
        for column, start in zip(columns, warm_up, strict=True)
    ]
    return ("chain", "draw", *dims), np.stack(values)


def _listed(text: bytes) -> list[str]:
    return text.decode().split(",") if text else []


def _flat(column: Any) -> np.ndarray:
    values = pa.array(column)
    return (values.flatten() if pa.types.is_large_list(values.type) else values).to_numpy(
        zero_copy_only=False
    )
