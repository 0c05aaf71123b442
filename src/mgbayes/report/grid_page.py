"""sensitivity.html: one self-contained page on how far the conclusion can be pushed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mgbayes.models.plan import Plan
from mgbayes.report import words
from mgbayes.report.cohort_words import cohort_part
from mgbayes.report.confounding_page import confounding_part
from mgbayes.report.grid_words import power_part, sentences
from mgbayes.report.picture import Picture
from mgbayes.report.render import render
from mgbayes.robustness.cell import PUBLISHED, Cell
from mgbayes.robustness.decision import Flips
from mgbayes.robustness.run import Grid


def grid_page(grid: Grid, drawn: Mapping[str, tuple[Picture, Path]]) -> str:
    """The page; ``drawn`` holds each figure with the SVG file it was saved to."""
    titles = {plan.id: plan.title for plan in grid.plans}
    plans = {plan.id: plan for plan in grid.plans}
    context = {
        "study": grid.study,
        "contrast": grid.study.contrast,
        "cells": len(grid.cells),
        "usable": sum(cell.usable for cell in grid.cells),
        "answers": [_answer(row) for row in grid.flips],
        "parts": [
            _part(grid, row, f"{text}{_assumed(plans[row.plan])}")
            for row, text in zip(grid.flips, sentences(grid), strict=True)
        ],
        "powers": [power_part(row, titles[row.plan]) for row in grid.powers],
        "confounding": confounding_part(grid),
        "cohorts": cohort_part(grid.study, grid.cohorts) if grid.cohorts else None,
        "command": f"mgbayes sensitivity {grid.study.id}",
    }
    return render("sensitivity.html.j2", drawn, context)


def _assumed(plan: Plan) -> str:
    """What the numbers of a plan rest on that is not reported."""
    if plan.followup is None:
        return ""
    return f" Follow-up is assumed, not reported ({plan.followup.why.rstrip('.')}); every number here rests on it."


_DRAWN = {True: "drawn", False: "not drawn", None: "too close to call"}


def _answer(row: Flips) -> dict[str, str]:
    """One line of the short answer."""
    known = [driver for driver in row.drivers if driver.variance_explained is not None]
    most = max(known, key=lambda driver: driver.variance_explained or 0.0, default=None)
    low_high = row.low is not None and row.high is not None
    return {
        "label": words.first_upper(row.rule.label),
        "planned": "no usable fit" if row.p_benefit is None else words.percent(row.p_benefit),
        "range": f"{words.percent(row.low or 0.0)} to {words.percent(row.high or 0.0)}" if low_high else "",
        "drawn": "" if row.p_benefit is None else _DRAWN[row.concludes],
        "apart": "" if row.apart is None else f"{row.apart} of {row.usable}",
        "close": str(row.close),
        "driver": "" if most is None else most.factor,
    }


def _part(grid: Grid, row: Flips, text: str) -> dict[str, Any]:
    """What is said of one estimand: the sentence, its figures and its priors with their weights."""
    name = f"{row.plan}_{row.estimand}"
    mine = [cell for cell in grid.cells if (cell.plan, cell.estimand) == (row.plan, row.estimand)]
    return {
        "title": words.first_upper(row.rule.label),
        "text": text,
        "figures": [f"{name}_cells", f"{name}_tipping"],
        "priors": [_prior(cell) for cell in mine if _varies_only_the_prior(cell, mine)],
        "failed": _reasons(mine),
    }


def _varies_only_the_prior(cell: Cell, cells: list[Cell]) -> bool:
    base = next((row for row in cells if row.is_base), None)
    if base is None or cell.evidence != PUBLISHED:
        return False
    return (cell.family, cell.numbers) == (base.family, base.numbers)


def _prior(cell: Cell) -> dict[str, str]:
    return {
        "belief": cell.belief,
        "prior": cell.prior,
        "interval": _interval(cell),
        "p_benefit": "" if cell.p_benefit is None else words.percent(cell.p_benefit),
        "weight": "" if cell.prior_weight is None else words.percent(cell.prior_weight),
        "patients": "" if cell.prior_patients is None else words.number(cell.prior_patients),
    }


def _interval(cell: Cell) -> str:
    if cell.median is None or cell.low is None or cell.high is None:
        return f"no estimate: {cell.reason}"
    return f"{words.number(cell.median)} ({words.number(cell.low)} to {words.number(cell.high)})"


def _reasons(cells: list[Cell]) -> list[str]:
    """Why cells have no estimate: how many, of which kind."""
    disagree = sum(not cell.usable and cell.disagrees for cell in cells)
    failed = sum(not cell.usable and not cell.disagrees for cell in cells)
    sentences = []
    if disagree:
        sentences.append(f"{disagree} analyses have no estimate because no draw agrees with the reported p.")
    if failed:
        sentences.append(f"{failed} analyses failed their diagnostics and have no estimate.")
    return sentences
