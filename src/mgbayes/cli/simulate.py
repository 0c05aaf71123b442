"""Synthetic patients."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mgbayes.cli.shared import JsonOption, StudyArgument, print_json
from mgbayes.progress import stages, stderr_console


def simulate(
    study: StudyArgument = "litchman2020",
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to; STUDY-synthetic by default.")
    ] = None,
    cohorts: Annotated[int, typer.Option("--cohorts", "--members", min=1, help="How many cohorts.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same cohorts.")] = 1,
    truth: Annotated[
        Path | None,
        typer.Option(help="A TOML file of chosen parameters, in place of the published summaries."),
    ] = None,
    excel: Annotated[bool, typer.Option("--excel", help="Write .xlsx as well as .csv.")] = False,
    json: JsonOption = False,
) -> None:
    """Synthetic patients that agree with every published number, or that follow chosen parameters."""
    from mgbayes.files import check_folder
    from mgbayes.simulation.run import simulate as run
    from mgbayes.simulation.write import NOTICE, write_cohorts
    from mgbayes.study.load import load_study

    loaded = load_study(study)
    folder = out if out is not None else Path(f"{loaded.id}-synthetic")
    check_folder(folder)
    console = stderr_console()
    with stages(console) as say:
        simulated = run(
            loaded,
            members=cohorts,
            seed=seed,
            truth=truth,
            say=say,
        )
        say("writing")
        written = write_cohorts(loaded, simulated, folder, seed=seed, excel=excel)
    console.print(f"The files are in {folder}", markup=False, highlight=False)
    if json:
        print_json({"schema_version": 1, "origin": "synthetic", "files": [row.to_json() for row in written]})
        return
    sys.stdout.write("".join(f"{line}\n" for row in written for line in row.in_words()) + f"{NOTICE}\n")
