"""Write a comparison of rules to a folder: a page, tables and figures."""

from __future__ import annotations

from pathlib import Path

from mgbayes.comparison.run import Comparison
from mgbayes.files import write_frames
from mgbayes.report.comparison_figures import pictures
from mgbayes.report.comparison_page import comparison_page
from mgbayes.report.comparison_simulated_figures import pictures as of_simulated
from mgbayes.report.comparison_tables import TABLES
from mgbayes.report.files import draw_all, move_all, unfinished

DIGITS = "%.6g"


def write_comparison(comparison: Comparison, folder: str | Path) -> list[Path]:
    """Write every file, each moved to its place when all are made, the page last."""
    folder = Path(folder)
    with unfinished(folder) as staging:
        return move_all(_make(comparison, staging), staging, folder)


def _make(comparison: Comparison, staging: Path) -> list[str]:
    for part in ("tables", "figures"):
        (staging / part).mkdir()
    frames = {name: table(comparison) for name, table in TABLES.items()}
    write_frames({name: frame for name, frame in frames.items() if len(frame)}, staging / "tables", DIGITS)
    drawn = draw_all((*pictures(comparison), *of_simulated(comparison)), staging / "figures")
    (staging / "comparison.html").write_text(comparison_page(comparison, drawn), "utf-8", newline="\n")
    names = [path.relative_to(staging).as_posix() for path in sorted(staging.rglob("*")) if path.is_file()]
    return [*(name for name in names if name != "comparison.html"), "comparison.html"]
