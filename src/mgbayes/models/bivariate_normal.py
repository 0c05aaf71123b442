r"""The chance that two standard normal variables of correlation ρ both lie below a bound.

    Φ₂(h, k; ρ) = Φ(h) Φ(k) + 1/(2π) ∫_0^{arcsin ρ} exp(-(h² + k² - 2 h k sin θ) / (2 cos² θ)) dθ

by Gauss-Legendre quadrature with 20 nodes: the error is below 1e-14 for |ρ| up to 0.95 and below 1e-11 up to 0.98.
Its derivatives are closed: ∂/∂h = φ(h) Φ((k - ρ h) / √(1 - ρ²)), and ∂/∂ρ = φ₂(h, k; ρ).

Source: Drezner and Wesolowsky 1990, J Stat Comput Simul 35:101; held to Owen's T by scipy in tests/oracles.
"""

from math import asin, erfc, exp, pi, sin, sqrt
from typing import Any

import numpy as np
from numba.extending import register_jitable

_AT, _WEIGHTS = np.polynomial.legendre.leggauss(20)
_COUNT = len(_AT)
TABLE = (2, _COUNT)
"""The shape of what hangs on ρ alone."""


@register_jitable
def below(x: float) -> float:
    """Φ(x)."""
    return 0.5 * erfc(-x / sqrt(2.0))


@register_jitable
def density(x: float) -> float:
    """φ(x)."""
    return exp(-0.5 * x * x) / sqrt(2 * pi)


@register_jitable
def fill(table: Any, rho: float) -> None:
    """What hangs on ρ alone: sin θ and 1 / cos² θ at the nodes."""
    end = asin(rho)
    for j in range(_COUNT):
        table[0, j] = sin(0.5 * end * (_AT[j] + 1.0))
        table[1, j] = 1.0 / (1.0 - table[0, j] * table[0, j])


@register_jitable
def both_below(h: float, k: float, rho: float, sign: float, table: Any) -> float:
    """Φ₂(h, k; sign ρ), of the table of ρ."""
    squares, product = 0.5 * (h * h + k * k), sign * h * k
    total = 0.0
    for j in range(_COUNT):
        total += _WEIGHTS[j] * exp((table[0, j] * product - squares) * table[1, j])
    return below(h) * below(k) + sign * asin(rho) * total / (4.0 * pi)


@register_jitable
def joint_density(h: float, k: float, rho: float) -> float:
    """φ₂(h, k; ρ)."""
    rest = 1.0 - rho * rho
    return exp(-0.5 * (h * h + k * k - 2.0 * rho * h * k) / rest) / (2.0 * pi * sqrt(rest))
