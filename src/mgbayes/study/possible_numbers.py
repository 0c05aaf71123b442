"""Numbers of a study file that no patients can have, as printed and as an alternative reads them."""

from __future__ import annotations

from collections.abc import Iterator

from mgbayes.errors import Problem
from mgbayes.study.raw import Raw, claim_place, claims_by_id, ids, number, rows, whole

_NUMBERS = ("n", "count", "percent", "mean", "sd")


def impossible_numbers(raw: Raw) -> Iterator[Problem]:
    """Every number that contradicts its number of patients or its own meaning."""
    yield from _empty_arms(raw)
    sizes = _group_sizes(raw)
    for claim in rows(raw, "claims"):
        for row in rows(claim, "summaries"):
            yield from _of_summary(row, f'{claim_place(claim)} → summaries of "{row.get("group")}"', sizes)
    for place, row in _read_otherwise(raw):
        yield from _of_summary(row, place, sizes)
    yield from _followups(raw)


def _empty_arms(raw: Raw) -> Iterator[Problem]:
    for arm in rows(raw, "arms"):
        if whole(arm.get("n")) == 0:
            yield Problem(f'arms "{arm.get("id", "?")}" → n', '"0"', "at least 1, the patients of the arm")


def _group_sizes(raw: Raw) -> dict[str, int]:
    parts = [*rows(raw, "arms"), *rows(raw, "subgroups")]
    sizes = {part["id"]: whole(part.get("n")) for part in parts if isinstance(part.get("id"), str)}
    known = {name: size for name, size in sizes.items() if size is not None}
    arms = [known.get(name) for name in ids(raw, "arms")]
    if arms and all(size is not None for size in arms):
        known["all"] = sum(size for size in arms if size is not None)
    return known


def _of_summary(row: Raw, place: str, sizes: dict[str, int]) -> Iterator[Problem]:
    group = row.get("group")
    size = sizes.get(group) if isinstance(group, str) else None
    n, count, percent, sd = (row.get(key) for key in ("n", "count", "percent", "sd"))
    stated = whole(n)
    if stated is not None and size is not None and stated > size:
        yield Problem(f"{place} → n", f'"{n}"', f"at most {size}, the size of the group")
    top = stated if stated is not None else size
    if top == 0 and any(row.get(key) is not None for key in ("percent", "mean")):
        given = ", ".join(
            f'{key} = "{row[key]}"' for key in ("percent", "mean", "sd") if row.get(key) is not None
        )
        yield Problem(
            place, f"{given} of 0 patients", "no percentage, mean or SD where there are no patients"
        )
    counted = whole(count)
    if counted is not None and top is not None and counted > top:
        yield Problem(f"{place} → count", f'"{count}"', f"at most {top}, the number of patients")
    share = number(percent)
    if share is not None and not 0 <= share <= 100:
        yield Problem(f"{place} → percent", f'"{percent}"', "0 to 100" if share < 0 else "at most 100")
    if isinstance(sd, str) and sd.startswith("-"):
        yield Problem(f"{place} → sd", f'"{sd}"', "zero or more")


def _read_otherwise(raw: Raw) -> Iterator[tuple[str, Raw]]:
    """Each summary as an alternative reads it."""
    claims = claims_by_id(raw)
    for other in rows(raw, "alternatives"):
        for change in rows(other, "changes"):
            for row in rows(claims.get(str(other.get("claim")), {}), "summaries"):
                if (row.get("group"), row.get("visit")) == (change.get("group"), change.get("visit")):
                    numbers = {key: change[key] for key in _NUMBERS if change.get(key) is not None}
                    place = f'alternatives "{other.get("name", "?")}" → changes of "{row.get("group")}"'
                    yield place, row | numbers


def _followups(raw: Raw) -> Iterator[Problem]:
    """Lengths of follow-up, as printed and as read otherwise, beside the shortest that an endpoint allows."""
    claims = claims_by_id(raw)
    for endpoint in rows(raw, "endpoints"):
        fixed, named = number(endpoint.get("fixed_followup")), endpoint.get("followup")
        if fixed is not None and fixed <= 0:
            place = f'endpoints "{endpoint.get("id", "?")}" → fixed_followup'
            yield Problem(place, f'"{endpoint["fixed_followup"]}"', "above 0")
        least = number(endpoint.get("minimum_followup"))
        if least is not None and least < 0:
            place = f'endpoints "{endpoint.get("id", "?")}" → minimum_followup'
            yield Problem(place, f'"{endpoint["minimum_followup"]}"', "zero or more")
        for claim, row in _followup_rows(raw, claims, str(named)):
            mean, sd = number(row.get("mean")), number(row.get("sd"))
            shortest = max(least or 0.0, 0.0)
            alike = sd == 0 and mean == shortest
            if mean is None or sd is None or mean > shortest or (alike and shortest > 0):
                continue
            given = f'mean = "{row["mean"]}", sd = "{row["sd"]}"'
            accepted = "a mean above 0"
            if least:
                accepted = (
                    f'a mean above {shortest:g}, the minimum_followup of endpoint "{endpoint.get("id", "?")}" '
                    "(or equal to it with an SD of 0: all were followed alike)"
                )
            yield Problem(f'{claim} → summaries of "{row.get("group")}"', given, accepted)


def _followup_rows(raw: Raw, claims: dict[str, Raw], named: str) -> Iterator[tuple[str, Raw]]:
    if named not in claims:
        return
    for row in rows(claims[named], "summaries"):
        yield claim_place(claims[named]), row
    for other in rows(raw, "alternatives"):
        if other.get("claim") == named:
            place = f'alternatives "{other.get("name", "?")}" → changes'
            for change in rows(other, "changes"):
                for row in rows(claims[named], "summaries"):
                    if (row.get("group"), row.get("visit")) == (change.get("group"), change.get("visit")):
                        yield (
                            place,
                            row | {key: change[key] for key in _NUMBERS if change.get(key) is not None},
                        )
