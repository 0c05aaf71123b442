"""Figures of the evidence from other cohorts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mgbayes.report import style, words
from mgbayes.report.picture import Picture
from mgbayes.study.schema import Study
from mgbayes.synthesis.cohorts import CohortEvidence
from mgbayes.synthesis.hierarchy import GridDistribution
from mgbayes.synthesis.tables import odds, tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TICKS = (0.01, 0.1, 0.5, 1, 2, 10, 100, 1000)
_LIMITS = (0.008, 1500)


@dataclass(frozen=True)
class _Row:
    label: str
    distribution: GridDistribution
    marker: str
    color: str
    hollow: bool = False


def pictures(study: Study, evidence: CohortEvidence) -> Iterator[Picture]:
    """The forest of cohorts, and the index study's count beside its prediction."""
    arms = (study.reference.label, study.contrast.label)
    yield Picture(
        "cohorts_forest",
        f"Odds ratio of doing well, {arms[1]} against {arms[0]}: median and central 95 % interval. Dots are the "
        "other cohorts, each by itself, with exact likelihoods of its counts; their outcomes are not the same. "
        "The hollow diamond is what they predict for a new study, the square is the index study by itself, and the "
        "filled diamond the index study with the cohorts as a prior that can give way. On the right, the "
        f"probability that {arms[1]} patients do better. Where the square lies apart from the prediction, the "
        "two disagree.",
        (7.2, 1.1 + 0.4 * (len(evidence.cohorts) + 4)),
        lambda figure: _draw_forest(figure, study, evidence),
        lambda: _forest_data(study, evidence),
    )
    check = evidence.main.conflict
    yield Picture(
        "cohorts_conflict",
        f"Of the {evidence.index.total} patients of the index study who did well, how many the other cohorts expect "
        f"to be {arms[1]} (bars), and how many were (dark bar, {check.observed}). A count as low as this has a "
        f"predictive probability of {words.percent(check.p_as_low)}.",
        (6.4, 2.8),
        lambda figure: _draw_conflict(figure, study, evidence),
        lambda: tables(evidence)["cohorts_prediction"],
    )


def _rows(study: Study, evidence: CohortEvidence) -> list[_Row]:
    arms = (study.reference.label, study.contrast.label)
    index, main = evidence.index, evidence.main
    cohorts = [
        _Row(
            f"{row.study}: {row.outcome}\n{arms[0]} {row.reference}, {arms[1]} {row.contrast}",
            evidence.alone[row.study],
            "o",
            style.REFERENCE,
        )
        for row in evidence.cohorts
    ]
    return [
        *cohorts,
        _Row("average of the cohorts", main.together.mu, "D", style.REFERENCE),
        _Row("predicted for a new study", main.together.predictive, "D", style.REFERENCE, hollow=True),
        _Row(
            f"{index.study}: {index.outcome}\n{arms[0]} {index.reference}, {arms[1]} {index.contrast}",
            evidence.alone[index.study],
            "s",
            style.CONTRAST,
        ),
        _Row("the same, with the cohorts as robust prior", main.robust.posterior, "D", style.CONTRAST),
    ]


def _forest_data(study: Study, evidence: CohortEvidence) -> pd.DataFrame:
    """One row an odds ratio that is drawn."""
    import pandas as pd

    return pd.DataFrame({"row": row.label} | odds(row.distribution) for row in _rows(study, evidence))


def _draw_forest(figure: Figure, study: Study, evidence: CohortEvidence) -> None:
    axes = figure.add_subplot()
    axes.set_xscale("log")
    axes.set_xlim(*_LIMITS)
    rows = _rows(study, evidence)
    for y, row in zip(range(len(rows) - 1, -1, -1), rows, strict=True):
        _draw_row(axes, y, row)
    axes.axvline(1, color=style.INK, lw=0.8, ls="--", zorder=0)
    for between in (3.5, 1.5):
        axes.axhline(between, color=style.FAINT, lw=0.8, zorder=0)
    axes.set_yticks(range(len(rows)), [row.label for row in reversed(rows)], fontsize=7.5)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    axes.minorticks_off()
    axes.set_xlabel(f"odds ratio, {words.contrast_of(study)}; above 1 is better")
    axes.set_title("chance of benefit", loc="right", fontsize=8, fontweight="normal")
    style.bare_left(axes)


def _draw_row(axes: Axes, y: float, row: _Row) -> None:
    low, high = np.exp(row.distribution.interval)
    shown = np.clip([low, high], *_LIMITS)
    axes.plot(shown, [y, y], color=row.color, lw=1.6, ls="--" if row.hollow else "-")
    for edge, value, shape in zip(_LIMITS, (low, high), ("<", ">"), strict=True):
        if not _LIMITS[0] <= value <= _LIMITS[1]:
            axes.plot(edge, y, shape, color=row.color, ms=5, clip_on=False)
    face = "white" if row.hollow else row.color
    axes.plot(np.exp(row.distribution.median), y, row.marker, mfc=face, mec=row.color, ms=6.5, zorder=5)
    axes.annotate(
        words.percent(row.distribution.above(0.0)),
        (1.01, y),
        xycoords=("axes fraction", "data"),
        va="center",
        fontsize=8,
    )


def _draw_conflict(figure: Figure, study: Study, evidence: CohortEvidence) -> None:
    axes = figure.add_subplot()
    check = evidence.main.conflict
    colors = [style.CONTRAST if y == check.observed else style.FAINT for y in check.possible]
    axes.bar(check.possible, 100 * check.predicted, color=colors, edgecolor=style.INK, lw=0.6)
    at = float(check.predicted[check.possible == check.observed][0])
    axes.annotate("observed", (check.observed, 100 * at), (0, 4), textcoords="offset points", ha="right")
    axes.set_xticks(check.possible)
    axes.set_xlabel(f"{study.contrast.label} patients among the {evidence.index.total} who did well")
    axes.set_ylabel("predicted, %")
