"""Say what a validator found in the words of someone who writes the file by hand."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from mgbayes.errors import Problem, one_of
from mgbayes.study.reported import LIMIT, PROBABILITY
from mgbayes.study.rounding import NUMBER
from mgbayes.study.statistics.p_value import P_VALUE

_PATTERNS = {
    NUMBER: 'a number as published, in quotes, such as "46.8"',
    r"^\d+$": 'a whole number in quotes, such as "17"',
    P_VALUE: 'a p value as reported, in quotes, such as "0.22", "<0.01" or ">0.05"',
    LIMIT: 'a number as published, in quotes, such as "46.8", or "not reached"',
    PROBABILITY: 'a probability in quotes, such as "0.1"',
}


def problems_of(error: ValidationError, raw: Any, root: type[BaseModel] | None = None) -> list[Problem]:
    """One problem for each fault that pydantic found, with its place by id where there is one."""
    return [
        Problem(place(row["loc"], raw), _given(row), _accepted(row, root))
        for row in error.errors(include_url=False)
        if not _is_echo(row)
    ]


def _is_echo(row: Any) -> bool:
    """Whether a fault only repeats another: the other branch of a choice, or a list whose rows are faulty."""
    other_branch = row["type"] == "dict_type" and not isinstance(row["input"], dict | list)
    return other_branch or (row["type"] == "too_short" and len(row["input"]) > 0)


def place(loc: tuple[int | str, ...], raw: Any) -> str:
    """``claims[3] "fall.ever" → summaries[0] → count`` for a position in the file."""
    parts: list[str] = []
    node = raw
    for key in loc:
        node = _descend(node, key)
        if isinstance(key, int) and parts:
            parts[-1] += f"[{key + 1}]" + _name(node)
        elif not str(key).startswith(("function-", "constrained-", "dict[", "tuple[")):
            parts.append(str(key))
    return " → ".join(parts) or "the file"


def _descend(node: Any, key: int | str) -> Any:
    try:
        return node[key]
    except (KeyError, IndexError, TypeError):
        return node


def _name(node: Any) -> str:
    if not isinstance(node, dict):
        return ""
    name = node.get("id") or node.get("name")
    return f' "{name}"' if isinstance(name, str) else ""


def _given(row: Any) -> str:
    if row["type"] == "missing":
        return "nothing"
    value = row["input"]
    if row["type"] == "string_too_long":
        return f"{len(value)} characters, {value[:12]!r} and so on"
    if row["type"] == "extra_forbidden":
        return f"the key {row['loc'][-1]!r}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value} without quotes"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {v!r}" for k, v in value.items()) + "}"
    return repr(value)


def _accepted(row: Any, root: type[BaseModel] | None) -> str:
    context = row.get("ctx", {})
    match row["type"]:
        case "string_pattern_mismatch":
            return _PATTERNS.get(context["pattern"], f"text of the form {context['pattern']}")
        case "string_too_long":
            return f"at most {context['max_length']} characters"
        case "string_type":
            return 'text in quotes (a published number keeps its decimals so: "46.80")'
        case "missing":
            return f"the key {row['loc'][-1]!r} is needed"
        case "extra_forbidden":
            return _known_keys(row["loc"], root)
        case "value_error":
            return str(context["error"])
        case "enum" | "literal_error":
            return str(context["expected"])
        case "too_short":
            return f"at least {context['min_length']}"
        case _:
            return str(row["msg"])


def _known_keys(loc: tuple[int | str, ...], root: type[BaseModel] | None) -> str:
    from mgbayes.study.schema import Study

    return one_of(_keys_at(loc[:-1], root or Study), str(loc[-1]))


def _keys_at(loc: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """The keys of the part of the format that a position lies in."""
    for key in loc:
        if isinstance(key, str) and key in model.model_fields:
            model = _inner_model(model.model_fields[key].annotation) or model
    return list(model.model_fields)


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _inner_model(inner)
        if found is not None:
            return found
    return None
