r"""Normal scores of gamma-distributed values, and their derivatives: plain arithmetic that numba compiles.

With P(a, x) the regularized lower incomplete gamma function and Q = 1 - P, the score is q = Φ⁻¹(P). P is summed as
a series below x = a + 1 and Q found as a continued fraction above it, each together with its derivative by a:

    P = Σ_k t_k,  t_k = x^(a + k) e^(-x) / Γ(a + k + 1),  ∂t_k / ∂a = t_k (log x - ψ(a + k + 1))

Source: Abramowitz and Stegun (1964), 6.5.29 and 6.5.31; the fraction by Lentz's method.
"""

from math import exp, lgamma, log

from numba.extending import register_jitable

from mgbayes.models.normal_quantile import quantile

_ENOUGH = 1e-16
_MOST = 2000


@register_jitable
def digamma(x: float) -> float:
    """ψ(x) for x > 0, by recurrence and the asymptotic series."""
    shifted = 0.0
    while x < 10:
        shifted -= 1 / x
        x += 1
    square = 1 / (x * x)
    series = square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132))))
    return shifted + log(x) - 0.5 / x - series


@register_jitable
def tails(a: float, x: float) -> tuple[float, float, float]:
    """P(a, x), Q(a, x) and ∂P/∂a."""
    if x <= a + 1:
        p, by_a = _series(a, x)
        return p, 1 - p, by_a
    q, by_a = _fraction(a, x)
    return 1 - q, q, -by_a


@register_jitable
def _series(a: float, x: float) -> tuple[float, float]:
    log_x, psi = log(x), digamma(a + 1)
    term = exp(a * log_x - x - lgamma(a + 1))
    p, by_a = 0.0, 0.0
    for k in range(_MOST):
        p += term
        by_a += term * (log_x - psi)
        step = 1 / (a + k + 1)
        psi += step
        term *= x * step
        if term * (1 + abs(log_x - psi)) <= _ENOUGH * p:
            break
    return p, by_a


@register_jitable
def _fraction(a: float, x: float) -> tuple[float, float]:
    """Every quantity beside its derivative by a."""
    b, c, c_a = x + 1 - a, 1e300, 0.0
    d = 1 / b
    d_a = d * d
    h, h_a = d, d_a
    for i in range(1, _MOST):
        an, b = -i * (i - a), b + 2
        old, d = d, 1 / (an * d + b)
        d_a = -d * d * (i * old + an * d_a - 1)
        c_a = -1 + (i - an * c_a / c) / c
        c = b + an / c
        h_a = h_a * d * c + h * (d_a * c + d * c_a)
        h *= d * c
        if abs(d * c - 1) <= _ENOUGH * 4 and abs(d_a * c + d * c_a) <= 1e-14:
            break
    front = exp(a * log(x) - x - lgamma(a))
    return front * h, front * (h * (log(x) - digamma(a)) + h_a)


@register_jitable
def score(a: float, x: float) -> tuple[float, float]:
    """Φ⁻¹(P(a, x)) and ∂P/∂a."""
    p, q, by_a = tails(a, x)
    return (quantile(max(p, 1e-300)) if p < 0.5 else -quantile(max(q, 1e-300))), by_a
