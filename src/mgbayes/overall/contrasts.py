r"""Contrasts of different outcomes on one scale: standard deviations of the outcome, benefit positive.

    a ratio        x = log(ratio / null)
    a difference   x = difference - null
    standardized   y = ± x · factor / SD,   + where higher is better, - where lower is

| standardization | factor | SD | why |
|---|---|---|---|
| odds_ratio | sqrt(3) / pi | 1 | a logistic variable has the SD pi / sqrt(3) (Chinn 2000, Stat Med 19:3127) |
| hazard_ratio | sqrt(6) / pi | 1 | with Weibull times a shift of log time, whose SD is pi / (sqrt(6) shape) |
| time_ratio | 1 | of the log times | a ratio of times is a shift of log time |
| difference | 1 | pooled over arms | Cohen's d |

A contrast in units of its own posterior SD (`in_posterior_sds`) puts precise outcomes first and is no size of an
effect; it shows what the choice of scale does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import pi, sqrt
from typing import Literal

import numpy as np

from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.summary import PROB
from mgbayes.models.outcome import parts_of
from mgbayes.models.plan import Plan
from mgbayes.study.numbers import find_mean_and_spread
from mgbayes.study.schema import Kind, Study

FACTORS = {"odds_ratio": sqrt(3) / pi, "hazard_ratio": sqrt(6) / pi, "time_ratio": 1.0, "difference": 1.0}
BY_OUTCOME_SD = frozenset({"time_ratio", "difference"})
"""Standardizations that divide by the SD of the outcome."""


@dataclass(frozen=True)
class Contrast:
    """One outcome's contrast on the common scale: ``mean`` and ``sd`` of the standardized draws, benefit positive.

    ``outcome`` is the outcome's id and ``label`` the name for a reader; ``p_benefit`` is from the draws themselves.
    """

    outcome: str
    label: str
    mean: float
    sd: float
    p_benefit: float
    unit: str
    standardization: str

    @property
    def interval(self) -> tuple[float, float]:
        """The central 95 % interval of a normal distribution."""
        from scipy.special import ndtri

        reach = float(ndtri((1 + PROB) / 2)) * self.sd
        return self.mean - reach, self.mean + reach


def contrast_of(
    draws: np.ndarray,
    *,
    outcome: str,
    label: str,
    benefit: Literal["higher", "lower"],
    standardization: str,
    ratio: bool,
    null: float | None = None,
    outcome_sd: np.ndarray | float | None = None,
) -> Contrast:
    """Standardize posterior draws of a contrast, of any shape.

    ``null`` is 1 for a ratio and 0 for a difference unless it is given. ``outcome_sd`` is the outcome's SD on
    the scale of the contrast (of the log times for a time ratio), a number or draws of the same shape.
    Raises ValueError for an unknown standardization, an SD that is missing, not used or not positive, and a ratio
    that is not positive.
    """
    if standardization not in FACTORS:
        raise ValueError(f"{standardization!r} is none of {', '.join(FACTORS)}")
    by_sd = standardization in BY_OUTCOME_SD
    if by_sd != (outcome_sd is not None):
        raise ValueError(f"{standardization} {'needs the SD of the outcome' if by_sd else 'takes no SD'}")
    if outcome_sd is not None and np.min(outcome_sd) <= 0:
        raise ValueError("the SD of an outcome is above 0")
    values = np.asarray(draws, dtype=float)
    if ratio and values.min() <= 0:
        raise ValueError("a ratio has draws that are not positive")
    x = np.log(values / (1.0 if null is None else null)) if ratio else values - (null or 0.0)
    sign = 1.0 if benefit == "higher" else -1.0
    y = sign * FACTORS[standardization] * x / (1.0 if outcome_sd is None else outcome_sd)
    mean, sd, p_benefit = float(y.mean()), float(y.std(ddof=1)), float((y > 0).mean())
    return Contrast(outcome, label, mean, sd, p_benefit, "SD", standardization)


def in_posterior_sds(row: Contrast) -> Contrast:
    """A contrast in units of its own posterior standard deviation."""
    return replace(row, mean=row.mean / row.sd, sd=1.0, unit="posterior SD", standardization="posterior_sd")


def outcome_sd(study: Study, plan: Plan, estimand: Estimand) -> float | None:
    """The SD pooled over both arms, at the visit of the estimand, for a plan about one continuous endpoint.

    None where the outcome is not continuous, an arm has no published SD, or the id names no visit of several.
    """
    parts = parts_of(plan, estimand)
    if len({part.endpoint for part in plan.endpoints}) > 1 or len(parts) > 1:
        return None
    (part,) = parts
    if study.endpoint(part.endpoint).kind is not Kind.continuous:
        return None
    arms = [find_mean_and_spread(study, part.endpoint, arm.id, part.visit) for arm in study.arms]
    sizes = [(one.n - 1, one.sd_value) for one in arms if one is not None and one.n > 1]
    if len(sizes) < len(study.arms):
        return None
    return sqrt(sum(df * sd**2 for df, sd in sizes) / sum(df for df, _ in sizes)) or None
