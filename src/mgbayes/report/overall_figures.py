"""The figure of overall benefit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mgbayes.overall.benefit import OverallBenefit
from mgbayes.report import style, words
from mgbayes.report.picture import Picture

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FALLBACK = "the contrast arm"


def pictures(benefit: OverallBenefit, arm: str = _FALLBACK) -> Iterator[Picture]:
    """The contrasts on one scale with their average, and how many outcomes favour the arm."""
    yield Picture(
        "overall_benefit",
        "Left: each main outcome on one scale, in standard deviations, benefit to the right: mean and central "
        "95 % interval, and below the average over outcomes. Right: the probability that at least so many "
        f"outcomes favour {arm}. The bar spans what any dependence between the outcomes allows, given each by its "
        "own fit; marks inside it follow from a correlation of the estimates. The triangle lets outcomes inform one "
        "another: outside the bar it says that outcomes were taken to be alike, not that the data of each do.",
        (7.2, 1.3 + 0.42 * (len(benefit.contrasts) + 1)),
        lambda figure: _draw(figure, benefit),
        lambda: _data(benefit),
    )


def _data(benefit: OverallBenefit) -> pd.DataFrame:
    """One row an outcome on the common scale, the average, and each number of outcomes in favour."""
    import pandas as pd

    outcomes = [
        {"what": row.label, "mean": row.mean, "sd": row.sd, "p": row.p_benefit} for row in benefit.contrasts
    ]
    average = {"what": "average", "mean": benefit.main.mu_mean, "p": benefit.main.p_mu}
    shared = [
        {"what": f"at least {row.m}", "p": p, "p_low": row.bounds.low, "p_high": row.bounds.high}
        for row, p in zip(benefit.agreement, benefit.main.p_at_least, strict=True)
    ]
    return pd.DataFrame([*outcomes, average, *shared])


def _draw(figure: Figure, benefit: OverallBenefit) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(1.2, 1))
    _draw_contrasts(left, benefit)
    _draw_agreement(right, benefit)
    figure.legend(loc="outside lower right", ncols=5, frameon=False, fontsize=7, handletextpad=0.3)


def _draw_contrasts(axes: Axes, benefit: OverallBenefit) -> None:
    top = len(benefit.contrasts)
    for y, row in zip(range(top, 0, -1), benefit.contrasts, strict=True):
        axes.plot(row.interval, [y, y], color=style.REFERENCE, lw=1.6)
        axes.plot(row.mean, y, "o", color=style.REFERENCE, ms=6)
    axes.plot([benefit.main.mu_low, benefit.main.mu_high], [0, 0], color=style.CONTRAST, lw=1.6)
    axes.plot(benefit.main.mu_mean, 0, "D", color=style.CONTRAST, ms=6.5)
    axes.axvline(0, color=style.INK, lw=0.8, ls="--", zorder=0)
    labels = [f"{row.label}\n{words.percent(row.p_benefit)}" for row in benefit.contrasts]
    axes.set_yticks(
        range(top, -1, -1), [*labels, f"average\n{words.percent(benefit.main.p_mu)}"], fontsize=7.5
    )
    axes.set_ylim(-0.6, top + 0.6)
    axes.set_xlabel("benefit, SD")
    style.bare_left(axes)


def _draw_agreement(axes: Axes, benefit: OverallBenefit) -> None:
    shades = ("white", style.SHADES[1], style.SHADES[0])
    for row, shared in zip(benefit.agreement, benefit.main.p_at_least, strict=True):
        low, high = 100 * row.bounds.low, 100 * row.bounds.high
        first = row.m == 1
        axes.barh(row.m, high - low, left=low, height=0.5, color=style.FAINT, edgecolor=style.SOFT, lw=0.6)
        for (rho, p), shade, marker in zip(row.by_correlation, shades, style.MARKERS, strict=False):
            label = f"correlation {rho:g}" if first else None
            axes.plot(100 * p, row.m, marker, mfc=shade, mec=style.INK, ms=5.5, ls="", label=label)
        label = "outcomes inform one another" if first else None
        axes.plot(100 * shared, row.m + 0.38, "v", color=style.CONTRAST, ms=5, ls="", label=label)
    count = len(benefit.agreement)
    names = [f"at least {m}" for m in range(1, count)] + [f"all {count}"]
    axes.set_yticks(range(1, count + 1), names, fontsize=7.5)
    axes.set_ylim(0.5, count + 0.7)
    axes.set_xlim(0, 103)
    axes.set_xlabel("probability, %")
    style.bare_left(axes)
