"""Draws as they are read: the very ones, and labelled alike, that nutpie's own conversion gives."""

from __future__ import annotations

import numpy as np
import nutpie
import pymc as pm
import xarray as xr

from mgbayes.inference.arrow import datasets
from mgbayes.inference.sample import compile_model

RUN = {"draws": 30, "tune": 40, "chains": 3, "cores": 1, "seed": 1, "progress_bar": False}


def test_draws_are_read_as_nutpie_reads_them() -> None:
    """Of a variable with labels, without, of a transformed one, and of one that takes several dimensions."""
    with pm.Model(coords={"arm": ["reference", "contrast"]}) as model:
        mean = pm.Normal("mean", shape=3)
        sd = pm.HalfNormal("sd", dims="arm")
        pm.Dirichlet("share", np.ones(3))
        pm.Deterministic("value", mean[None, :] * sd[:, None])
    compiled = compile_model(model)
    theirs = nutpie.sample(compiled, **RUN)
    draws, statistics = datasets(
        compiled, nutpie.sample(compiled, return_raw_trace=True, **RUN), ("diverging", "energy")
    )
    assert dict(draws.sizes) == {
        **{"chain": 3, "draw": 30, "arm": 2, "mean_dim_0": 3, "share_dim_0": 3},
        **{"value_dim_0": 2, "value_dim_1": 3},
    }
    xr.testing.assert_identical(draws, theirs["posterior"].to_dataset().drop_attrs())
    expected = theirs["sample_stats"].to_dataset()[["diverging", "energy"]].drop_attrs()
    xr.testing.assert_identical(statistics, expected)
