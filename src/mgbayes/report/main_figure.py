"""The main outcomes in one figure: each posterior in its own units, the side of benefit dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from mgbayes.grade.findings import Finding, density
from mgbayes.report import style, words
from mgbayes.report.picture import Picture
from mgbayes.report.results import Reanalysis

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "main_outcomes"
_TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
_WRAPPED = 62  # characters
_SEEN = 0.003
"""A density is drawn where it is above this share of its peak."""


def shown(reanalysis: Reanalysis) -> list[Finding]:
    """The main outcomes that are put together; without an overall answer the first three."""
    rows = reanalysis.main_findings
    if reanalysis.overall is None:
        return list(rows[:3])
    main = {row.outcome for row in reanalysis.overall.contrasts}
    return [row for row in rows if row.plan.id in main]


def main_figure(reanalysis: Reanalysis) -> Iterator[Picture]:
    """The figure; none without an outcome."""
    rows = shown(reanalysis)
    if rows:
        arm = reanalysis.study.contrast.label
        yield Picture(
            NAME,
            f"Main outcomes: posterior densities. Dark: {arm} does better, with its probability; dashed: no "
            "difference; bar: median and central 95 % interval.",
            (5.2, 0.35 + 0.92 * len(rows)),
            lambda figure: _draw(figure, rows, arm),
            lambda: _data(rows),
        )


def _data(rows: Sequence[Finding]) -> pd.DataFrame:
    import pandas as pd

    parts = []
    for row in rows:
        x, y = density(row)
        parts.append(pd.DataFrame({"estimand": row.summary.estimand.id, "value": x, "density": y}))
    return pd.concat(parts)


def _draw(figure: Figure, rows: Sequence[Finding], arm: str) -> None:
    panels = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    for axes, row in zip(panels, rows, strict=True):
        _draw_one(axes, row)
        unit = f", {row.summary.estimand.unit}" if row.summary.estimand.unit else ""
        axes.set_title(fill(words.first_upper(row.summary.estimand.label) + unit, _WRAPPED), fontsize=9)
        chance = f"P({arm} better)\n{words.chance(row.summary.p_benefit)}"
        axes.annotate(chance, (1, 0.97), xycoords="axes fraction", ha="right", va="top", color=style.CONTRAST)


def _draw_one(axes: Axes, row: Finding) -> None:
    summary, estimand = row.summary, row.summary.estimand
    x, y = density(row)
    seen = y > _SEEN * y.max()
    x, y = x[seen], y[seen] / y.max()
    better = x > estimand.null if estimand.benefit == "higher" else x < estimand.null
    axes.fill_between(x, y, color=style.FAINT, lw=0)
    axes.fill_between(x, y, where=better, color=style.SHADES[1], lw=0)
    axes.plot(x, y, color=style.INK, lw=0.8)
    axes.axvline(estimand.null, color=style.INK, lw=0.9, ls="--")
    axes.plot([summary.low, summary.high], [-0.12, -0.12], color=style.INK, lw=1.4, clip_on=False)
    axes.plot(summary.median, -0.12, "o", color=style.INK, ms=4, clip_on=False)
    if estimand.null == 1:
        axes.set_xscale("log")
        ticks = [tick for tick in _TICKS if x[0] <= tick <= x[-1]]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
    elif not estimand.unit:
        axes.xaxis.set_major_formatter(lambda share, at: f"{100 * share:.0f}".replace("-", "\u2212"))
    axes.set_xlim(float(np.min(x)), float(np.max(x)))
    axes.set_ylim(-0.24, 1.05)
    axes.set_yticks([])
    axes.tick_params(axis="x", labelsize=8)
    style.bare_left(axes)
