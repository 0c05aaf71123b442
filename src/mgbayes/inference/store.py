"""Finished fits on disk, found again by what went into them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import xarray as xr

from mgbayes.cache import cache_folder, content_key

MODELS = ("models", "estimands", "latent", "distributions", "frequentist")
"""The source that models follow from."""
_SAMPLER = (
    "inference/arrow.py",
    "inference/printed_p.py",
    "inference/run.py",
    "inference/sample.py",
    "study/direction.py",
    "study/rounding.py",
    "study/statistics/p_value.py",
)
LIBRARIES = ("pymc", "pytensor", "nutpie", "numba", "numpy", "scipy")


def fit_key(parts: Mapping[str, object], data: Mapping[str, np.ndarray], *besides: str) -> str:
    """A hash of everything that the draws follow from: the model's source, its input, the libraries.

    ``besides`` is the source that these draws follow from, too.
    """
    numbers = {name: np.asarray(values).tolist() for name, values in data.items()}
    return content_key((*MODELS, *_SAMPLER, *besides), LIBRARIES, {**parts, "data": numbers})


def draws_path(key: str) -> Path:
    """Where the draws of a finished fit are kept."""
    return cache_folder("fits") / f"{key}.nc"


def read_draws(key: str) -> tuple[xr.Dataset, xr.Dataset] | None:
    """The posterior and sampler statistics of a finished fit; None when there is none to be read."""
    try:
        with xr.open_datatree(draws_path(key), engine="h5netcdf") as tree:
            tree.load()
            return tree["posterior"].to_dataset(), tree["sample_stats"].to_dataset()
    except (OSError, ValueError, KeyError):
        return None


def write_draws(key: str, posterior: xr.Dataset, sample_stats: xr.Dataset) -> None:
    """Keep a finished fit; where the cache cannot be written to, it is just made again next time."""
    with suppress(OSError):
        groups = {"posterior": posterior, "sample_stats": sample_stats}
        write_netcdf(draws_path(key), xr.DataTree.from_dict(groups))


def write_netcdf(path: Path, draws: xr.DataTree) -> None:
    """Write groups of draws as netCDF, beside its place first."""
    tree = xr.DataTree.from_dict({name: _plain(group.to_dataset()) for name, group in draws.children.items()})
    tree.attrs = draws.attrs
    with tempfile.TemporaryDirectory(dir=path.parent) as staging:
        staged = Path(staging) / path.name
        tree.to_netcdf(staged, engine="h5netcdf")
        os.replace(staged, path)


def _plain(dataset: xr.Dataset) -> xr.Dataset:
    """Without attributes that change from run to run, so that equal fits make equal files."""
    kept = {name: value for name, value in dataset.attrs.items() if name.startswith("agreeing_")}
    return dataset.drop_attrs().assign_attrs(kept)
