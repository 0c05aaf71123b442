"""Reverse Bayes where prior and likelihood are both normal, in closed form."""

from __future__ import annotations

from math import sqrt

from scipy.special import ndtr, ndtri


def normal_tipping_sd(estimate: float, se: float, probability: float) -> float | None:
    """The SD tau of the skeptical prior with P(benefit) = ``probability``: tau² = s² / ((z / z_a)² - 1)."""
    z, required = estimate / se, float(ndtri(probability))
    return se / sqrt((z / required) ** 2 - 1) if z > required else None


def normal_p_benefit(estimate: float, se: float, prior_mean: float, prior_sd: float) -> float:
    """P(effect > 0) under a normal prior and a normal likelihood."""
    precision = 1 / se**2 + 1 / prior_sd**2
    return float(ndtr((estimate / se**2 + prior_mean / prior_sd**2) / sqrt(precision)))
