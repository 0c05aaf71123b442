"""Plans from files: the shipped ones and a user's own, each with every problem at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mgbayes.errors import InputError, Problem
from mgbayes.models.catalogue import MODELS, ModelRow
from mgbayes.models.plan import Plan, endpoint_keys, prior_problem
from mgbayes.models.priors import Form
from mgbayes.study.load import parse_toml, read_text_file
from mgbayes.study.problems import problems_of
from mgbayes.study.raw import subtable

PLANS_IN_WHEEL = files("mgbayes") / "plans"
PLANS_IN_CHECKOUT = Path(__file__).resolve().parents[3] / "models"


def shipped_texts() -> dict[str, str]:
    """The text of each plan file that comes with the package, by its name."""
    folder = PLANS_IN_WHEEL if PLANS_IN_WHEEL.is_dir() else PLANS_IN_CHECKOUT
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return {name: (folder / name).read_text("utf-8") for name in names}


def shipped_plans() -> tuple[Plan, ...]:
    """The plans that come with the package, in the order of the catalogue, checks of balance last."""
    plans = [parse_plan(text, f"{name} (shipped)") for name, text in shipped_texts().items()]
    return tuple(sorted(plans, key=lambda plan: (plan.role == "balance", list(MODELS).index(plan.model))))


def load_plan(plan: str | Path) -> Plan:
    """A shipped plan by its id, or a plan file by its path. Raises InputError with every problem.

    Example:
        >>> import mgbayes as mb
        >>> mb.load_plan("binary").model
        'binary'
    """
    for shipped in shipped_plans():
        if shipped.id == str(plan):
            return shipped
    return parse_plan(read_text_file(Path(plan)), str(plan))


def parse_plan(text: str, file: str) -> Plan:
    """Turn the text of a plan into a plan. Raises InputError."""
    return _plan_of(parse_toml(text, file), file)


def with_priors(plan: Plan, numbers: Mapping[str, Sequence[float]], why: str = "chosen by the user") -> Plan:
    """The same plan, priors of the same form with other numbers in place of its own.

    Raises InputError for a parameter that the model does not have, or numbers that its prior cannot have.
    """
    row = MODELS[plan.model]
    forms = row.forms() | {name: choice.form for name, choice in plan.priors.items()}
    forms |= {name: forms.get(name, "normal") for family in row.parameters for name in plan.effects(family)}
    raw = plan.model_dump(mode="json", exclude_defaults=True) | {"schema_version": plan.schema_version}
    chosen = {
        name: {"form": forms.get(name, "normal"), "values": list(values), "why": why}
        for name, values in numbers.items()
    }
    return _plan_of(raw | {"priors": raw.get("priors", {}) | chosen}, f"plan {plan.id}")


def _plan_of(raw: dict[str, Any], file: str) -> Plan:
    plan: Plan | None = None
    problems: list[Problem] = []
    try:
        plan = Plan.model_validate(raw)
    except ValidationError as error:
        problems = problems_of(error, raw, Plan)
    problems += _model_problems(raw)
    if plan is not None and not problems:
        problems = _missing_priors(plan)
    if problems or plan is None:
        raise InputError(file, problems, "The shipped plans in models/ are examples.")
    return plan


def _model_problems(raw: dict[str, Any]) -> list[Problem]:
    """What the plan asks of a model that the model does not have."""
    row = MODELS.get(str(raw.get("model")))
    if row is None:
        given = repr(raw.get("model"))
        return [Problem("model", given, f"one of {', '.join(MODELS)}")]
    problems = [
        Problem(key, repr(family), f"one of {', '.join(row.parameters)}")
        for key, family in _families(raw)
        if family not in tuple(row.parameters)  # which compares lists and tables too
    ]
    known = row.forms() | {
        name: row.forms()[row.effect_by_endpoint] for name in _effects_by_endpoint(raw, row)
    }
    chosen = raw.get("priors")
    for name, choice in chosen.items() if isinstance(chosen, dict) else ():
        if name not in known:
            problems.append(Problem(f"priors → {name}", repr(name), f"one of {', '.join(known)}"))
        elif isinstance(choice, dict) and choice.get("form") not in (forms := _forms(row, name, known[name])):
            place = f"priors → {name} → form"
            problems.append(
                Problem(
                    place, repr(choice.get("form")), f"{' or '.join(map(repr, forms))}, the form of {name}"
                )
            )
    return problems + _effect_problems(raw, row) + _adjustment_problems(raw, row)


def _missing_priors(plan: Plan) -> list[Problem]:
    """Parameters of the families and adjustments that a plan asks for, to which it gives no prior."""
    taken = [name for name in ("covariates", "frailty") if getattr(plan.patients, name)]
    needed = {
        name: (form, family)
        for family in (plan.family, *plan.alternative_families)
        for name, form in plan.needed_priors(family, taken).items()
    }
    return [
        prior_problem(name, form, family)
        for name, (form, family) in needed.items()
        if name not in plan.priors
    ]


def _adjustment_problems(raw: dict[str, Any], row: ModelRow) -> list[Problem]:
    """Covariates or a frailty asked of a model that has none."""
    asked = raw.get("patients")
    return [
        Problem(f"patients → {name}", repr(value), f"nothing: the model {raw['model']} has no {name}")
        for name, value in (asked.items() if isinstance(asked, dict) else ())
        if value and name in ("covariates", "frailty") and name not in row.adjustments
    ]


def _effect_problems(raw: dict[str, Any], row: ModelRow) -> list[Problem]:
    """Priors to vary of parameters that do not say how the arms differ."""
    asked = raw.get("sensitivity")
    known = _effects_by_endpoint(raw, row) or row.effects
    return [
        Problem(f"sensitivity → {i} → effect", repr(choice.get("effect")), f"one of {', '.join(known)}")
        for i, choice in enumerate(asked if isinstance(asked, list) else (), start=1)
        if isinstance(choice, dict) and "effect" in choice and choice["effect"] not in known
    ]


def _effects_by_endpoint(raw: dict[str, Any], row: ModelRow) -> tuple[str, ...]:
    """The effect of each endpoint by its name, where the model has one for each."""
    rows = raw.get("endpoints")
    parts = [part for part in (rows if isinstance(rows, list) else ()) if isinstance(part, dict)]
    keys = endpoint_keys([(str(part.get("endpoint")), part.get("visit")) for part in parts])
    return tuple(f"{row.effect_by_endpoint}_{key}" for key in keys) if row.effect_by_endpoint else ()


def _forms(row: ModelRow, name: str, form: Form) -> tuple[Form, ...]:
    """The forms of prior that a parameter takes: an effect may have a mixture in place of a normal."""
    of_endpoint = row.effect_by_endpoint and name.startswith(f"{row.effect_by_endpoint}_")
    return (form, "student_t_mixture") if name in row.effects or of_endpoint else (form,)


def _families(raw: dict[str, Any]) -> list[tuple[str, Any]]:
    others = raw.get("alternative_families")
    rows = [("family", raw["family"])] if "family" in raw else []
    return [
        *rows,
        *(("alternative_families", one) for one in (others if isinstance(others, list) else ())),
        *(("sampling → families", one) for one in subtable(subtable(raw, "sampling"), "families")),
    ]
