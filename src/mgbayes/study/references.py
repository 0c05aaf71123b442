"""What the parts of a study file say of each other.

Works on the raw file, so that these faults are found in the same pass as faults of form: a
part that is malformed is passed over here and reported there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from mgbayes.errors import Problem
from mgbayes.study.patient_references import patient_map_problems

Raw = dict[str, Any]


def reference_problems(raw: Raw) -> list[Problem]:
    """Every reference without a target, double id, and count above its number of patients."""
    return [
        *_double_ids(raw),
        *_reference_arm(raw),
        *_unknown_in_claims(raw),
        *_impossible_counts(raw),
        *_unknown_in_subgroups(raw),
        *_unknown_in_endpoints(raw),
        *_unknown_in_alternatives(raw),
        *patient_map_problems(raw),
    ]


def _rows(raw: Raw, key: str) -> list[Raw]:
    rows = raw.get(key)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _ids(raw: Raw, *keys: str) -> list[str]:
    return [row["id"] for key in keys for row in _rows(raw, key) if isinstance(row.get("id"), str)]


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _one_of(names: list[str]) -> str:
    return "one of " + ", ".join(names) if names else "nothing (the file declares none)"


def _double_ids(raw: Raw) -> Iterator[Problem]:
    for section in (("claims",), ("endpoints",), ("arms", "subgroups"), ("visits",), ("sources",)):
        for name, times in Counter(_ids(raw, *section)).items():
            if times > 1:
                yield Problem(" and ".join(section), f"the id {name!r} {times} times", "each id once")
    alternatives = _rows(raw, "alternatives")
    pairs = Counter((str(row.get("claim")), str(row.get("name"))) for row in alternatives)
    for (_, name), times in pairs.items():
        if times > 1:
            yield Problem("alternatives", f"the name {name!r} {times} times", "each name once a claim")


def _reference_arm(raw: Raw) -> Iterator[Problem]:
    arms = _rows(raw, "arms")
    marked = [str(arm.get("id")) for arm in arms if arm.get("reference") is True]
    if len(arms) == 2 and len(marked) != 1:
        given = f"reference = true on {', '.join(marked)}" if marked else "no reference = true"
        yield Problem("arms", given, "reference = true on exactly one arm")


def _claim_place(claim: Raw) -> str:
    return f'claims "{claim.get("id", "?")}"'


def _unknown_in_claims(raw: Raw) -> Iterator[Problem]:
    groups = [*_ids(raw, "arms", "subgroups"), "all"]
    visits, sources, endpoints = _ids(raw, "visits"), _ids(raw, "sources"), _ids(raw, "endpoints")
    for claim in _rows(raw, "claims"):
        place = _claim_place(claim)
        endpoint = claim.get("endpoint")
        if isinstance(endpoint, str) and endpoint not in endpoints:
            yield Problem(f"{place} → endpoint", repr(endpoint), _one_of(endpoints))
        cited = [
            *_strings(claim.get("source")),
            *(claim["p"] if isinstance(claim.get("p"), dict) else ()),
        ]
        for source in cited:
            if source not in sources:
                yield Problem(f"{place} → source", repr(source), _one_of(sources))
        comparison = claim.get("comparison")
        named = comparison if isinstance(comparison, dict) else {}
        for part in [
            *_rows(claim, "summaries"),
            *({"group": g} for g in _strings(named.get("groups"))),
        ]:
            if isinstance(part.get("group"), str) and part["group"] not in groups:
                yield Problem(f"{place} → group", repr(part["group"]), _one_of(groups))
        for visit in [
            *(row.get("visit") for row in _rows(claim, "summaries")),
            *_strings(named.get("visits")),
        ]:
            if isinstance(visit, str) and visit not in visits:
                yield Problem(f"{place} → visit", repr(visit), _one_of(visits))


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, str) and value.isdecimal() else None


def _group_sizes(raw: Raw) -> dict[str, int]:
    parts = [*_rows(raw, "arms"), *_rows(raw, "subgroups")]
    sizes = {part["id"]: _whole(part.get("n")) for part in parts if isinstance(part.get("id"), str)}
    known = {name: size for name, size in sizes.items() if size is not None}
    arms = [known.get(name) for name in _ids(raw, "arms")]
    if arms and all(size is not None for size in arms):
        known["all"] = sum(size for size in arms if size is not None)
    return known


def _impossible_counts(raw: Raw) -> Iterator[Problem]:
    sizes = _group_sizes(raw)
    for claim in _rows(raw, "claims"):
        for row in _rows(claim, "summaries"):
            group = row.get("group")
            place = f'{_claim_place(claim)} → summaries of "{group}"'
            size = sizes.get(group) if isinstance(group, str) else None
            n = _whole(row.get("n"))
            if n is not None and size is not None and n > size:
                yield Problem(f"{place} → n", f'"{n}"', f"at most {size}, the size of the group")
            top = n if n is not None else size
            count = _whole(row.get("count"))
            if count is not None and top is not None and count > top:
                yield Problem(f"{place} → count", f'"{count}"', f"at most {top}, the number of patients")
            percent = row.get("percent")
            if isinstance(percent, str) and percent.replace(".", "", 1).isdigit() and float(percent) > 100:
                yield Problem(f"{place} → percent", f'"{percent}"', "at most 100")
            sd = row.get("sd")
            if isinstance(sd, str) and sd.startswith("-"):
                yield Problem(f"{place} → sd", f'"{sd}"', "zero or more")


def _unknown_in_endpoints(raw: Raw) -> Iterator[Problem]:
    claims = _ids(raw, "claims")
    for endpoint in _rows(raw, "endpoints"):
        for key in ("event", "times", "followup"):
            claim = endpoint.get(key)
            if isinstance(claim, str) and claim not in claims:
                place = f'endpoints "{endpoint.get("id", "?")}" → {key}'
                yield Problem(place, repr(claim), "the id of a claim in this file")


def _unknown_in_subgroups(raw: Raw) -> Iterator[Problem]:
    for part in _rows(raw, "subgroups"):
        own = part.get("id")
        others = [name for name in _ids(raw, "subgroups") if name != own]
        for key, known in (("within", _ids(raw, "arms")), ("rest_of", others)):
            named = part.get(key)
            if isinstance(named, str) and named not in known:
                yield Problem(f'subgroups "{own or "?"}" → {key}', repr(named), _one_of(known))


def _unknown_in_alternatives(raw: Raw) -> Iterator[Problem]:
    claims = {claim["id"]: claim for claim in _rows(raw, "claims") if isinstance(claim.get("id"), str)}
    for alternative in _rows(raw, "alternatives"):
        place = f'alternatives "{alternative.get("name", "?")}"'
        claim = claims.get(str(alternative.get("claim")))
        if claim is None:
            yield Problem(
                f"{place} → claim", repr(alternative.get("claim")), "the id of a claim in this file"
            )
            continue
        rows = {(row.get("group"), row.get("visit")) for row in _rows(claim, "summaries")}
        for change in _rows(alternative, "changes"):
            target = (change.get("group"), change.get("visit"))
            if target not in rows:
                accepted = "the group and visit of a summary of that claim"
                yield Problem(f"{place} → changes", f"group, visit = {target}", accepted)
