"""Options of several commands, and results as JSON on standard output."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mgbayes.models.plan import Plan

STUDY = "An embedded study (litchman2020) or the path of a study file."
StudyArgument = Annotated[str, typer.Argument(help=STUDY)]
PlanOption = Annotated[
    list[str] | None,
    typer.Option("--plan", help="A plan file, or a shipped plan of its study; may be given several times."),
]
CoresOption = Annotated[int, typer.Option(min=1, help="Processes and chains that run side by side.")]
CacheOption = Annotated[bool, typer.Option(help="Read finished work from the cache, and add to it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Write the result as JSON to standard output.")]
PatientsOption = Annotated[
    Path | None,
    typer.Option("--patients", "--ipd", help="A spreadsheet of patient data: .csv, .xlsx or .parquet."),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(help="An existing Dask cluster to run on: its scheduler, such as tcp://127.0.0.1:8786."),
]
SearchOption = Annotated[
    bool,
    typer.Option(help="Search data sets where a test needs the patients (about 20 seconds)."),
]


def named_plans(names: list[str] | None) -> list[Plan] | None:
    """The plans of these names or files; None where none is named. Raises InputError."""
    from mgbayes.models.plan_file import load_plan

    return [load_plan(name) for name in names] if names else None


def print_json(value: object) -> None:
    """Write a result as JSON to standard output."""
    sys.stdout.write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
