r"""The Cholesky factor of a vine of three visits, one matrix at a time, and its backward pass.

Notation is that of mgbayes.models.vine: l21 = r₁₂, l22 = √(1 - r₁₂²), l31 = r₁₃, l32 = p q₁₃, l33 = q q₁₃ with
q₁₃ = √(1 - r₁₃²), q = √(1 - p²). Plain functions of numbers, compiled by numba inside a model.
"""

from math import log1p, sqrt

from numba.extending import register_jitable

Three = tuple[float, float, float]
Five = tuple[float, float, float, float, float]


@register_jitable
def factor(r12: float, r13: float, partial: float) -> Five:
    """Return l21, l22, l31, l32, l33."""
    q13 = sqrt(1 - r13 * r13)
    return r12, sqrt(1 - r12 * r12), r13, partial * q13, sqrt(1 - partial * partial) * q13


@register_jitable
def factor_back(r12: float, r13: float, partial: float, bar: Five) -> Three:
    """Return the cotangents of the vine from those of the factor."""
    l21_bar, l22_bar, l31_bar, l32_bar, l33_bar = bar
    q12, q13, q = sqrt(1 - r12 * r12), sqrt(1 - r13 * r13), sqrt(1 - partial * partial)
    q13_bar = l32_bar * partial + l33_bar * q
    return (
        l21_bar - l22_bar * r12 / q12,
        l31_bar - q13_bar * r13 / q13,
        l32_bar * q13 - l33_bar * q13 * partial / q,
    )


@register_jitable
def half_log_determinant(r12: float, r13: float, partial: float) -> float:
    """log |R| / 2; its derivative by each coordinate v is -v / (1 - v²)."""
    return (log1p(-r12 * r12) + log1p(-r13 * r13) + log1p(-partial * partial)) / 2


@register_jitable
def half_log_determinant_back(r12: float, r13: float, partial: float) -> Three:
    """The derivative of log |R| / 2 by each coordinate."""
    return -r12 / (1 - r12 * r12), -r13 / (1 - r13 * r13), -partial / (1 - partial * partial)


@register_jitable
def times(of: Five, w1: float, w2: float, w3: float) -> Three:
    """L w."""
    l21, l22, l31, l32, l33 = of
    return w1, l21 * w1 + l22 * w2, l31 * w1 + l32 * w2 + l33 * w3


@register_jitable
def solve(of: Five, x1: float, x2: float, x3: float) -> Three:
    """L⁻¹ x."""
    l21, l22, l31, l32, l33 = of
    w2 = (x2 - l21 * x1) / l22
    return x1, w2, (x3 - l31 * x1 - l32 * w2) / l33


@register_jitable
def solve_transposed(of: Five, w1: float, w2: float, w3: float) -> Three:
    """L⁻ᵀ w."""
    l21, l22, l31, l32, l33 = of
    u3 = w3 / l33
    u2 = (w2 - l32 * u3) / l22
    return w1 - l21 * u2 - l31 * u3, u2, u3
