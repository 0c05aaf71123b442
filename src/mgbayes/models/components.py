r"""The two components of a posterior at each of its draws: the log prior and the log likelihood.

The likelihood is that of the printed numbers, L(θ): latent patients are integrated out,

    L(θ) = ∫ f(y, z | θ) dz,   z the latent part,

from the draws themselves. Each draw (θ_i, z_i) has z_i from p(z | θ_i, y), so that with M reference draws

    L(θ) ∝ Σ_i f(z_i | θ) / D_i,   D_i = Σ_k f(z_i | θ_k) / L(θ_k),

is solved for the L(θ_k) by iteration and then holds for any θ. Factors of f that do not hang on θ cancel. The
unpublished correlations of visits are integrated by quadrature.
The prior is that of the parameters for which a plan chooses one; what a hierarchy says of its members is left as it
is. A lognormal prior is taken on the log scale, every other on its own.
Sources: Shirts and Chodera (2008), J Chem Phys 129:124105 (the estimator); Kallioinen et al. (2024), Stat Comput
34:57 (what it is for).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.models.priors import Prior

REFERENCE = 500
"""Draws whose latent parts stand for all: the error of a likelihood is then a few per cent, alike at near draws."""

_NODES = 64  # of the correlation of two visits
_STEPS = 200
_TOLERANCE = 1e-7

Data = Mapping[str, Any]
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


def log_likelihood(model: str, family: str, posterior: xr.Dataset, data: Data) -> np.ndarray:
    """Log likelihood of the printed numbers, (chain, draw), up to a constant. Raises KeyError for other models."""
    flat = _flat(posterior)
    size = posterior.sizes["chain"] * posterior.sizes["draw"]
    reference = np.unique(np.linspace(0, size - 1, min(REFERENCE, size)).astype(int))
    found = LIKELIHOODS[model](flat, data, family, reference)
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
    if (model, name) == ("binary", "log_odds_ratio"):
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


# ------------------------------------------------------------------ likelihoods


def _summaries(data: Data) -> list[tuple[int, int, np.ndarray]]:
    """Of each summary of times: its place, how many times it is of, and the arm (0 or 1) of each."""
    first, second = (int(k) for k in data["timed"])
    if len(data["time_mean"]) == 1:
        return [(0, first + second, np.repeat([0.0, 1.0], [first, second]))]
    return [(arm, n, np.full(n, float(arm))) for arm, n in enumerate((first, second))]


def _seen(counts: tuple[int, int, int], chance: np.ndarray, in_time: np.ndarray) -> np.ndarray:
    """Log likelihood of the events of an arm (patients, events, and those whose times are printed)."""
    from scipy import stats

    n, events, timed = counts
    return np.asarray(stats.binom.logpmf(events, n, chance * in_time) - timed * np.log(in_time))


def _cure(flat: Flat, data: Data, family: str, reference: np.ndarray) -> np.ndarray:
    from scipy.special import expit

    from mgbayes.distributions.lifetimes import LIFETIMES

    law, shape = LIFETIMES[family], flat["shape"]
    days, weights = data["followup_days"], data["followup_weights"]
    total = np.zeros(len(shape))
    for a, counts in enumerate(zip(data["n"], data["events"], data["timed"], strict=True)):
        mean = flat["log_mean_time"] + (a - 0.5) * flat["log_time_ratio"]
        gone = law.survival(days, mean[:, None], shape[:, None]) @ weights
        chance = expit(flat["logit_ever"] + (a - 0.5) * flat["log_odds_ratio"])
        total += _seen(counts, chance, np.maximum(1 - gone, 1e-12))
    for at, n, arm in _summaries(data):

        def density(t: Any, level: Any, ratio: Any, k: Any, arm: np.ndarray = arm) -> Any:
            log_mean = level[:, None] + (arm - 0.5)[None, :] * ratio[:, None]
            return law.logpdf(t[None, :], log_mean, k[:, None]).sum(1)

        total += _integrated_times(
            density, flat, reference, (at, n), ("log_mean_time", "log_time_ratio", "shape")
        )
    return total


def _proportional_hazards(flat: Flat, data: Data, family: str, reference: np.ndarray) -> np.ndarray:
    from mgbayes.distributions.hazards import WEIBULL, piecewise_exponential

    hazard = WEIBULL if family == WEIBULL.name else piecewise_exponential(np.asarray(data["cuts"]))
    ratio = flat["log_hazard_ratio"]
    names = ("log_scale", *hazard.shape)
    baseline = [flat[name][:, None] for name in names]
    days, weights = data["followup_days"], data["followup_weights"]
    cumulative = hazard.cumulative(days, *baseline)
    total = np.zeros(len(ratio))
    for a, counts in enumerate(zip(data["n"], data["events"], data["timed"], strict=True)):
        free = np.exp(-np.exp((a - 0.5) * ratio)[:, None] * cumulative) @ weights
        total += _seen(counts, np.ones(len(ratio)), np.maximum(1 - free, 1e-12))
    for at, n, arm in _summaries(data):

        def density(t: Any, b: Any, *base: Any, arm: np.ndarray = arm) -> Any:
            return _log_event_density(hazard, t, arm - 0.5, b, base)

        total += _integrated_times(density, flat, reference, (at, n), ("log_hazard_ratio", *names))
    return total


def _integrated_times(
    density: Callable[..., Any],
    flat: Flat,
    reference: np.ndarray,
    summary: tuple[int, int],
    names: Sequence[str],
) -> np.ndarray:
    """Log likelihood of one summary of times, latent ones integrated out; 0 where none is printed."""
    at, n = summary
    if n == 0:
        return np.zeros(len(flat[names[0]]))
    compiled = _compiled(density, len(names))
    times = flat["latent_time"][reference, at, :n]
    return integrated(np.array([compiled(t, *(flat[name] for name in names)) for t in times]), reference)


def _log_event_density(hazard: Any, t: Any, arm: np.ndarray, ratio: Any, baseline: Any) -> Any:
    import pytensor.tensor as pt

    base = [part[:, None] for part in baseline]
    shift = ratio[:, None] * arm[None, :]
    rate, cumulative = hazard.log_hazard(t[None, :], *base), hazard.log_cumulative(t[None, :], *base)
    return (rate + shift - pt.exp(cumulative + shift)).sum(1)


def _continuous(flat: Flat, data: Data, family: str, reference: np.ndarray) -> np.ndarray:
    """Of normal outcomes: means and SDs are sufficient, unpublished correlations integrated out."""
    if family not in ("normal", "normal_ratio"):
        raise KeyError(family)
    draws, visits = flat["mean"].shape[0], flat["mean"].shape[2]
    pairs = flat.get("correlation", np.zeros((draws, 2, 0)))
    total = np.zeros(draws)
    for arm, n in enumerate(data["n"]):
        sd = flat["sd"][:, arm]
        sigma = _matrices(pairs[:, arm]) * sd[:, :, None] * sd[:, None, :]
        off = np.asarray(data["printed_mean"])[arm] - flat["mean"][:, arm]
        total -= 0.5 * np.linalg.slogdet(sigma)[1]
        total -= 0.5 * n * np.einsum("sa,sab,sb->s", off, np.linalg.inv(sigma), off)
        total += LOG_DENSITY_OF_SDS[visits](np.asarray(data["printed_sd"], float)[arm], int(n), sigma)
    return total


def _of_one_sd(printed: np.ndarray, n: int, sigma: np.ndarray) -> np.ndarray:
    """The same at one visit: (n - 1) s² / σ² is chi-square."""
    variance = sigma[:, 0, 0]
    return np.asarray(-0.5 * (n - 1) * (np.log(variance) + printed[0] ** 2 / variance))


def _of_two_sds(printed: np.ndarray, n: int, sigma: np.ndarray) -> np.ndarray:
    """The same at two visits."""
    from scipy import special

    two, _, weight = _wishart_of_two(printed, n, sigma)
    return np.asarray(special.logsumexp(two + np.log(weight), axis=1))


def log_density_of_sds(printed: np.ndarray, n: int, sigma: np.ndarray) -> np.ndarray:
    """Log density of the SDs of n patients at three visits, (S,), up to a constant.

    The first two SDs and their correlation r have a Wishart density of two visits. Given these, the third sum of
    squares over its residual variance is noncentral chi-square with n - 1 degrees of freedom; r is integrated by
    Gauss-Legendre quadrature.

    Args:
        printed: (3,) SDs, with n - 1 in the denominator.
        n: patients, at least 4.
        sigma: (S, 3, 3) covariances.
    """
    from scipy import special, stats

    df = n - 1
    two, scatter, weight = _wishart_of_two(printed, n, sigma[:, :2, :2])
    inverse = np.linalg.inv(sigma[:, :2, :2])
    slope = np.einsum("sab,sb->sa", inverse, sigma[:, :2, 2])
    residual = (sigma[:, 2, 2] - np.einsum("sa,sa->s", slope, sigma[:, :2, 2]))[:, None]
    away = np.maximum(np.einsum("sa,mab,sb->sm", slope, scatter, slope), 0) / residual
    third = stats.ncx2.logpdf(df * printed[2] ** 2 / residual, df, away) - np.log(residual)
    return np.asarray(special.logsumexp(two + third + np.log(weight), axis=1))


def _wishart_of_two(
    printed: np.ndarray, n: int, sigma: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log density (S, node) of two SDs and their correlation, the scatter (node, 2, 2) and weights of the nodes."""
    r, weight = np.polynomial.legendre.leggauss(_NODES)
    df = n - 1
    between = df * r * printed[0] * printed[1]
    scatter = np.empty((_NODES, 2, 2))
    scatter[:, 0, 0], scatter[:, 1, 1] = df * printed[0] ** 2, df * printed[1] ** 2
    scatter[:, 0, 1] = scatter[:, 1, 0] = between
    two = 0.5 * (df - 3) * np.log1p(-(r**2)) - 0.5 * np.einsum("sab,mab->sm", np.linalg.inv(sigma), scatter)
    return two - 0.5 * df * np.linalg.slogdet(sigma)[1][:, None], scatter, weight


LOG_DENSITY_OF_SDS: Mapping[int, Callable[[np.ndarray, int, np.ndarray], np.ndarray]] = {
    1: _of_one_sd,
    2: _of_two_sds,
    3: log_density_of_sds,
}
"""By number of visits."""


def _matrices(pairs: np.ndarray) -> np.ndarray:
    """Correlation matrices of visits from their pairs 12, 13, ..., 23, ..."""
    from mgbayes.models.visits import matrices

    return matrices(pairs, round((1 + float(np.sqrt(1 + 8 * pairs.shape[-1]))) / 2))


def _binary(flat: Flat, data: Data, family: str, reference: np.ndarray) -> np.ndarray:
    from scipy import stats

    found = stats.binom.logpmf(data["count"], data["patients"], flat["chance"])
    return np.asarray(found.sum(axis=(1, 2)))


def _compiled(expression: Callable[..., Any], parameters: int) -> Callable[..., np.ndarray]:
    """A function of times (K,) and of parameters (S,) each, run as it stands: it is called some hundred times."""
    import pytensor
    import pytensor.tensor as pt

    inputs = [pt.dvector() for _ in range(1 + parameters)]
    compiled: Callable[..., np.ndarray] = pytensor.function(inputs, expression(*inputs), mode="FAST_COMPILE")
    return compiled


LIKELIHOODS: Mapping[str, Callable[[Flat, Data, str, np.ndarray], np.ndarray]] = {
    "cure": _cure,
    "proportional_hazards": _proportional_hazards,
    "continuous": _continuous,
    "binary": _binary,
}
"""By model: the log likelihood at each draw."""
