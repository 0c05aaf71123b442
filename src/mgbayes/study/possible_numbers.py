"""Numbers of a study file that no patients can have, as printed and as an alternative reads them."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from mgbayes.errors import Problem
from mgbayes.study.numbers import statistics_of
from mgbayes.study.raw import Raw, claim_place, claims_by_id, ids, number, rows, strings, subtable, whole
from mgbayes.study.record import Record
from mgbayes.study.reported import ReportedEffect, Summary


def impossible_numbers(raw: Raw) -> Iterator[Problem]:
    """Every number that contradicts its number of patients or its own meaning."""
    yield from _empty_arms(raw)
    sizes = _group_sizes(raw)
    levels = {str(row.get("id")): tuple(strings(row.get("levels"))) for row in rows(raw, "endpoints")}
    for claim in rows(raw, "claims"):
        for row in rows(claim, "summaries"):
            place = f'{claim_place(claim)} → summaries of "{row.get("group")}"'
            yield from _of_summary(row, place, sizes, levels.get(str(claim.get("endpoint")), ()))
        yield from _of_effects(claim)
    claims = claims_by_id(raw)
    for other in rows(raw, "alternatives"):
        claim = claims.get(str(other.get("claim")), {})
        for place, row in _read_otherwise(other, claim):
            yield from _of_summary(row, place, sizes, levels.get(str(claim.get("endpoint")), ()))
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


def _of_summary(row: Raw, place: str, sizes: dict[str, int], levels: tuple[str, ...]) -> Iterator[Problem]:
    group = row.get("group")
    size = sizes.get(group) if isinstance(group, str) else None
    stated = whole(row.get("n"))
    if stated is not None and size is not None and stated > size:
        yield Problem(f"{place} → n", f'"{stated}"', f"at most {size}, the size of the group")
    values = list(_unreadable_values(row, place, levels))
    yield from values
    summary = well_formed(Summary, row)
    if summary is not None and not values:
        n = stated if stated is not None else size
        for one in statistics_of(summary, n, levels=levels):
            for fault in one.faults():
                yield Problem(f"{place} → {fault.key}" if fault.key else place, fault.given, fault.accepted)


def _unreadable_values(row: Raw, place: str, levels: tuple[str, ...]) -> Iterator[Problem]:
    """Medians and other quantiles that are neither a number nor a level."""
    accepted = (
        f"a level ({', '.join(levels)})" if levels else 'a number as published, in quotes, such as "46.8"'
    )
    texts = [
        ("median", row.get("median")),
        *(("quantiles", text) for text in subtable(row, "quantiles").values()),
    ]
    texts += [(key, text) for key in ("iqr", "range") for text in strings(row.get(key))]
    for key, text in texts:
        if isinstance(text, str) and number(text) is None and text not in levels:
            yield Problem(f"{place} → {key}", f'"{text}"', accepted)


def _of_effects(claim: Raw) -> Iterator[Problem]:
    for row in rows(claim, "effects"):
        effect = well_formed(ReportedEffect, row)
        for fault in () if effect is None else effect.statistic.faults():
            yield Problem(f"{claim_place(claim)} → effects → {fault.key}", fault.given, fault.accepted)


def well_formed[R: Record](model: type[R], row: Raw) -> R | None:
    """A part of a study file without its malformed keys (faults of form); None where nothing is left."""
    try:
        return model.model_validate(row)
    except ValidationError as error:
        faulty = {str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}
        rest = {key: value for key, value in row.items() if key not in faulty}
        return well_formed(model, rest) if len(rest) < len(row) else None


def _read_otherwise(other: Raw, claim: Raw) -> Iterator[tuple[str, Raw]]:
    """Each summary of a claim as an alternative reads it."""
    for change in rows(other, "changes"):
        for row in rows(claim, "summaries"):
            if (row.get("group"), row.get("visit")) == (change.get("group"), change.get("visit")):
                place = f'alternatives "{other.get("name", "?")}" → changes of "{row.get("group")}"'
                yield place, row | {key: value for key, value in change.items() if value is not None}


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
        for place, row in _followup_rows(raw, claims, str(named)):
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
            yield Problem(place, given, accepted)


def _followup_rows(raw: Raw, claims: dict[str, Raw], named: str) -> Iterator[tuple[str, Raw]]:
    if named not in claims:
        return
    for row in rows(claims[named], "summaries"):
        yield f'{claim_place(claims[named])} → summaries of "{row.get("group")}"', row
    for other in rows(raw, "alternatives"):
        if other.get("claim") == named:
            yield from _read_otherwise(other, claims[named])
