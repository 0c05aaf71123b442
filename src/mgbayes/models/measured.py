"""Which endpoints and visits of a plan an estimand is about, by its id."""

from __future__ import annotations

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.plan import EndpointAt, Plan


def parts_of(plan: Plan, estimand: Estimand) -> tuple[EndpointAt, ...]:
    """The endpoints and visits of a plan that an estimand's id names: those it ends with, or else all.

    ``odds_ratio_fall`` is about the endpoint ``fall``, ``mean_difference_12m`` about the visit ``12m``.
    """
    parts = plan.endpoints
    named = {part.endpoint for part in parts if f"_{part.endpoint}_" in f"{estimand.id}_"}
    if named:
        longest = max(named, key=len)
        parts = tuple(part for part in parts if part.endpoint == longest)
    visits = {part.visit for part in parts if part.visit and estimand.id.endswith(f"_{part.visit}")}
    if visits:
        at = max(visits, key=len)
        parts = tuple(part for part in parts if part.visit == at)
    return parts
