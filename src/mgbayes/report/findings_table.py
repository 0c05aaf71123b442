"""The summary of findings as a table, in the manner of GRADE."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mgbayes.estimands.estimand import Estimand
from mgbayes.grade.certainty import Concern
from mgbayes.grade.findings import Finding, is_share
from mgbayes.models.outcome import parts_of
from mgbayes.models.plan import Plan
from mgbayes.report import words
from mgbayes.report.document import Column, Table
from mgbayes.report.results import Reanalysis
from mgbayes.study.numbers import claims_between_arms
from mgbayes.study.schema import Study
from mgbayes.verification.result import Ledger

_DIFFERENCE = re.compile(r"^(risk )?difference( in (being|chance,)|,| in)? ", re.IGNORECASE)


def findings_table(reanalysis: Reanalysis, rows: Sequence[Finding] | None = None) -> Table:
    """One row for each estimand that a plan puts first; of those named, if any are."""
    study = reanalysis.study
    shown = reanalysis.summary_of_findings if rows is None else rows
    common = common_concerns(reanalysis.summary_of_findings)
    return Table(
        "findings",
        f"Summary of findings: {study.contrast.label} ({study.contrast.n} patients) against {study.reference.label} "
        f"({study.reference.n}). {words.first_upper(words.interval_kind())}; P: probability that "
        f"{study.contrast.label} patients do better, or better by at least what is called important.",
        (
            Column("Outcome", 2),
            Column("Patients", 0.9, numeric=True),
            Column("What the paper reports", 1.7),
            Column("Absolute effect", 1.7),
            Column("Ratio (95 %)", 1.3),
            Column("P(benefit)", 1, numeric=True),
            Column("P(important)", 1.2, numeric=True),
            Column("Certainty, and why", 2),
        ),
        tuple(_row(reanalysis, row, common) for row in shown),
        note=_note(common),
    )


def common_concerns(rows: Sequence[Finding]) -> tuple[Concern, ...]:
    """The concerns that every row has: they are named once, below the table."""
    if len(rows) < 2:
        return ()
    return tuple(concern for concern in Concern if all(concern in row.certainty.concerns for row in rows))


def _note(common: Sequence[Concern]) -> str:
    every = f" Concerns of every outcome: {'; '.join(common)}." if common else ""
    return (
        "Certainty by rule, as a starting point for judgement: high for randomized arms, low for others, one level "
        f"less for each further concern. Imprecise: the interval includes no difference.{every}"
    )


def _row(reanalysis: Reanalysis, row: Finding, common: Sequence[Concern]) -> tuple[str, ...]:
    summary = row.summary
    assert summary.p_benefit is not None
    return (
        words.first_upper(summary.estimand.label),
        str(row.patients) if isinstance(row.patients, int) else str(sum(row.patients)),
        reported(reanalysis.study, reanalysis.ledger, row.plan, summary.estimand) or "nothing in both arms",
        absolute_effect(row),
        words.interval(summary) if summary.estimand.null == 1 else "",
        words.percent(summary.p_benefit),
        words.important(summary),
        certainty(row, common),
    )


def absolute_effect(row: Finding) -> str:
    """Per 100 patients, or in the unit of the outcome; empty where the model gives neither."""
    absolute = row.absolute
    if absolute is None:
        return ""
    if not is_share(absolute.estimand):
        return words.interval(absolute)
    what = _DIFFERENCE.sub("", absolute.estimand.label)
    own = row.summary.estimand.label.lower()
    return words.per_hundred(absolute) + ("" if what.lower() in own else f", {what}")


def certainty(row: Finding, common: Sequence[Concern] = ()) -> str:
    """The level, and the concerns of this row beyond those of all."""
    why = "; ".join(row.certainty.besides(common))
    return (
        f"{words.first_upper(row.certainty.level)}: {why}" if why else words.first_upper(row.certainty.level)
    )


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
