r"""The two components of a posterior at each of its draws: the log prior and the log likelihood.

The likelihood is that of the printed numbers, L(θ): latent patients are integrated out,

    L(θ) = ∫ f(y, z | θ) dz,   z the latent part,

from the draws themselves. Each draw (θ_i, z_i) has z_i from p(z | θ_i, y), so that with M reference draws

    L(θ) ∝ Σ_i f(z_i | θ) / D_i,   D_i = Σ_k f(z_i | θ_k) / L(θ_k),

is solved for the L(θ_k) by iteration and then holds for any θ. Factors of f that do not hang on θ cancel. Models
give their own part (``Model.log_likelihood``).
The prior is that of the parameters for which a plan chooses one; what a hierarchy says of its members is left as it
is. A lognormal prior is taken on the log scale, every other on its own.
Sources: Shirts and Chodera (2008), J Chem Phys 129:124105 (the estimator); Kallioinen et al. (2024), Stat Comput
34:57 (what it is for).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from mgbayes.models.catalogue import MODELS
from mgbayes.models.evidence import Evidence
from mgbayes.models.priors import Prior

if TYPE_CHECKING:
    from mgbayes.models.model import Model

REFERENCE = 500
"""Draws whose latent parts stand for all: the error of a likelihood is then a few per cent, alike at near draws."""

_STEPS = 200
_TOLERANCE = 1e-7

Flat = dict[str, np.ndarray]


def integrated(log_density: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Log L at each draw up to a constant, the largest 0.

    Args:
        log_density: (M, S), log f(z_i | θ_s) for the latent parts of the M reference draws.
        reference: (M,) the places of those among the S draws.
    """
    from scipy.special import logsumexp

    block = log_density[:, reference]
    log_l = np.zeros(len(reference))
    for _ in range(_STEPS):
        denominator = logsumexp(block - log_l, axis=1)
        found = logsumexp(block - denominator[:, None], axis=0)
        found -= found.mean()
        moved, log_l = np.abs(found - log_l).max(), found
        if moved < _TOLERANCE:
            break
    denominator = logsumexp(block - log_l, axis=1)
    every = logsumexp(log_density - denominator[:, None], axis=0)
    return np.asarray(every - every.max())


def log_likelihood(model: Model, family: str, posterior: xr.Dataset, data: Evidence) -> np.ndarray:
    """Log likelihood of the published numbers, (chain, draw), up to a constant."""
    flat = _flat(posterior)
    size = posterior.sizes["chain"] * posterior.sizes["draw"]
    reference = np.unique(np.linspace(0, size - 1, min(REFERENCE, size)).astype(int))
    found = model.log_likelihood(flat, data, family, reference)
    return found.reshape(posterior.sizes["chain"], posterior.sizes["draw"])


def log_prior(model: str, posterior: xr.Dataset, priors: Mapping[str, Prior]) -> np.ndarray:
    """Log density of the plan's priors, (chain, draw), up to a constant."""
    flat = _flat(posterior)
    about = {name: _about(model, name, flat, priors) for name in priors}
    # With one visit nothing is pooled, and a prior of the pooling has no parameter.
    terms = [
        _LOG_DENSITY[prior.form](value, prior.values)
        for name, prior in priors.items()
        if (value := about[name]) is not None
    ]
    total = sum(term.reshape(len(term), -1).sum(axis=1) for term in terms)
    return np.asarray(total).reshape(posterior.sizes["chain"], posterior.sizes["draw"])


def powered(prior: Prior, alpha: float) -> Prior:
    """The prior whose density is this one's to the power ``alpha``. Raises KeyError for a mixture."""
    return replace(prior, values=_POWERS[prior.form](prior.values, alpha))


def _flat(posterior: xr.Dataset) -> Flat:
    """Draws on the first axis."""
    arrays = {str(name): values.transpose("chain", "draw", ...) for name, values in posterior.items()}
    return {name: values.to_numpy().reshape(-1, *values.shape[2:]) for name, values in arrays.items()}


def _about(model: str, name: str, flat: Flat, priors: Mapping[str, Prior]) -> np.ndarray | None:
    """What a prior of this name speaks of, where that is not the variable itself; None where nothing has it."""
    if name == MODELS[model].effect_by_endpoint:
        each = [other for other in flat if other.startswith(f"{name}_") and other not in priors]
        return np.stack([flat[other] for other in each], axis=-1)
    return flat.get(name)


# ------------------------------------------------------------------ priors


def _normal(x: np.ndarray, values: tuple[float, ...]) -> np.ndarray:
    return -0.5 * np.square((x - values[0]) / values[1])


def _beta(x: np.ndarray, values: tuple[float, ...]) -> np.ndarray:
    return (values[0] - 1) * np.log(x) + (values[1] - 1) * np.log1p(-x)


def _lkj(x: np.ndarray, values: tuple[float, ...]) -> np.ndarray:
    """Correlations of pairs of visits on the last axis."""
    return np.asarray((values[0] - 1) * np.linalg.slogdet(_matrices(x))[1])


_LOG_DENSITY: Mapping[str, Callable[[np.ndarray, tuple[float, ...]], np.ndarray]] = {
    "normal": _normal,
    "lognormal": lambda x, values: _normal(np.log(x), values),
    "half_normal": lambda x, values: _normal(x, (0.0, *values)),
    "beta": _beta,
    "lkj": _lkj,
}


def _narrower(values: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    return (*values[:-1], values[-1] / float(np.sqrt(alpha)))


def _sharper(values: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    return tuple(alpha * (value - 1) + 1 for value in values)


_POWERS: Mapping[str, Callable[[tuple[float, ...], float], tuple[float, ...]]] = {
    "normal": _narrower,
    "lognormal": _narrower,
    "half_normal": _narrower,
    "beta": _sharper,
    "lkj": _sharper,
}


def _matrices(pairs: np.ndarray) -> np.ndarray:
    """Correlation matrices of visits from their pairs 12, 13, ..., 23, ..."""
    from mgbayes.models.visits import matrices

    return matrices(pairs, round((1 + float(np.sqrt(1 + 8 * pairs.shape[-1]))) / 2))
