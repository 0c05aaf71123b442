"""Write a comparison of rules to a folder: a page, tables and figures."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from mgbayes.comparison.run import Comparison
from mgbayes.report.comparison_figures import pictures
from mgbayes.report.comparison_page import comparison_page
from mgbayes.report.comparison_tables import TABLES
from mgbayes.report.style import save

DIGITS = "%.6g"


def write_comparison(comparison: Comparison, folder: str | Path) -> list[Path]:
    """Write every file, each made beside its place and moved there, the page last."""
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as staging:
        names = _make(comparison, Path(staging))
        for name in names:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(Path(staging) / name, target)
    return [folder / name for name in names]


def _make(comparison: Comparison, staging: Path) -> list[str]:
    for part in ("tables", "figures"):
        (staging / part).mkdir()
    for name, table in TABLES.items():
        frame = table(comparison)
        if len(frame):
            frame.to_csv(staging / "tables" / f"{name}.csv", index=False, float_format=DIGITS)
    drawn = {}
    for picture in pictures(comparison):
        svg, _ = save(picture.draw, picture.size, staging / "figures" / picture.name)
        drawn[picture.name] = (picture, svg)
    (staging / "comparison.html").write_text(comparison_page(comparison, drawn), "utf-8")
    names = [path.relative_to(staging).as_posix() for path in sorted(staging.rglob("*")) if path.is_file()]
    return [*(name for name in names if name != "comparison.html"), "comparison.html"]
