"""Write a re-analysis to a folder: all of it is made apart first, then moved to its place."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from mgbayes.cache import write_text
from mgbayes.files import check_folder, write_frames
from mgbayes.inference.store import write_netcdf
from mgbayes.report.figures import pictures
from mgbayes.report.files import draw_all, move_all, unfinished
from mgbayes.report.page import page
from mgbayes.report.results import FLOAT, Reanalysis, dump, results_json
from mgbayes.report.tables import TABLES

COMPANIONS = {
    "cohort/cohort.html": "What do all the numbers say together, and what of the patients is not reported?",
    "comparison/comparison.html": "Which test or prior can be trusted with so few patients?",
}
"""Pages that other commands write into the folder of a report, and the question that each answers."""


def write(
    reanalysis: Reanalysis, folder: str | Path, say: Callable[[str], None] = lambda stage: None
) -> list[Path]:
    """Write every file of the report; returns their places.

    The files are made apart and moved to their places one by one when all are there, results.json last.
    What an earlier report listed and this one no longer has is removed; other files are left alone.
    """
    folder = Path(folder)
    with unfinished(folder) as staging:
        companions = {place: question for place, question in COMPANIONS.items() if (folder / place).exists()}
        names = _make(reanalysis, staging, say, companions)
        before = _listed(folder)
        last = "results.json"
        move_all([*(name for name in names if name != last), last], staging, folder)
    for name in before - set(names):
        (folder / name).unlink(missing_ok=True)
    return [folder / name for name in names]


def write_page(reanalysis: Reanalysis, file: str | Path) -> Path:
    """Write the page alone, which is one file and fetches nothing."""
    file = Path(file)
    check_folder(file.parent)
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as staging:
        drawn = draw_all(pictures(reanalysis), Path(staging))
        text = page(reanalysis, drawn)
    write_text(file, text)
    return file


def _make(
    reanalysis: Reanalysis, staging: Path, say: Callable[[str], None], companions: Mapping[str, str]
) -> list[str]:
    for part in ("tables", "figures", "posterior"):
        (staging / part).mkdir()
    say("tables")
    write_frames({name: table(reanalysis) for name, table in TABLES.items()}, staging / "tables", FLOAT)
    say("figures")
    drawn = draw_all(pictures(reanalysis), staging / "figures")
    say("posterior draws")
    for fit in reanalysis.fits:
        write_netcdf(staging / "posterior" / f"{fit.name}.nc", fit.shareable)
    say("page")
    (staging / "report.html").write_text(page(reanalysis, drawn, companions), "utf-8", newline="\n")
    names = [path.relative_to(staging).as_posix() for path in sorted(staging.rglob("*")) if path.is_file()]
    (staging / "results.json").write_text(dump(results_json(reanalysis, names)), "utf-8", newline="\n")
    return [*names, "results.json"]


def _listed(folder: Path) -> set[str]:
    """The files that an earlier report in this folder says are its own."""
    try:
        listed = json.loads((folder / "results.json").read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    names = {name for name in listed if isinstance(name, str)} if isinstance(listed, list) else set()
    inside = folder.resolve()
    return {name for name in names if (inside / name).resolve().is_relative_to(inside)}
