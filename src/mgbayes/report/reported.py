"""What the paper reports on an outcome, for a line of the short answer."""

from __future__ import annotations

from collections.abc import Iterator

from mgbayes.estimands.estimand import Estimand
from mgbayes.models.measured import parts_of
from mgbayes.models.plan import Plan
from mgbayes.study.numbers import claims_between_arms
from mgbayes.study.schema import Study
from mgbayes.verification.result import Ledger

_OF_EVENTS = ("odds_ratio", "risk_difference")
_OF_TIMES = ("time_ratio",)
"""Of a time to an event: the estimands that are about its counts alone, and about its times alone."""


def reported(study: Study, ledger: Ledger, plan: Plan, estimand: Estimand) -> str:
    """The claim that the plan names for an estimand; without one, all of both arms on its endpoint and visit."""
    named = next((row.claim for row in plan.important if row.estimand == estimand.id and row.claim), None)
    ids = {named} if named else set(_claims_of(study, plan, estimand))
    claims = [row for row in ledger.claims if row.id in ids]
    return "; ".join(
        f"{row.printed}; p {row.p_printed}" if row.p_printed else str(row.printed) for row in claims
    )


def _claims_of(study: Study, plan: Plan, estimand: Estimand) -> Iterator[str]:
    for part in parts_of(plan, estimand):
        event = study.endpoint(part.endpoint).event
        for claim in claims_between_arms(study, part.endpoint, part.visit):
            is_count = event is not None and claim.endpoint != part.endpoint
            if event is None or not estimand.id.startswith(_OF_TIMES if is_count else _OF_EVENTS):
                yield claim.id
