"""The data dictionary of a map: what each column means and may hold, said by the readers and rules themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mgbayes.patients.fields import Field, fields
from mgbayes.patients.rules import rules
from mgbayes.study.schema import Study

_HEAD = ("column", "meaning", "unit", "accepted")


@dataclass(frozen=True)
class Entry:
    """One column of the spreadsheet."""

    column: str
    meaning: str
    unit: str
    accepted: str
    choices: tuple[str, ...] = ()
    """The usual spelling of each value, where there are only some."""


def entries(study: Study, today: date) -> list[Entry]:
    """Every mapped column, each once, the one that tells patients apart first."""
    mapping = study.patients
    if mapping is None:
        return []
    mapped = fields(study, mapping, today)
    roles = [role for one in mapped for role in _roles(one, study)]
    limits: dict[str, list[str]] = {}
    for rule in rules(study, mapping, mapped, roles):
        limits.setdefault(rule.roles[0], []).append(rule.accepted)
    own = (
        [] if mapping.id is None else [Entry(mapping.id, "tells patients apart; never kept", "", "anything")]
    )
    columns = dict.fromkeys(one.column for one in mapped)
    return own + [
        _entry(study, [one for one in mapped if one.column == column], limits) for column in columns
    ]


def _roles(one: Field, study: Study) -> list[str]:
    """The role of a column, or one for each visit."""
    return [f"{one.role}@{visit.id}" for visit in study.visits] if one.by_visit else [one.role]


def _entry(study: Study, same: list[Field], limits: dict[str, list[str]]) -> Entry:
    """The entry of a column, which may have several roles."""
    accepted = [one.read.accepted for one in same]
    accepted += [text for one in same for role in _roles(one, study) for text in limits.get(role, [])]
    if not any(one.needed for one in same):
        accepted.append("empty if not known")
    return Entry(
        same[0].column,
        "; ".join(dict.fromkeys(one.meaning for one in same)),
        "; ".join(dict.fromkeys(one.unit for one in same if one.unit)),
        "; ".join(dict.fromkeys(accepted)),
        same[0].read.choices,
    )


def markdown(study: Study, today: date) -> str:
    """The dictionary as a page."""
    rows = [(row.column, row.meaning, row.unit, row.accepted) for row in entries(study, today)]
    lines = [_HEAD, ("---",) * len(_HEAD), *rows]
    table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    return f"# What each column holds\n\nOne row a patient, below one row of headings.\n\n{table}\n"
