"""The figures of a comparison of rules."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mgbayes.comparison.operating import RISKS
from mgbayes.comparison.run import Comparison
from mgbayes.comparison.tables import ALPHA
from mgbayes.report.comparison_tables import calibration, rules, size
from mgbayes.report.picture import Picture
from mgbayes.report.style import CONTRAST, FAINT, INK, MARKERS, SHADES, SOFT, bare_left

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVES = ("pearson", "fisher", "boschloo", "mid_p", "uniform_0.975", "usual_0.975")
"""Rules whose size is drawn over the shared risk; all are in size.csv."""
CALIBRATED = ("pearson", "fisher", "uniform_0.975", "usual_0.975", "skeptical_moderate_0.975")
"""Rules whose stated probabilities are drawn."""
_DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))


def pictures(comparison: Comparison) -> Iterator[Picture]:
    """Size over the shared risk, size against power, calibration."""
    rows = [i for i, rule in enumerate(comparison.rules) if rule.symmetric]
    yield Picture(
        "size",
        "The chance of concluding that the arms differ where they do not, by the risk that they share: exact. The "
        f"line across is {100 * ALPHA:g} %. Counts are discrete: a rule keeps below it at most risks, or exceeds it "
        "at some.",
        (7.2, 3.6),
        partial(_draw_size, comparison),
        lambda: size(comparison).filter(("risk", *CURVES)),
    )
    yield Picture(
        "power",
        "Rules that favour neither arm: the largest chance of a conclusion by mistake (open marks), and the mean "
        "chance of finding an effect, on its side, over the effects looked at (filled marks). An open mark right of "
        "the line: the rule concludes by mistake more often than it says.",
        (7.2, 0.24 * len(rows) + 1.0),
        partial(_draw_power, comparison, rows),
        lambda: rules(comparison).iloc[rows],
    )
    yield Picture(
        "calibration",
        "The probability of more events in the contrast arm that a rule states, and how often this is true, where "
        f"log odds ratios are Normal(0, {comparison.design_sd:g}): a point for each range of stated probabilities. "
        "On the diagonal a probability means what it says.",
        (4.6, 4.4),
        partial(_draw_calibration, comparison),
        lambda: calibration(comparison).loc[lambda frame: frame["rule"].isin(CALIBRATED)],
    )


def _draw_size(comparison: Comparison, figure: Figure) -> None:
    axes = figure.subplots()
    axes.axhline(100 * ALPHA, color=SOFT, linewidth=0.8)
    known = {rule.id: (rule, row) for rule, row in zip(comparison.rules, comparison.size, strict=True)}
    for k, name in enumerate(name for name in CURVES if name in known):
        rule, row = known[name]
        label = f"{rule.label}, {rule.asks}" if rule.bayesian else rule.label
        axes.plot(
            100 * RISKS,
            100 * row,
            linestyle=_DASHES[k],
            color=SHADES[k % len(SHADES)],
            linewidth=1.4,
            label=label,
        )
    axes.set_xlabel("risk that both arms share, %")
    axes.set_ylabel("concludes by mistake, % of studies")
    axes.set_xlim(0, 100)
    axes.set_ylim(bottom=0)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=7.5)


def _draw_power(comparison: Comparison, rows: list[int], figure: Figure) -> None:
    axes = figure.subplots()
    ranked = sorted(rows, key=lambda i: comparison.mean_power[i])
    axes.axvline(100 * ALPHA, color=SOFT, linewidth=0.8)
    for y, i in enumerate(ranked):
        colour = CONTRAST if comparison.rules[i].bayesian else INK
        size, power = 100 * comparison.largest_size[i], 100 * comparison.mean_power[i]
        axes.plot([size, power], [y, y], color=FAINT, linewidth=1.2, zorder=0)
        axes.plot(size, y, MARKERS[0], markerfacecolor="white", color=colour, markersize=5)
        axes.plot(power, y, MARKERS[1], color=colour, markersize=5)
    labels = [
        f"{comparison.rules[i].label.split(':')[0]}, {comparison.rules[i].asks}"
        if comparison.rules[i].bayesian
        else comparison.rules[i].label
        for i in ranked
    ]
    axes.set_yticks(range(len(ranked)), labels, fontsize=7.5)
    axes.set_xlabel("% of studies")
    axes.set_xlim(left=-0.8)
    bare_left(axes)


def _draw_calibration(comparison: Comparison, figure: Figure) -> None:
    axes = figure.subplots()
    axes.plot([0, 100], [0, 100], color=SOFT, linewidth=0.8)
    known = {rule.id: it for rule, it in zip(comparison.rules, comparison.calibrations, strict=True)}
    labels = {rule.id: rule.label.split(":")[0] for rule in comparison.rules}
    for k, name in enumerate(name for name in CALIBRATED if name in known):
        it = known[name]
        seen = it.weight > 1e-6
        axes.plot(
            100 * it.stated[seen],
            100 * it.true[seen],
            color=SHADES[k],
            marker=MARKERS[k],
            linewidth=1,
            markersize=4,
            label=labels[name],
        )
    ticks = np.arange(0, 101, 25)
    axes.set_xticks(ticks)
    axes.set_yticks(ticks)
    axes.set_xlabel("stated probability, %")
    axes.set_ylabel("true, % of such tables")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=7)
