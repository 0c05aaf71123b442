"""The supplement of a manuscript."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mgbayes.cli.shared import (
    CacheOption,
    CoresOption,
    JsonOption,
    PlanOption,
    SearchOption,
    StudyArgument,
    named_plans,
    print_json,
)
from mgbayes.progress import stages, stderr_console


def manuscript(
    study: StudyArgument = "litchman2020",
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to; manuscripts/STUDY by default.")
    ] = None,
    profile: Annotated[
        str, typer.Option(help="Size of the figures: 90mm or 190mm wide, -300dpi or -1000dpi.")
    ] = "190mm-300dpi",
    plan: PlanOption = None,
    search: SearchOption = True,
    cores: CoresOption = 2,
    cache: CacheOption = True,
    json: JsonOption = False,
) -> None:
    """Write a supplement for Word and LaTeX, figures in journal sizes, and reporting checklists."""
    from mgbayes.study.load import load_study
    from mgbayes.supplement import manuscript as run

    loaded = load_study(study)
    folder = out if out is not None else Path("manuscripts") / loaded.id
    console = stderr_console()
    with stages(console) as say:
        written = run(
            loaded,
            folder,
            profile=profile,
            plans=named_plans(plan),
            search=search,
            cores=cores,
            use_cache=cache,
            say=say,
        )
    names = sorted(path.relative_to(folder).as_posix() for path in written)
    if json:
        print_json({"folder": str(folder), "files": names})
    else:
        typer.echo("\n".join(names))
    console.print(f"The supplement is in {folder / 'supplement.docx'}", markup=False, highlight=False)
