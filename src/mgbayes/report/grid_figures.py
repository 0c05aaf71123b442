"""The figures of the grid: a specification curve and a tipping surface for each estimand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mgbayes.report import style, words
from mgbayes.report.picture import Picture
from mgbayes.robustness.cell import Cell
from mgbayes.robustness.decision import FACTORS, Flips
from mgbayes.robustness.run import Grid
from mgbayes.robustness.tables import cells_frame, surfaces_frame
from mgbayes.robustness.tipping import COARSE_SDS, LEVELS, Tipping

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINES = ("-", "--", ":")
_RATIO_TICKS = (0.2, 0.33, 0.5, 0.67, 1, 1.5, 2, 3, 5)
_SD_TICKS = (0.2, 0.5, 1.0, 2.0, 5.0)


def pictures(grid: Grid) -> Iterator[Picture]:
    """Every figure of the grid."""
    for row in grid.flips:
        cells = [cell for cell in grid.cells if (cell.plan, cell.estimand) == (row.plan, row.estimand)]
        if any(cell.usable for cell in cells):
            yield _curve(row, cells)
    for tip in grid.tipping:
        if tip.surface.trusted.any():
            yield _surface(tip, grid)


# ------------------------------------------------------------------ specification curve


def _curve(row: Flips, cells: Sequence[Cell]) -> Picture:
    usable = sorted((cell for cell in cells if cell.usable), key=lambda cell: cell.p_benefit or 0.0)
    levels = _levels([cell for cell in cells if cell.usable])
    lost = len(cells) - len(usable)
    without = f" {lost} cells without estimates are not drawn." if lost else ""
    return Picture(
        f"{row.plan}_{row.estimand}_cells",
        f"{row.rule.label[0].upper()}{row.rule.label[1:]}. Each column is one analysis, in the order of P(benefit); "
        "the marks below say which. The diamond is the plan as it stands, the dashed line the probability that the "
        "decision asks for: columns on different sides of it decide differently, but for those too close to call. A "
        f"prior's weight is its share of the posterior precision. Analyses are not equally credible.{without}",
        (7.2, 2.6 + 0.16 * len(levels)),
        lambda figure: _draw_curve(figure, row, usable, levels),
        lambda: cells_frame(usable),
        row.plan,
    )


def _levels(cells: Sequence[Cell]) -> list[tuple[str, str]]:
    """Factors with more than one level, and their levels in the order of the grid."""
    return [
        (factor, level)
        for factor, read in FACTORS.items()
        if len({read(cell) for cell in cells}) > 1
        for level in dict.fromkeys(map(read, cells))
    ]


def _draw_curve(figure: Figure, row: Flips, cells: Sequence[Cell], levels: list[tuple[str, str]]) -> None:
    chance, marks = figure.subplots(2, 1, sharex=True, height_ratios=(2.0, 0.4 + 0.16 * len(levels)))
    x = np.arange(len(cells))
    p = np.array([cell.p_benefit for cell in cells], float)
    chance.plot(x, p, "o", color=style.CONTRAST, ms=2.5)
    weight = np.array([np.nan if cell.prior_weight is None else cell.prior_weight for cell in cells])
    chance.plot(x, weight, "_", color=style.SOFT, ms=4, zorder=1, label="weight of the prior")
    for at in (i for i, cell in enumerate(cells) if cell.is_base):
        chance.plot(at, p[at], "D", color="white", mec=style.INK, mew=1.3, ms=6, label="as planned", zorder=5)
    chance.axhline(row.rule.probability, color=style.INK, lw=0.8, ls="--", zorder=0)
    chance.set_ylim(-0.02, 1.02)
    chance.set_ylabel("P(benefit)")
    figure.legend(loc="outside upper right", ncols=2, frameon=False, fontsize=7)
    _draw_marks(marks, cells, levels)


def _draw_marks(axes: Axes, cells: Sequence[Cell], levels: list[tuple[str, str]]) -> None:
    for y, (factor, level) in enumerate(reversed(levels)):
        at = [i for i, cell in enumerate(cells) if FACTORS[factor](cell) == level]
        axes.plot(at, [y] * len(at), "|", color=style.INK, ms=5, mew=0.9)
        axes.axhline(y, color=style.FAINT, lw=0.4, zorder=0)
    names = [_level(factor, level) for factor, level in reversed(levels)]
    axes.set_yticks(range(len(levels)), names, fontsize=6.5)
    axes.set_ylim(-0.7, len(levels) - 0.3)
    axes.set_xticks([])
    axes.set_xlabel("analyses, by P(benefit)")
    style.bare_left(axes)


def _level(factor: str, level: str) -> str:
    name = words.family(level) if factor == "family" else level.replace("_", " ")
    return f"prior of the {name}" if (factor, level) == ("prior", "plan") else name


# ------------------------------------------------------------------ tipping surface


def _surface(tip: Tipping, grid: Grid) -> Picture:
    (label,) = {
        row.rule.label for row in grid.flips if (row.plan, row.estimand) == (tip.plan, tip.varied.estimand)
    }
    return Picture(
        f"{tip.plan}_{tip.varied.estimand}_tipping",
        f"P(benefit) for the {label}, by the prior of the effect: its centre as a ratio and its SD on the log "
        "scale. Lines are where P is 0.95, 0.9 and 0.8, as far as they are reached; dots are fits, and between them "
        "draws are reweighted. White: reweighting is not to be trusted there. A prior that has to be centred far "
        "from 1 for the conclusion to hold is one that brings the conclusion with it.",
        (5.6, 3.6),
        lambda figure: _draw_surface(figure, tip),
        lambda: surfaces_frame([tip]),
        tip.plan,
    )


def _draw_surface(figure: Figure, tip: Tipping) -> None:
    axes = figure.add_subplot()
    surface = tip.surface
    p = np.where(surface.trusted, surface.p_benefit, np.nan)
    is_ratio = tip.varied.is_ratio
    centres = np.exp(surface.means) if is_ratio else surface.means
    filled = axes.contourf(
        surface.sds, centres, p, levels=np.linspace(0, 1, 11), cmap="Greys", alpha=0.7, vmin=0, vmax=1.4
    )
    for level, line in zip(LEVELS, _LINES, strict=True):
        if np.nanmin(p) < level < np.nanmax(p):
            drawn = axes.contour(surface.sds, centres, p, levels=[level], colors=style.INK, linestyles=line)
            axes.clabel(drawn, fmt=f"{level:g}", fontsize=7)
    axes.axhline(1 if is_ratio else 0, color=style.INK, lw=0.5)
    _draw_fits(axes, tip)
    axes.set_xscale("log")
    if is_ratio:
        axes.set_yscale("log")
        ticks = [tick for tick in _RATIO_TICKS if centres[0] <= tick <= centres[-1]]
        axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    sds = [tick * tip.varied.unit for tick in _SD_TICKS]
    axes.set_xticks(sds, [f"{sd:.2g}" for sd in sds])
    axes.minorticks_off()
    axes.set_xlabel("SD of the prior, log scale" if is_ratio else "SD of the prior")
    axes.set_ylabel("centre of the prior, ratio" if is_ratio else "centre of the prior, difference")
    figure.colorbar(filled, ax=axes, label="P(benefit)")


def _draw_fits(axes: Axes, tip: Tipping) -> None:
    for mean in (tip.surface.means[0], 0.0, tip.surface.means[-1]):
        centre = np.exp(mean) if tip.varied.is_ratio else mean
        sds = [sd * tip.varied.unit for sd in COARSE_SDS]
        axes.plot(sds, [centre] * len(sds), ".", color=style.INK, ms=3, clip_on=False)
