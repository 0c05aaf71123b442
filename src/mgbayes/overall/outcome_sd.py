"""The SD of a continuous outcome as a paper prints it, to express a difference in SDs."""

from __future__ import annotations

from math import sqrt

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.plan import EndpointAt, Plan
from mgbayes.study.schema import Kind, Study


def outcome_sd(study: Study, plan: Plan, estimand: Estimand) -> float | None:
    """The SD pooled over both arms, of the plan's continuous outcome at the visit that the estimand's id ends with.

    Without visits it is that of the outcome. None where the outcome is not continuous, an arm has no printed SD, or
    the id names no visit of several.
    """
    part = _measured_at(study, plan, estimand)
    if part is None:
        return None
    found: dict[str, tuple[int | None, float]] = {}
    for claim in study.claims:
        for row in claim.summaries if claim.endpoint == part.endpoint else ():
            if row.sd is not None and row.visit == part.visit and row.level is None:
                n = int(row.n) if row.n else study.group_n(row.group)
                found.setdefault(row.group, (n, float(row.sd)))
    arms = [found.get(arm.id) for arm in study.arms]
    sizes = [(n - 1, sd) for n, sd in filter(None, arms) if n is not None and n > 1]
    if len(sizes) < len(study.arms):
        return None
    pooled = sqrt(sum(df * sd**2 for df, sd in sizes) / sum(df for df, _ in sizes))
    return pooled or None


def _measured_at(study: Study, plan: Plan, estimand: Estimand) -> EndpointAt | None:
    """Where the outcome is measured, of a plan that is about one continuous endpoint."""
    kinds = {row.id: row.kind for row in study.endpoints}
    names = {part.endpoint for part in plan.endpoints}
    if len(names) > 1 or kinds.get(next(iter(names))) is not Kind.continuous:
        return None
    if len(plan.endpoints) == 1:
        return plan.endpoints[0]
    ending = [part for part in plan.endpoints if part.visit and estimand.id.endswith(f"_{part.visit}")]
    return max(ending, key=lambda part: len(part.visit or ""), default=None)
