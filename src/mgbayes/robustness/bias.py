r"""A prior of the bias by an unmeasured confounder: P(benefit) after it, and the bias at which a conclusion fails.

With x the effect (log of a ratio, or a difference from its null) that the study estimates, and b the bias, the effect
without bias is x - b. Draws of b are independent of those of x and come from

    a normal prior               b ~ Normal(mean, sd)
    a binary confounder          b = log((1 + p1 (e^g - 1)) / (1 + p0 (e^g - 1)))      for a ratio
                                 b = (p1 - p0) d                                       for a difference

with prevalences p0 in the reference and p1 in the contrast arm (Beta priors) and its effect g (log ratio) or d
(difference) on the outcome (normal prior), the same in both arms. For risk and rate ratios and for differences of
means this is exact; for hazard and odds ratios it holds where the outcome is rare, and else approximately.

The tipping bias of a probability q is the b at which P(benefit) = q: the quantile of x of order 1 - q where higher is
better and of order q where lower is. With a prior of the bias it is the mean that this prior must have, its shape
kept. Where x ~ Normal(m, s²), higher is better and b ~ Normal(mean, sd²),

    P(benefit) = Phi((m - mean) / sqrt(s² + sd²)),     tipping mean = m - z(q) sqrt(s² + sd²).

Sources: Schlesselman (1978), Am J Epidemiol 108:3; Lin, Psaty and Kronmal (1998), Biometrics 54:948; Greenland
(2005), J R Stat Soc A 168:267 (priors of the bias).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from mgbayes.models.bias_prior import Confounder, Confounding

Better = Literal["higher", "lower"]


def confounder_bias(p0: np.ndarray, p1: np.ndarray, effect: np.ndarray, *, ratio: bool) -> np.ndarray:
    """The bias of a binary confounder of prevalences p0 (reference) and p1 (contrast), arrays of one shape.

    ``effect`` and the bias are logs of ratios, or differences where ``ratio`` is false.
    """
    if not ratio:
        return (p1 - p0) * effect
    more = np.expm1(effect)
    return np.log1p(p1 * more) - np.log1p(p0 * more)


def tipping_confounder(p0: float, p1: float, bias: float) -> float | None:
    """The ratio e^g at which a confounder of these prevalences gives a log bias; None where none is strong enough."""
    below = p1 - p0 * np.exp(bias)
    more = np.expm1(bias) / below if below != 0 else np.inf
    return float(1 + more) if np.isfinite(more) and more > -1 else None


def bias_draws(prior: Confounding, size: int, *, ratio: bool, seed: int) -> np.ndarray | None:
    """Draws of the bias, (size,); None where the plan's table has no prior of it."""
    rng = np.random.default_rng(seed)
    if prior.bias is not None:
        return rng.normal(prior.bias.mean, prior.bias.sd, size)
    if prior.confounder is not None:
        return _of_confounder(prior.confounder, rng, size, ratio)
    return None


def p_benefit(effect: np.ndarray, bias: np.ndarray | float, better: Better) -> float:
    """The share of draws of the effect that favour the contrast arm once the bias is taken off."""
    true = effect - bias
    return float((true > 0).mean() if better == "higher" else (true < 0).mean())


def tipping_bias(effect: np.ndarray, probability: float, better: Better) -> float:
    """The bias at which P(benefit) is just ``probability``."""
    return float(np.quantile(effect, 1 - probability if better == "higher" else probability))


def _of_confounder(confounder: Confounder, rng: np.random.Generator, size: int, ratio: bool) -> np.ndarray:
    p0 = rng.beta(*confounder.prevalence_reference, size)
    p1 = rng.beta(*confounder.prevalence_contrast, size)
    effect = rng.normal(confounder.effect.mean, confounder.effect.sd, size)
    return confounder_bias(p0, p1, effect, ratio=ratio)
