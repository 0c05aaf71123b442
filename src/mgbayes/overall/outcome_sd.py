"""The published SD of a continuous outcome, to express a difference in SDs."""

from __future__ import annotations

from math import sqrt

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.measured import parts_of
from mgbayes.models.plan import Plan
from mgbayes.study.numbers import find_mean_and_spread
from mgbayes.study.schema import Kind, Study


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
