"""The summary of findings as a table, in the manner of GRADE."""

from __future__ import annotations

from collections.abc import Sequence

from mgbayes.grade.findings import Finding, is_share
from mgbayes.report import words
from mgbayes.report.document import Column, Table
from mgbayes.report.reported import reported
from mgbayes.report.results import Reanalysis


def findings_table(reanalysis: Reanalysis, rows: Sequence[Finding] | None = None) -> Table:
    """One row for each estimand that a plan puts first; of those named, if any are."""
    study = reanalysis.study
    shown = reanalysis.summary_of_findings if rows is None else rows
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
        tuple(_row(reanalysis, row) for row in shown),
        note=NOTE,
    )


NOTE = (
    "Certainty by rule, as a starting point for judgement: high for randomized arms, low for others, and one level "
    "less for each further concern."
)


def _row(reanalysis: Reanalysis, row: Finding) -> tuple[str, ...]:
    summary = row.summary
    assert summary.p_benefit is not None
    return (
        words.first_upper(summary.estimand.label),
        str(row.patients) if isinstance(row.patients, int) else str(sum(row.patients)),
        reported(reanalysis.study, reanalysis.ledger, row.plan, summary.estimand) or "nothing in both arms",
        absolute_effect(row),
        words.interval(summary) if summary.estimand.null == 1 else "",
        words.percent(summary.p_benefit),
        important(row),
        certainty(row),
    )


def absolute_effect(row: Finding) -> str:
    """Per 100 patients, or in the unit of the outcome; empty where the model gives neither."""
    found = row.absolute
    if found is None:
        return ""
    if not is_share(found.estimand):
        return words.interval(found)
    horizon = found.estimand.label.split(", ")[-1] if row.summary.estimand.id != found.estimand.id else ""
    at = f", {horizon}" if horizon and horizon not in row.summary.estimand.label else ""
    return f"{words.per_hundred(found)}{at}"


def important(row: Finding) -> str:
    """P(important benefit) with its threshold."""
    summary = row.summary
    if summary.p_important is None or summary.threshold is None:
        return ""
    side = "above" if summary.estimand.benefit == "higher" else "below"
    return f"{words.percent(summary.p_important)} ({side} {words.value(summary.estimand, summary.threshold)})"


def certainty(row: Finding) -> str:
    """The level, and the concerns that led to it."""
    found = row.certainty
    why = "; ".join(map(str, found.concerns))
    return f"{words.first_upper(found.level)}: {why}" if why else words.first_upper(found.level)
