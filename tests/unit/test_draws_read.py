"""Draws as they are read: the very ones, and labelled alike, that nutpie's own conversion gives."""

from __future__ import annotations

import numpy as np
import nutpie
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.testing import assert_allclose
from nutpie.compiled_pyfunc import from_pyfunc

from mgbayes.inference.arrow import datasets
from mgbayes.inference.sample import compile_model, draw
from mgbayes.models.coordinates import reparametrized
from mgbayes.models.plan import Sampling
from mgbayes.models.priors import Prior

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


def test_each_draw_has_the_slope_of_the_log_density_by_each_parameter_on_the_real_line() -> None:
    """Of a regression, by hand; one effect has coordinates of its own, and a standard deviation has no slope."""
    x, y = np.array([[-1.0, 0.0, 2.0], [0.5, 1.0, 1.0]]), np.array([0.3, 1.0, -2.0])
    priors = {"effect": Prior("normal", (1.0, 0.5), "toy")}
    with pm.Model() as model:
        sd = pm.HalfNormal("sd")
        level = pm.Normal("level", 0, 2)
        other = reparametrized("effect", priors, level + 1, pt.exp(level / 2))
        pm.Normal("y", level * x[0] + other * x[1], sd, observed=y)
    posterior, stats = draw(compile_model(model), Sampling(draws=100, tune=100, chains=2, seed=1), cores=1)
    assert sorted(posterior) == ["effect", "level", "sd"]
    assert sorted(stats["of"].values) == ["effect", "level"]
    assert stats["slope"].dims == ("chain", "draw", "of")
    level, effect, sd = (posterior[name].to_numpy() for name in ("level", "effect", "sd"))
    away = (y - level[..., None] * x[0] - effect[..., None] * x[1]) / sd[..., None] ** 2
    of_effect = away @ x[1] - (effect - 1) / 0.5**2
    assert_allclose(stats["slope"].sel(of="effect"), of_effect, rtol=1e-9)
    # With its own coordinate q as it is, the effect 1 + level + q exp(level / 2) moves with the level.
    moves = 1 + (effect - level - 1) / 2
    assert_allclose(
        stats["slope"].sel(of="level"), away @ x[0] - level / 4 + of_effect * moves + 0.5, rtol=1e-9
    )


def test_draws_of_a_density_that_is_a_function_have_no_slopes() -> None:
    """Such as a method under comparison has, which is compiled from no model."""
    compiled = from_pyfunc(
        2,
        lambda: lambda theta: (float(-theta @ theta / 2), -theta),
        lambda *_: lambda theta: {"theta": np.array(theta)},
        [np.dtype(float)],
        [(2,)],
        ["theta"],
    )
    posterior, stats = draw(compiled, Sampling(draws=100, tune=100, chains=2, seed=1), cores=1)
    assert posterior["theta"].shape == (2, 100, 2)
    assert stats["slope"].sizes == {"chain": 2, "draw": 100, "of": 0}
