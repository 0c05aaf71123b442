"""Reported p values that a plan conditions on, held against the study and the model."""

from __future__ import annotations

from collections.abc import Iterator

from mgbayes.errors import Problem, one_of
from mgbayes.models.catalogue import MODELS
from mgbayes.models.outcome import outcome_of
from mgbayes.models.plan import Plan, PrintedPUse
from mgbayes.study.schema import Study


def reported_p_problems(study: Study, plan: Plan) -> Iterator[Problem]:
    """Claims without a p value or of another outcome, and p values that the model does not have.

    Endpoints and visits of the plan are those of the study.
    """
    row = MODELS[plan.model]
    later = [visit.id for visit in outcome_of(study, plan).later] if row.paired_p else []
    known = [*row.p_values, *(f"paired_{visit}" for visit in later)]
    endpoints = [part.endpoint for part in plan.endpoints]
    reported = [claim.id for claim in study.claims if claim.p_by_source and claim.endpoint in endpoints]
    for i, use in enumerate(plan.printed_p, start=1):
        place = f"printed_p[{i}]"
        if use.claim in {claim.id for claim in study.claims} - set(reported):
            accepted = one_of(
                reported, use.claim, none="nothing: the study file has no p value of the plan's endpoints"
            )
            what = "of another endpoint" if study.claim(use.claim).p_by_source else "which reports no p value"
            yield Problem(f"{place} → claim", f"{use.claim!r}, {what}", accepted)
        if use.statistic not in known:
            accepted = one_of(known, use.statistic, none=f"nothing: the model {plan.model} takes no p value")
            yield Problem(f"{place} → statistic", repr(use.statistic), accepted)
        else:
            yield from _arm_problems(study, use, place, within_arm=row.paired_p)


def _arm_problems(study: Study, use: PrintedPUse, place: str, *, within_arm: bool) -> Iterator[Problem]:
    """An arm that the study does not have, or one where the p value is of none, or the reverse."""
    arms = [arm.id for arm in study.arms]
    if use.arm is not None and not within_arm:
        yield Problem(f"{place} → arm", repr(use.arm), f"nothing: {use.statistic} compares the arms")
    elif within_arm and use.arm not in arms:
        given = "nothing" if use.arm is None else repr(use.arm)
        yield Problem(f"{place} → arm", given, one_of(arms, use.arm or ""))
