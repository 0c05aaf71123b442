"""Firth's penalized logistic regression for any design, by BFGS: another way to the closed form of two arms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
Floats = NDArray[np.float64]

FARTHEST = 40.0
"""How far from the estimate, in log odds, a limit of the interval is looked for."""


@dataclass(frozen=True)
class FirthFit:
    """Coefficients (k,) and the penalized log likelihood at its top."""

    coefficients: Floats
    top: float


def penalized_log_likelihood(beta: Floats, design: Floats, y: Floats) -> tuple[float, Floats]:
    """l* and its gradient at beta (k,), for a design matrix (n, k) and outcomes 0/1 (n,)."""
    from scipy.special import expit

    eta = design @ beta
    p = expit(eta)
    weight = p * (1 - p)
    information = design.T @ (design * weight[:, None])
    sign, log_det = np.linalg.slogdet(information)
    if sign <= 0:
        return -np.inf, np.zeros_like(beta)
    leverage = weight * np.einsum("ij,ji->i", design, np.linalg.solve(information, design.T))
    value = float(y @ eta - np.logaddexp(0, eta).sum() + log_det / 2)
    return value, design.T @ (y - p + leverage * (0.5 - p))


def firth_logistic(design: Floats, y: Floats, fixed: dict[int, float] | None = None) -> FirthFit:
    """Maximize l* over the coefficients that are not fixed (SciPy's BFGS)."""
    from scipy.optimize import minimize

    held = fixed or {}
    free = [k for k in range(design.shape[1]) if k not in held]
    beta = np.zeros(design.shape[1])
    beta[list(held)] = list(held.values())

    def loss(values: Floats) -> tuple[float, Floats]:
        beta[free] = values
        top, gradient = penalized_log_likelihood(beta, design, y)
        return -top, -gradient[free]

    best = minimize(loss, np.zeros(len(free)), jac=True, method="BFGS", options={"gtol": 1e-9})
    coefficients = beta.copy()
    coefficients[free] = best.x
    return FirthFit(coefficients, -float(best.fun))


def profile_interval(fit: FirthFit, design: Floats, y: Floats, k: int) -> tuple[float, float]:
    """Where twice the fall of the profile of l* reaches the chi-square quantile of the level."""
    from scipy.special import chdtri

    bar = chdtri(1, 1 - LEVEL)

    def excess(value: float) -> float:
        return 2 * (fit.top - firth_logistic(design, y, {k: value}).top) - bar

    centre = float(fit.coefficients[k])
    return _crossing(excess, centre, -1), _crossing(excess, centre, +1)


def _crossing(excess: Callable[[float], float], centre: float, direction: int) -> float:
    from scipy.optimize import brentq

    step = 1.0
    while excess(centre + direction * step) < 0:
        step *= 2
        if step > FARTHEST:
            return direction * float("inf")
    return float(brentq(excess, centre, centre + direction * step, xtol=1e-9))
