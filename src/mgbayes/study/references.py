"""What the parts of a study file say of each other.

Works on the raw file, so that these faults are found in the same pass as faults of form: a
part that is malformed is passed over here and reported there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mgbayes.errors import Problem
from mgbayes.study.patient_references import patient_map_problems
from mgbayes.study.possible_numbers import impossible_numbers
from mgbayes.study.raw import Raw, claim_place, claims_by_id, ids, one_of, rows, strings


def reference_problems(raw: Raw) -> list[Problem]:
    """Every reference without a target, double id, comparison of anything but two, and impossible number."""
    return [
        *_double_ids(raw),
        *_reference_arm(raw),
        *_unknown_in_claims(raw),
        *comparison_problems(raw),
        *impossible_numbers(raw),
        *_unknown_in_subgroups(raw),
        *_unknown_in_endpoints(raw),
        *_unknown_in_alternatives(raw),
        *patient_map_problems(raw),
    ]


def _double_ids(raw: Raw) -> Iterator[Problem]:
    for section in (("claims",), ("endpoints",), ("arms", "subgroups"), ("visits",), ("sources",)):
        for name, times in Counter(ids(raw, *section)).items():
            if times > 1:
                yield Problem(" and ".join(section), f"the id {name!r} {times} times", "each id once")
    alternatives = rows(raw, "alternatives")
    pairs = Counter((str(row.get("claim")), str(row.get("name"))) for row in alternatives)
    for (_, name), times in pairs.items():
        if times > 1:
            yield Problem("alternatives", f"the name {name!r} {times} times", "each name once a claim")


def _reference_arm(raw: Raw) -> Iterator[Problem]:
    arms = rows(raw, "arms")
    marked = [str(arm.get("id")) for arm in arms if arm.get("reference") is True]
    if len(arms) == 2 and len(marked) != 1:
        given = f"reference = true on {', '.join(marked)}" if marked else "no reference = true"
        yield Problem("arms", given, "reference = true on exactly one arm")


def _unknown_in_claims(raw: Raw) -> Iterator[Problem]:
    groups = [*ids(raw, "arms", "subgroups"), "all"]
    visits, sources, endpoints = ids(raw, "visits"), ids(raw, "sources"), ids(raw, "endpoints")
    for claim in rows(raw, "claims"):
        place = claim_place(claim)
        endpoint = claim.get("endpoint")
        if isinstance(endpoint, str) and endpoint not in endpoints:
            yield Problem(f"{place} → endpoint", repr(endpoint), one_of(endpoints))
        cited = [
            *strings(claim.get("source")),
            *(claim["p"] if isinstance(claim.get("p"), dict) else ()),
        ]
        for source in cited:
            if source not in sources:
                yield Problem(f"{place} → source", repr(source), one_of(sources))
        comparison = claim.get("comparison")
        named = comparison if isinstance(comparison, dict) else {}
        effects = rows(claim, "effects")
        for group in [
            *(row.get("group") for row in rows(claim, "summaries")),
            *(row.get(key) for row in effects for key in ("of", "versus")),
            *strings(named.get("groups")),
        ]:
            if isinstance(group, str) and group not in groups:
                yield Problem(f"{place} → group", repr(group), one_of(groups))
        for visit in [
            *(row.get(key) for row in rows(claim, "summaries") for key in ("visit", "change_from")),
            *(row.get("visit") for row in effects),
            *strings(named.get("visits")),
        ]:
            if isinstance(visit, str) and visit not in visits:
                yield Problem(f"{place} → visit", repr(visit), one_of(visits))


def _unknown_in_endpoints(raw: Raw) -> Iterator[Problem]:
    claims = ids(raw, "claims")
    for endpoint in rows(raw, "endpoints"):
        for key in ("event", "times", "followup"):
            claim = endpoint.get(key)
            if isinstance(claim, str) and claim not in claims:
                place = f'endpoints "{endpoint.get("id", "?")}" → {key}'
                yield Problem(place, repr(claim), "the id of a claim in this file")


def _unknown_in_subgroups(raw: Raw) -> Iterator[Problem]:
    for part in rows(raw, "subgroups"):
        own = part.get("id")
        others = [name for name in ids(raw, "subgroups") if name != own]
        for key, known in (("within", ids(raw, "arms")), ("rest_of", others)):
            named = part.get(key)
            if isinstance(named, str) and named not in known:
                yield Problem(f'subgroups "{own or "?"}" → {key}', repr(named), one_of(known))


def _unknown_in_alternatives(raw: Raw) -> Iterator[Problem]:
    claims = claims_by_id(raw)
    for alternative in rows(raw, "alternatives"):
        place = f'alternatives "{alternative.get("name", "?")}"'
        claim = claims.get(str(alternative.get("claim")))
        if claim is None:
            yield Problem(
                f"{place} → claim", repr(alternative.get("claim")), "the id of a claim in this file"
            )
            continue
        targets = [(row.get("group"), row.get("visit")) for row in rows(claim, "summaries")]
        for change in rows(alternative, "changes"):
            target = (change.get("group"), change.get("visit"))
            if target not in targets:
                accepted = "the group and visit of a summary of that claim"
                yield Problem(f"{place} → changes", f"group, visit = {target}", accepted)


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
        if isinstance(larger := comparison.get("larger"), str):
            yield from _larger(f"{place} → larger", larger, arms, claim, comparison)
        if comparison.get("between") in ("arms", "groups") and len(visits) > 1:
            accepted = "at most one visit, at which the groups are compared (one claim a visit)"
            yield Problem(f"{place} → visits", _given(visits), accepted)


def _larger(place: str, larger: str, arms: list[str], claim: Raw, comparison: Raw) -> Iterator[Problem]:
    """The arm that the text says is larger is one of those compared, and its own numbers do not say otherwise."""
    if comparison.get("between") != "arms" or larger not in arms:
        yield Problem(place, repr(larger), f"one of the arms, where these are compared: {', '.join(arms)}")
        return
    for key in ("mean", "median", "percent"):
        of = {str(row.get("group")): _number(row.get(key)) for row in rows(claim, "summaries")}
        middle, others = of.get(larger), [of.get(arm) for arm in arms if arm != larger]
        if middle is not None and any(other is not None and other > middle for other in others):
            accepted = f"the arm with the larger {key}, or nothing"
            yield Problem(place, f"{larger!r}, whose {key} is smaller", accepted)


def _number(text: object) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None


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
