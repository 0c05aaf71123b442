"""Which method can be trusted with so few patients."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mgbayes.cli.shared import CacheOption, ClusterOption, CoresOption, JsonOption, StudyArgument, print_json
from mgbayes.progress import stages, stderr_console

Arms = Annotated[
    tuple[int, int] | None,
    typer.Option(help="Patients of the reference and the contrast arm, in place of a study's."),
]
Scenarios = Annotated[
    str | None, typer.Option(help="A TOML file of [[scenarios]] of counts, [[times]] and [[values]].")
]
Expected = Annotated[float, typer.Option(help="The odds ratio that an enthusiastic prior expects.")]
Repetitions = Annotated[
    int | None,
    typer.Option(
        min=0,
        show_default="1000",
        help="Simulated studies of each scenario of times and measured outcomes; 0 for none.",
    ),
]
FromPublished = Annotated[
    int,
    typer.Option(
        min=0, help="Studies that models are fitted to from patients and from published numbers; 0 for none."
    ),
]
Methods = Annotated[
    list[str] | None,
    typer.Option(help="A method for times or measured outcomes, by its id; may be given several times."),
]
Out = Annotated[
    Path | None,
    typer.Option(help="The folder to write to; reports/STUDY/comparison (or comparison-M-N) by default."),
]


def compare(
    study: StudyArgument = "litchman2020",
    arms: Arms = None,
    scenarios: Scenarios = None,
    expected: Expected = 2.0,
    repetitions: Repetitions = None,
    published: FromPublished = 0,
    method: Methods = None,
    cores: CoresOption = 2,
    cluster: ClusterOption = None,
    cache: CacheOption = True,
    out: Out = None,
    json: JsonOption = False,
) -> None:
    """Which method can be trusted with so few patients? Counts exactly; times and measured outcomes simulated."""
    from mgbayes.comparison.blocks import Work
    from mgbayes.comparison.run import compare as run
    from mgbayes.comparison.run import usual_repetitions
    from mgbayes.files import check_folder
    from mgbayes.report.comparison_tables import rules
    from mgbayes.report.comparison_words import short_answer
    from mgbayes.report.write_comparison import write_comparison
    from mgbayes.study.load import load_study

    loaded = None if arms else load_study(study)
    usual = f"{loaded.id}/comparison" if loaded else "comparison-{}-{}".format(*arms or ())
    folder = out if out is not None else Path("reports") / usual
    check_folder(folder)
    console = stderr_console()
    with stages(console) as say:
        say("going through all tables")
        comparison = run(
            loaded,
            arms=arms,
            expected=expected,
            scenarios=scenarios,
            repetitions=usual_repetitions(loaded, arms) if repetitions is None else repetitions,
            published=published,
            methods=method or (),
            work=Work(cores, cache, cluster=cluster),
            say=say,
        )
        say("writing")
        write_comparison(comparison, folder)
    console.print(f"The page is {folder / 'comparison.html'}", markup=False, highlight=False)
    if json:
        print_json(rules(comparison).replace({float("nan"): None}).to_dict("records"))
    else:
        sys.stdout.write("".join(f"• {sentence}\n" for sentence in short_answer(comparison)))
