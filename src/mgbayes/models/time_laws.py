r"""Laws of a time in each arm with their derivatives: what a fused likelihood is made of.

A law has parameters θ, of which the first is the effect of the contrast arm; the others are those of the
reference arm. Families (families.py) and hazards (hazards.py) say what they mean:

| law                   | θ                                      | density f of a time in arm a (0 or 1)             |
|-----------------------|----------------------------------------|---------------------------------------------------|
| lognormal             | effect, log mean, shape                | of the family at log mean + a · effect            |
| gamma                 | effect, log mean, shape                | likewise                                          |
| weibull               | effect, log mean, shape                | likewise                                          |
| weibull_hazard        | effect, log scale, shape               | of the hazard times exp(a · effect)               |
| piecewise_exponential | effect, log scale, log steps u and w,  | likewise                                          |
|                       | and data: the cuts and their width     |                                                   |

Each law is three plain functions, compiled by numba inside a model and run as they stand in plain Python:

    prepare(theta, c)              fills c, a row for each arm, with what does not depend on the time
    log_density(log_t, t, c, d)    log f by an arm's row; fills d with its derivatives in log t and in θ
    chance_seen(theta, c, rules, seen, d) P(T < F) of each arm in c, over follow-up F, and its derivatives in θ

The log density of a family has derivatives in the log mean and the shape; since the mean scales its times,
f(t) = g(t / mean) / mean, the others follow from these.

P(T < F) = ∫ f(t) G(t) dt, with G(t) = P(F > t). Laws whose survival is the cheaper one take it as 1 - Σ w_j S(F_j)
(followup_quantiles.py), the others as Σ u_i P(T < c_i) + Σ w_j f(t_j) (followup.py), of which the last days have next
to no weight and are left out, all together 1e-10. What a law needs of each day is worked out once (with_nodes).
Units: those of the endpoint. Source: the definitions; derivatives by hand, held to finite differences in tests.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import erfc, exp, lgamma, log, log1p, pi, sqrt
from types import MappingProxyType
from typing import Any

import numpy as np
from numba.extending import register_jitable

from mgbayes.models.followup_quantiles import followup_quantiles

CONSTANTS = 12
"""Places for what a law prepares."""


@dataclass(frozen=True)
class TimeLaw:
    """A law of a time with `parameters` numbers in θ; `rules` are the data that its chance of being seen takes."""

    name: str
    parameters: int
    rules: tuple[str, ...]
    prepare: Callable[..., Any]
    log_density: Callable[..., float]
    chance_seen: Callable[..., Any]


@register_jitable
def digamma(x: float) -> float:
    """ψ(x) for x > 0: recurrence up to 8, then the asymptotic series to 1e-14."""
    total = 0.0
    while x < 8.0:
        total -= 1.0 / x
        x += 1.0
    s = 1.0 / (x * x)
    tail = s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * 691 / 32760)))))
    return total + log(x) - 0.5 / x - tail


@register_jitable
def gamma_cdf(k: float, x: float, log_gamma: float, psi: float) -> tuple[float, float]:
    """P(k, x) of the regularized incomplete gamma function and its derivative in k, by its series.

    Terms t_n = x^n / ((k + 1) ... (k + n)) are positive; their logs have derivatives -Σ 1 / (k + j) in k.
    """
    if x <= 0:
        return 0.0, 0.0
    if x > k + 60 + 12 * sqrt(k):
        return 1.0, 0.0
    term, total, falling, slope = 1.0, 1.0, 0.0, 0.0
    for n in range(1, 2000):
        part = 1.0 / (k + n)
        term *= x * part
        falling += part
        total += term
        slope += term * falling
        if term * (1 + falling) < 1e-17 * total and k + n > x:
            break
    front = exp(k * log(x) - x - log_gamma) / k
    return front * total, front * ((log(x) - psi - 1.0 / k) * total - slope)


@register_jitable
def _lognormal_prepare(theta: Any, c: Any) -> None:
    sigma = theta[2]
    for a in range(c.shape[0]):
        c[a, 0], c[a, 1], c[a, 2] = a, theta[1] + a * theta[0] - 0.5 * sigma * sigma, 1.0 / sigma
        c[a, 3] = -log(sigma) - 0.5 * log(2 * pi)


@register_jitable
def _lognormal_log_density(log_t: float, t: float, c: Any) -> tuple[float, float, float]:
    score = (log_t - c[1]) * c[2]
    in_mean = score * c[2]
    return -0.5 * score * score - log_t + c[3], in_mean, (score * score - 1.0) * c[2] - score


@register_jitable
def _lognormal_cdf(log_t: float, t: float, c: Any) -> tuple[float, float, float]:
    score = (log_t - c[1]) * c[2]
    density = exp(-0.5 * score * score) / sqrt(2 * pi)
    return 0.5 * erfc(-score / sqrt(2.0)), -density * c[2], density * (1.0 - score * c[2])


@register_jitable
def _gamma_prepare(theta: Any, c: Any) -> None:
    k = theta[2]
    log_gamma, psi = lgamma(k), digamma(k)
    for a in range(c.shape[0]):
        log_rate = log(k) - theta[1] - a * theta[0]
        c[a, 0], c[a, 1], c[a, 2], c[a, 3] = a, k, log_rate, exp(log_rate)
        c[a, 4], c[a, 5] = log_gamma, psi


@register_jitable
def _gamma_log_density(log_t: float, t: float, c: Any) -> tuple[float, float, float]:
    k, scaled = c[1], c[3] * t
    log_scaled = c[2] + log_t
    return k * log_scaled - log_t - scaled - c[4], scaled - k, log_scaled + 1.0 - c[5] - scaled / k


@register_jitable
def _gamma_cdf(log_t: float, t: float, c: Any) -> tuple[float, float, float]:
    k, x = c[1], c[3] * t
    chance, in_shape = gamma_cdf(k, x, c[4], c[5])
    slope = exp(k * (c[2] + log_t) - x - c[4])  # in log x
    return chance, -slope, in_shape + slope / k


@register_jitable
def _weibull_prepare(theta: Any, c: Any) -> None:
    k = theta[2]
    log_gamma, psi = lgamma(1.0 + 1.0 / k), digamma(1.0 + 1.0 / k)
    for a in range(c.shape[0]):
        c[a, 0], c[a, 1], c[a, 2] = a, k, theta[1] + a * theta[0] - log_gamma
        c[a, 3], c[a, 4] = log(k), psi / (k * k)
        c[a, 5] = 1.0 / k


@register_jitable
def _weibull_log_density(log_t: float, t: float, c: Any) -> tuple[float, float, float]:
    k, since = c[1], log_t - c[2]
    hazard = exp(k * since)
    more = hazard - 1.0
    in_mean = k * more
    return c[3] - log_t + k * since - hazard, in_mean, c[5] - since * more + in_mean * c[4]


@register_jitable
def _weibull_cumulative(nodes: Any, j: int, c: Any, d: Any) -> float:
    """Cumulative hazard of the reference arm; d is its derivative in θ, but for the effect."""
    k, since = c[1], nodes[j, 2] - c[2]
    hazard = exp(k * since)
    d[2] = -k * hazard
    d[3] = (since - k * c[4]) * hazard
    return hazard


@register_jitable
def _weibull_log_ratio(theta: Any, d: Any) -> float:
    """Log ratio of the arms' cumulative hazards, whose times differ by a factor; d is its derivative in θ."""
    d[0], d[1], d[2] = -theta[2], 0.0, -theta[0]
    return -theta[2] * theta[0]


def _in_all(log_density: Callable[..., Any]) -> Callable[..., float]:
    """The log density of a family with its derivatives in log t and in all of θ."""

    @register_jitable
    def in_all(log_t: float, t: float, c: Any, d: Any) -> float:
        value, in_mean, in_shape = log_density(log_t, t, c)
        d[0], d[1], d[2], d[3] = -in_mean - 1.0, c[0] * in_mean, in_mean, in_shape
        return value

    return in_all


def _seen_by_density(log_density: Callable[..., Any], cdf: Callable[..., Any]) -> Callable[..., Any]:
    """The chance of being seen from a family's density and its chance up to a few days."""

    @register_jitable
    def chance_seen(theta: Any, c: Any, rules: Any, seen: Any, seen_d: Any) -> None:
        density_rule, cdf_rule = rules
        for a in range(seen.size):
            of_arm = c[a]
            total, total_in_mean, total_in_shape = 0.0, 0.0, 0.0
            for j in range(cdf_rule.shape[1]):
                day, weight, log_day = cdf_rule[0, j], cdf_rule[1, j], cdf_rule[2, j]
                if day > 0:
                    chance, in_mean, in_shape = cdf(log_day, day, of_arm)
                    total += weight * chance
                    total_in_mean += weight * in_mean
                    total_in_shape += weight * in_shape
            for j in range(density_rule.shape[1]):
                day, weight, log_day = density_rule[0, j], density_rule[1, j], density_rule[2, j]
                if not weight > 0:
                    break
                value, in_mean, in_shape = log_density(log_day, day, of_arm)
                density = weight * exp(value)
                total += density
                total_in_mean += density * in_mean
                total_in_shape += density * in_shape
            seen[a] = total
            seen_d[a, 0], seen_d[a, 1], seen_d[a, 2] = a * total_in_mean, total_in_mean, total_in_shape

    return chance_seen


@register_jitable
def _weibull_hazard_prepare(theta: Any, c: Any) -> None:
    for a in range(c.shape[0]):
        c[a, 0], c[a, 1], c[a, 2], c[a, 3], c[a, 4] = a, theta[2], theta[1], a * theta[0], log(theta[2])


@register_jitable
def _weibull_hazard_log_density(log_t: float, t: float, c: Any, d: Any) -> float:
    k, since = c[1], log_t - c[2]
    log_hazard = k * since + c[3]
    hazard = exp(log_hazard)
    left = 1.0 - hazard
    d[0] = k * left - 1.0
    d[1] = c[0] * left
    d[2] = -k * left
    d[3] = 1.0 / k + since * left
    return c[4] - log_t + log_hazard - hazard


@register_jitable
def _weibull_hazard_cumulative(nodes: Any, j: int, c: Any, d: Any) -> float:
    """Cumulative hazard of the reference arm; d is its derivative in θ, but for the effect."""
    since = nodes[j, 2] - c[2]
    hazard = exp(c[1] * since)
    d[2] = -c[1] * hazard
    d[3] = since * hazard
    return hazard


@register_jitable
def _step(x: float) -> tuple[float, float]:
    """Logistic function and softplus of x."""
    if x > 0:
        small = exp(-x)
        return 1.0 / (1.0 + small), x + log1p(small)
    small = exp(x)
    return small / (1.0 + small), log1p(small)


@register_jitable
def _piecewise_prepare(theta: Any, c: Any) -> None:
    for a in range(c.shape[0]):
        c[a, 0], c[a, 1], c[a, 2] = a, exp(theta[2]), exp(theta[2] + theta[3])
        c[a, 3], c[a, 5] = exp(-theta[1]), a * theta[0] - theta[1]
        c[a, 4] = exp(c[a, 5])
        c[a, 6], c[a, 7], c[a, 8] = theta[4], theta[5], theta[6]
        c[a, 9] = theta[6] * log1p(exp(-theta[4] / theta[6]))
        c[a, 10] = theta[6] * log1p(exp(-theta[5] / theta[6]))


@register_jitable
def _piecewise_log_density(log_t: float, t: float, c: Any, d: Any) -> float:
    width = c[8]
    first, days_first = _step((t - c[6]) / width)
    second, days_second = _step((t - c[7]) / width)
    days_first = width * days_first - c[9]
    days_second = width * days_second - c[10]
    middle, late = c[1], c[2]
    rate = 1.0 - first + middle * (first - second) + late * second
    days = t - days_first + middle * (days_first - days_second) + late * days_second
    hazard = c[4] * days
    turn_first, turn_second = first * (1.0 - first) / width, second * (1.0 - second) / width
    turn = -turn_first + middle * (turn_first - turn_second) + late * turn_second
    d[0] = t * (turn / rate - c[4] * rate)
    d[1] = c[0] * (1.0 - hazard)
    d[2] = hazard - 1.0
    d[4] = late * (second / rate - c[4] * days_second)
    d[3] = middle * ((first - second) / rate - c[4] * (days_first - days_second)) + d[4]
    d[5], d[6], d[7] = 0.0, 0.0, 0.0  # the cuts are data
    return log(rate) + c[5] - hazard


@register_jitable
def _piecewise_cumulative(nodes: Any, j: int, c: Any, d: Any) -> float:
    """Cumulative hazard of the reference arm; d is its derivative in θ, but for the effect."""
    days_first, days_second = nodes[j, 3], nodes[j, 4]
    hazard = c[3] * (nodes[j, 0] - days_first + c[1] * (days_first - days_second) + c[2] * days_second)
    d[2] = -hazard
    d[4] = c[3] * c[2] * days_second
    d[3] = c[3] * c[1] * (days_first - days_second) + d[4]
    return hazard


@register_jitable
def _log_hazard_ratio(theta: Any, d: Any) -> float:
    """The effect itself; d is its derivative in θ."""
    d[:] = 0.0
    d[0] = 1.0
    return theta[0]


def _seen_by_survival(
    cumulative: Callable[..., float], log_ratio: Callable[..., float]
) -> Callable[..., Any]:
    """The chance of being seen from the cumulative hazard of the reference arm, and its ratio to it in the other."""

    @register_jitable
    def chance_seen(theta: Any, c: Any, rules: Any, seen: Any, seen_d: Any) -> None:
        nodes, reference = rules[0], c[0]
        d, ratio_d = np.zeros(theta.size + 1), np.zeros(theta.size)
        ratio, along_ratio = exp(log_ratio(theta, ratio_d)), 0.0
        for a in range(seen.size):
            seen[a] = 0.0
            seen_d[a] = 0.0
        for j in range(nodes.shape[0]):
            weight, base = nodes[j, 1], cumulative(nodes, j, reference, d)
            for a in range(seen.size):
                times = ratio if a > 0 else 1.0
                lost = weight * exp(-times * base)
                seen[a] += weight - lost
                for k in range(1, theta.size):
                    seen_d[a, k] += lost * times * d[k + 1]
                if a > 0:
                    along_ratio += lost * times * base
        for k in range(theta.size):
            seen_d[1, k] += along_ratio * ratio_d[k]

    return chance_seen


_TOO_LITTLE = 1e-10
_LEAST = 1e-9  # of a follow-up that ended before an event could be confirmed: nothing is seen by then
_OF_DENSITY = ("followup_density_nodes", "followup_cdf_nodes")
_OF_SURVIVAL = ("followup_survival_nodes",)


def with_nodes(
    followup_data: Mapping[str, np.ndarray], cuts: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """The data of followup.py with what laws need of its days; of a piecewise hazard with its ``cuts`` (3,).

    Adds followup_density_nodes and followup_cdf_nodes, (3, days): day, weight and log day, 0 for day 0; and
    followup_survival_nodes (days, 5): day, weight, log day, and days beyond each end of a piecewise hazard. The
    first day without weight ends the rule for a density.
    """
    density, cdf = (_with_logs(followup_data[f"followup_{rule}"]) for rule in ("density", "cdf"))
    density[1] = _without_the_last(density[1])
    days, weights = followup_quantiles(*followup_data["followup"])
    days = np.maximum(days, _LEAST)
    *ends, width = (1.0, 3.0, 1 / 6) if cuts is None else cuts
    beyond = [
        width * (np.logaddexp(0.0, (days - end) / width) - np.logaddexp(0.0, -end / width)) for end in ends
    ]
    return {
        **followup_data,
        "followup_density_nodes": density,
        "followup_cdf_nodes": cdf,
        "followup_survival_nodes": np.stack([days, weights, np.log(days), *beyond], axis=-1),
    }


def _without_the_last(weights: np.ndarray) -> np.ndarray:
    """Weights with 0 for the last ones, so many as are too little to count together."""
    left = np.cumsum(weights[::-1])[::-1]
    return np.where(left < _TOO_LITTLE * weights.sum(), 0.0, weights)


def _with_logs(rule: np.ndarray) -> np.ndarray:
    day = rule[0]
    return np.stack([*rule, np.log(np.where(day > 0, day, 1.0))])


LOGNORMAL = TimeLaw(
    "lognormal",
    3,
    _OF_DENSITY,
    _lognormal_prepare,
    _in_all(_lognormal_log_density),
    _seen_by_density(_lognormal_log_density, _lognormal_cdf),
)
GAMMA = TimeLaw(
    "gamma",
    3,
    _OF_DENSITY,
    _gamma_prepare,
    _in_all(_gamma_log_density),
    _seen_by_density(_gamma_log_density, _gamma_cdf),
)
WEIBULL = TimeLaw(
    "weibull",
    3,
    _OF_SURVIVAL,
    _weibull_prepare,
    _in_all(_weibull_log_density),
    _seen_by_survival(_weibull_cumulative, _weibull_log_ratio),
)
WEIBULL_HAZARD = TimeLaw(
    "weibull_hazard",
    3,
    _OF_SURVIVAL,
    _weibull_hazard_prepare,
    _weibull_hazard_log_density,
    _seen_by_survival(_weibull_hazard_cumulative, _log_hazard_ratio),
)
PIECEWISE_EXPONENTIAL = TimeLaw(
    "piecewise_exponential",
    7,
    _OF_SURVIVAL,
    _piecewise_prepare,
    _piecewise_log_density,
    _seen_by_survival(_piecewise_cumulative, _log_hazard_ratio),
)

LAWS: Mapping[str, TimeLaw] = MappingProxyType(
    {law.name: law for law in (LOGNORMAL, GAMMA, WEIBULL, WEIBULL_HAZARD, PIECEWISE_EXPONENTIAL)}
)
