"""A plan held against the study that it meets, before anything is fitted: every problem in one pass.

Found here: a plan of another study; names that study or model do not have, each with the nearest that they have; and
what the study file contradicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from mgbayes.errors import InputError, Problem, one_of
from mgbayes.estimands.estimand import Estimand
from mgbayes.models.catalogue import MODELS, PIECEWISE
from mgbayes.models.outcome import outcome_of
from mgbayes.models.plan import Plan, PrintedPUse
from mgbayes.models.time_evidence import Followup, printed_followup
from mgbayes.study.schema import Study

if TYPE_CHECKING:
    from mgbayes.inference.job import Job

_NO_BENEFIT = "an estimand of which the study file says which direction is better (benefit)"


def checked_jobs(study: Study, plans: Sequence[Plan], jobs_of: Callable[[Plan], Iterable[Job]]) -> list[Job]:
    """The fits of every plan, once all plans agree with the study.

    Raises InputError with every problem of every plan: a study that lacks what a plan needs, too.
    """
    jobs: list[Job] = []
    problems: list[tuple[Plan, Problem]] = []
    for plan in plans:
        own, own_problems = _of_plan(study, plan, jobs_of)
        jobs += own
        problems += [(plan, problem) for problem in own_problems]
    if problems:
        raise InputError(*_summary(study, problems))
    return jobs


def plan_problems(study: Study, plan: Plan, estimands: Sequence[Estimand] | None = None) -> list[Problem]:
    """What a plan says that its study, or the estimands of its model, contradict; without these, only the study."""
    if plan.study not in (None, study.id):
        return [Problem("study", repr(plan.study), f"{study.id!r}, the study at hand")]
    problems = [*_unknown_in_study(study, plan), *_contradictions(study, plan)]
    return problems if estimands is None else [*problems, *_of_estimands(plan, estimands)]


def _of_plan(
    study: Study, plan: Plan, jobs_of: Callable[[Plan], Iterable[Job]]
) -> tuple[list[Job], list[Problem]]:
    """The fits of one plan, and its problems; estimands are looked at where its endpoints are of the study."""
    problems = plan_problems(study, plan)
    if any(problem.place == "study" or problem.place.startswith("endpoints") for problem in problems):
        return [], problems
    try:
        jobs = list(jobs_of(plan))
        estimands = {row.id: row for job in _first_of_each(jobs) for row in job.declared()}
    except InputError as error:
        return [], [*problems, *error.problems]
    return jobs, [*problems, *_of_estimands(plan, list(estimands.values()))]


def _first_of_each(jobs: Iterable[Job]) -> Iterator[Job]:
    """One fit of each family and kind of evidence: the others have the same estimands."""
    return iter({(job.family, job.evidence, job.adjusted): job for job in reversed(list(jobs))}.values())


def _summary(study: Study, problems: Sequence[tuple[Plan, Problem]]) -> tuple[str, list[Problem], str]:
    """The file, problems and advice of an error about some plans."""
    plans = list(dict.fromkeys(plan.id for plan, _ in problems))
    rows = [
        problem
        if len(plans) == 1
        else Problem(f"{plan.id}: {problem.place}", problem.given, problem.accepted)
        for plan, problem in problems
    ]
    foreign = any(problem.place == "study" for _, problem in problems)
    advice = f"`mgbayes plan` writes plans of {study.id}, with priors on the scale of its own endpoints."
    return f"{study.id} with plan {', '.join(plans)}", rows, advice if foreign else ""


def _unknown_in_study(study: Study, plan: Plan) -> Iterator[Problem]:
    """Endpoints, visits and claims that the study file does not have, and what a reported p cannot be."""
    endpoints = [endpoint.id for endpoint in study.endpoints]
    visits = [visit.id for visit in study.visits]
    for i, part in enumerate(plan.endpoints, start=1):
        if part.endpoint not in endpoints:
            yield Problem(f"endpoints[{i}]", repr(part.endpoint), one_of(endpoints, part.endpoint))
        if part.visit is not None and part.visit not in visits:
            accepted = one_of(visits, part.visit, none="no visit: the study file has none")
            yield Problem(f"endpoints[{i}] → visit", repr(part.visit), accepted)
    looked_at = [part.visit for part in plan.endpoints if part.visit is not None]
    if plan.baseline is not None and plan.baseline not in looked_at:
        accepted = one_of(looked_at, plan.baseline, none="nothing: the plan's endpoints name no visit")
        yield Problem("baseline", repr(plan.baseline), accepted)
    claims = [claim.id for claim in study.claims]
    for place, claim in _claims_of(plan):
        if claim not in claims:
            yield Problem(place, repr(claim), one_of(claims, claim))
    if {part.endpoint for part in plan.endpoints} <= {*endpoints} and {*looked_at} <= {*visits}:
        yield from reported_p_problems(study, plan)


def _claims_of(plan: Plan) -> Iterator[tuple[str, str]]:
    """Where a plan names a claim of the study, and which."""
    for i, row in enumerate(plan.important, start=1):
        if row.claim is not None:
            yield f"important[{i}] → claim", row.claim
    for i, use in enumerate(plan.printed_p, start=1):
        yield f"printed_p[{i}] → claim", use.claim
    for i, varied in enumerate(plan.sensitivity, start=1):
        if varied.cohorts is not None:
            yield f"sensitivity[{i}] → cohorts", varied.cohorts


def _contradictions(study: Study, plan: Plan) -> Iterator[Problem]:
    """What the study file says otherwise: times beyond the end of follow-up, a follow-up that need not be assumed."""
    known = {endpoint.id: endpoint for endpoint in study.endpoints}
    if PIECEWISE in (plan.family, *plan.alternative_families) and not plan.cuts:
        yield Problem("cuts", "nothing", f"two times at which the hazard changes, for the family {PIECEWISE}")
    for endpoint in (
        known[name] for name in dict.fromkeys(part.endpoint for part in plan.endpoints) if name in known
    ):
        reported = printed_followup(study, endpoint)
        if plan.followup is not None and reported is not None:
            given = f"mean = {plan.followup.mean:g}, assumed"
            accepted = f"no [followup]: the study reports that of {endpoint.id}, {_in_words(reported, endpoint.unit)}"
            yield Problem("followup", given, accepted)
        if endpoint.fixed_followup is None:
            continue
        end = float(endpoint.fixed_followup)
        accepted = (
            f"at most {end:g} {endpoint.unit}".strip() + f", how long everyone was followed for {endpoint.id}"
        )
        times = [(f"horizons[{i}]", time) for i, time in enumerate(plan.horizons, start=1)]
        times += [] if plan.restricted_to is None else [("restricted_to", plan.restricted_to)]
        for place, time in times:
            if time > end:
                yield Problem(place, f"{time:g}", accepted)


def _in_words(followup: Followup, unit: str) -> str:
    if followup.sd:
        return f"{followup.mean:g} ± {followup.sd:g} {unit}".strip()
    return f"{followup.mean:g} {unit}".strip() + " for everyone"


def _of_estimands(plan: Plan, estimands: Sequence[Estimand]) -> Iterator[Problem]:
    """Estimands that the model does not have for these endpoints, and thresholds on the side of harm."""
    known = {row.id: row for row in estimands}
    for place, name in _estimands_of(plan):
        if name not in known:
            yield Problem(place, repr(name), one_of(known, name, none="nothing: the model has no estimand"))
    for i, row in enumerate(plan.important, start=1):
        estimand = known.get(row.estimand)
        if estimand is not None:
            fault = _on_the_wrong_side(estimand, row.threshold, estimand.null)
            if fault:
                yield Problem(f"important[{i}] → threshold", f"{row.threshold:g}", fault)
    for i, varied in enumerate(plan.sensitivity, start=1):
        estimand = known.get(varied.estimand)
        if estimand is not None and estimand.benefit is not None:
            name, given, null = varied.stated
            fault = _on_the_wrong_side(estimand, given, null)
            if fault:
                yield Problem(f"sensitivity[{i}] → {name}", f"{given:g}", fault)


def _on_the_wrong_side(estimand: Estimand, given: float, null: float) -> str:
    """What an important or expected benefit has to be, if it is not; else empty."""
    if estimand.benefit is None:
        return f"{_NO_BENEFIT}; {estimand.id} is none"
    higher = estimand.benefit == "higher"
    if (given > null) if higher else (given < null):
        return ""
    side = "above" if higher else "below"
    return f"a number {side} {null:g}, the side of benefit of {estimand.id}"


def _estimands_of(plan: Plan) -> Iterator[tuple[str, str]]:
    """Where a plan names an estimand, and which."""
    for i, name in enumerate(plan.headline, start=1):
        yield f"headline[{i}]", name
    for i, row in enumerate(plan.important, start=1):
        yield f"important[{i}] → estimand", row.estimand
    for i, varied in enumerate(plan.sensitivity, start=1):
        yield f"sensitivity[{i}] → estimand", varied.estimand
    if plan.decision is not None:
        yield "decision → estimand", plan.decision.estimand
    if plan.confounding is not None:
        yield "confounding → estimand", plan.confounding.estimand


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
