"""Which published numbers the models of a re-analysis use, and why the others are not used.

A claim is used by a plan if the data of the plan's model would be others without it: nothing is said of a model that
it does not do. Reported p values are looked at in mgbayes.robustness.reported_p.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mgbayes.models.evidence import Evidence
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.study.schema import Claim, Study

_REPEATED = "the same follows from other numbers of the plan's outcomes"


@dataclass(frozen=True)
class PublishedUse:
    """A claim with numbers: the plans that use them, or why none does."""

    claim: str
    plans: tuple[str, ...]
    why_not: str = ""

    def to_json(self) -> dict[str, Any]:
        """For results.json."""
        return {"claim": self.claim, "plans": list(self.plans), "why_not": self.why_not}


def published_use(
    study: Study, analyses: Iterable[tuple[Plan, Any]], needed: Mapping[str, str] | None = None
) -> tuple[PublishedUse, ...]:
    """One row for each claim of a study that has numbers, with the plans that use it.

    ``analyses`` are plans with their models; ``needed`` says of endpoints without a plan what is missing.
    """
    analyzed = [
        _Analysis(plan, model, data)
        for plan, model in analyses
        if (data := _data(study, plan, model)) is not None
    ]
    return tuple(
        _use(study, claim, analyzed, needed or {})
        for claim in study.claims
        if claim.summaries or claim.effects
    )


@dataclass(frozen=True)
class _Analysis:
    """A plan, its model and what this takes from the study."""

    plan: Plan
    model: Any
    data: Evidence

    @property
    def endpoints(self) -> set[str]:
        """What it is about."""
        return {part.endpoint for part in self.plan.endpoints}

    def uses(self, claim: Claim, study: Study) -> bool:
        """Whether its data would be others without the claim's numbers."""
        bare = claim.model_copy(update={"summaries": (), "effects": ()})
        claims = tuple(bare if row.id == claim.id else row for row in study.claims)
        without = _data(study.model_copy(update={"claims": claims}), self.plan, self.model)
        return not _same(without, self.data)


def _use(study: Study, claim: Claim, analyzed: list[_Analysis], needed: Mapping[str, str]) -> PublishedUse:
    used = tuple(dict.fromkeys(row.plan.id for row in analyzed if row.uses(claim, study)))
    about = [row.plan for row in analyzed if claim.endpoint in row.endpoints]
    reasons = _reasons(study, claim, about, needed, _counted(study, analyzed))
    return PublishedUse(claim.id, used, "" if used else next(reasons))


def _reasons(
    study: Study, claim: Claim, about: list[Plan], needed: Mapping[str, str], counted: Mapping[str, str]
) -> Iterator[str]:
    """Why no plan uses a claim, the first that applies."""
    endpoint = study.endpoint_of(claim)
    if endpoint is None:
        yield "it names no endpoint of the study file"
    elif claim.id in counted:
        yield f"a plan answers the time to this event ({counted[claim.id]}), from other numbers"
    elif endpoint.id in needed:
        yield f"no model, since this is missing: {needed[endpoint.id]}"
    elif endpoint.role == "baseline" and not about:
        yield "it describes the patients before treatment"
    elif not about:
        yield "no plan is about this outcome"
    arms = {arm.id for arm in study.arms}
    if claim.summaries and not arms & {row.group for row in claim.summaries}:
        yield "it is about a part of the patients, or about both arms together"
    visits = {part.visit for plan in about for part in plan.endpoints}
    if claim.summaries and not visits & {row.visit for row in claim.summaries}:
        yield "the plan looks at other visits"
    if claim.effects and not claim.summaries:
        yield "the model takes the numbers of each arm, or another effect"
    yield _REPEATED


def _counted(study: Study, analyzed: list[_Analysis]) -> dict[str, str]:
    """The claims that count the event of a time that has a plan, and that time."""
    named = [study.endpoint(name) for row in analyzed for name in row.endpoints]
    return {row.event: row.label for row in named if row.event is not None}


def _data(study: Study, plan: Plan, model: Any) -> Evidence | None:
    """The data of a plan's model; None where the study does not report what it needs."""
    try:
        data: Evidence = model.from_study(study, plan)
    except NotPrinted:
        return None
    return data


def _same(one: Evidence | None, other: Evidence) -> bool:
    return (
        one is not None
        and one.keys() == other.keys()
        and all(_equal(np.asarray(one[name]), np.asarray(other[name])) for name in other)
    )


def _equal(one: Any, other: Any) -> bool:
    """Whether two arrays are the same, not-a-number (of what is not reported) included."""
    return bool(np.array_equal(one, other, equal_nan=other.dtype.kind == "f"))
