"""Rates of events that can recur, with each patient's follow-up as exposure.

The exact test takes the events of all patients of a group together: given their total, those of the
contrast are Binomial(total, T₁ / (T₁ + T₀)) when the rates are equal (Przyborowski and Wilenski 1940; R's
poisson.test). It holds when events of one patient are no more alike than events of two; the negative
binomial model lets patients differ.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from mgbayes.frequentist.result import LEVEL, Estimate, Result, odds
from mgbayes.frequentist.samples import Floats, TwoGroups
from mgbayes.frequentist.wald import wald

NO_SPREAD = 1e-5
"""A dispersion below this is none: the model is Poisson's."""
_EQUAL_FOLLOW_UP = "no follow-up given: every patient counts as followed equally long"


def poisson_exact(groups: TwoGroups) -> Result:
    """The conditional binomial test (SciPy), rate ratio with the exact interval."""
    from scipy.stats import binomtest

    events = int(groups.contrast.sum()), int(groups.reference.sum())
    reference_time, contrast_time = (float(exposure.sum()) for exposure in groups.exposures)
    share = contrast_time / (contrast_time + reference_time)
    result = binomtest(events[0], sum(events), share)
    limits = result.proportion_ci(LEVEL, method="exact")
    scale = reference_time / contrast_time
    value, low, high = (
        scale * odds(pi) for pi in (events[0] / sum(events), float(limits.low), float(limits.high))
    )
    ratio = Estimate("rate ratio", value, low, high, "exact conditional")
    return Result(
        float(result.pvalue), float(events[0]), "events", ratio, _note(groups, _overdispersed(groups))
    )


def negative_binomial(groups: TwoGroups) -> Result:
    """Log link, offset log follow-up, variance μ + αμ²; p by the likelihood ratio, α fitted on both sides.

    The interval is Wald's with the expected information and α held (as R's glm.nb prints it).
    """
    from scipy.special import chdtrc

    y = groups.pooled
    exposure = np.concatenate(groups.exposures)
    arm = np.repeat([0.0, 1.0], groups.sizes)
    both = np.column_stack([np.ones(len(y)), arm])
    top, spread = _fit(y, both, exposure)
    null_top, _ = _fit(y, both[:, :1], exposure)
    fit = _glm(y, both, exposure, spread)
    statistic = max(0.0, 2 * (top - null_top))
    estimate = wald("log rate ratio", fit.params[1], fit.bse[1]).estimate
    ratio = None if estimate is None else estimate.exp("rate ratio")
    text = f"dispersion {spread:.2f}" if spread > NO_SPREAD else "no more dispersion than Poisson's"
    return Result(float(chdtrc(1, statistic)), statistic, "likelihood ratio", ratio, _note(groups, text))


def _fit(y: Floats, design: Floats, exposure: Floats) -> tuple[float, float]:
    """The log likelihood at its top and the dispersion there, which is zero when Poisson's model is as good."""
    from scipy.optimize import minimize_scalar

    def at(log_spread: float) -> float:
        return float(_glm(y, design, exposure, float(np.exp(log_spread))).llf)

    poisson = float(_glm(y, design, exposure, 0.0).llf)
    best = minimize_scalar(
        lambda v: -at(v), bounds=(np.log(NO_SPREAD), np.log(1e3)), method="bounded", options={"xatol": 1e-9}
    )
    return max((poisson, 0.0), (-float(best.fun), float(np.exp(best.x))))


def _glm(y: Floats, design: Floats, exposure: Floats, spread: float) -> Any:
    import statsmodels.api as sm

    family = sm.families.NegativeBinomial(alpha=spread) if spread > 0 else sm.families.Poisson()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit at a spread far from the best may not settle
        return sm.GLM(y, design, family=family, exposure=exposure).fit(tol=1e-12, maxiter=200)


def _overdispersed(groups: TwoGroups) -> str:
    """Pearson's chi-square over its degrees of freedom, where it says that patients differ."""
    squares = 0.0
    for y, exposure in zip((groups.reference, groups.contrast), groups.exposures, strict=True):
        expected = y.sum() * exposure / exposure.sum()
        squares += float((((y - expected) ** 2)[expected > 0] / expected[expected > 0]).sum())
    ratio = squares / max(len(groups.pooled) - 2, 1)
    return f"patients differ {ratio:.1f} times more than this test allows for" if ratio > 1.5 else ""


def _note(groups: TwoGroups, text: str) -> str:
    return "; ".join(part for part in ("" if groups.has_exposure else _EQUAL_FOLLOW_UP, text) if part)
