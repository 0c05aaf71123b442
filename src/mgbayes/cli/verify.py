"""Every published claim with its verdict, and the comparison with patient data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mgbayes.cli.shared import (
    CacheOption,
    JsonOption,
    PatientsOption,
    SearchOption,
    StudyArgument,
    print_json,
)
from mgbayes.progress import progress_bar, stderr_console

if TYPE_CHECKING:
    from mgbayes.patient_comparison import PatientComparison
    from mgbayes.study.schema import Study
    from mgbayes.verification.result import Ledger


def verify(
    study: StudyArgument = "litchman2020",
    search: SearchOption = True,
    cache: CacheOption = True,
    json: JsonOption = False,
    patients: PatientsOption = None,
    subset: Annotated[
        list[str] | None,
        typer.Option(help='With --patients, a subset of the patients: "three_cycles = cycles >= 3".'),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="With --patients, the folder to write CSV tables to.")
    ] = None,
    mask_below: Annotated[
        int | None, typer.Option(min=2, help="With --patients, hide counts of patients below this number.")
    ] = None,
) -> None:
    """Check every published claim; with --patients, compare it with the patient data."""
    from mgbayes.study.load import load_study
    from mgbayes.verification.ledger import verify as run

    loaded = load_study(study)
    comparison = _comparison(loaded, patients, subset, out, mask_below)
    console = stderr_console()
    with progress_bar(console) as progress:
        task = progress.add_task("verifying", total=len(loaded.claims))

        def say(claim: str, _: str = "") -> None:
            progress.update(task, advance=1, description=f"verifying {claim}")

        ledger = run(loaded, search=search, use_cache=cache, say=say)
    if json:
        print_json(ledger.to_json() | ({} if comparison is None else {"patients": comparison.to_json()}))
        return
    _show_ledger(ledger)
    if comparison is not None:
        from mgbayes.patient_comparison.terminal import show_comparison, wide_console

        show_comparison(comparison, wide_console())


def _comparison(
    study: Study, file: Path | None, subset: list[str] | None, out: Path | None, mask_below: int | None
) -> PatientComparison | None:
    """The comparison with patient data, its tables written; None without a spreadsheet."""
    if file is None:
        if subset or out is not None or mask_below is not None:
            from mgbayes.patient_comparison.options import options_without_patients

            options_without_patients({"--subset": subset, "--out": out, "--mask-below": mask_below})
        return None
    from mgbayes.files import check_folder
    from mgbayes.patient_comparison import check_patients
    from mgbayes.patient_comparison.options import read_subsets
    from mgbayes.patient_comparison.write import write_tables

    subsets = read_subsets(subset or [])
    if out is not None:
        check_folder(out)
    comparison = check_patients(study, file, subsets, mask_below)
    for path in [] if out is None else write_tables(comparison, out):
        stderr_console().print(f"Written: {path}", markup=False, highlight=False)
    return comparison


def _show_ledger(ledger: Ledger) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table("claim", "published", "p", "verdict", "reproduced by", title=ledger.study)
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
        console.print(Text("\nInconsistencies"))
    for finding in ledger.findings:
        console.print(Text(f"• {finding.text}"))
    counts = ", ".join(f"{n} {verdict.replace('_', ' ')}" for verdict, n in ledger.tally().items())
    console.print(Text(f"\n{len(ledger.claims)} claims: {counts}"))
