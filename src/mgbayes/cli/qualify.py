"""Qualification of this installation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mgbayes.cli.shared import JsonOption, print_json
from mgbayes.progress import progress_bar, stderr_console


def qualify(
    out: Annotated[Path, typer.Option(help="The folder to write the record to.")] = Path("qualification"),
    refits: Annotated[bool, typer.Option(help="Sample two posteriors too (about 40 seconds).")] = True,
    json: JsonOption = False,
) -> None:
    """Compare this installation with values that others computed, and write a record of it.

    The exit code is 1 where a check failed.
    """
    from mgbayes.files import check_folder
    from mgbayes.qualification.run import qualify as run

    check_folder(out)
    console = stderr_console()
    with progress_bar(console) as progress:
        task = progress.add_task("qualifying", total=None)

        def say(what: str, number: int) -> None:
            progress.update(task, total=number, advance=1, description=f"checking {what}")

        record = run(refits=refits, progress=say)
    paths = record.write(out)
    if json:
        print_json(record.to_json())
    else:
        for check in record.checks:
            word = "passed" if check.passed else "FAILED"
            sys.stdout.write(
                f"{word}  {check.what}: expected {check.expected:.6g}, computed {check.computed}\n"
            )
        sys.stdout.write(f"{record.verdict}\n")
    for path in paths:
        console.print(f"Written: {path}", markup=False, highlight=False)
    if not record.passed:
        raise typer.Exit(1)
