"""The printed numbers of a study, looked up by endpoint, group and visit across all claims."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from mgbayes.study.printed import exact_interval
from mgbayes.study.schema import ALL, Claim, Study, Summary


@dataclass(frozen=True)
class CountOf:
    """x of n patients, and whether x is printed or follows from the printed percentage."""

    x: int
    n: int
    printed: bool


def summaries_of(study: Study, endpoint: str, visit: str | None = None) -> Iterator[tuple[str, Summary]]:
    """The summaries of an endpoint at a visit, with the id of the claim that prints each."""
    for claim in study.claims:
        if claim.endpoint == endpoint:
            for row in claim.summaries:
                if row.visit == visit:
                    yield claim.id, row


def size_of(study: Study, row: Summary) -> int | None:
    """How many patients stand behind a summary, if that is printed."""
    return int(row.n) if row.n is not None else study.group_n(row.group)


def count_of(study: Study, row: Summary) -> CountOf | None:
    """The count of a summary: printed, or the only one that has the printed percentage."""
    n = size_of(study, row)
    if n is None:
        return None
    if row.count is not None:
        return CountOf(int(row.count), n, printed=True)
    if row.percent is None:
        return None
    printed = exact_interval(row.percent)
    fitting = [x for x in range(n + 1) if Fraction(100 * x, n) in printed]
    return CountOf(fitting[0], n, printed=False) if len(fitting) == 1 else None


def find_count(study: Study, endpoint: str, group: str, visit: str | None = None) -> CountOf | None:
    """The count of an endpoint in a group at a visit, wherever it is printed."""
    for _, row in summaries_of(study, endpoint, visit):
        if row.group == group and row.level is None:
            count = count_of(study, row)
            if count is not None:
                return count
    return None


def find_mean(study: Study, endpoint: str, group: str, visit: str | None = None) -> Summary | None:
    """The summary with the mean of an endpoint in a group at a visit, wherever it is printed."""
    for _, row in summaries_of(study, endpoint, visit):
        if row.group == group and row.mean is not None:
            return row
    return None


def claims_between_arms(study: Study, endpoint: str, visit: str | None = None) -> tuple[Claim, ...]:
    """Every claim that sets the arms beside each other in an endpoint: with a p value, or with numbers of both.

    ``endpoint`` may be a time to an event: the claim that counts the event belongs to it too. With ``visit``, claims
    at that visit and those that name none; without, claims at any visit. Claims about a part of the patients, or
    about one arm over time, are not among them. Those with a p value come first, else in the order of the file.
    """
    event = next((row.event for row in study.endpoints if row.id == endpoint), None)
    found = [
        claim
        for claim in study.claims
        if (claim.endpoint == endpoint or claim.id == event)
        and _sets_arms_beside(study, claim)
        and (visit is None or visit in (_visits(claim) or {visit}))
    ]
    return tuple(sorted(found, key=lambda claim: not claim.p_by_source))


def _sets_arms_beside(study: Study, claim: Claim) -> bool:
    arms = {arm.id for arm in study.arms}
    comparison = claim.comparison
    if comparison is not None and (comparison.between == "arms" or set(comparison.groups) == arms):
        return comparison.groups in ((), (ALL,)) or set(comparison.groups) == arms
    return comparison is None and arms <= {row.group for row in claim.summaries}


def _visits(claim: Claim) -> frozenset[str]:
    named = () if claim.comparison is None else claim.comparison.visits
    return frozenset([*named, *(row.visit for row in claim.summaries if row.visit is not None)])


def wording(study: Study, row: Summary) -> str:
    """A summary as a reader would see it in the paper: ``old 10/17 (58.8%)``."""
    parts = [study.label(row.group)]
    if row.level is not None:
        parts.append(row.level)
    if row.count is not None:
        parts.append(f"{row.count}/{row.n}" if row.n is not None else row.count)
    if row.percent is not None:
        parts.append(f"({row.percent}%)" if row.count is not None else f"{row.percent}%")
    if row.mean is not None:
        parts.append(f"{row.mean} ± {row.sd}")
    return " ".join(parts)
