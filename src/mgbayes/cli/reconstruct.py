"""Digitized curves back to patients."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mgbayes.cli.shared import JsonOption, print_json
from mgbayes.progress import stderr_console


def reconstruct(
    curves: Annotated[
        list[Path], typer.Argument(help="CSV files of digitized points: time, survival[, arm].")
    ],
    out: Annotated[Path, typer.Option(help="The CSV file to write the imputations to.")] = Path(
        "reconstructed.csv"
    ),
    n: Annotated[list[str] | None, typer.Option("--n", help="Patients: ARM=NUMBER, once an arm.")] = None,
    events: Annotated[list[str] | None, typer.Option(help="Published total of events: ARM=NUMBER.")] = None,
    at_risk: Annotated[
        Path | None, typer.Option(help="CSV of the published numbers at risk: time, at_risk[, arm].")
    ] = None,
    marks: Annotated[Path | None, typer.Option(help="CSV of all censoring marks: time[, arm].")] = None,
    percent: Annotated[bool, typer.Option("--percent", help="Survival is given from 0 to 100.")] = False,
    survival_error: Annotated[float, typer.Option(help="Digitizing error in survival, either way.")] = 0.002,
    time_error: Annotated[
        float | None, typer.Option(help="Digitizing error in time; 0.2 % of the last time by default.")
    ] = None,
    unit: Annotated[str, typer.Option(help="The unit of time: days, weeks, months or years.")] = "days",
    imputations: Annotated[int, typer.Option("--imputations", "--members", help="How many data sets.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same data sets.")] = 1,
    json: JsonOption = False,
) -> None:
    """Digitized Kaplan-Meier curves back to patients, as several data sets that fit them."""
    from mgbayes.reconstruction.from_curve import reconstruct as run
    from mgbayes.reconstruction.read import numbers_by_arm, read_curves
    from mgbayes.reconstruction.write import write_ensemble

    read = read_curves(
        curves,
        n=numbers_by_arm("--n", n),
        events=numbers_by_arm("--events", events),
        at_risk=at_risk,
        marks=marks,
        percent=percent,
        survival_error=survival_error,
        time_error=time_error,
        time_unit=unit,
    )
    ensemble = run(read, members=imputations, seed=seed)
    path = write_ensemble(ensemble, out)
    stderr_console().print(f"The imputations are in {path}", markup=False, highlight=False)
    if json:
        print_json(ensemble.to_json())
    else:
        sys.stdout.write("\n".join(ensemble.in_words()) + "\n")
