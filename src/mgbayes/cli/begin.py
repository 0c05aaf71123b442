"""A study to start from, and what study files and plan files may hold."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mgbayes.cli.shared import print_json


def schema(
    example: Annotated[
        bool, typer.Option("--example", help="Show an example instead: the embedded study file, or a plan.")
    ] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Of a plan file instead of a study file.")] = False,
) -> None:
    """Show the JSON schema of a study file or a plan file, or an example of one."""
    from mgbayes.planning import describe

    if example:
        sys.stdout.write(describe.example(plan=plan))
    else:
        print_json(describe.schema(plan=plan))


def init(
    folder: Annotated[Path, typer.Argument(help="The folder to write to; made if there is none.")],
) -> None:
    """Write a study to start from: a study file, a plan, a spreadsheet template and its data dictionary."""
    from mgbayes.starter import init as run

    for path in run(folder):
        sys.stdout.write(f"{path}\n")
