"""The figures of simulated studies: scenarios, a zip plot, calibration of stated probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mgbayes.comparison.run import Comparison
from mgbayes.comparison.simulated import Simulated, Truth, intervals
from mgbayes.comparison.tables import ALPHA, LEVEL
from mgbayes.comparison.truths import TimesTruth, ValuesTruth
from mgbayes.report.picture import Picture
from mgbayes.report.style import CONTRAST, FAINT, INK, MARKERS, SHADES, SOFT, bare_left

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FEWEST = 10
"""Studies of a range of stated probabilities, for its share to be drawn."""


@dataclass(frozen=True)
class _Shown:
    """Which methods are drawn; all are in the tables."""

    compared: tuple[str, ...]
    zipped: tuple[str, ...]
    zip_truth: Truth


_SHOWN: dict[type, _Shown] = {
    TimesTruth: _Shown(
        ("log_rank", "cox_firth", "restricted_mean", "fisher", "bayesian_weibull_usual"),
        ("cox_wald", "weibull", "bayesian_weibull_usual", "bayesian_weibull_skeptical_moderate"),
        TimesTruth(0.5, 1.5),
    ),
    ValuesTruth: _Shown(
        ("welch", "mann_whitney", "covariance", "change", "bayesian_normal_usual"),
        ("welch", "covariance", "bayesian_normal_usual", "bayesian_normal_skeptical_moderate"),
        ValuesTruth(-0.5),
    ),
}


def pictures(comparison: Comparison) -> Iterator[Picture]:
    """Of times and of measured outcomes."""
    for name, it in (("times", comparison.times), ("values", comparison.values)):
        if it is not None:
            yield from _of(name, comparison, it)


def _of(name: str, comparison: Comparison, it: Simulated) -> Iterator[Picture]:
    shown = _SHOWN[it.kind]
    compared, zipped = (
        [rule for rule in rules if rule in it.methods] for rules in (shown.compared, shown.zipped)
    )
    if compared:
        yield Picture(
            f"{name}_scenarios",
            "Conclusions in every scenario: by mistake where there is no effect, on its side where there is one. "
            f"The line across is {100 * ALPHA:g} %. Monte Carlo errors are in the table.",
            (7.2, 0.3 * len(it.truths) + 1.3),
            partial(_scenarios, it, compared),
        )
    if zipped:
        yield Picture(
            f"{name}_zip",
            f"Zip plot of {100 * LEVEL:g} % intervals in 1000 studies: {shown.zip_truth.label}. Studies whose "
            "estimate lies farthest from the truth, in standard errors, are on top. Dark intervals miss the truth; "
            f"where {100 * LEVEL:g} % cover it, the dark ones begin at the line.",
            (7.2, 3.4),
            partial(_draw_zip, comparison, it, zipped),
        )
    if compared and any(truth.random for truth in it.truths):
        yield Picture(
            f"{name}_calibration",
            "The probability of an effect above 0 that a method states (a test: one less half of its p), and how "
            "often this is true, where each study has an effect of its own. On the diagonal a probability means what "
            "it says; bars are two Monte Carlo errors.",
            (4.6, 4.4),
            partial(_draw_calibration, it, compared),
        )


def _scenarios(it: Simulated, rules: list[str], figure: Figure) -> None:
    axes = figure.subplots()
    data = it.dataset
    share = 100 * data["power"].fillna(data["concludes_by_mistake"])
    order = sorted(range(len(it.truths)), key=lambda j: (it.truths[j].effect != 0, j), reverse=True)
    axes.axvline(100 * ALPHA, color=SOFT, linewidth=0.8)
    for y, j in enumerate(order):
        row = share.sel(rule=rules)[:, j].to_numpy()
        axes.plot([row.min(), row.max()], [y, y], color=FAINT, linewidth=1.2, zorder=0)
    for k, rule in enumerate(rules):
        points, colour = share.sel(rule=rule).to_numpy()[order], SHADES[k]
        axes.plot(
            points, range(len(order)), MARKERS[k], color=colour, markersize=5, label=it.methods[rule].label
        )
    axes.set_yticks(range(len(order)), [it.truths[j].label for j in order], fontsize=7.5)
    axes.set_xlabel("concludes, % of studies")
    axes.set_xlim(left=0)
    bare_left(axes)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=7.5)


def _draw_zip(comparison: Comparison, it: Simulated, rules: list[str], figure: Figure) -> None:
    truth = _SHOWN[it.kind].zip_truth
    shown = intervals(it, truth, rules, comparison.tables.m, comparison.tables.n)
    panels = figure.subplots(1, len(rules), sharex=True, sharey=True, squeeze=False)[0]
    for axes, rule in zip(panels, rules, strict=True):
        rows: Any = np.stack(
            [x for x in (shown[rule].estimate, shown[rule].low, shown[rule].high) if x is not None]
        )
        estimate, low, high = rows[:, np.isfinite(rows).all(0)]
        order = np.argsort(np.abs(estimate - truth.effect) / (high - low))
        centile = 100 * (np.arange(len(order)) + 0.5) / len(order)
        missed = ((low > truth.effect) | (high < truth.effect))[order]
        for state, colour in ((False, FAINT), (True, INK)):
            at = missed == state
            axes.hlines(centile[at], low[order][at], high[order][at], color=colour, linewidth=0.6)
        axes.axvline(truth.effect, color=CONTRAST, linewidth=0.9)
        axes.axhline(100 * LEVEL, color=SOFT, linewidth=0.8)
        axes.set_title(it.methods[rule].label.replace(", ", ",\n", 1), fontsize=7.5)
        axes.set_ylim(50, 100)
    panels[0].set_ylabel("centile of the distance from the truth", fontsize=7.5)
    figure.supxlabel("95 % interval of the effect", fontsize=8)


def _draw_calibration(it: Simulated, rules: list[str], figure: Figure) -> None:
    axes = figure.subplots()
    axes.plot([0, 100], [0, 100], color=SOFT, linewidth=0.8)
    data = it.dataset.isel(scenario=next(j for j, truth in enumerate(it.truths) if truth.random))
    for k, rule in enumerate(rules):
        weight, stated, true = (
            data[f"calibration_{name}"].sel(rule=rule).to_numpy() for name in ("weight", "stated", "true")
        )
        seen = weight >= _FEWEST
        share = true[seen] / weight[seen]
        axes.errorbar(
            100 * stated[seen] / weight[seen],
            100 * share,
            200 * np.sqrt(share * (1 - share) / weight[seen]),
            color=SHADES[k],
            marker=MARKERS[k],
            linewidth=1,
            markersize=4,
            label=it.methods[rule].label,
        )
    axes.set_xticks(np.arange(0, 101, 25))
    axes.set_yticks(np.arange(0, 101, 25))
    axes.set_ylim(-3, 103)
    axes.set_xlabel("stated probability, %")
    axes.set_ylabel("true, % of such studies")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=7)
