r"""Families of positive times, each a declaration.

Every family is parameterised by the log of its mean (log days) and a shape without a unit, so
that the same prior for a mean time is readable under each. Two times that differ by a factor
exp(b) in distribution differ by b in log mean under every family (accelerated failure time).

| family    | shape | density                                                              |
|-----------|-------|----------------------------------------------------------------------|
| lognormal | SD σ of log time | log T ~ Normal(log mean - σ²/2, σ)                        |
| gamma     | shape k | T ~ Gamma(k, scale = mean / k)                                     |
| weibull   | shape k | S(t) = exp(-(t/λ)^k), λ = mean / Γ(1 + 1/k)                        |

Where given times suggest that the parameters lie: log-normal, at the mean and variance of log times; gamma and
Weibull, at the log of the mean and at the shape whose log times have a mean as far below it (to a few percent).

The restricted mean E[min(T, τ)] is in closed form: the partial expectation to τ plus τ S(τ).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pytensor.tensor as pt
from numpy.random import Generator
from pymc.distributions.dist_math import normal_lccdf
from scipy import special


@dataclass(frozen=True)
class Family:
    """A family of positive times.

    Symbolic (pytensor), for models:
        logpdf(t, log_mean, shape), logsf(t, log_mean, shape) and sf(t, log_mean, shape), log density,
        log survival and survival;
        log_shape_at(times) and log_mean_at(times, shape), where latent times (latent_times.py) suggest that these
        lie: the log mean of the first summary, and the step from it to that of the last;
        log_sd(shape), about the SD of log times.
    Numeric (numpy; labelled arrays broadcast by name), for draws:
        survival(t, log_mean, shape), quantile(u, log_mean, shape),
        restricted_mean(tau, log_mean, shape) = E[min(T, tau)],
        draw(rng, log_mean, shape, size).
    skew is that of latent times as centred.py takes it away: log times are symmetric (0) or lean to early days.
    """

    name: str
    label: str
    logpdf: Callable[[Any, Any, Any], Any]
    logsf: Callable[[Any, Any, Any], Any]
    sf: Callable[[Any, Any, Any], Any]
    log_shape_at: Callable[[Any], Any]
    log_mean_at: Callable[[Any, Any], tuple[Any, Any]]
    log_sd: Callable[[Any], Any]
    survival: Callable[[Any, Any, Any], Any]
    quantile: Callable[[Any, Any, Any], Any]
    restricted_mean: Callable[[Any, Any, Any], Any]
    draw: Callable[[Generator, Any, Any, Any], Any]
    skew: float


def _lognormal_score(log_t: Any, log_mean: Any, sigma: Any) -> Any:
    return (log_t - log_mean) / sigma + sigma / 2


def _lognormal_logpdf(t: Any, log_mean: Any, sigma: Any) -> Any:
    score = _lognormal_score(pt.log(t), log_mean, sigma)
    return -0.5 * score**2 - pt.log(t * sigma) - 0.5 * np.log(2 * np.pi)


LOGNORMAL = Family(
    name="lognormal",
    label="log-normal",
    logpdf=_lognormal_logpdf,
    logsf=lambda t, log_mean, sigma: normal_lccdf(log_mean - sigma**2 / 2, sigma, pt.log(t)),
    sf=lambda t, log_mean, sigma: pt.erfc(_lognormal_score(pt.log(t), log_mean, sigma) / np.sqrt(2)) / 2,
    log_shape_at=lambda times: 0.5 * pt.log(times.variance),
    log_mean_at=lambda times, sigma: (times.centre + sigma**2 / 2, times.step),
    log_sd=lambda sigma: sigma,
    survival=lambda t, log_mean, sigma: special.ndtr(-_lognormal_score(np.log(t), log_mean, sigma)),
    quantile=lambda u, log_mean, sigma: np.exp(log_mean - sigma**2 / 2 + sigma * special.ndtri(u)),
    restricted_mean=lambda tau, log_mean, sigma: (
        np.exp(log_mean) * special.ndtr(_lognormal_score(np.log(tau), log_mean, sigma) - sigma)
        + tau * special.ndtr(-_lognormal_score(np.log(tau), log_mean, sigma))
    ),
    draw=lambda rng, log_mean, sigma, size: rng.lognormal(log_mean - sigma**2 / 2, sigma, size),
    skew=0.0,
)


def _gamma_logpdf(t: Any, log_mean: Any, k: Any) -> Any:
    log_rate = pt.log(k) - log_mean
    return k * log_rate + (k - 1) * pt.log(t) - t * pt.exp(log_rate) - pt.gammaln(k)


def _gamma_sf(t: Any, log_mean: Any, k: Any) -> Any:
    # Beyond 500 scales survival underflows, and its derivative in the shape with it.
    return pt.gammaincc(k, pt.minimum(t * k * pt.exp(-log_mean), 500.0))


def _gamma_logsf(t: Any, log_mean: Any, k: Any) -> Any:
    return pt.log(pt.maximum(_gamma_sf(t, log_mean, k), 1e-300))


def _gamma_log_shape(shortfall: Any) -> Any:
    """Log k where log k - ψ(k) ≈ 1/(2k) + 1/(12k²) is the shortfall."""
    return pt.log1p(pt.sqrt(1 + 4 * shortfall / 3)) - pt.log(4 * shortfall)


GAMMA = Family(
    name="gamma",
    label="gamma",
    logpdf=_gamma_logpdf,
    logsf=_gamma_logsf,
    sf=_gamma_sf,
    log_shape_at=lambda times: _gamma_log_shape(times.shortfall),
    log_mean_at=lambda times, k: (times.log_mean, times.log_mean_step),
    log_sd=lambda k: pt.exp(-0.5 * pt.log(k)),
    survival=lambda t, log_mean, k: special.gammaincc(k, t * k * np.exp(-log_mean)),
    quantile=lambda u, log_mean, k: special.gammaincinv(k, u) * np.exp(log_mean) / k,
    restricted_mean=lambda tau, log_mean, k: (
        np.exp(log_mean) * special.gammainc(k + 1, tau * k * np.exp(-log_mean))
        + tau * special.gammaincc(k, tau * k * np.exp(-log_mean))
    ),
    draw=lambda rng, log_mean, k, size: rng.gamma(k, np.exp(log_mean) / k, size),
    skew=-0.4,
)


def _weibull_log_scale(log_mean: Any, k: Any) -> Any:
    return log_mean - special.gammaln(1 + 1 / k)


def _weibull_hazard(t: Any, log_mean: Any, k: Any) -> Any:
    """Cumulative hazard (t/λ)^k."""
    return np.exp(k * (np.log(t) - _weibull_log_scale(log_mean, k)))


def _weibull_log_hazard(t: Any, log_mean: Any, k: Any) -> Any:
    """Log cumulative hazard, symbolic."""
    return k * (pt.log(t) - log_mean + pt.gammaln(1 + 1 / k))


def _weibull_logpdf(t: Any, log_mean: Any, k: Any) -> Any:
    log_hazard = _weibull_log_hazard(t, log_mean, k)
    return pt.log(k) - pt.log(t) + log_hazard - pt.exp(log_hazard)


def _weibull_log_shape(shortfall: Any) -> Any:
    """Log k where log Γ(1 + 1/k) + γ/k ≈ (π²/12) / (k² + 0.425 k) is the shortfall."""
    bend, square = 0.425, np.pi**2 / 12
    return pt.log(pt.sqrt(bend**2 + 4 * square / shortfall) - bend) - np.log(2)


WEIBULL = Family(
    name="weibull",
    label="Weibull",
    logpdf=_weibull_logpdf,
    logsf=lambda t, log_mean, k: -pt.exp(_weibull_log_hazard(t, log_mean, k)),
    sf=lambda t, log_mean, k: pt.exp(-pt.exp(_weibull_log_hazard(t, log_mean, k))),
    log_shape_at=lambda times: _weibull_log_shape(times.shortfall),
    log_mean_at=lambda times, k: (times.log_mean, times.log_mean_step),
    log_sd=lambda k: np.pi / np.sqrt(6) * pt.exp(-pt.log(k)),
    survival=lambda t, log_mean, k: np.exp(-_weibull_hazard(t, log_mean, k)),
    quantile=lambda u, log_mean, k: np.exp(_weibull_log_scale(log_mean, k)) * (-np.log1p(-u)) ** (1 / k),
    restricted_mean=lambda tau, log_mean, k: (
        np.exp(log_mean) * special.gammainc(1 + 1 / k, _weibull_hazard(tau, log_mean, k))
        + tau * np.exp(-_weibull_hazard(tau, log_mean, k))
    ),
    draw=lambda rng, log_mean, k, size: np.exp(_weibull_log_scale(log_mean, k)) * rng.weibull(k, size),
    skew=-0.4,
)

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {family.name: family for family in (LOGNORMAL, GAMMA, WEIBULL)}
)
