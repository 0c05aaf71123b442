r"""A prior of the bias by an unmeasured confounder, and the bias at which a conclusion fails.

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

from collections.abc import Sequence
from typing import Literal

import numpy as np

from mgbayes.errors import InputError, Problem
from mgbayes.estimands.estimand import Estimand
from mgbayes.models.bias_prior import Confounding
from mgbayes.models.plan import Plan
from mgbayes.robustness.e_value import Measure, measure_of

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
    rng, of = np.random.default_rng(seed), prior.confounder
    if prior.bias is not None:
        return rng.normal(prior.bias.mean, prior.bias.sd, size)
    if of is None:
        return None
    p0, p1 = rng.beta(*of.prevalence_reference, size), rng.beta(*of.prevalence_contrast, size)
    return confounder_bias(p0, p1, rng.normal(of.effect.mean, of.effect.sd, size), ratio=ratio)


def p_benefit(effect: np.ndarray, bias: np.ndarray | float, better: Better) -> float:
    """The share of draws of the effect that favour the contrast arm once the bias is subtracted."""
    true = effect - bias
    return float((true > 0).mean() if better == "higher" else (true < 0).mean())


def tipping_bias(effect: np.ndarray, probability: float, better: Better) -> float:
    """The bias at which P(benefit) is just ``probability``."""
    return float(np.quantile(effect, 1 - probability if better == "higher" else probability))


def prior_in_words(prior: Confounding) -> str:
    """``Normal(0.1, 0.2)``, or the prevalences and the effect of a confounder."""
    if prior.bias is not None:
        return f"bias ~ Normal({prior.bias.mean:g}, {prior.bias.sd:g})"
    of = prior.confounder
    assert of is not None
    (a0, b0), (a1, b1) = of.prevalence_reference, of.prevalence_contrast
    return (
        f"prevalence ~ Beta({a0:g}, {b0:g}) in the reference and Beta({a1:g}, {b1:g}) in the contrast arm, "
        f"{'log ratio' if of.log_ratio else 'difference'} of its effect ~ "
        f"Normal({of.effect.mean:g}, {of.effect.sd:g})"
    )


def check_bias_prior(plan: Plan, declared: Sequence[Estimand]) -> None:
    """Raises InputError when ``[confounding]`` names no comparison of outcomes, or is on the wrong scale."""
    table = plan.confounding
    if table is None:
        return
    known = {row.id: row for row in declared if row.of_arms and row.benefit is not None}
    problems = []
    if table.estimand not in known:
        accepted = f"one of {', '.join(known)}" if known else "a model that compares outcomes of the arms"
        problems.append(Problem("confounding → estimand", repr(table.estimand), accepted))
    elif table.confounder is not None:
        ratio = measure_of(known[table.estimand]) is not Measure.difference
        wanted, given = ("log_ratio", "difference") if ratio else ("difference", "log_ratio")
        if getattr(table.confounder, wanted) is None:
            accepted = f"{wanted}: the estimand {table.estimand} is {'a ratio' if ratio else 'a difference'}"
            problems.append(Problem("confounding → confounder", f"the key {given!r}", accepted))
    if problems:
        raise InputError(f"plan {plan.id}", problems)
