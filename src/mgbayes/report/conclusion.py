"""The answer in one paragraph: who benefits more, how sure, by how much, what it depends on, what cannot be said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mgbayes.grade.certainty import LEVELS, Concern
from mgbayes.grade.findings import Finding
from mgbayes.report import words
from mgbayes.report.findings_table import absolute_effect
from mgbayes.report.overall_words import changed
from mgbayes.report.results import Reanalysis

_CLEAR = 0.95
_FEW = 3  # outcomes whose estimates a paragraph can hold
_MORE = (
    (0.99, "{contrast} patients almost certainly benefit more than {reference} patients"),
    (0.95, "{contrast} patients very probably benefit more than {reference} patients"),
    (0.90, "{contrast} patients probably benefit more than {reference} patients"),
    (0.75, "{contrast} patients perhaps benefit more than {reference} patients"),
    (0.25, "it is inconclusive whether {contrast} or {reference} patients benefit more"),
    (0.10, "{contrast} patients perhaps benefit less than {reference} patients"),
    (0.05, "{contrast} patients probably benefit less than {reference} patients"),
    (0.01, "{contrast} patients very probably benefit less than {reference} patients"),
    (0.00, "{contrast} patients almost certainly benefit less than {reference} patients"),
)


def conclusion(reanalysis: Reanalysis) -> str:
    """One paragraph of plain sentences; every number is one of the tables'."""
    rows = reanalysis.main_findings
    if not rows:
        return "No outcome could be analysed."
    return " ".join([*_together(reanalysis), *_by_outcome(rows, reanalysis), *_not_known(rows, reanalysis)])


def estimate(row: Finding) -> str:
    """The estimand, its estimate with the interval, and the probability of benefit."""
    per = f", {absolute_effect(row)}" if row.summary.estimand.null == 1 and row.absolute else ""
    return (
        f"{words.first_lower(row.summary.estimand.label)} {words.interval(row.summary)}{per}, "
        f"P(benefit) {words.percent(_p(row))}"
    )


def _together(reanalysis: Reanalysis) -> Iterator[str]:
    benefit = reanalysis.overall
    if benefit is None:
        return
    p = benefit.main.p_mean
    together = f"over {len(benefit.contrasts)} main outcomes together the probability is {words.percent(p)}"
    yield f"{words.first_upper(_more(reanalysis, p))}: {together}."
    ends = [pick(benefit.variations, key=lambda row: row.overall.p_mean) for pick in (min, max)]
    low, high = (words.percent(row.overall.p_mean) for row in ends)
    if low != high:
        reasons = [f"({changed(row)})" for row in ends]
        yield f"With one assumption changed at a time it lies between {low} {reasons[0]} and {high} {reasons[1]}."


def _more(reanalysis: Reanalysis, p: float) -> str:
    """Which arm benefits more, as far as a probability says."""
    arms = {"contrast": reanalysis.study.contrast.label, "reference": reanalysis.study.reference.label}
    return next(text for edge, text in _MORE if p >= edge).format(**arms)


def _by_outcome(rows: Sequence[Finding], reanalysis: Reanalysis) -> Iterator[str]:
    if reanalysis.overall is None and len(rows) == 1:
        yield f"Judged by one outcome, {_more(reanalysis, _p(rows[0]))}: {estimate(rows[0])}."
        low, high = map(words.percent, rows[0].robustness.range)
        if low != high:
            count = len(rows[0].robustness.chances)
            yield f"Over {count} analyses and priors P(benefit) runs from {low} to {high}."
        return
    arm = reanalysis.study.contrast.label
    better = [row for row in rows if _p(row) >= _CLEAR]
    worse = [row for row in rows if _p(row) <= 1 - _CLEAR]
    unclear = [row for row in rows if row not in (*better, *worse)]
    for clear, side in ((better, "Better"), (worse, "Worse")):
        if clear:
            yield f"{side} for {arm}: {'; '.join(map(estimate, clear))}."
    if unclear:
        brief = reanalysis.overall is not None or len(rows) > _FEW
        listed = "; ".join(_chance(row) if brief else estimate(row) for row in unclear)
        of = f", with the probability that {arm} patients do better" if brief else ""
        alone = len(unclear) == len(rows) and reanalysis.overall is None
        head = f"Inconclusive at {100 * _CLEAR:.0f} %"
        head += ", since no outcome shows which arm does better" if alone else ""
        yield f"{head}{of}: {listed}."


def _p(row: Finding) -> float:
    assert row.summary.p_benefit is not None
    return row.summary.p_benefit


def _chance(row: Finding) -> str:
    return f"{words.outcome_of(row.summary.estimand.label)} {words.chance(row.summary.p_benefit)}"


def _not_known(rows: Sequence[Finding], reanalysis: Reanalysis) -> Iterator[str]:
    """Why a difference need not be an effect of the arm, and how certain the evidence is."""
    levels = sorted({row.certainty.level for row in rows}, key=LEVELS.index)
    grade = levels[0] if len(levels) == 1 else f"{levels[0]} to {levels[-1]}"
    concerns = {concern for row in rows for concern in row.certainty.concerns}
    if Concern.not_randomized in concerns:
        differed = " and differed before treatment" if Concern.imbalance in concerns else ""
        yield f"The arms were not randomized{differed}, so that a difference need not be an effect of the arm."
    yield f"Certainty of the evidence: {grade}."
