"""The command line: a thin shell over the public functions of the same names.

Results go to standard output, everything else to standard error. Exit codes: 0 done; 1 done, with a fit
that failed its diagnostics; 2 the input is not usable; 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mgbayes.errors import EXIT_FIT_FAILED, EXIT_INTERRUPTED, MgbayesError

if TYPE_CHECKING:
    from rich.console import Console
    from xarray import Dataset

    from mgbayes.ipd import Beside
    from mgbayes.report.results import Reanalysis
    from mgbayes.study.schema import Study
    from mgbayes.verify.result import Ledger

app = typer.Typer(
    help="A second, Bayesian look at small two-arm cohort papers, from their printed numbers alone.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_STUDY = "An embedded study (litchman2020) or the path of a study file."
StudyArgument = Annotated[str, typer.Argument(help=_STUDY)]
CacheOption = Annotated[bool, typer.Option(help="Keep finished work and read what was kept before.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result for machines.")]
SearchOption = Annotated[
    bool,
    typer.Option(help="Search data sets where a test needs the patients (about 20 seconds)."),
]


def _console() -> Console:
    from rich.console import Console

    return Console(stderr=True)


@contextmanager
def _progress(console: Console) -> Iterator[object]:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), BarColumn(20), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield progress


@app.command()
def verify(
    study: StudyArgument = "litchman2020",
    search: SearchOption = True,
    cache: CacheOption = True,
    json: JsonOption = False,
    ipd: Annotated[
        Path | None, typer.Option(help="A spreadsheet of the patients: .csv, .xlsx or .parquet.")
    ] = None,
    subset: Annotated[
        list[str] | None,
        typer.Option(help='With --ipd, a part of the patients: "three_cycles = cycles >= 3".'),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="With --ipd, the folder to write CSV tables to.")] = None,
    mask_below: Annotated[
        int | None, typer.Option(min=2, help="With --ipd, hide counts of patients below this number.")
    ] = None,
) -> None:
    """Re-compute every printed claim and give each a verdict; with --ipd, set the patients beside it."""
    from mgbayes.study.load import load_study
    from mgbayes.verify.ledger import verify as run

    loaded = load_study(study)
    beside = _beside(loaded, ipd, subset, out, mask_below)
    console = _console()
    with _progress(console) as progress:
        task = progress.add_task("verifying", total=len(loaded.claims))  # type: ignore[attr-defined]

        def say(claim: str) -> None:
            progress.update(task, advance=1, description=f"verifying {claim}")  # type: ignore[attr-defined]

        ledger = run(loaded, search=search, use_cache=cache, progress=say)
    if json:
        _print_json(ledger.to_json() | ({} if beside is None else {"patients": beside.to_json()}))
        return
    _print_ledger(ledger)
    if beside is not None:
        from mgbayes.ipd.terminal import print_beside, wide_console

        print_beside(beside, wide_console())


def _beside(
    study: Study, ipd: Path | None, subset: list[str] | None, out: Path | None, mask_below: int | None
) -> Beside | None:
    """The patients beside the print, and their tables written; None when no spreadsheet is given."""
    if ipd is None:
        if subset or out is not None or mask_below is not None:
            from mgbayes.ipd.options import options_without_patients

            options_without_patients({"--subset": subset, "--out": out, "--mask-below": mask_below})
        return None
    from mgbayes.ipd import check_patients
    from mgbayes.ipd.options import read_subsets
    from mgbayes.ipd.write import check_place, write_tables

    subsets = read_subsets(subset or [])
    if out is not None:
        check_place(out)
    beside = check_patients(study, ipd, subsets, mask_below)
    for path in [] if out is None else write_tables(beside, out):
        _console().print(f"Written: {path}", markup=False, highlight=False)
    return beside


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def _print_ledger(ledger: Ledger) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table("claim", "printed", "p", "verdict", "given by", title=ledger.study)
    for row in ledger.claims:
        cells = (
            row.id,
            row.printed,
            row.p_printed or "",
            row.verdict.replace("_", " "),
            ", ".join(row.matches),
        )
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)
    if ledger.findings:
        console.print(Text("\nWhat a careful reader would notice"))
    for finding in ledger.findings:
        console.print(Text(f"• {finding.text}"))
    counts = ", ".join(f"{n} {verdict.replace('_', ' ')}" for verdict, n in ledger.tally().items())
    console.print(Text(f"\n{len(ledger.claims)} claims: {counts}"))


@app.command()
def reanalyze(
    study: StudyArgument = "litchman2020",
    out: Annotated[
        Path | None,
        typer.Option(help="The folder to write to; reports/STUDY (with --ipd, STUDY-patients) by default."),
    ] = None,
    plan: Annotated[
        list[str] | None,
        typer.Option(help="A shipped plan or the path of a plan file; may be given several times."),
    ] = None,
    ipd: Annotated[
        Path | None, typer.Option(help="A spreadsheet of the patients: .csv, .xlsx or .parquet.")
    ] = None,
    curves: Annotated[
        list[str] | None,
        typer.Option(help="Patients that `reconstruct` wrote: ENDPOINT=FILE, once an endpoint."),
    ] = None,
    mask_below: Annotated[
        int | None,
        typer.Option(min=2, help="With --ipd, leave out endpoints with a smaller count of patients."),
    ] = None,
    curve_members: Annotated[int, typer.Option(min=2, help="At most so many of its data sets.")] = 20,
    search: SearchOption = True,
    cores: Annotated[int, typer.Option(min=1, help="Processes and chains that run side by side.")] = 2,
    cache: CacheOption = True,
    json: JsonOption = False,
) -> None:
    """The main job: verify the claims, fit the plans, write the report; with --ipd, on patients."""
    from mgbayes.models.plan import load_plan
    from mgbayes.reanalyze import reanalyze as run
    from mgbayes.study.load import load_study

    loaded = load_study(study)
    plans = [load_plan(name) for name in plan] if plan else None
    folder = out if out is not None else Path("reports") / (loaded.id + ("-patients" if ipd else ""))
    patients = None
    if ipd is not None:
        from mgbayes.patients import read_patients

        patients = read_patients(ipd, loaded)
        if mask_below is not None:
            from mgbayes.ipd.without_small import without_small_cells

            patients = without_small_cells(loaded, patients, mask_below)
    elif mask_below is not None:
        from mgbayes.ipd.options import options_without_patients

        options_without_patients({"--mask-below": mask_below})
    members = _members_by_endpoint(loaded, curves or [], curve_members)
    console = _console()
    with _progress(console) as progress:
        task = progress.add_task("starting", total=None)  # type: ignore[attr-defined]

        def say(stage: str, detail: str) -> None:
            progress.update(task, description=f"{stage} {detail}")  # type: ignore[attr-defined]

        result = run(
            loaded,
            folder,
            plans=plans,
            patients=patients,
            curves=members,
            search=search,
            cores=cores,
            use_cache=cache,
            say=say,
        )
    console.print(f"The report is in {folder / 'report.html'}", markup=False, highlight=False)
    if json:
        sys.stdout.write((folder / "results.json").read_text("utf-8"))
    else:
        _print_short_answer(result)
    for fit in result.failed:
        from mgbayes.report.answer import failure

        console.print(f"No estimate: {failure(fit)}", markup=False, highlight=False)
    if result.failed:
        raise typer.Exit(EXIT_FIT_FAILED)


def _members_by_endpoint(study: Study, curves: list[str], most: int) -> dict[str, tuple[Dataset, ...]]:
    """The data sets of each ``--curves ENDPOINT=FILE``."""
    from mgbayes.errors import InputError, Problem
    from mgbayes.reconstruct.members import read_members

    found = {}
    for text in curves:
        endpoint, sign, file = text.partition("=")
        if not sign:
            raise InputError("--curves", [Problem("the option", repr(text), "ENDPOINT=FILE")])
        found[endpoint.strip()] = read_members(file.strip(), study, endpoint.strip(), most=most)
    return found


def _print_short_answer(result: Reanalysis) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from mgbayes.report.answer import headlines, short_answer

    console = Console()
    table = Table("outcome", "contrast", f"chance that {result.study.contrast.label} does better", "in words")
    for row in headlines(result):
        chance = (
            row.chance if row.chance == row.range else f"{row.chance} ({row.range} over analyses and priors)"
        )
        table.add_row(*(Text(cell) for cell in (row.outcome, row.contrast, chance, row.sure)))
    console.print(table)
    for sentence in short_answer(result):
        console.print(Text(f"• {sentence}"))


@app.command()
def sensitivity(
    study: StudyArgument = "litchman2020",
    plan: Annotated[
        list[str] | None,
        typer.Option(help="A shipped plan or the path of a plan file; may be given several times."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to; reports/STUDY/sensitivity by default.")
    ] = None,
    cores: Annotated[int, typer.Option(min=1, help="Processes that run side by side.")] = 2,
    surfaces: Annotated[bool, typer.Option(help="Map the priors at which the conclusion tips.")] = True,
    cluster: Annotated[
        str | None,
        typer.Option(help="An existing Dask cluster to run on: its scheduler, such as tcp://127.0.0.1:8786."),
    ] = None,
    cache: CacheOption = True,
    json: JsonOption = False,
) -> None:
    """How far can the conclusion be pushed? Every prior, family, doubtful number and kind of evidence."""
    from mgbayes.models.plan import load_plan
    from mgbayes.report.grid_words import sentences
    from mgbayes.report.write import check_folder
    from mgbayes.report.write_grid import write_grid
    from mgbayes.sensitivity.run import sensitivity as run
    from mgbayes.study.load import load_study

    loaded = load_study(study)
    plans = [load_plan(name) for name in plan] if plan else None
    folder = out if out is not None else Path("reports") / loaded.id / "sensitivity"
    check_folder(folder)
    console = _console()
    with _progress(console) as progress:
        task = progress.add_task("starting", total=None)  # type: ignore[attr-defined]

        def say(text: str) -> None:
            progress.update(task, description=text)  # type: ignore[attr-defined]

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


@app.command()
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
    study: Annotated[str, typer.Option(help=_STUDY)] = "litchman2020",
    patients: Annotated[
        bool, typer.Option("--patients", help="Show the models each simulated patient.")
    ] = False,
    family: Annotated[
        str | None, typer.Option(help="Another of each plan's families in place of its usual one.")
    ] = None,
    adjusted: Annotated[
        list[str] | None,
        typer.Option(help="What the models take of patients besides: covariates, frailty; once for each."),
    ] = None,
) -> None:
    """Simulation-based calibration: does each model's posterior mean what it says? Takes long."""
    from mgbayes.calibrate.run import calibrate as run
    from mgbayes.calibrate.run import calibrated_by_default
    from mgbayes.models.plan import load_plan, shipped_plans
    from mgbayes.study.load import load_study

    plans = [load_plan(name) for name in plan] if plan else calibrated_by_default(shipped_plans(), patients)
    if family is not None:
        plans = [p.with_family(family) for p in plans]
    console = _console()

    def say(text: str) -> None:
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
    for result in results:
        sys.stdout.write(
            f"{result.model} {result.family}: {result.replicates} studies, {result.failed} doubtful fits, "
            f"{result.errors} errors\n"
        )
        for name, chi in result.chi_square_p().items():
            ecdf = result.ecdf_p()[name]
            sys.stdout.write(f"  {name}: uniform ranks, chi-square p {chi:.3f}, ECDF p {ecdf:.3f}\n")


@app.command()
def reconstruct(
    curves: Annotated[
        list[Path], typer.Argument(help="CSV files of digitized points: time, survival[, arm].")
    ],
    out: Annotated[Path, typer.Option(help="The CSV file to write the members to.")] = Path(
        "reconstructed.csv"
    ),
    n: Annotated[list[str] | None, typer.Option("--n", help="Patients: ARM=NUMBER, once an arm.")] = None,
    events: Annotated[list[str] | None, typer.Option(help="Printed total of events: ARM=NUMBER.")] = None,
    at_risk: Annotated[
        Path | None, typer.Option(help="CSV of the printed table: time, at_risk[, arm].")
    ] = None,
    marks: Annotated[Path | None, typer.Option(help="CSV of all censoring marks: time[, arm].")] = None,
    percent: Annotated[bool, typer.Option("--percent", help="Survival is given from 0 to 100.")] = False,
    survival_error: Annotated[float, typer.Option(help="Digitizing error in survival, either way.")] = 0.002,
    time_error: Annotated[
        float | None, typer.Option(help="Digitizing error in time; 0.2 % of the last time by default.")
    ] = None,
    unit: Annotated[str, typer.Option(help="The unit of time.")] = "days",
    members: Annotated[int, typer.Option(help="How many data sets.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same data sets.")] = 1,
    json: JsonOption = False,
) -> None:
    """Digitized Kaplan-Meier curves back to patients, as an ensemble of data sets."""
    from mgbayes.reconstruct.from_curve import reconstruct as run
    from mgbayes.reconstruct.read import numbers_by_arm, read_curves
    from mgbayes.reconstruct.write import write_ensemble

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
    ensemble = run(read, members=members, seed=seed)
    path = write_ensemble(ensemble, out)
    _console().print(f"The members are in {path}", markup=False, highlight=False)
    if json:
        _print_json(ensemble.to_json())
    else:
        sys.stdout.write("\n".join(ensemble.in_words()) + "\n")


@app.command()
def simulate(
    study: StudyArgument = "litchman2020",
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to; STUDY-synthetic by default.")
    ] = None,
    members: Annotated[int, typer.Option(min=1, help="How many cohorts.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same cohorts.")] = 1,
    truth: Annotated[
        Path | None, typer.Option(help="A TOML file of chosen parameters, in place of the print.")
    ] = None,
    excel: Annotated[bool, typer.Option("--excel", help="Write .xlsx beside each .csv.")] = False,
    cores: Annotated[int, typer.Option(min=1, help="Chains that run side by side.")] = 2,
    cache: CacheOption = True,
    json: JsonOption = False,
) -> None:
    """Made-up patients that agree with everything that is printed, or that follow a chosen truth."""
    from mgbayes.simulate.run import simulate as run
    from mgbayes.simulate.write import NOTICE, check_folder, write_members
    from mgbayes.study.load import load_study

    loaded = load_study(study)
    folder = out if out is not None else Path(f"{loaded.id}-synthetic")
    check_folder(folder)
    console = _console()
    with _progress(console) as progress:
        task = progress.add_task("starting", total=None)  # type: ignore[attr-defined]

        def say(text: str) -> None:
            progress.update(task, description=text)  # type: ignore[attr-defined]

        made = run(loaded, members=members, seed=seed, truth=truth, cores=cores, use_cache=cache, say=say)
        say("writing")
        written = write_members(loaded, made, folder, seed=seed, excel=excel)
    console.print(f"The files are in {folder}", markup=False, highlight=False)
    if json:
        _print_json({"schema_version": 1, "origin": "synthetic", "files": [row.to_json() for row in written]})
        return
    sys.stdout.write("".join(f"{line}\n" for row in written for line in row.in_words()) + f"{NOTICE}\n")


@app.command()
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
        _print_json(describe.schema())


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The folder to write to; made if there is none.")],
) -> None:
    """Write a study to start from: a study file, a spreadsheet template and its data dictionary."""
    from mgbayes.starter import init as run

    for path in run(folder):
        sys.stdout.write(f"{path}\n")


def main() -> None:
    """Run the command line; a user's mistake ends with a message and exit code 2, never a traceback."""
    try:
        app()
    except MgbayesError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(error.exit_code) from None
    except SystemExit as stop:
        if stop.code == EXIT_INTERRUPTED:
            sys.stderr.write(
                "Interrupted. Fits that had finished are kept; run the command again to go on.\n"
            )
        raise


if __name__ == "__main__":
    main()
