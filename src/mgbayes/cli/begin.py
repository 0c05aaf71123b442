"""A study to start from, and what a study file may hold."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mgbayes.cli.shared import print_json


def schema(
    example: Annotated[
        bool, typer.Option("--example", help="Print the embedded study file instead.")
    ] = False,
) -> None:
    """Print the JSON schema of a study file, or an example of one."""
    from mgbayes.study import describe

    if example:
        sys.stdout.write(describe.example())
    else:
        print_json(describe.schema())


def init(
    folder: Annotated[Path, typer.Argument(help="The folder to write to; made if there is none.")],
) -> None:
    """Write a study to start from: a study file, a spreadsheet template and its data dictionary."""
    from mgbayes.starter import init as run

    for path in run(folder):
        sys.stdout.write(f"{path}\n")
