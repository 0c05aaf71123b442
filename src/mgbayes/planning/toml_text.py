"""A plan as a commented TOML file that a person can read, change and run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isinf, isnan
from typing import Any

from mgbayes.models.plan import Plan

_TOP = """\
# {title}: proposed from the published summaries. Nothing here comes from the difference between the arms.
# Change what you know better, above all the priors and what counts as important, and run it with --plan FILE.
"""

COMMENTS: Mapping[str, str] = {
    "study": "The plan is refused on any other study.",
    "model": "What kind of outcome it is; `mgbayes schema --plan` lists models, families and their parameters.",
    "endpoints": "Endpoints of the study file, each at a visit where it has several.",
    "baseline": "The visit before treatment; leave it out where there is none.",
    "horizons": "Times at which chances are compared, in the unit of the endpoint, none beyond follow-up.",
    "restricted_to": "Until when mean times are compared, in the unit of the endpoint.",
    "cuts": "Times at which a piecewise constant hazard changes, in the unit of the endpoint.",
    "headline": "The estimands that the short answer speaks of.",
    "followup": "How long patients were followed, as it is assumed.",
    "priors": "Priors: what is credible before any data, and why. Neither arm is favoured.",
    "important": "From where on a benefit matters. By convention only: put in what matters in your field.",
    "printed_p": "Reported p values to condition on, with the test that each is taken to come from.",
    "decision": "How sure one has to be, and of which estimand.",
    "sensitivity": "Effects whose priors `mgbayes sensitivity` varies. `expected` is what an enthusiast expects.",
    "confounding": "What is assumed of an unmeasured confounder.",
    "patients": "Covariates and frailty of a fit to patient data.",
    "sampling": "How the posterior is drawn.",
}
_TABLES = ("followup", "decision", "confounding", "patients", "sampling")
_LISTS_OF_TABLES = ("important", "printed_p", "sensitivity")


def plan_text(plan: Plan) -> str:
    """The plan as TOML with comments; ``parse_plan`` of it gives the same plan.

    What has its default value is left out, but for sampling, which is shown whole.
    """
    raw = plan.model_dump(mode="python", exclude_defaults=True)
    of_families = set() if plan.sampling.families else {"families"}
    sampling = plan.sampling.model_dump(mode="python", exclude=of_families)
    raw |= {"schema_version": plan.schema_version, "sampling": sampling}
    blocks = [_TOP.format(title="".join(filter(str.isprintable, plan.title))) + _head(raw)]
    blocks += [
        _commented("priors", i == 0) + _table(f"[priors.{_key(name)}]", prior)
        for i, (name, prior) in enumerate(raw.get("priors", {}).items())
    ]
    for name in _LISTS_OF_TABLES:
        blocks += [_commented(name, i == 0) + _rows(name, row) for i, row in enumerate(raw.get(name, ()))]
    blocks += [_commented(name, True) + _table(f"[{name}]", raw[name]) for name in _TABLES if name in raw]
    return "\n".join(blocks)


def _head(raw: Mapping[str, Any]) -> str:
    """The keys that are not tables, in the order of the format."""
    tables = {"priors", *_TABLES, *_LISTS_OF_TABLES}
    ordered = [name for name in Plan.model_fields if name in raw and name not in tables]
    return "".join(_commented(name, name in COMMENTS) + f"{name} = {_value(raw[name])}\n" for name in ordered)


def _commented(name: str, commented: bool) -> str:
    return f"# {COMMENTS[name]}\n" if commented else ""


def _rows(name: str, row: Mapping[str, Any]) -> str:
    """One entry of a list of tables; a list of tables inside it follows as such."""
    inner = {key: value for key, value in row.items() if _is_rows(value)}
    plain = {key: value for key, value in row.items() if key not in inner}
    text = _table(f"[[{name}]]", plain)
    for key, rows in inner.items():
        text += "".join("\n" + _table(f"[[{name}.{key}]]", part) for part in rows)
    return text


def _is_rows(value: Any) -> bool:
    return isinstance(value, Sequence) and bool(value) and isinstance(value[0], Mapping)


def _table(header: str, values: Mapping[str, Any]) -> str:
    lines = [f"{_key(name)} = {_value(value)}\n" for name, value in values.items() if value is not None]
    return f"{header}\n{''.join(lines)}"


def _key(name: str) -> str:
    bare = name and all(char.isascii() and (char.isalnum() or char in "_-") for char in name)
    return name if bare else _value(name)


def _value(value: Any) -> str:
    """A value in TOML; JSON writes texts and whole numbers as TOML does, but for the control character DEL."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and (isinf(value) or isnan(value)):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None)
        return f"{{ {inner} }}"
    if isinstance(value, list | tuple):
        return _list(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: Sequence[Any]) -> str:
    parts = [_value(value) for value in values]
    if _is_rows(values):
        return "[\n" + "".join(f"  {part},\n" for part in parts) + "]"
    return f"[{', '.join(parts)}]"
