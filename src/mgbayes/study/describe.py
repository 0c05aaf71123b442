"""The format of a study file, for machines and by example."""

from __future__ import annotations

from typing import Any

from mgbayes.study.load import DEFAULT_STUDY, embedded_text
from mgbayes.study.schema import Study


def schema() -> dict[str, Any]:
    """The JSON schema of a study file; of a docstring it has the first line, without the example."""
    what, _, _ = str(Study.__doc__).partition("\n")
    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return draft | Study.model_json_schema() | {"description": what}


def example() -> str:
    """The embedded study as it is written, to copy and change."""
    return embedded_text(DEFAULT_STUDY)
