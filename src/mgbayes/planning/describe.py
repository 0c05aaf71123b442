"""The formats of study files and plan files, for machines and by example."""

from __future__ import annotations

from typing import Any

from mgbayes.models.catalogue import MODELS, ModelRow
from mgbayes.models.plan import Plan
from mgbayes.planning.toml_text import plan_text
from mgbayes.study import describe


def schema(*, plan: bool = False) -> dict[str, Any]:
    """The JSON schema of a study file, or of a plan file.

    That of a plan has under ``models`` every model with its families, the parameters of each with their forms of
    prior, and the effects, whose priors a sensitivity analysis can vary.

    Example:
        >>> import mgbayes as mb
        >>> sorted(mb.schema(plan=True)["models"])[:2]
        ['binary', 'continuous']
    """
    return _plan_schema() if plan else describe.schema()


def example(*, plan: bool = False) -> str:
    """The embedded study as it is written, to copy and change; or a plan of the study that ``init`` writes."""
    if not plan:
        return describe.example()
    from mgbayes.starter import starter_plan

    return plan_text(starter_plan())


def _plan_schema() -> dict[str, Any]:
    raw = Plan.model_json_schema()
    raw["properties"]["model"] |= {"enum": list(MODELS), "description": "What kind of outcome it is."}
    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return draft | raw | {"models": {name: _model(row) for name, row in MODELS.items()}}


def _model(row: ModelRow) -> dict[str, Any]:
    return {
        "families": {family: dict(forms) for family, forms in row.parameters.items()},
        "effects": [f"{name}_<endpoint>" if name == row.effect_by_endpoint else name for name in row.effects],
        "besides_on_patients": {name: dict(forms) for name, forms in row.adjustments.items()},
        "patients_only": row.patients_only or sorted(row.on_patients_only),
    }
