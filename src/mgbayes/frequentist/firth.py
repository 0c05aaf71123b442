"""Firth's penalized logistic regression: finite estimates under separation.

The log likelihood gets half the log determinant of the information (Jeffreys' prior):

    l*(β) = Σ [y η - log(1 + exp η)] + ½ log det(Xᵀ W X),   η = Xβ, W = diag p(1 - p)

with the gradient Xᵀ [y - p + h (½ - p)], h the leverages. p values and intervals come from the profile
of l* (Heinze and Schemper 2002, Stat Med 21:2409). For one binary covariate the estimate is the log odds
ratio of the table with ½ added to each cell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mgbayes.frequentist.result import LEVEL, Estimate, Outcome
from mgbayes.frequentist.samples import Floats, TwoGroups

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


def firth(groups: TwoGroups) -> Outcome:
    """The arm's log odds ratio by Firth's method; p by the penalized likelihood ratio."""
    from scipy.special import chdtrc

    m, n = groups.sizes
    design = np.column_stack([np.ones(m + n), np.repeat([0.0, 1.0], [m, n])])
    y = groups.pooled
    fit = firth_logistic(design, y)
    statistic = max(0.0, 2 * (fit.top - firth_logistic(design, y, {1: 0.0}).top))
    low, high = np.exp(profile_interval(fit, design, y, 1))
    ratio = Estimate(
        "odds ratio",
        float(np.exp(fit.coefficients[1])),
        float(low),
        float(high),
        "profile penalized likelihood",
    )
    return Outcome(float(chdtrc(1, statistic)), statistic, "likelihood ratio", ratio, _separation(groups))


def _separation(groups: TwoGroups) -> str:
    empty = any(values.sum() in (0, len(values)) for values in (groups.reference, groups.contrast))
    return "all patients of a group, or none, had the event (separation)" if empty else ""
