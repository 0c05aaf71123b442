"""The cohort behind a paper."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mgbayes.cli.shared import CoresOption, JsonOption, PlanOption, StudyArgument, named_plans, print_json
from mgbayes.errors import EXIT_FIT_FAILED
from mgbayes.progress import stages, stderr_console


def cohort(
    study: StudyArgument = "litchman2020",
    plan: PlanOption = None,
    dependence: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=3.0,
            help="Prior SD of how strongly a patient's outcomes depend on each other, on Fisher's z scale.",
        ),
    ] = 0.5,
    p_values: Annotated[
        bool,
        typer.Option(
            "--p-values",
            help="Look for tables with each reported p value: how surprising it is, which test gave it, whether it "
            "may be a misprint; and take those that fit as evidence.",
        ),
    ] = False,
    each_number: Annotated[
        bool,
        typer.Option(
            "--each-number",
            help="Leave out each number in turn: what all the others predict in its place, and whether it may be a "
            "misprint.",
        ),
    ] = False,
    misprint: Annotated[
        float,
        typer.Option(min=0.0, max=0.5, help="Prior probability that a reported number is a misprint."),
    ] = 0.02,
    seed: Annotated[int, typer.Option(min=0, help="Of the random numbers.")] = 20200216,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to; reports/STUDY/cohort by default.")
    ] = None,
    cores: CoresOption = 2,
    json: JsonOption = False,
) -> None:
    """Patients who have every published number at once: all outcomes together, and what the paper does not report."""
    from mgbayes.files import check_folder
    from mgbayes.latent_cohort.answer import cohort as run
    from mgbayes.latent_cohort.run import Settings
    from mgbayes.latent_cohort.tables import tables
    from mgbayes.report.latent_cohort_words import short_answer
    from mgbayes.report.write_latent_cohort import PAGE, write_latent_cohort
    from mgbayes.study.load import load_study

    loaded, plans = load_study(study), named_plans(plan)
    folder = out if out is not None else Path("reports") / loaded.id / "cohort"
    check_folder(folder)
    console = stderr_console()
    with stages(console) as say:
        settings = Settings(
            dependence=dependence, p_values=p_values, each_number=each_number, misprint=misprint, seed=seed
        )
        behind = run(loaded, plans, settings=settings, cores=cores, say=say)
        say("writing")
        write_latent_cohort(behind, folder)
    console.print(f"The page is {folder / PAGE}", markup=False, highlight=False)
    if json:
        frames = tables(behind)
        print_json(
            {
                name: frame.astype(object).where(frame.notna(), None).to_dict("records")
                for name, frame in frames.items()
            }
        )
    else:
        sys.stdout.write("".join(f"• {sentence}\n" for sentence in short_answer(behind)))
    if behind.failed:
        raise typer.Exit(EXIT_FIT_FAILED)
