"""How far the conclusion can be pushed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mgbayes.cli.shared import (
    CacheOption,
    ClusterOption,
    CoresOption,
    JsonOption,
    PlanOption,
    StudyArgument,
    named_plans,
)
from mgbayes.errors import EXIT_FIT_FAILED
from mgbayes.progress import stages, stderr_console


def sensitivity(
    study: StudyArgument = "litchman2020",
    plan: PlanOption = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to; reports/STUDY/sensitivity by default.")
    ] = None,
    cores: CoresOption = 2,
    surfaces: Annotated[bool, typer.Option(help="Map the priors at which the conclusion tips.")] = True,
    cluster: ClusterOption = None,
    cache: CacheOption = True,
    json: JsonOption = False,
) -> None:
    """Sensitivity of the conclusion to priors, model families, suspected misprints and the evidence used."""
    from mgbayes.files import check_folder
    from mgbayes.report.grid_words import sentences
    from mgbayes.report.write_grid import write_grid
    from mgbayes.robustness.run import sensitivity as run
    from mgbayes.study.load import load_study

    loaded, plans = load_study(study), named_plans(plan)
    folder = out if out is not None else Path("reports") / loaded.id / "sensitivity"
    check_folder(folder)
    console = stderr_console()
    with stages(console) as say:
        grid = run(loaded, plans, cores=cores, use_cache=cache, surfaces=surfaces, cluster=cluster, say=say)
        say("writing")
        write_grid(grid, folder)
    console.print(f"The page is {folder / 'sensitivity.html'}", markup=False, highlight=False)
    if json:
        sys.stdout.write((folder / "sensitivity.json").read_text("utf-8"))
    else:
        sys.stdout.write("".join(f"• {sentence}\n" for sentence in sentences(grid)))
    if grid.failed:
        console.print(f"Without an estimate: {len(grid.failed)} cells", markup=False, highlight=False)
        raise typer.Exit(EXIT_FIT_FAILED)
