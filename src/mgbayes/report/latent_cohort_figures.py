"""Figures of the cohort behind a paper."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mgbayes.latent_cohort.tables import not_reported, reported_p
from mgbayes.report.latent_cohort_words import by_claim
from mgbayes.report.picture import Picture
from mgbayes.report.style import CONTRAST, INK, SOFT, bare_left

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mgbayes.latent_cohort.answer import CohortAnswer


def pictures(behind: CohortAnswer) -> Iterator[Picture]:
    """Numbers of patients that are not reported, and reported p values among those that could have been."""
    counts = [row for row in behind.unpublished if row.ends[1] > row.ends[0]]
    if counts:
        yield Picture(
            "not_reported",
            "Numbers of patients that the paper does not report, as its other numbers imply them: point, the most "
            "likely; thick bar, central 95 % interval; thin bar, every number in a drawn cohort.",
            (7.2, 0.24 * len(counts) + 0.9),
            partial(_draw_counts, behind),
            lambda: not_reported(behind),
        )
    if behind.p_values:
        yield Picture(
            "reported_p",
            "Reported p values (crosses) compared with those of cohorts that have the paper's other numbers: point, "
            "median; bar, central 90 %. A cross far outside every bar of its claim: the number, or the test, is not "
            "what it is said to be.",
            (7.2, 0.17 * (len(behind.p_values) + len(by_claim(behind))) + 0.9),
            partial(_draw_p, behind),
            lambda: reported_p(behind),
        )


def _draw_counts(behind: CohortAnswer, figure: Figure) -> None:
    axes = figure.subplots()
    rows = [row for row in behind.unpublished if row.ends[1] > row.ends[0]]
    labels = []
    for y, row in enumerate(rows):
        colour = CONTRAST if row.arm == behind.study.contrast.label else INK
        axes.plot(row.ends, (y, y), color=colour, linewidth=0.7)
        axes.plot(row.between(), (y, y), color=colour, linewidth=3, solid_capstyle="butt")
        axes.plot(row.likeliest, y, "o", color=colour, markersize=5)
        labels.append(f"{row.what}, {row.arm} (of {row.n})")
    axes.set_yticks(range(len(rows)), labels, fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("patients")
    axes.set_xlim(left=-0.3)
    bare_left(axes)


def _draw_p(behind: CohortAnswer, figure: Figure) -> None:
    axes = figure.subplots()
    labels, y = list[str](), 0
    for what, rows in by_claim(behind).items():
        # A claim has a line of its own across the picture, so that its words leave room for the bars.
        axes.text(-0.6, y, what, transform=axes.get_yaxis_transform(), va="center", fontsize=7, weight="bold")
        labels.append("")
        y += 1
        for row in rows:
            median, low, high = row.middle
            axes.plot(
                (max(low, 1e-4), max(high, 1e-4)), (y, y), color=SOFT, linewidth=2, solid_capstyle="butt"
            )
            axes.plot(max(median, 1e-4), y, "o", color=INK, markersize=4)
            axes.plot(float(row.published.lstrip("<>≤≥=")), y, "x", color=CONTRAST, markersize=6)
            labels.append(row.test)
            y += 1
    axes.set_yticks(range(len(labels)), labels, fontsize=7)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xticks([0.001, 0.01, 0.05, 0.2, 1], ["0.001", "0.01", "0.05", "0.2", "1"])
    axes.axvline(0.05, color=SOFT, linewidth=0.6)
    axes.set_xlabel("p")
    lows = [row.middle[1] for row in behind.p_values if row.middle[1] == row.middle[1]]
    axes.set_xlim(left=float(np.clip(min(lows, default=1.0), 1e-4, 0.005)), right=1.3)
    bare_left(axes)
