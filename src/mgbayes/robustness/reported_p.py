"""Every p value that a paper reports between the arms on its outcomes: which are evidence, and what others would do.

A p value that follows from the reported counts or means adds nothing to them. One that depends on each patient's
value says more; where no plan takes it as evidence its size is set beside the fit's: |z| = Φ⁻¹(1 - p/2) against the
posterior mean over the posterior SD of the estimand at that endpoint and visit. A smaller |z| would pull towards no
difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mgbayes.estimands.estimand import Estimand
from mgbayes.estimands.summary import better
from mgbayes.inference.fit import Fit
from mgbayes.models.outcome import outcomes_of, parts_of
from mgbayes.models.plan import Plan
from mgbayes.overall.main_outcomes import first_fit, main_estimands
from mgbayes.study.about import counting_endpoint, follows_from_counts, reported_p_of
from mgbayes.study.schema import Claim, Study
from mgbayes.verification.result import Ledger, Verdict

ALIKE = 0.25
"""Values of |z| that differ by no more than this are said to be about the same."""


@dataclass(frozen=True)
class ReportedP:
    """One p value between arms.

    Attributes:
        plan: the plan of its endpoint; None where none was fitted.
        claim, what, p: the claim, its name, and the p value as reported.
        used: the tests under which a fit takes it as evidence.
        why_not: why it is no evidence of any fit; empty where it is.
        effect: what it does as evidence, or would do by its size.
    """

    plan: str | None
    claim: str
    what: str
    p: str
    used: tuple[str, ...]
    why_not: str
    effect: str

    def to_json(self) -> dict[str, Any]:
        """The form that results.json holds."""
        return asdict(self) | {"used": list(self.used)}


def reported_p(study: Study, ledger: Ledger, fits: Sequence[Fit]) -> tuple[ReportedP, ...]:
    """The p values of the outcomes of each plan, then those of outcomes that no plan is about."""
    rows: dict[str, ReportedP] = {}
    for name in dict.fromkeys(fit.plan.id for fit in fits if fit.plan.role == "outcome"):
        mine = [fit for fit in fits if fit.plan.id == name]
        for claim in _claims_of(study, mine[0].plan):
            row = _row(study, ledger, mine, claim)
            if claim.id not in rows or (row.used and not rows[claim.id].used):
                rows[claim.id] = row
    others = (_of_no_plan(claim) for claim in _outcome_claims(study) if claim.id not in rows)
    return (*rows.values(), *others)


def _claims_of(study: Study, plan: Plan) -> Iterator[Claim]:
    """The claims with a p between arms on a plan's endpoints, and on the counts of its events."""
    names = dict.fromkeys(part.endpoint for part in plan.endpoints)
    events = (counting_endpoint(study, study.endpoint(name)) for name in names)
    for name in dict.fromkeys([*names, *(event for event in events if event is not None)]):
        yield from reported_p_of(study, name)


def _outcome_claims(study: Study) -> Iterator[Claim]:
    for endpoint in study.endpoints:
        if endpoint.role == "outcome" and endpoint.benefit is not None:
            yield from reported_p_of(study, endpoint.id)


def _row(study: Study, ledger: Ledger, fits: list[Fit], claim: Claim) -> ReportedP:
    taken = [
        fit for fit in fits if fit.agreement and claim.id in {use.claim for use in fit.agreement.printed_p}
    ]
    used = tuple(dict.fromkeys(fit.test or "" for fit in taken))
    return ReportedP(
        plan=fits[0].plan.id,
        claim=claim.id,
        what=claim.what,
        p=_text(claim),
        used=used,
        why_not="" if used else _why_not(study, ledger, fits[0].plan, claim),
        effect="; ".join(_as_evidence(study, fits, fit) for fit in taken)
        if used
        else _by_its_size(study, fits, claim),
    )


def _of_no_plan(claim: Claim) -> ReportedP:
    return ReportedP(
        plan=None,
        claim=claim.id,
        what=claim.what,
        p=_text(claim),
        used=(),
        why_not="no plan that was fitted is about this outcome",
        effect="",
    )


def _text(claim: Claim) -> str:
    return ", ".join(dict.fromkeys(claim.p_by_source.values()))


def _why_not(study: Study, ledger: Ledger, plan: Plan, claim: Claim) -> str:
    assert claim.comparison is not None
    if claim.comparison.groups:
        return "it compares a subset of the patients, not the arms"
    if _is_baseline(study, plan, claim):
        return "it is of the value before treatment"
    if follows_from_counts(study, claim):
        return "it follows from the reported counts, which the model has"
    result = next((row for row in ledger.claims if row.id == claim.id), None)
    tests = () if result is None else result.tests
    given = [test.label for test in tests if test.matches and not test.searched]
    if given and result is not None and result.verdict in (Verdict.reproduced, Verdict.reproduced_otherwise):
        return f"it follows from the reported numbers ({given[0]}), which the model has"
    if result is not None and result.verdict in (Verdict.not_reproduced, Verdict.inconsistent):
        return "no test reproduced it from the reported numbers, so that one of them may be a misprint"
    return "it depends on each patient's value, and the plan names no test to compute it by"


def _is_baseline(study: Study, plan: Plan, claim: Claim) -> bool:
    visits = {row.visit for row in claim.summaries} - {None}
    first = {outcome.baseline for outcome in outcomes_of(study, plan)} - {None}
    return bool(visits) and visits <= first


def _as_evidence(study: Study, fits: list[Fit], fit: Fit) -> str:
    """P(benefit) with the p value and without it."""
    if fit.agreement is not None and fit.agreement.share == 0:
        return f"as a {fit.test} test: no data set with the reported summaries gives it"
    first, estimands = first_fit(fits), main_estimands(fit.plan, fit.estimands)
    if not estimands:
        return f"as a {fit.test} test: no estimate, since the fit failed its diagnostics"
    estimand = estimands[0]
    after = _p_benefit(fit, estimand)
    before = _p_benefit(first, estimand) if estimand.id in {row.id for row in first.estimands} else None
    in_place = "" if before is None else f" in place of {before:.2f}"
    return f"as a {fit.test} test: P(benefit) of the {_lower_first(estimand.label)} is {after:.2f}{in_place}"


def _p_benefit(fit: Fit, estimand: Estimand) -> float:
    return float(better(fit.contrasts[estimand.id].to_numpy(), estimand, estimand.null).mean())


def _by_its_size(study: Study, fits: list[Fit], claim: Claim) -> str:
    """Which way a p value of this size would pull the estimand at its endpoint and visit."""
    from scipy.special import ndtri

    assert claim.comparison is not None
    fit = first_fit(fits)
    estimand = _estimand_of(study, fit, claim)
    if estimand is None or claim.comparison.groups or _is_baseline(study, fit.plan, claim):
        return ""
    p = study.parse_p(next(iter(claim.p_by_source.values())))
    reported, fitted = float(ndtri(1 - min(max(p.value, 1e-12), 1.0) / 2)), _size(fit, estimand)
    sizes = f"|z| of {reported:.1f} against {fitted:.1f} in the fit ({_lower_first(estimand.label)})"
    if p.relation == ">" and reported >= fitted:
        return f"{sizes}: it leaves the estimate as it is"
    if abs(reported - fitted) <= ALIKE:
        return f"{sizes}: it would change little"
    return f"{sizes}: it would pull {'towards' if reported < fitted else 'away from'} no difference"


def _estimand_of(study: Study, fit: Fit, claim: Claim) -> Estimand | None:
    """The first of the plan's main estimands about a claim's endpoint and visit, or else of all its estimands."""
    visits = {row.visit for row in claim.summaries} | set(claim.comparison.visits if claim.comparison else ())
    known = [row for row in fit.estimands if row.benefit is not None]
    for row in (*main_estimands(fit.plan, known), *known):
        for part in parts_of(fit.plan, row):
            names = {part.endpoint, counting_endpoint(study, study.endpoint(part.endpoint))}
            if claim.endpoint in names and (not (visits - {None}) or part.visit in visits):
                return row
    return None


def _size(fit: Fit, estimand: Estimand) -> float:
    """|posterior mean| over posterior SD, of the log of a ratio."""
    draws = fit.contrasts[estimand.id].to_numpy()
    effect = np.log(draws) if estimand.null == 1 else draws - estimand.null
    return float(abs(effect.mean()) / effect.std(ddof=1))


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
