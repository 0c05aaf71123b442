"""Write the grid to a folder: a page, tables, figures, and the whole as JSON."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from mgbayes.files import write_frames
from mgbayes.report.cohort_figures import pictures as cohort_pictures
from mgbayes.report.files import draw_all, move_all, unfinished
from mgbayes.report.grid_figures import pictures
from mgbayes.report.grid_page import grid_page
from mgbayes.report.grid_words import sentences
from mgbayes.report.results import dump
from mgbayes.robustness.run import Grid
from mgbayes.robustness.tables import tables
from mgbayes.synthesis.tables import tables as cohort_tables

SCHEMA_VERSION = 1
DIGITS = "%.6g"


def write_grid(grid: Grid, folder: str | Path) -> list[Path]:
    """Write every file, each moved to its place when all are made, sensitivity.json last."""
    folder = Path(folder)
    with unfinished(folder) as staging:
        return move_all(_make(grid, staging), staging, folder)


def to_json(grid: Grid) -> dict[str, Any]:
    """The whole grid for machines."""
    return {
        "schema_version": SCHEMA_VERSION,
        "study": grid.study.id,
        "plans": [
            {
                "plan": plan.id,
                "seed": plan.sampling.seed,
                "decision": plan.decision.model_dump() if plan.decision else None,
                "sensitivity": [row.model_dump() for row in plan.sensitivity],
            }
            for plan in grid.plans
        ],
        "sentences": list(sentences(grid)),
        "cells": [asdict(cell) for cell in grid.cells],
        "decisions": [
            asdict(row) | {"rule": row.rule.sentence, "share_apart": row.share_apart} for row in grid.flips
        ],
        "tipping": [
            {
                "plan": row.plan,
                "effect": row.varied.effect,
                "estimand": row.varied.estimand,
                "expected": row.varied.expected,
                "expected_difference": row.varied.expected_difference,
                "sds": [{"p_benefit": level, "sd": sd} for level, sd in row.sds],
                "refits": row.refits,
                "failed": row.failed,
                "means": row.surface.means.tolist(),
                "prior_sds": row.surface.sds.tolist(),
                "p_benefit": row.surface.p_benefit.tolist(),
                "pareto_k": row.surface.pareto_k.tolist(),
            }
            for row in grid.tipping
        ],
        "power_scaling": [asdict(row) for row in grid.powers],
        "confounding": [
            {"plan": row.plan, "reason": row.reason, "estimands": [asdict(part) for part in row.rows]}
            for row in grid.confounding
        ],
    }


def _make(grid: Grid, staging: Path) -> list[str]:
    for part in ("tables", "figures"):
        (staging / part).mkdir()
    cohorts = cohort_tables(grid.cohorts) if grid.cohorts else {}
    write_frames(tables(grid) | cohorts, staging / "tables", DIGITS)
    forest = cohort_pictures(grid.study, grid.cohorts) if grid.cohorts else ()
    drawn = draw_all((*pictures(grid), *forest), staging / "figures")
    (staging / "sensitivity.html").write_text(grid_page(grid, drawn), "utf-8", newline="\n")
    captions = {name: picture.caption for name, (picture, _) in drawn.items()}
    names = [path.relative_to(staging).as_posix() for path in sorted(staging.rglob("*")) if path.is_file()]
    whole = to_json(grid) | {"captions": captions, "files": names}
    (staging / "sensitivity.json").write_text(dump(whole), "utf-8", newline="\n")
    return [*names, "sensitivity.json"]
