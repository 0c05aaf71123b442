r"""What a model computes, as a few numbers, so that evidence about it outlives its renaming and rewriting.

At three points, each a set of parameters θ and a study drawn by the model's own simulator with a fixed seed:

- the log density of the built PyMC model, log p(θ) + log p(latent values) + log p(data | θ, latent values), in the
  natural values of all random variables (no Jacobian), so that the sampler's coordinates do not count;
- the contrasts at θ, in the order in which the model declares them;
- what the simulator drew: two sums over each array of parameters and data, sorted, so that names do not count.

A changed prior, likelihood, simulator or estimand changes one of them. Names, labels, files, sampling coordinates and
the way in which densities are written do not. Random variables that the simulator does not name (latent values) are
drawn from the distribution that the model gives them; where their meaning changes, the density at given values
changes, and the evidence ends although the density that they integrate to may be the same.

Numbers are kept to eight significant digits and compared within a relative difference of 1e-6, which is beyond the
noise of platforms and below any change that matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.calibrate.sbc import Data, Model
from mgbayes.models.priors import Prior

SEEDS = (1, 2, 3)
DIGITS = 8
TOLERANCE = 1e-6
_MODE = "FAST_COMPILE"  # evaluated three times: compiling well would take longer than it saves
_PARTS = {"density": "priors or likelihood", "contrasts": "estimands", "simulated": "simulator"}


@dataclass(frozen=True)
class Fingerprint:
    """Numbers that follow from what a model computes, a row for each point."""

    density: tuple[tuple[float, ...], ...]
    contrasts: tuple[tuple[float, ...], ...]
    simulated: tuple[tuple[float, ...], ...]

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Fingerprint:
        """From JSON."""
        return cls(**{part: tuple(tuple(row) for row in stored[part]) for part in _PARTS})

    def differences(self, other: Fingerprint) -> tuple[str, ...]:
        """What differs from another fingerprint, in words; empty where nothing does."""
        return tuple(
            f"the {words} changed"
            for part, words in _PARTS.items()
            if not _alike(getattr(self, part), getattr(other, part))
        )


def fingerprint(model: Model, family: str, priors: dict[str, Prior], template: Data) -> Fingerprint:
    """The fingerprint of a model of a family under these priors, on studies like the template."""
    points = [model.simulate(np.random.default_rng(seed), template, family, priors) for seed in SEEDS]
    built = model.build(points[0][1], family, priors)
    density = _LogDensity(built, points[0][0])
    rows: dict[str, list[tuple[float, ...]]] = {part: [] for part in _PARTS}
    for truth, data in points:
        contrasts = model.estimands(one_draw(built, truth), data, family)
        rows["density"].append(rounded([density.at(truth, data)]))
        rows["contrasts"].append(rounded([contrasts[e.id].item() for e in model.declared(data)]))
        rows["simulated"].append(checksums(truth) + checksums(data))
    return Fingerprint(**{part: tuple(values) for part, values in rows.items()})


def one_draw(built: Any, truth: Mapping[str, Any]) -> xr.Dataset:
    """Parameters as a single posterior draw, with the dimensions that the built model gives them."""
    variables = {
        name: (("chain", "draw", *_dims(built, name, np.ndim(value))), np.asarray(value, float)[None, None])
        for name, value in truth.items()
    }
    used = {dim for dims, _ in variables.values() for dim in dims}
    coords = {dim: list(values) for dim, values in built.coords.items() if values is not None and dim in used}
    return xr.Dataset(variables, coords)


def checksums(arrays: Mapping[str, Any]) -> tuple[float, ...]:
    """Two sums over each numeric array, one of them weighted by place, sorted: names and order do not count.

    Missing values are counted, and enter the sums as zero.
    """
    sums = []
    for values in arrays.values():
        if np.asarray(values).dtype.kind not in "biuf":
            continue
        flat = np.asarray(values, float).ravel()
        known = np.isfinite(flat)
        filled, place = np.where(known, flat, 0.0), np.cos(np.arange(flat.size))
        sums.append(rounded([filled.sum() + 1000 * (~known).sum(), filled @ place]))
    return tuple(value for pair in sorted(sums) for value in pair)


def rounded(values: Any) -> tuple[float, ...]:
    """Numbers to eight significant digits."""
    return tuple(float(f"{float(value):.{DIGITS}g}") for value in values)


def _alike(ours: Any, theirs: Any) -> bool:
    return len(ours) == len(theirs) and all(
        len(a) == len(b) and np.allclose(a, b, rtol=TOLERANCE, atol=1e-9, equal_nan=True)
        for a, b in zip(ours, theirs, strict=True)
    )


def _dims(built: Any, name: str, ndim: int) -> tuple[str, ...]:
    """The dimensions of a variable, as a sampler names them."""
    given = built.named_vars_to_dims.get(name)
    return tuple(given) if given else tuple(f"{name}_dim_{axis}" for axis in range(ndim))


class _LogDensity:
    """The log density of a built model in natural values, compiled once."""

    def __init__(self, built: Any, truth: Mapping[str, Any]) -> None:
        import pymc as pm
        import pytensor
        import pytensor.tensor as pt
        from pymc.logprob import conditional_logp
        from pymc.logprob.utils import replace_rvs_by_values

        self._built = built
        self._given = [rv for rv in built.free_RVs if rv.name in truth]
        self._latent = {
            rv: pm.draw(rv, random_seed=number, mode=_MODE)
            for number, rv in enumerate(rv for rv in built.free_RVs if rv.name not in truth)
        }
        values = {rv: rv.clone() for rv in built.free_RVs}
        for rv, value in values.items():
            value.name = f"{rv.name}_natural"
        inputs = list(values.values())
        values |= {rv: built.rvs_to_values[rv] for rv in built.observed_RVs}
        terms = list(conditional_logp(values).values())
        terms += replace_rvs_by_values(list(built.potentials), rvs_to_values=values)
        self._names = [rv.name for rv in built.free_RVs]
        self._compiled = pytensor.function(inputs, sum(pt.sum(term) for term in terms), mode=_MODE)

    def at(self, truth: Mapping[str, Any], data: Data) -> float:
        """At parameters, the fixed latent values, and a study's data."""
        for name in self._built.named_vars:
            if name in data and hasattr(self._built[name], "set_value"):
                self._built[name].set_value(np.asarray(data[name], self._built[name].dtype))
        latent = {rv.name: value for rv, value in self._latent.items()}
        drawn = [np.asarray(truth[name] if name in truth else latent[name], float) for name in self._names]
        return float(self._compiled(*drawn))
