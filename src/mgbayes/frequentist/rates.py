"""Rates of events that can recur, with each patient's follow-up as exposure.

The exact test takes the events of all patients of a group together: given their total, those of the
contrast are Binomial(total, T₁ / (T₁ + T₀)) when the rates are equal (Przyborowski and Wilenski 1940; R's
poisson.test). It holds when events of one patient are no more alike than events of two; the negative
binomial model lets patients differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log, sqrt

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
    """Rates λ with variance μ + αμ², μ = λ × follow-up; p by the likelihood ratio, α fitted on both sides.

    The interval is Wald's with the expected information and α held (as R's glm.nb prints it).
    """
    from scipy.special import chdtrc

    arms = tuple(zip((groups.reference, groups.contrast), groups.exposures, strict=True))
    top, spread = _fit(arms)
    null_top, _ = _fit([(groups.pooled, np.concatenate(groups.exposures))])
    statistic = max(0.0, 2 * (top - null_top))
    (low, low_variance), (high, high_variance) = (_log_rate(*arm, spread) for arm in arms)
    estimate = wald("log rate ratio", *np.array([high - low, sqrt(low_variance + high_variance)])).estimate
    ratio = None if estimate is None else estimate.exp("rate ratio")
    text = f"dispersion {spread:.2f}" if spread > NO_SPREAD else "no more dispersion than Poisson's"
    return Result(float(chdtrc(1, statistic)), statistic, "likelihood ratio", ratio, _note(groups, text))


def _fit(groups: Sequence[tuple[Floats, Floats]]) -> tuple[float, float]:
    """The log likelihood at its top and the dispersion there, which is zero when Poisson's model is as good."""
    from scipy.optimize import minimize_scalar

    def at(spread: float) -> float:
        return sum(_log_likelihood(*group, spread) for group in groups)

    best = minimize_scalar(
        lambda v: -at(np.exp(v)), bounds=(log(NO_SPREAD), log(1e3)), method="bounded", options={"xatol": 1e-9}
    )
    return max((at(0.0), 0.0), (-float(best.fun), float(np.exp(best.x))))


def _log_likelihood(y: Floats, exposure: Floats, spread: float) -> float:
    """At the rate where it is largest, given the dispersion."""
    from scipy.stats import nbinom, poisson

    mean = np.exp(_log_rate(y, exposure, spread)[0]) * exposure
    log_mass = nbinom.logpmf(y, 1 / spread, 1 / (1 + spread * mean)) if spread else poisson.logpmf(y, mean)
    return float(log_mass.sum())


def _log_rate(y: Floats, exposure: Floats, spread: float) -> tuple[float, float]:
    """The log of the rate with the largest likelihood, and its variance by the expected information.

    The score Σ (y - μ) / (1 + αμ) falls as the rate rises, and is zero once.
    """
    from scipy.optimize import brentq

    if not y.any():
        return -inf, inf

    def score(log_rate: float) -> float:
        mean = np.exp(log_rate) * exposure
        return float(((y - mean) / (1 + spread * mean)).sum())

    low = log(y.sum() / exposure.sum())
    high = float(np.log((y / exposure).max()))
    while score(low) < 0:
        low -= 1
    best = float(brentq(score, low, high + 1, xtol=1e-13))
    mean = np.exp(best) * exposure
    return best, float(1 / (mean / (1 + spread * mean)).sum())


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
