"""Plans for a study, from what it reports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mgbayes.cli.shared import StudyArgument
from mgbayes.progress import stderr_console


def plan(
    study: StudyArgument = "litchman2020",
    out: Annotated[Path | None, typer.Option(help="The folder to write to; STUDY-plans by default.")] = None,
    endpoint: Annotated[
        list[str] | None, typer.Option(help="Only this endpoint of the study; may be given several times.")
    ] = None,
) -> None:
    """Write a commented plan for every outcome that the study reports enough about."""
    from mgbayes.planning.write import plan as run
    from mgbayes.study.load import load_study

    loaded = load_study(study)
    written = run(loaded, out if out is not None else f"{loaded.id}-plans", endpoint)
    for path in written.paths:
        sys.stdout.write(f"{path}\n")
    console = stderr_console()
    for row in written.missing:
        console.print(str(row), markup=False, highlight=False)
