"""The main job."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mgbayes.cli.shared import (
    CacheOption,
    CoresOption,
    JsonOption,
    PatientsOption,
    PlanOption,
    SearchOption,
    StudyArgument,
    named_plans,
)
from mgbayes.errors import EXIT_FIT_FAILED
from mgbayes.progress import stages, stderr_console

if TYPE_CHECKING:
    from xarray import Dataset

    from mgbayes.report.results import Reanalysis
    from mgbayes.study.schema import Study


def reanalyze(
    study: StudyArgument = "litchman2020",
    out: Annotated[
        Path | None,
        typer.Option(
            help="The folder to write to; reports/STUDY (with --patients, STUDY-patients) by default."
        ),
    ] = None,
    plan: PlanOption = None,
    patients: PatientsOption = None,
    curves: Annotated[
        list[str] | None,
        typer.Option(help="Patients that `reconstruct` wrote: ENDPOINT=FILE, once an endpoint."),
    ] = None,
    mask_below: Annotated[
        int | None,
        typer.Option(min=2, help="With --patients, exclude endpoints with a smaller count of patients."),
    ] = None,
    curve_imputations: Annotated[
        int,
        typer.Option(
            "--curve-imputations", "--curve-members", min=2, help="At most so many of its data sets."
        ),
    ] = 20,
    search: SearchOption = True,
    cores: CoresOption = 2,
    cache: CacheOption = True,
    json: JsonOption = False,
) -> None:
    """The main job: verify the claims, fit the plans, write the report; with --patients, on patient data."""
    from mgbayes.reanalysis import reanalyze as run
    from mgbayes.study.load import load_study

    loaded = load_study(study)
    folder = out if out is not None else Path("reports") / (loaded.id + ("-patients" if patients else ""))
    rows = _patients(loaded, patients, mask_below)
    console = stderr_console()
    with stages(console) as say:
        result = run(
            loaded,
            folder,
            plans=named_plans(plan),
            patients=rows,
            curves=_imputations(loaded, curves or [], curve_imputations),
            search=search,
            cores=cores,
            use_cache=cache,
            say=say,
        )
    console.print(f"The report is in {folder / 'report.html'}", markup=False, highlight=False)
    if json:
        sys.stdout.write((folder / "results.json").read_text("utf-8"))
    else:
        _show_short_answer(result)
    for text in _without_estimate(result):
        console.print(text, markup=False, highlight=False)
    if result.failed:
        raise typer.Exit(EXIT_FIT_FAILED)


def _without_estimate(result: Reanalysis) -> Iterator[str]:
    """The fits that failed, and the outcomes without a model."""
    from mgbayes.report.answer import failure

    yield from (f"No estimate: {failure(fit)}" for fit in result.failed)
    yield from map(str, result.not_modelled)


def _patients(study: Study, file: Path | None, mask_below: int | None) -> Dataset | None:
    """The patients of a spreadsheet, without small cells where these are masked; None without a spreadsheet."""
    if file is None:
        if mask_below is not None:
            from mgbayes.patient_comparison.options import options_without_patients

            options_without_patients({"--mask-below": mask_below})
        return None
    from mgbayes.patients import read_patients

    patients = read_patients(file, study)
    if mask_below is None:
        return patients
    from mgbayes.patient_comparison.mask import without_small_cells

    return without_small_cells(study, patients, mask_below)


def _imputations(study: Study, curves: list[str], most: int) -> dict[str, tuple[Dataset, ...]]:
    """The data sets of each ``--curves ENDPOINT=FILE``, by endpoint."""
    from mgbayes.errors import InputError, Problem
    from mgbayes.reconstruction.imputations import read_imputations

    imputations = {}
    for text in curves:
        endpoint, sign, file = text.partition("=")
        if not sign:
            raise InputError("--curves", [Problem("the option", repr(text), "ENDPOINT=FILE")])
        imputations[endpoint.strip()] = read_imputations(file.strip(), study, endpoint.strip(), most=most)
    return imputations


def _show_short_answer(result: Reanalysis) -> None:
    """The answer in one paragraph, and what is told of each outcome in the report's first tables."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from mgbayes.report import robustness_words, words
    from mgbayes.report.answer import short_answer
    from mgbayes.report.conclusion import conclusion

    console = Console()
    console.print(Text(conclusion(result)))
    table = Table(
        "outcome", "contrast", f"chance that {result.study.contrast.label} does better", "certainty"
    )
    for row in result.summary_of_findings:
        summary, over = row.summary, robustness_words.chance_range(row.robustness)
        chance = words.chance(summary.p_benefit)
        shown = chance if chance == over else f"{chance} ({over} over analyses and priors)"
        cells = (
            words.first_upper(summary.estimand.label),
            words.interval(summary),
            shown,
            row.certainty.level,
        )
        table.add_row(*map(Text, cells))
    console.print(table)
    for sentence in short_answer(result):
        console.print(Text(f"• {sentence}"))
