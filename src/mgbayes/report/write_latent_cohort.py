"""Write what is known of the cohort behind a paper: a page, tables, figures. No patient's values are written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgbayes.files import write_frames
from mgbayes.latent_cohort.derived import Derived
from mgbayes.latent_cohort.predicted import farthest_first
from mgbayes.latent_cohort.tables import tables
from mgbayes.report import words
from mgbayes.report.files import draw_all, move_all, unfinished
from mgbayes.report.latent_cohort_figures import pictures
from mgbayes.report.latent_cohort_words import by_claim, of_answer, short_answer, why_it_differs
from mgbayes.report.picture import Picture
from mgbayes.report.render import render
from mgbayes.report.words_of_numbers import misprint, predicted, what
from mgbayes.report.words_of_numbers import reported as reported_number
from mgbayes.report.words_of_p import of_climb, reported, which_test

if TYPE_CHECKING:
    from mgbayes.latent_cohort.answer import Answer, CohortAnswer, GivenP, OfPAlone, Together
    from mgbayes.latent_cohort.predicted import Predicted
    from mgbayes.study.schema import Study

DIGITS = "%.6g"
PAGE = "cohort.html"


def write_latent_cohort(behind: CohortAnswer, folder: str | Path) -> list[Path]:
    """Write every file, each moved to its place when all are made, the page last."""
    folder = Path(folder)
    with unfinished(folder) as staging:
        return move_all(_make(behind, staging), staging, folder)


def _make(behind: CohortAnswer, staging: Path) -> list[str]:
    for part in ("tables", "figures"):
        (staging / part).mkdir()
    frames = {name: frame for name, frame in tables(behind).items() if len(frame)}
    write_frames(frames, staging / "tables", DIGITS)
    drawn = draw_all(pictures(behind), staging / "figures")
    (staging / PAGE).write_text(page(behind, drawn), "utf-8", newline="\n")
    names = [path.relative_to(staging).as_posix() for path in sorted(staging.rglob("*")) if path.is_file()]
    return [*(name for name in names if name != PAGE), PAGE]


def page(behind: CohortAnswer, drawn: Mapping[str, tuple[Picture, Path]]) -> str:
    """The page; ``drawn`` holds each figure with the SVG file it was saved to."""
    study, settings = behind.study, behind.settings
    steps = {
        column.name: (study.endpoint(column.endpoint), column.unit)
        for column in behind.cohort.columns.values()
        if column.endpoint and study.endpoint(column.endpoint).step
    }
    context: dict[str, Any] = {
        "study": study,
        "sentences": list(short_answer(behind)),
        "answers": [_answer(*rows) for rows in zip(behind.answers, behind.independent, strict=True)],
        "differs": words.listed(why_it_differs(behind)),
        "outcomes": list(behind.together[0].single),
        "together": [_together(row) for row in behind.together],
        "claims": [
            {"what": what, "rows": [_p_row(row) for row in rows]} for what, rows in by_claim(behind).items()
        ],
        "given_p": None if behind.given_p is None else _given_p(behind, behind.given_p),
        "p_alone": [_p_alone(one) for one in behind.p_alone],
        "misprint_before": words.percent(settings.misprint),
        "each_number": [_number(study, row) for row in farthest_first(behind.predicted)],
        "counts": [
            {
                "what": row.what,
                "arm": row.arm,
                "n": row.n,
                "likeliest": row.likeliest,
                "between": row.between(),
                "possible": "" if row.possible is None else "{} to {}".format(*row.possible),
            }
            for row in behind.unpublished
        ],
        "relations": [row.wording for row in behind.cohort.relations],
        "taken": [_taken(row) for row in behind.derived],
        "steps": dict.fromkeys(
            f"{endpoint.label} in steps of {unit:g} {endpoint.unit}" for endpoint, unit in steps.values()
        ),
        "numbers": [
            (use, [row for row in behind.numbers if row.use == use])
            for use in dict.fromkeys(row.use for row in behind.numbers)
        ],
        "left_out": behind.left_out,
        "moves": [(name, words.percent(share)) for name, share in sorted(behind.acceptance.items())],
        "rhat": f"{max(row.convergence.rhat for row in behind.answers):.3f}",
        "effective": f"{min(row.convergence.effective for row in behind.answers):.0f}",
        "settings": settings,
        "draws": settings.chains * settings.draws,
    }
    return render("cohort.html.j2", drawn, context)


def _p_alone(one: OfPAlone) -> dict[str, Any]:
    claims = dict.fromkeys(row.claim for row in one.statements)
    texts = [" or ".join(reported(row) for row in one.statements if row.claim == claim) for claim in claims]
    direction = next((row.direction for row in one.statements if row.direction), 0)
    return {
        "reported": "; ".join(texts),
        "direction": direction,
        "tests": ", ".join(test.name for test in one.statements[0].tests),
        "answers": [
            {"label": row.estimand.label, "value": of_answer(row), "p": words.chance(row.p_benefit)}
            for row in one.answers
        ],
    }


def _number(study: Study, row: Predicted) -> dict[str, str]:
    return {
        "what": words.first_upper(what(study, row)),
        "reported": reported_number(study, row),
        "predicted": predicted(study, row),
        "tail": words.percent(row.tail) if row.ok else "",
        "misprint": misprint(row) if row.ok else "",
    }


def _given_p(behind: CohortAnswer, given: GivenP) -> dict[str, Any]:
    tests = [
        {
            "what": row.statement.what,
            "reported": reported(row.statement),
            "tests": [
                (test.name, of_climb(climb))
                for test, climb in zip(row.statement.tests, row.climbs, strict=True)
            ],
            "test": which_test(row),
            "misprint": words.percent(row.misprint),
        }
        for row in given.rows
    ]
    answers = [
        {
            "label": row.estimand.label,
            "value": of_answer(row) if row.convergence.ok else "no estimate: chains did not agree",
            "p": words.chance(row.p_benefit) if row.convergence.ok else "",
            "without": words.chance(before.p_benefit) if before.convergence.ok else "",
        }
        for row, before in zip(given.answers, behind.answers, strict=True)
    ]
    met = [f"{reported(row)} for {row.what}" for row in given.met]
    prior = words.percent(behind.settings.misprint)
    return {"rows": tests, "answers": answers, "met": met, "prior": prior, "left_out": given.left_out}


def _answer(row: Answer, alone: Answer) -> dict[str, str]:
    return {
        "label": row.estimand.label,
        "value": of_answer(row) if row.convergence.ok else "no estimate: chains did not agree",
        "p": words.chance(row.p_benefit) if row.convergence.ok else "",
        "alone": words.chance(alone.p_benefit) if alone.convergence.ok else "",
    }


def _together(row: Together) -> dict[str, Any]:
    return {
        "prior": f"Normal(0, {row.dependence:g})" if row.dependence else "independent",
        "single": [words.percent(p) for p in row.single.values()],
        "two": words.percent(row.at_least_two),
        "all": words.percent(row.all),
        "bounds": " to ".join(map(words.percent, row.bounds)),
    }


def _taken(row: Derived) -> str:
    return f"{row.label}: at most {row.most * row.column.unit:g} ({row.column.name})"


def _p_row(row: Any) -> dict[str, str]:
    median, low, high = row.middle
    return {
        "test": row.test,
        "reported": row.published,
        "middle": f"{median:.2g} ({low:.2g} to {high:.2g})",
        "share": words.percent(row.share),
    }
