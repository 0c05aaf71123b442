"""What a comparison must name, so that it compares two things."""

from __future__ import annotations

from collections.abc import Iterator

from mgbayes.errors import Problem
from mgbayes.study.raw import Raw, claim_place, ids, rows, strings

_TWO_GROUPS = "two different groups (a p over three or more is left as `printed`, without a comparison)"


def comparison_problems(raw: Raw) -> Iterator[Problem]:
    """Every comparison that does not name the two things that it compares."""
    arms = ids(raw, "arms")
    for claim in rows(raw, "claims"):
        comparison = claim.get("comparison")
        if not isinstance(comparison, dict):
            continue
        place = f"{claim_place(claim)} → comparison"
        groups, visits = strings(comparison.get("groups")), strings(comparison.get("visits"))
        match comparison.get("between"):
            case "arms":
                yield from _arms(place, groups, arms)
            case "groups" if len(set(groups)) != 2 or len(groups) != 2:
                yield Problem(f"{place} → groups", _given(groups), _TWO_GROUPS)
            case "visits":
                yield from _visits(place, groups, visits)
        if comparison.get("between") in ("arms", "groups") and len(visits) > 1:
            accepted = "at most one visit, at which the groups are compared (one claim a visit)"
            yield Problem(f"{place} → visits", _given(visits), accepted)


def _given(names: list[str]) -> str:
    return ", ".join(map(repr, names)) if names else "nothing"


def _arms(place: str, groups: list[str], arms: list[str]) -> Iterator[Problem]:
    within = len(groups) == 1 and groups[0] not in arms
    if groups and not within and sorted(groups) != sorted(arms):
        accepted = "nothing (both arms), or the one subgroup in which they are compared"
        yield Problem(f"{place} → groups", _given(groups), accepted)


def _visits(place: str, groups: list[str], visits: list[str]) -> Iterator[Problem]:
    if len(groups) != 1:
        accepted = 'the one group that was seen twice (an arm, a subgroup, or "all"; one claim a group)'
        yield Problem(f"{place} → groups", _given(groups), accepted)
    if len(visits) < 2 or len(set(visits)) < len(visits):
        accepted = "the first visit and at least one other that is compared with it, each once"
        yield Problem(f"{place} → visits", _given(visits), accepted)
