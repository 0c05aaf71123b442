"""What becomes of each reported number: it is part of the model, it is met by the table, or it is left out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mgbayes.latent_cohort.statements import Statement
from mgbayes.study.numbers import size_of, wording
from mgbayes.study.reported import Summary
from mgbayes.study.schema import ALL, Claim, Kind, Study
from mgbayes.study.statistics.counts import Percent

Use = Literal["in the model", "met by the table", "by itself", "left out"]


@dataclass(frozen=True)
class ReportedNumber:
    """A number of a claim, its use, and why it has no other."""

    claim: str
    what: str
    number: str
    use: Use
    why: str = ""


def reported_numbers(
    study: Study,
    modelled: Sequence[Statement],
    exchangeable: Sequence[Statement],
    refused: Mapping[str, str],
    tested: Collection[str],
    by_itself: Collection[str] = (),
) -> Iterator[ReportedNumber]:
    """Every number of every claim.

    Args:
        study: the study.
        modelled: statements about outcomes with a distribution, or about follow-up.
        exchangeable: those about columns without one.
        refused: by endpoint, why no table has its numbers.
        tested: the claims whose p is computed in every table.
        by_itself: those whose p is all that is reported of an outcome.
    """
    places: dict[tuple[str, str, str | None], Use] = {_place(one): "met by the table" for one in exchangeable}
    places |= {_place(one): "in the model" for one in modelled}
    told = {one.column.endpoint for one in (*modelled, *exchangeable)}
    for claim in study.claims:
        for row in claim.summaries:
            found = places.get((claim.id, row.group, row.visit))
            use: Use = found if found is not None and row.change_from is None else "left out"
            if claim.endpoint is not None and _is_size(study, claim.endpoint, row):
                use = "met by the table"
            why = _why_not(study, claim, row, refused) if use == "left out" else _contradiction(study, row)
            visit = {one.id: f", {one.label}" for one in study.visits}.get(row.visit or "", "")
            yield ReportedNumber(claim.id, claim.what, wording(study, row) + visit, use, why)
        for p in dict.fromkeys(claim.p_by_source.values()):
            used: Use = "by itself" if claim.id in by_itself else "left out"
            why = "" if used == "by itself" else _why_no_p(study, claim, told, tested)
            yield ReportedNumber(claim.id, claim.what, f"p {p}", used, why)
        if claim.effects:
            why = "ratios and differences with their intervals are no statements about a table here"
            yield ReportedNumber(claim.id, claim.what, f"{len(claim.effects)} effects", "left out", why)
        if not (claim.summaries or claim.p_by_source or claim.effects):
            yield ReportedNumber(
                claim.id, claim.what, claim.printed or "", "left out", "words without a number"
            )


def _place(one: Statement) -> tuple[str, str, str | None]:
    return one.claim, one.group, one.column.visit


def _is_size(study: Study, endpoint: str, row: Summary) -> bool:
    """Whether it is how many patients there are."""
    counted = study.endpoint(endpoint).kind is Kind.event_count and row.count is not None
    return counted and row.count == str(study.group_n(row.group)) and row.n is None


def _why_not(study: Study, claim: Claim, row: Summary, refused: Mapping[str, str]) -> str:
    arms = {ALL, *(arm.id for arm in study.arms)}
    n, of_group = size_of(study, row), study.group_n(row.group)
    reasons = (
        (claim.endpoint is None, "it names no endpoint"),
        (row.group not in arms, "which patients are in this group is not known"),
        (row.change_from is not None, "a change between visits"),
        (claim.endpoint in refused, refused.get(claim.endpoint or "", "")),
        (
            row.group == ALL and arms <= _with_quantiles(claim, row.visit),
            "quantiles of all patients, where each arm has its own",
        ),
        (n != of_group, f"of {n} patients where the group has {of_group}"),
        (
            row.level is not None,
            "counts by level, where the study file orders no levels or an arm has not all of them",
        ),
    )
    usual = (
        "no outcome with a distribution has it, and by itself it does not bound the values of all patients"
    )
    return next((why for given, why in reasons if given), usual)


def _with_quantiles(claim: Claim, visit: str | None) -> set[str]:
    """The groups of which a claim has a median or quartiles at a visit."""
    return {
        row.group
        for row in claim.summaries
        if row.visit == visit and (row.median is not None or row.iqr is not None)
    }


def _contradiction(study: Study, row: Summary) -> str:
    """A count that is not the percentage beside it."""
    n = size_of(study, row)
    if (
        row.count is None
        or row.percent is None
        or n is None
        or int(row.count) in Percent(row.percent, n).counts()
    ):
        return ""
    return f"{row.count} of {n} are not {row.percent} %: the count is met, the percentage is not"


def _why_no_p(study: Study, claim: Claim, told: Collection[str], tested: Collection[str]) -> str:
    compared, arms = claim.comparison, {ALL, *(arm.id for arm in study.arms)}
    reasons = (
        (claim.id in tested, "not evidence: compared with the p values of the drawn tables"),
        (
            compared is not None and compared.between == "visits",
            "which patients changed between these visits is not in the table",
        ),
        (
            compared is not None and not set(compared.groups) <= arms,
            "which patients are in its groups is not known",
        ),
        (claim.endpoint in told, "it follows from numbers that are met"),
    )
    return next((why for given, why in reasons if given), "its outcome has no values in the table")
