r"""Families of positive times that are scaled by their mean.

Every family has the log of its mean and a shape without a unit, so that the same prior of a mean time is readable
under each. Two times that differ by a factor exp(b) in distribution differ by b in log mean under every family
(accelerated failure time).

| family    | shape                | density                                                |
|-----------|----------------------|--------------------------------------------------------|
| lognormal | SD σ of the log time | log T ~ Normal(log mean - σ²/2, σ)                     |
| gamma     | shape k              | T ~ Gamma(k, scale = mean / k)                         |
| weibull   | shape k              | S(t) = exp(-(t/λ)^k), λ = mean / Γ(1 + 1/k)            |

The restricted mean E[min(T, τ)] is in closed form: the partial expectation to τ plus τ S(τ).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.random import Generator
from scipy import special

from mgbayes.distributions.arithmetic import exp, gammaincc, gammaln, log, log_ndtr, maximum, minimum, ndtr

_LEAST = 1e-300


@dataclass(frozen=True)
class Lifetime:
    """A family of positive times, of the log of its mean and a shape.

    On numbers and PyTensor variables (arithmetic.py), which broadcast: ``logpdf``, ``log_survival`` and ``survival``
    of (t, log_mean, shape). On numbers, for draws: ``quantile(u, log_mean, shape)``,
    ``restricted_mean(tau, log_mean, shape)`` and ``draw(rng, log_mean, shape, size)``.
    """

    name: str
    label: str
    logpdf: Callable[[Any, Any, Any], Any]
    log_survival: Callable[[Any, Any, Any], Any]
    survival: Callable[[Any, Any, Any], Any]
    quantile: Callable[[Any, Any, Any], Any]
    restricted_mean: Callable[[Any, Any, Any], Any]
    draw: Callable[[Generator, Any, Any, Any], Any]


def _score(t: Any, log_mean: Any, sigma: Any) -> Any:
    return (log(t) - log_mean) / sigma + sigma / 2


LOGNORMAL = Lifetime(
    name="lognormal",
    label="log-normal",
    logpdf=lambda t, log_mean, sigma: (
        -0.5 * _score(t, log_mean, sigma) ** 2 - log(t * sigma) - 0.5 * np.log(2 * np.pi)
    ),
    log_survival=lambda t, log_mean, sigma: log_ndtr(-_score(t, log_mean, sigma)),
    survival=lambda t, log_mean, sigma: ndtr(-_score(t, log_mean, sigma)),
    quantile=lambda u, log_mean, sigma: np.exp(log_mean - sigma**2 / 2 + sigma * special.ndtri(u)),
    restricted_mean=lambda tau, log_mean, sigma: (
        np.exp(log_mean) * special.ndtr(_score(tau, log_mean, sigma) - sigma)
        + tau * special.ndtr(-_score(tau, log_mean, sigma))
    ),
    draw=lambda rng, log_mean, sigma, size: rng.lognormal(log_mean - sigma**2 / 2, sigma, size),
)


def _gamma_logpdf(t: Any, log_mean: Any, k: Any) -> Any:
    log_rate = log(k) - log_mean
    return k * log_rate + (k - 1) * log(t) - t * exp(log_rate) - gammaln(k)


def _gamma_survival(t: Any, log_mean: Any, k: Any) -> Any:
    # Farther out nobody is left (1e-20), and the derivative in the shape would take long series.
    return gammaincc(k, minimum(t * k * exp(-log_mean), k + 40 + 10 * k**0.5))


GAMMA = Lifetime(
    name="gamma",
    label="gamma",
    logpdf=_gamma_logpdf,
    log_survival=lambda t, log_mean, k: log(maximum(_gamma_survival(t, log_mean, k), _LEAST)),
    survival=_gamma_survival,
    quantile=lambda u, log_mean, k: special.gammaincinv(k, u) * np.exp(log_mean) / k,
    restricted_mean=lambda tau, log_mean, k: (
        np.exp(log_mean) * special.gammainc(k + 1, tau * k * np.exp(-log_mean))
        + tau * special.gammaincc(k, tau * k * np.exp(-log_mean))
    ),
    draw=lambda rng, log_mean, k, size: rng.gamma(k, np.exp(log_mean) / k, size),
)


def _log_scale(log_mean: Any, k: Any) -> Any:
    return log_mean - gammaln(1 + 1 / k)


def _log_cumulative(t: Any, log_mean: Any, k: Any) -> Any:
    """Log of the cumulative hazard (t/λ)^k."""
    return k * (log(t) - _log_scale(log_mean, k))


def _weibull_logpdf(t: Any, log_mean: Any, k: Any) -> Any:
    log_cumulative = _log_cumulative(t, log_mean, k)
    return log(k) - log(t) + log_cumulative - exp(log_cumulative)


WEIBULL = Lifetime(
    name="weibull",
    label="Weibull",
    logpdf=_weibull_logpdf,
    log_survival=lambda t, log_mean, k: -exp(_log_cumulative(t, log_mean, k)),
    survival=lambda t, log_mean, k: exp(-exp(_log_cumulative(t, log_mean, k))),
    quantile=lambda u, log_mean, k: np.exp(_log_scale(log_mean, k)) * (-np.log1p(-u)) ** (1 / k),
    restricted_mean=lambda tau, log_mean, k: (
        np.exp(log_mean) * special.gammainc(1 + 1 / k, np.exp(_log_cumulative(tau, log_mean, k)))
        + tau * np.exp(-np.exp(_log_cumulative(tau, log_mean, k)))
    ),
    draw=lambda rng, log_mean, k, size: np.exp(_log_scale(log_mean, k)) * rng.weibull(k, size),
)

LIFETIMES: Mapping[str, Lifetime] = MappingProxyType(
    {family.name: family for family in (LOGNORMAL, GAMMA, WEIBULL)}
)
