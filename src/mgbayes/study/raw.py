"""The tables of a study file before it is validated: a part that is malformed is passed over."""

from __future__ import annotations

from typing import Any

from mgbayes.study.record import LONGEST_NUMBER

Raw = dict[str, Any]


def rows(raw: Raw, key: str) -> list[Raw]:
    """The tables in a list of tables."""
    value = raw.get(key)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def subtable(raw: Raw, key: str) -> Raw:
    """A table; empty when there is none."""
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def ids(raw: Raw, *keys: str) -> list[str]:
    """The ids in lists of tables."""
    return [row["id"] for key in keys for row in rows(raw, key) if isinstance(row.get("id"), str)]


def strings(value: Any) -> list[str]:
    """The texts in a list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def claims_by_id(raw: Raw) -> dict[str, Raw]:
    """Each claim that has an id."""
    return {claim["id"]: claim for claim in rows(raw, "claims") if isinstance(claim.get("id"), str)}


def one_of(names: list[str]) -> str:
    """What is accepted where one of some names is."""
    return "one of " + ", ".join(names) if names else "nothing (the file declares none)"


def claim_place(claim: Raw) -> str:
    """Where a claim stands."""
    return f'claims "{claim.get("id", "?")}"'


def number(value: Any) -> float | None:
    """A number in quotes; None for anything else, which is reported as a fault of form."""
    if not isinstance(value, str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def whole(value: Any) -> int | None:
    """A whole number in quotes."""
    fits = isinstance(value, str) and value.isdecimal() and len(value) <= LONGEST_NUMBER
    return int(value) if fits else None
