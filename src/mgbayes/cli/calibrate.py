"""Simulation-based calibration."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mgbayes.cli.shared import STUDY
from mgbayes.progress import stderr_console


def calibrate(
    plan: Annotated[
        list[str] | None,
        typer.Argument(help="Shipped plans or paths of plan files; all outcome plans by default."),
    ] = None,
    replicates: Annotated[int, typer.Option(min=10, help="Simulated studies for each plan.")] = 500,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that run side by side.")] = 2,
    out: Annotated[Path, typer.Option(help="The folder to store the evidence in.")] = Path(
        "tests/calibration/evidence"
    ),
    study: Annotated[str, typer.Option(help=STUDY)] = "litchman2020",
    patients: Annotated[
        bool, typer.Option("--patients", help="Show the models each simulated patient.")
    ] = False,
    family: Annotated[
        str | None, typer.Option(help="Another of each plan's families in place of its usual one.")
    ] = None,
    adjusted: Annotated[
        list[str] | None,
        typer.Option(help="With --patients, what the models adjust for: covariates, frailty. Repeatable."),
    ] = None,
) -> None:
    """Simulation-based calibration: are each model's posterior probabilities right? Takes long.

    Shows a verdict for each model; the exit code is 1 where one is not calibrated.
    """
    from mgbayes.calibrate.run import calibrate as run
    from mgbayes.calibrate.run import calibrated_by_default
    from mgbayes.models.plan_file import load_plan, shipped_plans
    from mgbayes.study.load import load_study

    plans = [load_plan(name) for name in plan] if plan else calibrated_by_default(shipped_plans(), patients)
    if family is not None:
        plans = [p.with_family(family) for p in plans]
    console = stderr_console()

    def say(text: str, _: str = "") -> None:
        console.print(text, markup=False, highlight=False)

    results = run(
        load_study(study),
        plans,
        out,
        replicates=replicates,
        jobs=jobs,
        on_patients=patients,
        adjusted=tuple(dict.fromkeys(adjusted or ())),
        say=say,
    )
    for each, result in zip(plans, results, strict=True):
        sys.stdout.write(f"{each.id} {result.family}: {result.verdict()}\n")
        for name, chi in result.chi_square_p().items():
            ecdf = result.ecdf_p()[name]
            sys.stdout.write(f"  {name}: uniform ranks, chi-square p {chi:.3f}, ECDF p {ecdf:.3f}\n")
    if not all(result.calibrated() for result in results):
        raise typer.Exit(1)
